"""Names come from anywhere: brackets, escapes and bytes that are no text are shown, and steer nothing."""

import json
import os
import shlex
import zipfile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread.cli import _complain, app
from misread.cli.words import clean
from misread.data.words import printable

ODD = ("[/a]", "[bold]b", "\x1b[31mred")


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    return result


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def odd_table(tmp_path):
    """A CSV file of bright and dark images whose classes have such names, in a folder with brackets."""
    rng = np.random.default_rng(0)
    path = tmp_path / "set [v2].csv"
    lines = ["label," + ",".join(f"pixel{i}" for i in range(16))]
    for i in range(60):
        pixels = rng.integers(80 * (i % 3), 80 * (i % 3) + 60, 16)
        lines.append(f"{ODD[i % 3]}," + ",".join(map(str, pixels)))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def odd_folder(tmp_path):
    """Folders whose names hold brackets, an escape, or bytes that are no UTF-8."""
    root = tmp_path / "photos[v2]"
    rng = np.random.default_rng(0)
    for level, name in enumerate((b"caf\xe9", b"[red]x", b"\x1b[2Jesc")):
        folder = os.path.join(os.fsencode(root), name)
        os.makedirs(folder)
        for number in range(8):
            grey = rng.integers(80 * level, 80 * level + 60, (6, 6), np.uint8)
            Image.fromarray(grey).save(os.path.join(os.fsdecode(folder), f"{number}.png"))
    return root


def test_what_cannot_be_printed_is_a_question_mark():
    assert clean("\x1b[31m\udce9 a\nb é 五") == "?[31m? a b é 五"


def test_an_error_with_brackets_and_escapes(capsys):
    _complain("no [/a] in \x1b[31m\udce9")
    assert capsys.readouterr().err == "error: no [/a] in ?[31m?\n"


def test_classes_of_a_table(odd_table):
    out = run("data", "info", odd_table).stdout
    assert all(printable(name) in out for name in ODD)
    assert "set [v2]" in out
    out = run("train", "knn", odd_table, "--out", "m.misread").stdout
    assert "set [v2]" in out
    out = run("evaluate", "m.misread", odd_table).stdout
    assert out.count("[/a]") >= 2
    assert "[/a]" in run("inspect", "m.misread").stdout


def test_folders(odd_folder):
    out = run("data", "info", odd_folder).stdout
    assert "photos[v2]: " in out
    assert all(name in out for name in (r"caf\udce9", "[red]x", r"\x1b[2Jesc"))
    run("data", "show", odd_folder)
    out = run("train", "knn", odd_folder, "--positive", "[red]x", "--out", "m.misread").stdout
    assert "detects class [red]x" in out
    run("inspect", "m.misread")
    image = next((odd_folder / "[red]x").iterdir())
    assert "[red]x/" in run("predict", "m.misread", image).stdout


def test_study_ladder_and_reports(odd_folder, tmp_path):
    assert "photos[v2]" in run("study", odd_folder, "--out", tmp_path / "study").stdout
    run("train", "knn", odd_folder, "--out", "m.misread")
    run("evaluate", "m.misread", odd_folder)
    out = run("ladder", odd_folder, "--models", "knn", "--size", 6, "--out", tmp_path / "ladder [x]").stdout
    assert "photos[v2]" in out
    assert "ladder [x]" in out


def test_tune_says_how_to_train_on_the_same_images(odd_folder):
    options = ["--fit", "pad", "--size", "8", "--invert", "--positive", "[red]x"]
    out = run("tune", "knn", odd_folder, "--grid", "n_neighbors=1,3", "--folds", 3, *options).stdout
    command = shlex.split(out.splitlines()[-1].removeprefix("next"))
    assert command[:4] == ["misread", "train", "knn", str(odd_folder)]
    given = " ".join(command[4:])
    assert all(words in given for words in ("--fit pad", "--size 8", "--invert", "--positive [red]x", "--param"))
    assert "--folds" not in given
    told = run(*command[1:], "--out", "m.misread").stdout
    assert "8x8; others are fitted by 'pad', light and dark exchanged" in told


@pytest.mark.parametrize(
    "steering", ["\x1b[2J\x1b]0;owned\x07", "\u202ereversed", "line\nbreak\r", "[red]x[/red]"]
)
def test_what_a_hostile_model_file_says_steers_nothing(steering, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("train", "sgd", "digits", "--out", "m.misread")
    with zipfile.ZipFile(tmp_path / "m.misread") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members["manifest.json"])
    document |= {
        "versions": dict.fromkeys(document["versions"], steering),
        "command": steering,
        "created": steering,
        "dataset": {**document["dataset"], "name": steering, "source": steering},
    }
    members["manifest.json"] = json.dumps(document).encode()
    with zipfile.ZipFile(tmp_path / "m.misread", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    for words in (
        ["inspect", "m.misread"],
        ["threshold", "m.misread", "--precision", "0.95"],
        ["evaluate", "m.misread", "digits"],
        ["export", "m.misread", "--onnx", "m.onnx"],
        ["train", "knn", "digits", "--out", "m.misread"],
    ):
        result = CliRunner().invoke(app, words)
        said = result.output + str(result.exception or "")
        shown = (result.output, clean(str(result.exception or "")))
        assert not any(letter in text for text in shown for letter in "\x1b\x07\u202e\r"), words
        assert "owned" not in steering or "owned" in said or words[0] not in ("inspect", "threshold")
        assert "[red]" not in steering or "[red]x[/red]" in said or words[0] not in ("inspect", "threshold")
