"""`misread suspects`: a table that begins with what an image is known by."""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

from misread import load
from misread.cli import app, main


def run(*words):
    return CliRunner().invoke(app, ["suspects", *map(str, words)])


@pytest.fixture
def data(tmp_path):
    """Three hundred digits of which two of training carry a class that is a formula."""
    digits = load("digits").train
    labels = np.array(["=" + str(label) if label == 3 else str(label) for label in digits.labels[:300]])
    labels[:2] = "=3"
    path = tmp_path / "own.npz"
    np.savez(path, images=digits.images[:300], labels=labels)
    return path


def test_table_and_words(data, tmp_path):
    out = tmp_path / "suspects.csv"
    done = run(data, "--model", "knn", "--out", out)
    assert done.exit_code == 0, done.output
    assert "of 300 labels are contradicted" in " ".join(done.output.split())
    with out.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows[0][:3] == ["hash", "name", "given"]
    assert {"'=3"} == {cell for row in rows[1:] for cell in row if "=" in cell}
    assert {"images/0", "images/1"} <= {row[1] for row in rows[1:10]}


def test_nothing_is_overwritten_and_mistakes_are_one_line(data, tmp_path, monkeypatch, capsys):
    out = tmp_path / "mine.csv"
    out.write_text("mine")
    for words, said in (
        (["--model", "knn", "--out", str(out)], "has another content"),
        (["--model", "kn"], "did you mean"),
        (["--model", "knn", "--answers", "a.csv"], "give one"),
        (["--answers", "nothing.csv"], "no such file"),
    ):
        monkeypatch.setattr("sys.argv", ["misread", "suspects", str(data), *words])
        with pytest.raises(SystemExit):
            main()
        error = capsys.readouterr().err
        assert said in error
        assert "Traceback" not in error
    assert out.read_text() == "mine"
