"""`misread judge`: ten lines of somebody's script, then our report."""

import csv
import json

import numpy as np
import pytest
from sklearn.svm import SVC
from typer.testing import CliRunner

from misread import load, open_model, save, train
from misread.cli import app, main
from misread.results.answers import answers_of
from misread.results.study import StudyResult


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    digits = load("digits")
    scores = SVC().fit(digits.train.X, digits.train.labels).decision_function(digits.test.X)
    path = tmp_path_factory.mktemp("answers") / "theirs.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["index", *digits.class_names])
        writer.writerows([row, *line] for row, line in enumerate(scores.tolist()))
    return path, scores, digits


def run(*words):
    return CliRunner().invoke(app, ["judge", *map(str, words)])


def test_numbers_on_the_screen_and_a_report(table, tmp_path):
    path, scores, digits = table
    done = run(path, "--data", "digits", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    right = np.mean(scores.argmax(axis=1) == digits.test.labels)
    assert f"{right:.2%}" in done.output
    assert (tmp_path / "run" / "report.html").is_file()
    again = answers_of(StudyResult.load(tmp_path / "run"))
    np.testing.assert_array_equal(again.scores, scores)
    np.testing.assert_array_equal(again.hashes, digits.test.hashes)


def test_a_network_of_pytorch_is_compared_with_it(table, tmp_path):
    torch = pytest.importorskip("torch")
    path, scores, digits = table
    torch.manual_seed(0)
    X, y = torch.tensor(digits.train.X / 255, dtype=torch.float32), torch.tensor(digits.train.labels)
    network = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(X), y).backward()
        optimizer.step()
    with torch.no_grad():
        logits = network(torch.tensor(digits.test.X / 255, dtype=torch.float32)).numpy()
    np.savetxt(tmp_path / "net.csv", logits, delimiter=",", header=",".join(digits.class_names), comments="")
    words = ["compare", path, tmp_path / "net.csv", "--data", "digits", "--html", tmp_path / "page.html", "--json"]
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    values = json.loads(done.stdout)
    svc, net = (said.argmax(axis=1) == digits.test.labels for said in (scores, logits))
    counted = {"fixed": ~svc & net, "broken": svc & ~net, "both_wrong": ~svc & ~net}
    assert {name: values[name] for name in counted} == {name: rows.sum() for name, rows in counted.items()}


def test_json(table, tmp_path):
    path, _, digits = table
    done = run(path, "--data", "digits", "--out", tmp_path / "run", "--positive", "3", "--json")
    document = json.loads(done.output)
    assert document["values"]["model.recall"]["of"] == np.count_nonzero(digits.test.labels == 3)


def test_a_model_file_gives_its_held_out_answers(tmp_path):
    file = tmp_path / "knn.misread"
    save(train("knn", "digits"), file)
    done = run(file, "--data", "digits", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    said = open_model(file).manifest.metrics["out_of_fold"]["accuracy"]
    assert f"{said['value']:.1%} of {said['of']:,} images are read right" in done.output
    assert "training images that were held out" in done.stderr
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_mistake_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.csv").write_text("index,answer\n0,5\n1,x\n")
    monkeypatch.setattr("sys.argv", ["misread", "judge", str(tmp_path / "a.csv"), "--out", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert "no row has a label" in error
    assert len(error.strip().splitlines()) <= 2
    assert not (tmp_path / "run").exists()
