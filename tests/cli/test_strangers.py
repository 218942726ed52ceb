"""Somebody else's models, by a script of ten lines: judged and compared as NumPy counts; a mistake is one line."""

import json

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from typer.testing import CliRunner

from misread import load
from misread.cli import app, main

pd = pytest.importorskip("pandas")


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def svc(digits, tmp_path_factory):
    """What a user's script leaves of a support vector machine: CSVs of scores and of answers; and the answers."""
    folder, test = tmp_path_factory.mktemp("svc"), digits.test
    model = SVC(C=0.1, break_ties=True).fit(digits.train.X / 255, digits.train.labels)
    answers = model.predict(test.X / 255)
    table(digits, "score", model.decision_function(test.X / 255)).to_csv(folder / "svc.csv", index=False)
    pd.DataFrame({"index": range(len(test)), "answer": answers}).to_csv(folder / "only.csv", index=False)
    return folder, answers


@pytest.fixture(scope="module")
def net(digits, tmp_path_factory):
    """What it leaves of a PyTorch network: Parquet and NPZ, labels in both; and the answers."""
    torch = pytest.importorskip("torch")
    folder, train, test = tmp_path_factory.mktemp("net"), digits.train, digits.test
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    X, y = torch.tensor(train.X / 255, dtype=torch.float32), torch.tensor(train.labels)
    for _ in range(60):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(X), y).backward()
        optimiser.step()
    shares = model(torch.tensor(test.X / 255, dtype=torch.float32)).softmax(1).detach().numpy()
    table(digits, "probability", shares).assign(label=test.labels).to_parquet(folder / "net.parquet")
    np.savez(folder / "net.npz", scores=shares, label=test.labels)
    return folder, shares.argmax(axis=1)


@pytest.fixture(scope="module")
def shares(digits):
    """The probabilities of a model that scikit-learn gives, and the labels."""
    model = GaussianNB(var_smoothing=0.1).fit(digits.train.X, digits.train.labels)
    return table(digits, "probability", model.predict_proba(digits.test.X)).assign(label=digits.test.labels)


def table(digits, kind, scores):
    columns = {f"{kind}:{name}": scores[:, code] for code, name in enumerate(digits.class_names)}
    return pd.DataFrame({"index": range(len(scores)), **columns})


@pytest.mark.parametrize(
    ("made", "name", "data"),
    [
        ("svc", "svc.csv", True),
        ("svc", "only.csv", True),
        ("net", "net.parquet", False),
        ("net", "net.npz", True),
    ],
)
def test_counts_are_numpys(request, digits, tmp_path, made, name, data):
    folder, answered = request.getfixturevalue(made)
    y = digits.test.labels
    done = run(
        "judge", folder / name, "--out", tmp_path / "run", "--json", *(["--data", "digits"] if data else [])
    )
    assert done.exit_code == 0, done.output
    values = json.loads(done.stdout)["values"]
    assert values["model.accuracy"]["count"] == np.count_nonzero(answered == y)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (y, answered), 1)
    assert values["model.confusion"] == counts.tolist()
    assert (tmp_path / "run" / "report.html").is_file()


def test_two_of_them_are_compared_whoever_knows_the_labels(digits, svc, net, tmp_path):
    y, answers = digits.test.labels, {"svc.csv": svc[1], "net.parquet": net[1], "net.npz": net[1]}
    for one, other, more in (
        ("svc.csv", "net.parquet", ["--data", "digits"]),
        ("svc.csv", "net.npz", []),
        ("net.parquet", "net.npz", []),
    ):
        page = tmp_path / f"{one}-{other}-{len(more)}.html"
        first = (svc if one == "svc.csv" else net)[0] / one
        done = run("compare", first, net[0] / other, "--json", "--html", page, *more)
        assert done.exit_code == 0, done.output
        values = json.loads(done.stdout)
        a, b = answers[one] == y, answers[other] == y
        assert (values["fixed"], values["broken"]) == (np.count_nonzero(~a & b), np.count_nonzero(a & ~b))
        assert values["both_wrong"] == np.count_nonzero(~a & ~b)
        errors = [model["calibration_error"] for model in values["models"]]
        assert (errors[0] is None) == (one == "svc.csv")
        assert 0.005 < errors[1] < 0.2


