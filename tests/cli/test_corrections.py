"""`misread corrections`, and --corrections wherever data is read: what was changed is always said."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread import load
from misread.bundle import read_manifest
from misread.cli import app, main
from misread.data.corrections import Correction, append_corrections


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


def flat(done):
    return " ".join(done.output.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixty coloured photographs of three digits, of which a training and a test image are in the wrong folder."""
    root = tmp_path_factory.mktemp("own") / "photos"
    digits = load("digits").train
    for code in range(3):
        for row in np.flatnonzero(digits.labels == code)[:20].tolist():
            part = "test" if row % 3 == 0 else "train"
            path = root / part / str(code) / f"{row}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(digits.images[row]).convert("RGB").resize((16, 16)).save(path)
    wrong = {part: sorted((root / part / "0").iterdir())[0] for part in ("train", "test")}
    for path in wrong.values():
        path.rename(path.parent.parent / "1" / path.name)
    return root, {part: f"{part}/1/{path.name}" for part, path in wrong.items()}


@pytest.fixture
def file(folder, tmp_path):
    path = tmp_path / "corrections.csv"
    append_corrections(path, [Correction(None, name, "1", "0", "wrong", by="Ann") for name in folder[1].values()])
    return path


def test_show(file, tmp_path):
    other = tmp_path / "bob.csv"
    append_corrections(other, [Correction(None, "x\x1b.png", "1", "0", "wrong")])
    done = run("corrections", "show", file, other)
    assert done.exit_code == 0, done.output
    assert "3 lines on 3 images: 3 wrong" in flat(done)
    assert "\x1b" not in done.output
    said = json.loads(run("corrections", "show", file, "--json").output)
    assert [one["label"] for one in said["images"]] == ["0", "0"]


def test_check_says_what_would_change_and_what_is_amiss(folder, file):
    done = run("corrections", "check", folder[0], "--corrections", file)
    assert done.exit_code == 0, done.output
    assert "1 training labels changed, 1 test labels changed" in flat(done)
    append_corrections(file, [Correction(None, "gone.png", "1", "2", "wrong")])
    done = run("corrections", "check", folder[0], "--corrections", file)
    assert done.exit_code == 1
    assert "1 of 3 are of no image here: gone.png" in flat(done)


def test_apply_copies_files_as_they_are_and_touches_nothing(folder, file, tmp_path):
    root, names = folder
    before = {path: path.read_bytes() for path in root.rglob("*.png")}
    new = tmp_path / "corrected"
    done = run("corrections", "apply", root, "--corrections", file, "--out", new)
    assert done.exit_code == 0, done.output
    assert {path: path.read_bytes() for path in root.rglob("*.png")} == before
    moved = names["train"].replace("/1/", "/0/")
    assert (new / moved).read_bytes() == (root / names["train"]).read_bytes()
    assert not (new / names["train"]).exists()
    fixed, copy = load(root, corrections=file), load(new)
    assert copy.sha256 == fixed.sha256
    done = run("corrections", "apply", root, "--corrections", file, "--out", tmp_path / "c.npz")
    assert done.exit_code == 0, done.output
    assert load(tmp_path / "c.npz").sha256 == fixed.sha256


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "digits"], "--corrections FILE"),
        (["apply", "{root}", "--corrections", "{file}", "--out", "{root}/new"], "lies in"),
        (["apply", "{root}", "--corrections", "{file}", "--out", "{there}"], "is there already"),
        (["apply", "{root}", "--corrections", "{file}", "--out", "{there}/a/b"], "there is no folder"),
        (["apply", "digits", "--corrections", "{file}", "--out", "new"], "none of the 2 corrections"),
        (["show", "none.csv"], "No such file"),
    ],
)
def test_mistakes_are_one_line(folder, file, tmp_path, monkeypatch, capsys, words, said):
    places = {"root": folder[0], "file": file, "there": tmp_path}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["misread", "corrections", *(word.format(**places) for word in words)])
    with pytest.raises(SystemExit):
        main()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


def test_model_file_and_report_say_what_was_corrected_with_numbers_before_and_after(folder, file, tmp_path):
    model, out = tmp_path / "m.misread", tmp_path / "run"
    done = run("train", "knn", folder[0], "--corrections", file, "--out", model)
    assert done.exit_code == 0, done.output
    assert "corrected 1 training labels changed, 1 test labels changed." in flat(done)
    manifest = read_manifest(model)
    assert manifest.dataset["corrections"]["test"]["relabelled"] == 1
    after, before = (manifest.metrics[name]["accuracy"]["count"] for name in ("test", "test_as_given"))
    assert (after, before) == (after, after - 1)
    assert "as given" in flat(run("inspect", model))
    done = run("evaluate", model, folder[0], "--corrections", file, "--out", out)
    assert done.exit_code == 0, done.output
    assert "as given" in flat(done)
    assert "trained on and are left out" not in flat(done)
    page = (out / "report.html").read_text("utf-8")
    assert "by the labels before correction" in page
    assert "1 test labels changed" in page
    done = run("evaluate", model, folder[0], "--out", tmp_path / "without")
    assert done.exit_code == 0, done.output


def test_every_command_that_reads_labels_takes_corrections(folder, file, tmp_path):
    for words in (["data", "info"], ["suspects", "--model", "knn", "--out", tmp_path / "s.csv"], ["tune", "knn"]):
        command, rest = (words[:2], words[2:]) if words[0] in ("data", "tune") else (words[:1], words[1:])
        done = run(*command, folder[0], *rest, "--corrections", file)
        assert done.exit_code == 0, done.output
        assert "1 training labels changed" in flat(done)
