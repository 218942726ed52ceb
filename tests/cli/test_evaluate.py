"""`misread evaluate`: images as `predict` sees them, and a table that says what was counted."""

import dataclasses

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread.bundle import load
from misread.cli import app
from misread.cli.loading import load_alike
from misread.data import Dataset, Split
from misread.data import load as load_data
from misread.errors import FormatError
from misread.images.picture import read_grey
from misread.recipes.sources import read_alike
from misread.recipes.train import train


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def shapes(folder, size, classes=("bar", "dot"), number=10):
    """Dark bars and dots on light paper, at random places; `size` is (height, width)."""
    rng = np.random.default_rng(7)
    for label in classes:
        (folder / label).mkdir(parents=True)
        for i in range(number):
            paper = rng.integers(200, 230, size, np.uint8)
            top, left = (int(rng.integers(2, side // 2)) for side in size)
            height, width = (size[0] // 2 - 2, 4) if label == classes[0] else (6, 6)
            paper[top : top + height, left : left + width] = 20
            Image.fromarray(paper).save(folder / label / f"{i}.png")
    return folder


def test_images_of_a_folder_are_prepared_as_predict_does(tmp_path):
    """A model of MNIST keeps MNIST's own images as they are, and crops and centres all others."""
    photos = shapes(tmp_path / "photos", (60, 44))
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 28, 28), np.uint8)
    mnist = Dataset(
        "mnist",
        Split(images[:30], np.arange(30) % 2),
        Split(images[30:], np.arange(10) % 2),
        ("bar", "dot"),
        "made up",
        "none",
    )
    bundle = train("knn", mnist)
    dataset = load_alike(bundle.manifest, str(photos))
    prepared = {bundle.prepare(read_grey(file)).tobytes() for file in photos.rglob("*.png")}
    assert {image.tobytes() for part in (dataset.train, dataset.test) for image in part.images} == prepared

    np.savez(
        tmp_path / "mnist.npz",
        x_train=mnist.train.images,
        y_train=mnist.train.labels,
        x_test=mnist.test.images,
        y_test=mnist.test.labels,
    )
    numbered = dataclasses.replace(mnist, class_names=("0", "1"))
    manifest = train("knn", numbered).manifest
    assert load_alike(manifest, str(tmp_path / "mnist.npz")).sha256 == numbered.sha256


def test_a_named_set_is_read_as_the_model_read_it():
    small = load_data("digits", size=6)
    bundle = train("knn", small)
    assert load_alike(bundle.manifest, "digits").sha256 == small.sha256


def test_what_training_said_of_its_data_need_not_be_said_again(tmp_path):
    test = load_data("digits").test
    for name in ("own.csv", "other.csv"):
        rows = [f"writer,numeral,{','.join(f'p{i}' for i in range(64))}"]
        rows += [
            f"w{i % 7},n{label},{','.join(map(str, image.ravel()))}"
            for i, (image, label) in enumerate(zip(test.images, test.labels, strict=True))
        ]
        (tmp_path / name).write_text("\n".join(rows))
    how = {"label_column": "numeral", "group_column": "writer"}
    own = load_data("own.csv", **how)
    manifest = train("knn", own).manifest
    assert load_alike(manifest, "./own.csv").sha256 == own.sha256
    assert read_alike("own.csv")(manifest).sha256 == own.sha256
    otherwise = load_alike(manifest, "own.csv", {"label_column": "writer", "group_column": "numeral"})
    assert otherwise.class_names[0] == "w0"
    with pytest.raises(FormatError, match="no label column"):
        load_alike(manifest, "other.csv")


def test_sizes_that_are_not_square(tmp_path):
    photos = shapes(tmp_path / "photos", (32, 48))
    run("train", "knn", photos, "--out", "m.misread")
    assert load(tmp_path / "m.misread").manifest.image_size == (32, 48)
    run("evaluate", "m.misread", photos)
    others = shapes(tmp_path / "others", (64, 96))
    assert "20 images" in run("evaluate", "m.misread", others, "--all")


def test_the_table_of_a_detector_of_two_classes_says_no_and_yes(tmp_path):
    photos = shapes(tmp_path / "photos", (16, 16), ("cat", "dog"))
    run("train", "knn", photos, "--positive", "cat", "--out", "m.misread")
    lines = [line.split() for line in run("evaluate", "m.misread", photos).splitlines()]
    rows = [line[0] for line in lines if line and line[0] in ("no", "yes", "cat", "dog")]
    assert rows == ["no", "yes"]
