"""Colours that are not read: said with what it costs, before anything is trained, and only where it is so."""

import colorsys
import re
import warnings

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from typer.testing import CliRunner

from misread.bundle import read_manifest
from misread.cli import app
from misread.data import load
from misread.images.colour import ColourLostWarning

LUMA = np.array([0.299, 0.587, 0.114])


def disc(rng, hue, level):
    """A disc somewhere on grey noise, of a hue and with the luma of a level."""
    rows, columns = np.mgrid[:16, :16]
    inside = np.hypot(rows - rng.integers(5, 11), columns - rng.integers(5, 11)) < 4
    picture = np.repeat(rng.integers(0, 60, (16, 16, 1)), 3, axis=2).astype(float)
    colour = np.array(colorsys.hsv_to_rgb(hue, 0.9, 1.0))
    picture[inside] = np.clip(level / (colour @ LUMA) * colour, 0, 255)
    return picture.astype(np.uint8)


def by_hue(n=60):
    """Three classes that differ in hue alone."""
    rng = np.random.default_rng(0)
    return [(("blue", "green", "red")[k % 3], disc(rng, (0.66, 0.33, 0.0)[k % 3], 28)) for k in range(n)]


def by_level(n=60):
    """Three classes that differ in how light they are, in colours that tell nothing."""
    rng = np.random.default_rng(0)
    return [(("dark", "light", "mid")[k % 3], disc(rng, rng.random(), (10, 28, 18)[k % 3])) for k in range(n)]


def in_files(root, pictures, suffix="png", **options):
    for number, (label, picture) in enumerate(pictures):
        (root / label).mkdir(exist_ok=True, parents=True)
        Image.fromarray(picture).save(root / label / f"{number}.{suffix}", **options)
    return root


def in_arrays(root, pictures):
    labels, images = zip(*pictures, strict=True)
    np.savez(root / "set.npz", images=np.stack(images), labels=np.array(labels))
    return root / "set.npz"


def in_arrays_of_planes(root, pictures):
    labels, images = zip(*pictures, strict=True)
    planes = np.moveaxis(np.stack(images), 3, 1) / 255
    parts = {"x_train": planes[:45], "y_train": labels[:45], "x_test": planes[45:], "y_test": labels[45:]}
    np.savez(root / "set.npz", **parts)
    return root / "set.npz"


def in_parquet(root, pictures):
    files = [path.read_bytes() for path in sorted(in_files(root / "of", pictures).glob("*/*"))]
    labels = [path.parent.name for path in sorted((root / "of").glob("*/*"))]
    parquet.write_table(pa.table({"image": files, "label": labels}), root / "set.parquet")
    return root / "set.parquet"


def in_jpegs(root, pictures):
    return in_files(root / "set", pictures, "jpg", quality=95)


def in_palettes(root, pictures):
    for number, (label, picture) in enumerate(pictures):
        (root / "set" / label).mkdir(exist_ok=True, parents=True)
        Image.fromarray(picture).quantize(64).save(root / "set" / label / f"{number}.png")
    return root / "set"


WRITERS = (in_files, in_jpegs, in_palettes, in_arrays, in_arrays_of_planes, in_parquet)


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_classes_that_need_colour(tmp_path, write):
    with pytest.warns(ColourLostWarning, match="COLOUR IS LOST, and the classes need it: .* are in colour"):
        dataset = load(write(tmp_path, by_hue()))
    (note,) = [note for note in dataset.notes if "COLOUR" in note]
    with_colour, without = (int(share) for share in re.findall(r"(\d+)%", note))
    assert with_colour > 90
    assert without < 60


def test_classes_that_do_not(tmp_path):
    dataset = load(in_files(tmp_path, by_level()))
    (note,) = [note for note in dataset.notes if "colour" in note]
    assert "that costs little: in a quick test" in note


def test_a_test_that_only_guesses_tells_nothing_of_what_it_costs(tmp_path):
    labels, pictures = zip(*by_level(), strict=True)
    at_random = np.random.default_rng(0).permutation(labels)
    dataset = load(in_files(tmp_path, zip(at_random, pictures, strict=True)))
    (note,) = [note for note in dataset.notes if "colour" in note]
    assert "what that costs could not be told in a quick test, which did no better than guessing" in note


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_grey_images_stored_in_colour(tmp_path, suffix):
    grey = [(label, np.repeat(picture[..., 1:2], 3, axis=2)) for label, picture in by_level()]
    assert not any("colour" in note for note in load(in_files(tmp_path, grey, suffix)).notes)


def test_a_few_images(tmp_path):
    (note,) = [note for note in load(in_files(tmp_path, by_hue(9))).notes if "colour" in note]
    assert "training images looked at are in colour, and images are read as grey; that loses classes" in note


def test_the_commands_say_it(tmp_path):
    """Before training, and in what is told of a set; as a note and not as a warning of Python."""
    data = str(in_files(tmp_path / "hues", by_hue()))
    for words in (["data", "info", data], ["train", "knn", data, "--out", str(tmp_path / "m.misread")]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
        assert "COLOUR IS LOST" in result.output
    assert "COLOUR IS LOST" in read_manifest(tmp_path / "m.misread").dataset["warnings"][0]