def test_a_calibration_error_is_of_labels_that_the_other_table_knows(shares, tmp_path):
    one, other = tmp_path / "unlabelled.csv", tmp_path / "labelled.csv"
    shares.drop(columns="label").to_csv(one, index=False)
    shares.to_csv(other, index=False)
    done = run("compare", one, other, "--json", "--html", tmp_path / "page.html")
    errors = [model["calibration_error"] for model in json.loads(done.stdout)["models"]]
    assert errors[0] == pytest.approx(errors[1], abs=1e-6)
    assert errors[0] > 0


def test_a_folder_of_pictures_is_known_by_their_names(digits, svc, tmp_path):
    from PIL import Image

    test = digits.test
    for row in range(40):
        to = tmp_path / "photos" / str(test.labels[row]) / f"{row}.png"
        to.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(test.images[row]).save(to)
    names = [f"{test.labels[row]}/{row}.png" for row in range(40)]
    answered = svc[1][:40]
    for given in (names, [name.split("/")[1] for name in names]):
        pd.DataFrame({"file": given, "answer": answered}).to_csv(tmp_path / "answers.csv", index=False)
        done = run(
            "judge", tmp_path / "answers.csv", "--data", tmp_path / "photos", "--out", tmp_path / "run", "--json",
            "--force",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["values"]["model.accuracy"]["count"] == np.count_nonzero(
            answered == test.labels[:40]
        )


def changed(frame, column, row, value):
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: changed(f, "index", 3, 99_999), "row 3: there is no image 99999 among the 360 of digits"),
        (lambda f: changed(f, "index", 7, 3), "row 7: '3' is of the same image as row 3; give each image one row"),
        (lambda f: changed(f, "probability:3", 4, np.nan), "row 4: '3' is ''; expected a number"),
        (lambda f: changed(f, "probability:3", 4, np.inf), "row 4: the score of '3' is inf"),
        (lambda f: changed(f, "probability:3", 4, 0.9), "row 4: probabilities must lie in [0, 1] and sum to 1"),
        (lambda f: changed(f, "label", 9, "cat"), "row 9: the label 'cat' is none of the classes"),
        (lambda f: f[["index"]], "no answers in the columns 'index'"),
        (lambda f: f.iloc[:0], "there are no rows below the header"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_row(shares, tmp_path, monkeypatch, capsys, change, message):
    change(shares.copy()).to_csv(tmp_path / "bad.csv", index=False)
    monkeypatch.setattr(
        "sys.argv",
        ["misread", "judge", str(tmp_path / "bad.csv"), "--data", "digits", "--out", str(tmp_path / "o")],
    )
    with pytest.raises(SystemExit) as stopped:
        main()
    said = capsys.readouterr().err
    assert stopped.value.code == 1
    assert message in said.replace("\n", " ")
    assert "Traceback" not in said
    assert not (tmp_path / "o" / "report.html").exists()


def test_a_table_of_one_class_is_judged_where_the_data_knows_the_others(digits, tmp_path):
    path = tmp_path / "always.csv"
    pd.DataFrame({"index": range(len(digits.test)), "answer": 3}).to_csv(path, index=False)
    done = run("judge", path, "--data", "digits", "--out", tmp_path / "run", "--json")
    assert done.exit_code == 0, done.output
    values = json.loads(done.stdout)["values"]
    assert values["model.accuracy"]["count"] == np.count_nonzero(digits.test.labels == 3)
    assert np.sum(values["model.confusion"], axis=0).tolist() == [0, 0, 0, 360, 0, 0, 0, 0, 0, 0]
    alone = run("judge", path, "--out", tmp_path / "alone")
    assert "'3' is the only class here" in str(alone.exception)
    assert "--data" in str(alone.exception)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(index=[5, 6]), "2 of the 360 test images of digits have no answer, such as 'test/5'"),
        (
            lambda f: f.drop(columns="label").rename(columns={"probability:3": "probability:cat"}),
            "the answers have no scores of the class '3'; its 37 images count as misread",
        ),
        (lambda f: f.assign(answer=3), "row 0: the answer is not the class with the best score"),
        (
            lambda f: changed(f[["index"]].assign(answer=f["label"].astype(str)), "answer", 8, "cat"),
            "row 8: the answer 'cat' is no class of digits; 1 of 360 answers are none",
        ),
    ],
)
def test_what_may_be_meant_is_said(shares, tmp_path, change, message):
    change(shares.copy()).to_csv(tmp_path / "odd.csv", index=False)
    done = run("judge", tmp_path / "odd.csv", "--data", "digits", "--out", tmp_path / "o")
    assert done.exit_code == 0, done.output
    assert message in done.stderr
