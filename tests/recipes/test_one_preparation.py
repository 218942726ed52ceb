"""Images are answered alike in a set and one by one, whatever they are read from and made into."""

import csv
import json

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from typer.testing import CliRunner

from misread.bundle import Manifest
from misread.cli import app
from misread.cli.loading import load_alike
from misread.data import load
from misread.data.asked import images_in
from misread.data.making import Reading
from misread.data.readers.idx import write_idx
from misread.images.fit import FITS, fit_image
from misread.images.picture import read_grey
from misread.recipes.evaluate import evaluate
from misread.recipes.train import manifest_of, train

N = 60


def pictures(shape=(14, 14)):
    """Bars in one of three directions, anywhere but in the middle."""
    rng = np.random.default_rng(5)
    drawn = np.zeros((N, *shape), np.uint8)
    for index, picture in enumerate(drawn):
        top, left = rng.integers(0, 6, 2)
        part = picture[top : top + 8, left : left + 8]
        part[...] = rng.integers(0, 60, part.shape)
        [part[3:5], part[:, 3:5], np.einsum("ii->i", part)][index % 3][...] = rng.integers(150, 256)
    return drawn


LABELS = [("level", "plumb", "slant")[index % 3] for index in range(N)]


def as_folder(root, drawn):
    for index, picture in enumerate(drawn):
        (root / LABELS[index]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / LABELS[index] / f"{index}.png")
    return root


def as_table_of_files(root, drawn):
    files = sorted(path.relative_to(root).as_posix() for path in as_folder(root, drawn).glob("*/*.png"))
    rows = [(file, file.split("/")[0]) for file in files]
    write_csv(root / "mnist.csv", [("file", "label"), *rows])
    return root / "mnist.csv"


def as_table_of_pixels(root, drawn):
    head = ("label", *(f"pixel{index}" for index in range(drawn[0].size)))
    rows = [(label, *picture.ravel().tolist()) for label, picture in zip(LABELS, drawn, strict=True)]
    write_csv(root / "mnist.csv", [head, *rows])
    return root / "mnist.csv"


def write_csv(path, rows):
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


