"""Nothing is dropped silently: every command that loads data says what it left out, once, beside its answer."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread.cli import app


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Images of two classes, one of which cannot be read, and a file that is no image."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for level, label in enumerate("ab"):
        (tmp_path / "own" / label).mkdir(parents=True)
        for number in range(20):
            grey = rng.integers(90 * level, 90 * level + 60, (8, 8), np.uint8)
            Image.fromarray(grey).save(tmp_path / "own" / label / f"{number}.png")
    (tmp_path / "own" / "a" / "broken.png").write_bytes(b"\x89PNG")
    (tmp_path / "own" / "a" / "notes.txt").write_text("mine")
    return tmp_path / "own"


@pytest.mark.parametrize(
    "words",
    [
        ["train", "sgd", "{}", "--out", "m.misread"],
        ["evaluate", "m.misread", "{}"],
        ["export", "m.misread", "--onnx", "m.onnx", "--data", "{}"],
        ["tune", "knn", "{}", "--folds", "2", "--grid", "n_neighbors=1"],
        ["ladder", "{}", "--models", "knn"],
        ["study", "{}", "--size", "9"],
        ["data", "info", "{}"],
        ["data", "show", "{}"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_each_command_says_it_once(folder, words):
    if words[0] == "export":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    runner = CliRunner()
    if "m.misread" in words and words[0] != "train":
        made = runner.invoke(app, ["train", "sgd", str(folder), "--on-error", "skip", "--out", "m.misread"])
        assert made.exit_code == 0, made.output
    result = runner.invoke(
        app, [word.format(folder) for word in words] + ["--on-error", "skip"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    where = result.stdout if words[1] == "info" else result.stderr
    assert result.output.count("skipped a/broken.png") == where.count("! skipped a/broken.png") == 1
    assert where.count("! ignored 1 x file of type .txt") == 1
