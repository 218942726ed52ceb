"""`--add`: labelled images that a server has kept become training images; nothing else, and nothing silently."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread import load
from misread.cli import app
from misread.data.content import hash_in_digits, image_hashes
from misread.data.corrections import Correction, append_corrections
from misread.errors import DataError


@pytest.fixture
def data(tmp_path):
    """Six hundred digits, 480 for training."""
    digits = load("digits").train
    path = tmp_path / "own.npz"
    x, y = digits.images[:600], digits.labels[:600]
    np.savez(path, x_train=x[:480], y_train=y[:480], x_test=x[480:], y_test=y[480:])
    return path


@pytest.fixture
def kept(tmp_path):
    """Twenty other digits and one test image, as a server keeps them, and what was said of most."""
    digits = load("digits").train
    folder = tmp_path / "kept"
    folder.mkdir()
    classes = [str(one) for one in range(10)]
    (folder / "kept.json").write_text(json.dumps({"model": "knn", "classes": classes, "image_size": [8, 8]}))
    rows = []
    for row in (*range(600, 620), 500):
        image = digits.images[row]
        value = int(image_hashes(image[None])[0])
        name = f"{hash_in_digits(value)}.png"
        Image.fromarray(image).save(folder / name)
        said = ("", "unclear") if row == 601 else (str(digits.labels[row]), "right")
        if row != 600:
            rows.append(Correction(value, name, "", *said))
    append_corrections(folder / "corrections.csv", rows)
    return folder


def test_labelled_images_are_added_and_the_rest_is_counted(data, kept):
    found = load(data, add=kept, corrections=kept / "corrections.csv")
    assert (len(found.train), len(found.test)) == (498, 120)
    digits = load("digits").train
    more = found.train.take(slice(480, None))
    place = {value: row for row, value in enumerate(digits.hashes.tolist())}
    assert more.labels.tolist() == [digits.labels[place[value]] for value in more.hashes.tolist()]
    (note,) = [note for note in found.notes if note.startswith("added")]
    assert "added: 18 images" in note
    for part in ("1 without a label", "1 unclear, or of no class", "1 copies of images that are there"):
        assert part in note
    assert found.loaded["add"] == [str(kept)]
    assert found.sha256 != load(data).sha256


def test_what_cannot_be_added_is_told(data, kept, tmp_path):
    with pytest.raises(DataError, match="label them with `misread review"):
        load(data, add=kept)
    with pytest.raises(DataError, match="no such folder"):
        load(data, add=tmp_path / "nowhere")
    about = json.loads((kept / "kept.json").read_text())
    (kept / "kept.json").write_text(json.dumps({**about, "image_size": [28, 28]}))
    with pytest.raises(DataError, match="28x28"):
        load(data, add=kept, corrections=kept / "corrections.csv")
    (kept / "kept.json").write_text("{")
    with pytest.raises(DataError, match=r"kept\.json"):
        load(data, add=kept, corrections=kept / "corrections.csv")
    (kept / "kept.json").write_text(json.dumps(about))
    other = tmp_path / "c.csv"
    place = next(kept.glob("*.png")).name
    append_corrections(other, [Correction(int(place[:16], 16), place, "", "eleven", "right")])
    with pytest.raises(DataError, match="no class 'eleven'"):
        load(data, add=kept, corrections=[kept / "corrections.csv", other])


def test_train_and_retrain_with_them(data, kept, tmp_path):
    def misread(*words):
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    old, new, again = (tmp_path / f"{name}.misread" for name in ("old", "new", "again"))
    added = ["--add", kept, "--corrections", kept / "corrections.csv"]
    misread("train", "knn", data, "--out", old)
    misread("train", "knn", data, *added, "--out", new)
    said = json.loads(misread("retrain", old, *added, "--out", again, "--html", tmp_path / "c.html", "--json"))
    inspected = json.loads(misread("inspect", new, "--json"))
    assert inspected["dataset"]["sha256"] == said["dataset"]["sha256"]
    assert said["training"]["add"] == [str(kept)]
