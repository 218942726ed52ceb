"""What is written can be read: the writer keeps the limits of the reader, or says so before it writes."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest

from misread.bundle import archive, load, save
from misread.bundle.archive import read_archive, write_archive
from misread.errors import ModelFileError
from misread.models.zoo import make

RNG = np.random.default_rng(0)


def test_many_arrays_come_back(tmp_path):
    arrays = {f"a.{i}": np.arange(3) + i for i in range(3_000)}
    write_archive(tmp_path / "m.misread", {}, arrays)
    read = read_archive(tmp_path / "m.misread")[1].arrays
    assert read.keys() == arrays.keys()
    np.testing.assert_array_equal(read["a.2999"], arrays["a.2999"])


def test_nearly_empty_images_are_no_bomb(tmp_path):
    """100 MB of black images with a few points compress 600-fold."""
    images = np.zeros((100_000, 1_000), np.uint8)
    images[::5_000, 500] = 255
    noise = RNG.integers(0, 256, 10_000, np.uint8)
    write_archive(tmp_path / "m.misread", {}, {"images": images, "noise": noise})
    read = read_archive(tmp_path / "m.misread")[1].arrays
    np.testing.assert_array_equal(read["images"], images)
    np.testing.assert_array_equal(read["noise"], noise)


def test_ordinary_arrays_stay_compressed(tmp_path):
    write_archive(tmp_path / "m.misread", {}, {"images": np.zeros((1_000, 784), np.uint8)})
    assert (tmp_path / "m.misread").stat().st_size < 5_000


@pytest.mark.parametrize(
    "dtype", ["bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]
)
def test_every_kind_of_number_comes_back(tmp_path, dtype):
    write_archive(tmp_path / "m.misread", {}, {"a": np.array([0, 1, 1], dtype)})
    assert read_archive(tmp_path / "m.misread")[1].arrays["a"].dtype == dtype


@pytest.mark.parametrize(
    ("document", "arrays", "said"),
    [
        ({}, {"a": np.array(["text"])}, "array of <U4"),
        ({}, {"a": np.array([1 + 2j])}, "complex128"),
        ({}, {"a" * 100: np.zeros(3)}, "name"),
        ({"note": "x" * 2_000}, {}, "at most 1,000 bytes"),
        ({}, {f"a.{i}": np.zeros(1) for i in range(20)}, "21 parts, at most 20"),
        ({}, {"a": np.zeros(200_000)}, "at most 1,000,000 fit"),
    ],
)
def test_what_could_not_be_read_is_not_written(tmp_path, monkeypatch, document, arrays, said):
    monkeypatch.setattr(archive, "MAX_DOCUMENT_BYTES", 1_000)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 20)
    monkeypatch.setattr(archive, "MAX_BYTES", 1_000_000)
    with pytest.raises(ModelFileError, match=said):
        write_archive(tmp_path / "m.misread", document, arrays)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8"])
def test_labels_of_any_integer_kind(few, tmp_path, dtype, bundle_of):
    for name in ("sgd", "svc-ovr", "forest", "knn"):
        bundle = bundle_of(name)
        bundle.estimator.fit(few.train.X, few.train.labels.astype(dtype))
        save(bundle, tmp_path / "m.misread")
        loaded = load(tmp_path / "m.misread")
        np.testing.assert_array_equal(loaded.answer(few.test.images).scores, bundle.answer(few.test.images).scores)


def test_a_detector_for_each_of_many_classes(tmp_path, bundle_of, few):
    """One of two hundred classes: over a thousand arrays."""
    X, y = np.repeat(few.train.X, 4, axis=0), np.arange(400) % 200
    X = np.clip(X.astype(int) + RNG.integers(0, 9, X.shape), 0, 255).astype(np.uint8)
    bundle = bundle_of("sgd")
    bundle = replace(
        bundle,
        estimator=make("svc-ovr").fit(X, y),
        manifest=replace(bundle.manifest, classes=tuple(map(str, range(200)))),
        example_images=X.reshape(-1, 8, 8),
        example_labels=y,
    )
    save(bundle, tmp_path / "m.misread")
    with zipfile.ZipFile(tmp_path / "m.misread") as file:
        assert len(file.namelist()) > 1_000
    loaded = load(tmp_path / "m.misread")
    np.testing.assert_array_equal(loaded.answer(few.test.images).scores, bundle.answer(few.test.images).scores)
