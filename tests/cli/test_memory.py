"""`--most-memory`: every command that reads a model file has the limit, and says how to raise it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from misread.cli import app
from misread.errors import ModelFileError

MODEL = Path(__file__).parents[1] / "bundle" / "golden" / "sgd.misread"


@pytest.mark.parametrize(
    "words",
    [
        ["inspect"],
        ["predict", "image.png"],
        ["denoise", "image.png"],
        ["threshold", "--precision", "0.9"],
        ["evaluate", "digits"],
        ["export", "--onnx", "m.onnx"],
        ["serve", "--port", "0"],
    ],
    ids=lambda words: words[0],
)
def test_a_model_may_take_as_much_as_is_said(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, *rest = words
    with pytest.raises(ModelFileError, match=r"limit for it, .* allow more with --most-memory"):
        CliRunner().invoke(app, [command, str(MODEL), *rest, "--most-memory", "9K"], catch_exceptions=False)
    assert not list(tmp_path.iterdir())