def as_arrays(root, drawn):
    x, y = drawn, np.array(LABELS)
    np.savez(root / "mnist.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    return root / "mnist.npz"


def as_parquet(root, drawn):
    files = [path.read_bytes() for path in written(root / "pictures", drawn)]
    table = pa.table({"image": [{"bytes": file, "path": None} for file in files], "label": LABELS})
    parquet.write_table(table, root / "mnist.parquet")
    return root / "mnist.parquet"


def as_idx(root, drawn):
    codes = np.array([("level", "plumb", "slant").index(label) for label in LABELS], np.uint8)
    for name, part in (("train", slice(0, 40)), ("t10k", slice(40, N))):
        write_idx(root / f"{name}-images-idx3-ubyte", drawn[part])
        write_idx(root / f"{name}-labels-idx1-ubyte", codes[part])
    return root


def written(root, drawn):
    root.mkdir()
    for index, picture in enumerate(drawn):
        Image.fromarray(picture).save(root / f"{index}.png")
    return [root / f"{index}.png" for index in range(len(drawn))]


READERS = (as_folder, as_table_of_files, as_table_of_pixels, as_arrays, as_parquet, as_idx)


def images_of(dataset):
    return {image.tobytes() for split in (dataset.train, dataset.test) for image in split.images}


@pytest.mark.parametrize("fit", [None, *FITS])
@pytest.mark.parametrize("size", [None, 10])
@pytest.mark.parametrize("write", READERS, ids=lambda write: write.__name__)
def test_one_by_one_as_in_the_set(tmp_path, write, size, fit):
    """A folder, or file, called mnist, of images that are not in the middle."""
    (tmp_path / "mnist").mkdir()
    drawn = pictures()
    path = write(tmp_path / "mnist", drawn)
    dataset = load(path, size=size, fit=fit or "stretch", invert=True)
    bundle = train("knn", dataset, fit=fit)
    again = load_alike(bundle.manifest, str(path))
    assert again.sha256 == dataset.sha256 == bundle.manifest.dataset["sha256"]
    alone = [bundle.prepare(read_grey(file)) for file in written(tmp_path / "alone", drawn)]
    assert {image.tobytes() for image in alone} == images_of(dataset)


def in_black_and_white(drawn):
    return (drawn > 100).astype(np.uint8)


@pytest.mark.parametrize("change", [np.asarray, in_black_and_white], ids=["grey", "black-and-white"])
@pytest.mark.parametrize("write", READERS, ids=lambda write: write.__name__)
def test_asked_of_the_source_itself(tmp_path, write, change):
    """What is trained on a folder, table or archive, and then asked about it, sees the same images."""
    path = write(tmp_path, change(pictures()))
    dataset = load(path, size=10)
    bundle = train("knn", dataset)
    asked = [path] if path.is_file() else [path, *path.glob("*-images-*")][-2:]
    images = [bundle.prepare(one.read()) for part in asked for one in images_in(part, Reading())]
    assert {image.tobytes() for image in images} == images_of(dataset)


@pytest.mark.parametrize("write", [as_folder, as_table_of_files, as_table_of_pixels, as_parquet])
def test_preparations_can_be_compared(tmp_path, write):
    """Another size, fit or polarity leaves every picture on its side."""
    drawn = pictures()
    path = write(tmp_path, drawn)
    sides = set()
    for options in ({}, {"size": 9}, {"fit": "mnist"}, {"size": 9, "fit": "pad"}, {"invert": True}):
        test = {image.tobytes() for image in load(path, **options).test.images}
        how = {"size": 28 if options == {"fit": "mnist"} else 14, **options}
        sides.add(tuple(fit_image(picture, **how).tobytes() in test for picture in drawn))
    assert len(sides) == 1
    assert 6 < sum(*sides) < 18


def test_a_name_changes_nothing(tmp_path):
    """The same files in folders called mnist and mine: the same model, the same answers."""
    answers = {}
    for name in ("mnist", "mine"):
        as_folder(tmp_path / name, pictures((28, 28)))
        model = tmp_path / f"{name}.misread"
        asked = sorted(str(file) for file in (tmp_path / name).glob("*/*.png"))
        for words in (["train", "knn", tmp_path / name, "--out", model], ["predict", model, *asked, "--json"]):
            result = CliRunner().invoke(app, [str(word) for word in words])
            assert result.exit_code == 0, result.output
        answers[name] = [(one["answer"], one["scores"]) for one in json.loads(result.stdout)]
    assert answers["mnist"] == answers["mine"]


@pytest.mark.parametrize("invert", [False, True])
def test_a_loaded_set_says_how_it_was_made(tmp_path, invert):
    """Nobody has to repeat to `train` what was asked of `load`."""
    path = as_folder(tmp_path / "mine", pictures())
    dataset = load(path, size=12, fit="pad", invert=invert)
    manifest = train("knn", dataset).manifest
    assert (manifest.fit, manifest.invert, manifest.image_size) == ("pad", invert, (12, 12))
    with pytest.raises(ValueError, match="fitted by 'pad', not 'mnist'; leave out fit"):
        train("knn", dataset, fit="mnist")


def test_evaluate_prepares_what_came_as_it_is(tmp_path):
    """From Python, too: nobody has to know how the model's images were made."""
    path = as_folder(tmp_path / "mine", pictures((28, 28)))
    bundle = train("knn", path, fit="mnist")
    alike, as_it_is = (load(path, fit=fit) for fit in ("mnist", "stretch"))
    assert as_it_is.fit is None
    one, other = (evaluate(bundle, dataset).values for dataset in (alike, as_it_is))
    assert one == other
    with pytest.warns(UserWarning, match=r"load it with size=\(28, 28\), fit=.mnist."):
        evaluate(bundle, load(path, fit="pad"))


def test_drawings_are_made_like_images_that_are_made_so(tmp_path):
    """Any images that the fit of MNIST leaves alone, whatever they are called, and only such."""
    drawn = np.stack([fit_image(picture, 28, "mnist") for picture in pictures((28, 28))])
    made = train("knn", load(as_table_of_pixels(tmp_path, drawn))).manifest
    assert made.fit == "mnist"
    elsewhere = np.roll(drawn, 3, axis=2)
    assert train("knn", load(as_arrays(tmp_path, elsewhere))).manifest.fit == "stretch"


@pytest.mark.mnist
def test_mnist_is_made_like_mnist(mnist_folder):
    dataset = load("mnist", data_dir=mnist_folder)
    assert load("mnist", data_dir=mnist_folder, size=28, fit="mnist").sha256 == dataset.sha256
    assert manifest_of(dataset, "classification", "knn", None, fit=None).fit == "mnist"


def test_earlier_model_files_that_went_by_a_name():
    """They were trained on images as they are; only what has MNIST's licence is MNIST."""
    for licence, fit in (("unknown", "stretch"), ("CC BY-SA 3.0", "mnist")):
        told = {
            "name": "mnist",
            "licence": licence,
            "fit": "stretch",
            "sha256": "",
            "source": "",
            "n_train": 1,
            "n_test": 1,
        }
        document = Manifest("classification", "knn", ("0", "1"), (28, 28), fit="mnist", dataset=told).as_json()
        assert Manifest.from_json(json.loads(json.dumps(document))).fit == fit
