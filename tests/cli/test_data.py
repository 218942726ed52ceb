"""`misread data`, as typed."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread.cli import app
from misread.cli import data as cli_data
from misread.data import fetch, load, loading
from misread.data.catalogue import Entry, NamedFile
from misread.data.readers.idx import idx_sha256, write_idx
from misread.errors import DataError, OutputError, ParameterError

LOADING = ("train", "tune", "ladder", "study", "evaluate", "export", "compare", "check", "judge")


def run(*arguments):
    result = CliRunner().invoke(cli_data.app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder with a tiny named set, known to the catalogue."""
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte": rng.integers(0, 256, (6, 4, 4), dtype=np.uint8),
        "train-labels-idx1-ubyte": np.arange(6, dtype=np.uint8) % 2,
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (4, 4, 4), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": np.arange(4, dtype=np.uint8) % 2,
    }
    files = tuple(NamedFile(name, idx_sha256(array), array.size + 16) for name, array in arrays.items())
    entry = Entry("tiny", "a test", "CC0", ("a", "b"), 6, 4, (4, 4), files, ("tiny",))
    for module in (cli_data, loading):
        monkeypatch.setattr(module, "CATALOGUE", {"tiny": entry})
    monkeypatch.setattr(fetch.pooch, "os_cache", lambda name: tmp_path / "cache")
    monkeypatch.delenv("MISREAD_DATA", raising=False)
    (tmp_path / "tiny").mkdir()
    for name, array in arrays.items():
        write_idx(tmp_path / "tiny" / name, array)
    return tmp_path


def test_list():
    out = run("list")
    assert all(name in out for name in ("digits", "mnist", "fashion-mnist", "embedded", "60,000", "28x28"))


def test_list_says_where(tiny):
    assert "tiny" in run("list", "--data-dir", tiny)
    (tiny / "tiny" / "t10k-labels-idx1-ubyte").unlink()
    assert "3 of 4" in " ".join(run("list", "--data-dir", tiny).split())


def test_fetch_verifies_what_is_there(tiny):
    assert run("fetch", "tiny", "--data-dir", tiny).count("verified") == 4
    write_idx(tiny / "tiny" / "t10k-labels-idx1-ubyte", np.zeros(4, np.uint8))
    with pytest.raises(DataError, match="not the published"):
        run("fetch", "tiny", "--data-dir", tiny)


def test_fetch_of_the_embedded_set():
    assert "nothing to fetch" in run("fetch", "digits")


def test_fetch_unknown():
    with pytest.raises(ParameterError, match="known are"):
        run("fetch", "letters")


def test_fetch_without_a_mirror(tiny):
    shutil.rmtree(tiny / "tiny")
    with pytest.raises(DataError, match="no mirror gave train-images"):
        run("fetch", "tiny", "--data-dir", tiny)


def test_info():
    out = run("info", "digits")
    assert "1,437 training and 360 test images, 8x8" in out
    assert load("digits").sha256 in out


def test_info_as_json():
    out = json.loads(run("info", "--json"))
    assert out["sha256"] == load("digits").sha256
    assert out["classes"][3] == {"name": "3", "train": 146, "test": 37}
    assert set(out["duplicates"]) == {"train", "test", "across", "conflicting", "moved"}


def test_show(tmp_path):
    out = tmp_path / "sheet.png"
    assert run("show", "digits", "--out", out, "--per-class", 5).strip() == str(out)
    with Image.open(out) as image:
        assert image.format == "PNG"


def test_show_into_a_missing_folder(tmp_path):
    with pytest.raises(OutputError, match="none; create it or choose another"):
        run("show", "--out", tmp_path / "none" / "x.png")


def test_info_on_own_images(tmp_path):
    """Imbalance, a tiny class, copies, leakage and a skipped file, all said in words."""
    rng = np.random.default_rng(0)
    for split, counts in (("train", (30, 4)), ("test", (3, 2))):
        for label, count in zip("ab", counts, strict=True):
            folder = tmp_path / "my digits" / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(rng.integers(0, 90, (9, 9), dtype=np.uint8)).save(folder / f"{number}.png")
    own = tmp_path / "my digits"
    shutil.copy(own / "train" / "a" / "0.png", own / "test" / "b" / "9.png")
    shutil.copy(own / "train" / "a" / "1.png", own / "train" / "a" / "99.png")
    (own / "train" / "a" / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"train/a/broken.png: .*--on-error skip"):
        run("info", own)
    out = run("info", own, "--on-error", "skip", "--size", 12)
    assert "my digits: 35 training and 6 test images, 12x12" in out
    for said in (
        "skipped train/a/broken.png",
        "classes with fewer than 10 training images: b (4)",
        "7.8 times",
        "leakage: 1 test image is also a training image",
        "1 training image is an exact copy of another",
        "2 images have an exact copy with another label",
    ):
        assert said in out


def test_nonsense_options():
    for arguments in (["--fit", "crop"], ["--on-error", "ignore"], ["--size", "0"]):
        with pytest.raises(ParameterError):
            run("info", "digits", *arguments)


def test_a_table_is_told_how_it_was_read(tmp_path):
    digits = load("digits").train
    rows = [
        ",".join(map(str, [*pixels, label])) for pixels, label in zip(digits.X[:50], digits.labels, strict=False)
    ]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    said = "read as: label in the last column (65), 64 pixels as 8x8; no header"
    assert said in run("info", tmp_path / "t.csv")
    asked = run("info", tmp_path / "t.csv", "--label-column", "65", "--header", "none", "--most-memory", "10M")
    assert said in asked
    assert json.loads(run("info", tmp_path / "t.csv", "--json"))["layout"] in said
    result = CliRunner().invoke(cli_data.app, ["show", str(tmp_path / "t.csv"), "--out", str(tmp_path / "s.png")])
    assert said in result.stderr
    with pytest.raises(DataError, match="--most-memory"):
        run("info", tmp_path / "t.csv", "--most-memory", "5k")


def test_the_options_of_tables_are_everywhere():
    """Every command that loads a data set can be told how to read it."""
    commands = CliRunner()
    for words in (["data", "info"], ["data", "show"], *([name] for name in LOADING)):
        out = commands.invoke(app, [*words, "--help"], env={"COLUMNS": "200"}).output
        assert all(option in out for option in ("--label-column", "--path-column", "--header", "--most-memory")), (
            words
        )
