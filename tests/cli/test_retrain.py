"""The loop on one machine: planted errors, suspects, a reviewer, training again, and the proof that it helped."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from misread import load, save, train
from misread.bundle import load as load_bundle
from misread.bundle import read_manifest
from misread.cli import app, main
from misread.data.corrections import Correction, append_corrections


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


def flat(done):
    return " ".join(done.output.split())


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Digits with one in ten labels wrong, in training and test; and the true label of each image by its hash."""
    digits, rng = load("digits"), np.random.default_rng(5)
    arrays, truth = {}, {}
    for part in ("train", "test"):
        split = getattr(digits, part)
        labels = split.labels.copy()
        rows = rng.permutation(len(labels))[: len(labels) // 10]
        labels[rows] = (labels[rows] + rng.integers(1, 10, len(rows))) % 10
        arrays |= {f"x_{part}": split.images, f"y_{part}": labels}
        truth |= dict(zip(split.hashes.tolist(), split.labels.tolist(), strict=True))
    root = tmp_path_factory.mktemp("loop")
    np.savez(root / "own.npz", **arrays)
    done = run(
        "train", "sgd-scaled", root / "own.npz", "--precision", 0.9, "--seed", 7, "--out", root / "old.misread"
    )
    assert done.exit_code == 0, done.output
    done = run("suspects", root / "own.npz", "--model", "knn", "--out", root / "suspects.csv")
    assert done.exit_code == 0, done.output
    with (root / "suspects.csv").open(newline="", encoding="utf-8") as stream:
        for row in list(csv.DictReader(stream))[:250]:
            true = str(truth[int(row["hash"], 16)])
            verdict = "right" if true == row["given"] else "wrong"
            one = Correction(int(row["hash"], 16), row["name"], row["given"], true, verdict, by="reviewer")
            append_corrections(root / "corrections.csv", [one])
    return root


def test_retraining_on_corrected_labels_is_seen_to_help(planted, tmp_path):
    old, new, page = planted / "old.misread", tmp_path / "new.misread", tmp_path / "page.html"
    before = old.read_bytes()
    done = run("retrain", old, "--corrections", planted / "corrections.csv", "--out", new, "--html", page)
    assert done.exit_code == 0, done.output
    assert "points more than old" in flat(done)
    assert "by the labels before" in flat(done)
    assert old.read_bytes() == before
    assert page.is_file()
    one, other = read_manifest(old), read_manifest(new)
    assert (other.model, other.params, other.training["seed"]) == (one.model, one.params, 7)
    assert (other.operating_point.aim, other.operating_point.target) == ("precision", 0.9)
    assert other.dataset["corrections"]["train"]["relabelled"] > 100
    assert other.metrics["test"]["accuracy"]["value"] > one.metrics["test"]["accuracy"]["value"] + 0.05


def test_training_again_with_nothing_corrected_gives_the_same_model(planted, tmp_path):
    nothing = tmp_path / "none.csv"
    append_corrections(nothing, [])
    done = run(
        "retrain", planted / "old.misread", "--corrections", nothing, "--out", tmp_path / "n.misread", "--json"
    )
    assert done.exit_code == 0, done.output
    images = load("digits").test.images
    one, other = (
        load_bundle(path).answer(images).scores for path in (planted / "old.misread", tmp_path / "n.misread")
    )
    assert (one == other).all()


@pytest.mark.parametrize("keeps", ["training", "command", "neither"])
def test_old_files_say_what_is_missing(planted, tmp_path, keeps):
    bundle = load_bundle(planted / "old.misread")
    manifest = bundle.manifest
    kept = {"training": manifest.training if keeps == "training" else {}}
    kept["command"] = manifest.command if keeps == "command" else "misread ladder somewhere"
    file = tmp_path / "old.misread"
    save(replace(bundle, manifest=replace(manifest, **kept)), file)
    words = ["retrain", file, "--corrections", planted / "corrections.csv", "--out", tmp_path / "new.misread"]
    words += ["--html", tmp_path / "page.html"]
    done = run(*words)
    if keeps == "neither":
        assert done.exit_code != 0
        assert "does not say which data it was trained on" in str(done.exception)
        done = run(*words, "--data", planted / "own.npz")
        assert "does not say its data and seed; 42 is taken" in flat(done)
    assert done.exit_code == 0, done.output
    assert read_manifest(tmp_path / "new.misread").training["seed"] == (42 if keeps == "neither" else 7)


def test_several_labels_are_kept(tmp_path):
    from misread.data.labels import Labels

    digits = load("digits")
    labels = Labels(("large", "odd"), {name: (int(name) >= 7, int(name) % 2 == 1) for name in digits.class_names})
    save(train("knn", "digits", labels=labels), tmp_path / "two.misread")
    given = digits.class_names[digits.train.labels[0]]
    append_corrections(tmp_path / "c.csv", [Correction(None, "train/0", given, "7", "wrong")])
    done = run(
        "retrain", tmp_path / "two.misread", "--corrections", tmp_path / "c.csv", "--out", tmp_path / "n.misread"
    )
    assert done.exit_code == 0, done.output
    assert read_manifest(tmp_path / "n.misread").outputs == ("large", "odd")
    assert "nothing to compare" in flat(done)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "new.misread"], "--corrections FILE"),
        (["--out", "{root}/old.misread", "--corrections", "{root}/corrections.csv"], "is the old model"),
        (["--out", "new.misread", "--corrections", "none.csv"], "No such file"),
        (["--out", "no/new.misread", "--corrections", "{root}/corrections.csv"], "there is no folder"),
        (
            ["--out", "new.misread", "--corrections", "{root}/corrections.csv", "--data", "gone.npz"],
            "no such file",
        ),
    ],
)
def test_mistakes_are_one_line(planted, tmp_path, monkeypatch, capsys, words, said):
    words = [word.format(root=planted) for word in words]
    monkeypatch.setattr("sys.argv", ["misread", "retrain", str(planted / "old.misread"), *words])
    with pytest.raises(SystemExit):
        main()
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not Path("new.misread").exists()


def test_data_that_is_gone_is_asked_for(planted, tmp_path):
    bundle = load_bundle(planted / "old.misread")
    training = {**bundle.manifest.training, "data": "gone/photos"}
    save(replace(bundle, manifest=replace(bundle.manifest, training=training)), tmp_path / "old.misread")
    words = ["retrain", tmp_path / "old.misread", "--corrections", planted / "corrections.csv"]
    done = run(*words, "--out", tmp_path / "n.misread")
    assert "say where it is now with --data" in str(done.exception)
    done = run(*words, "--out", tmp_path / "n.misread", "--data", planted / "own.npz", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["comparison"]["fixed"] > 0
