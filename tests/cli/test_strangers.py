"""Somebody else's models, by a script of ten lines: judged and compared as NumPy counts; a mistake is one line."""

import json

import numpy as np
import pytest
from sklearn.svm import SVC
from typer.testing import CliRunner

from misread import load
from misread.cli import app, main

pd = pytest.importorskip("pandas")


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What a user's script leaves: a support vector machine's CSV and a PyTorch network's Parquet and NPZ."""
    torch = pytest.importorskip("torch")
    folder, digits = tmp_path_factory.mktemp("theirs"), load("digits")
    train, test = digits.train, digits.test
    svc = SVC(C=0.1, break_ties=True).fit(train.X / 255, train.labels)
    scores = svc.decision_function(test.X / 255)
    columns = {f"score:{name}": scores[:, code] for code, name in enumerate(digits.class_names)}
    pd.DataFrame({"index": range(len(test)), **columns}).to_csv(folder / "svc.csv", index=False)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    X, y = torch.tensor(train.X / 255, dtype=torch.float32), torch.tensor(train.labels)
    for _ in range(60):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(X), y).backward()
        optimiser.step()
    shares = net(torch.tensor(test.X / 255, dtype=torch.float32)).softmax(1).detach().numpy()
    columns = {f"probability:{name}": shares[:, code] for code, name in enumerate(digits.class_names)}
    frame = pd.DataFrame({"index": range(len(test)), "label": test.labels, **columns})
    frame.to_parquet(folder / "net.parquet")
    np.savez(folder / "net.npz", scores=shares, label=test.labels)
    pd.DataFrame({"index": range(len(test)), "answer": svc.predict(test.X / 255)}).to_csv(
        folder / "only.csv", index=False
    )
    return folder, test.labels, svc.predict(test.X / 255), shares.argmax(axis=1)


@pytest.mark.parametrize(
    ("name", "which", "data"),
    [("svc.csv", 2, True), ("only.csv", 2, True), ("net.parquet", 3, False), ("net.npz", 3, True)],
)
def test_counts_are_numpys(theirs, tmp_path, name, which, data):
    folder, y, answered = theirs[0], theirs[1], theirs[which]
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


def test_two_of_them_are_compared_whoever_knows_the_labels(theirs, tmp_path):
    folder, y, first, second = theirs
    for one, other, more in (
        ("svc.csv", "net.parquet", ["--data", "digits"]),
        ("svc.csv", "net.npz", []),
        ("net.parquet", "net.npz", []),
    ):
        page = tmp_path / f"{one}-{other}-{len(more)}.html"
        done = run("compare", folder / one, folder / other, "--json", "--html", page, *more)
        assert done.exit_code == 0, done.output
        values = json.loads(done.stdout)
        a, b = (first if one == "svc.csv" else second) == y, second == y
        assert (values["fixed"], values["broken"]) == (np.count_nonzero(~a & b), np.count_nonzero(a & ~b))
        assert values["both_wrong"] == np.count_nonzero(~a & ~b)
        errors = [model["calibration_error"] for model in values["models"]]
        assert (errors[0] is None) == (one == "svc.csv")
        assert 0.005 < errors[1] < 0.2


def test_a_calibration_error_is_of_labels_that_the_other_table_knows(theirs, tmp_path):
    folder = theirs[0]
    frame = pd.read_parquet(folder / "net.parquet")
    frame.drop(columns="label").to_csv(tmp_path / "unlabelled.csv", index=False)
    done = run(
        "compare", tmp_path / "unlabelled.csv", folder / "net.parquet", "--json", "--html", tmp_path / "page.html"
    )
    errors = [model["calibration_error"] for model in json.loads(done.stdout)["models"]]
    assert errors[0] == pytest.approx(errors[1], abs=1e-6)


def test_a_folder_of_pictures_is_known_by_their_names(theirs, tmp_path):
    from PIL import Image

    digits = load("digits")
    test = digits.test
    for row in range(40):
        to = tmp_path / "photos" / str(test.labels[row]) / f"{row}.png"
        to.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(test.images[row]).save(to)
    names = [f"{test.labels[row]}/{row}.png" for row in range(40)]
    answered = theirs[2][:40]
    for given in (names, [name.split("/")[1] for name in names]):
        pd.DataFrame({"file": given, "answer": answered}).to_csv(tmp_path / "answers.csv", index=False)
        done = run(
            "judge", tmp_path / "answers.csv", "--data", tmp_path / "photos", "--out", tmp_path / "run", "--json",
            "--force",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["values"]["model.accuracy"]["count"] == np.count_nonzero(
            answered == theirs[1][:40]
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
        (lambda f: f[["index"]].assign(answer="3"), "'3' is the only class here"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_row(theirs, tmp_path, monkeypatch, capsys, change, message):
    change(pd.read_parquet(theirs[0] / "net.parquet")).to_csv(tmp_path / "bad.csv", index=False)
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
def test_what_may_be_meant_is_said(theirs, tmp_path, change, message):
    change(pd.read_parquet(theirs[0] / "net.parquet")).to_csv(tmp_path / "odd.csv", index=False)
    done = run("judge", tmp_path / "odd.csv", "--data", "digits", "--out", tmp_path / "o")
    assert done.exit_code == 0, done.output
    assert message in done.stderr
