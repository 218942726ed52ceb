"""What somebody means is understood, or guessed in the error."""

import pytest
from typer.testing import CliRunner

import misread
from misread.cli import app
from misread.cli.loading import size_of
from misread.data import load
from misread.errors import ParameterError
from misread.fitting.tune import tune


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data", "fetch", "mnits"], "did you mean mnist?"),
        (["data", "info", "digit"], "did you mean digits?"),
        (["data", "info", "digits", "--fit", "strech"], "did you mean stretch?"),
        (["data", "info", "digits", "--size", "big"], "28x20 (height x width), got 'big'"),
        (["data", "info", "digits", "--size", "0x3"], "not 0x3"),
        (["train", "knn", "--param", "n_neigbors=3"], "did you mean n_neighbors?"),
        (["train", "Knn"], "did you mean knn?"),
    ],
)
def test_a_guess_is_in_the_error(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert isinstance(result.exception, ParameterError)
    assert said in str(result.exception)


@pytest.mark.parametrize(
    ("text", "size"), [("28", 28), ("28x20", (28, 20)), ("28X20", (28, 20)), ("8 x 9", (8, 9))]
)
def test_sizes(text, size):
    assert size_of(text) == size


def test_a_size_of_two_numbers_on_the_command_line(tmp_path):
    assert "test images, 6x9" in run("data", "info", "digits", "--size", "6x9").stdout
    out = tmp_path / "m.misread"
    assert run("train", "sgd", "digits", "--size", "6x9", "--out", out).exit_code == 0
    assert "--size 6x9" in run("inspect", out).stdout


def test_a_class_by_its_number():
    bundle = misread.train("sgd", "digits", positive=5)
    assert bundle.manifest.positive == "5"
    assert tune("sgd", "digits", positive=5, grid={"alpha": [1e-3]}, cv=2).scoring == "average_precision"


def test_a_class_that_is_misspelt():
    names = tuple(f"class {code}" for code in "abcdefghij")
    digits = load("digits")
    named = misread.Dataset("named", digits.train, digits.test, names, "", "")
    with pytest.raises(ParameterError, match="did you mean class b"):
        misread.train("sgd", named, positive="classb")
