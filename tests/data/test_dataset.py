"""Dataset and Split: what they keep, what they refuse, and the hash of the content."""

import dataclasses

import numpy as np
import pytest

from misread.data import Dataset, Split
from misread.errors import DataError


def make(train=6, test=3, shape=(4, 5), names=("a", "b", "c"), **changes):
    rng = np.random.default_rng(1)
    parts = [Split(rng.integers(0, 256, (n, *shape), dtype=np.uint8), np.arange(n) % 3) for n in (train, test)]
    return Dataset("set", parts[0], parts[1], names, "here", "CC0", **changes)


def test_images_are_read_only_and_x_is_a_view():
    split = make().train
    assert split.X.shape == (6, 20)
    assert np.shares_memory(split.X, split.images)
    assert split.images.flags.c_contiguous
    assert split.labels.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        split.images[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        split.X[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        split.labels[0] = 1


def test_the_callers_array_stays_writable():
    images = np.zeros((2, 3, 3), np.uint8)
    Split(images, np.zeros(2, int))
    images[0] = 1


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().name = "other"


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 3, 3)), [0, 1], "must be uint8.*float64"),
        (np.zeros((2, 9), np.uint8), [0, 1], r"shape \(n, height, width\)"),
        (np.zeros((2, 0, 3), np.uint8), [0, 1], r"shape \(n, height, width\)"),
        (np.zeros((2, 3, 3), np.uint8), [0.0, 1.0], "integer class codes"),
        (np.zeros((2, 3, 3), np.uint8), [0, 1, 2], r"\(2,\), not \(3,\)"),
        (np.zeros((2, 3, 3), np.uint8), ["a", "b"], "integer class codes"),
    ],
)
def test_split_refuses(images, labels, message):
    with pytest.raises(DataError, match=message):
        Split(images, np.asarray(labels))


def test_dataset_refuses_what_does_not_fit_together():
    good = make()
    for changes, message in (
        ({"class_names": ("a", "b")}, "0 to 2, but the 2 classes"),
        ({"class_names": ("a", "a", "b")}, "distinct"),
        ({"class_names": ()}, "at least one"),
        ({"test": make(shape=(5, 4)).test}, "4x5 and test images 5x4"),
        ({"train": Split(np.empty((0, 4, 5), np.uint8), np.empty(0, int))}, "no training"),
    ):
        with pytest.raises(DataError, match=message):
            dataclasses.replace(good, **changes)


def test_a_test_split_may_be_empty():
    assert len(make(test=0).test) == 0


def test_hash_depends_on_content_alone():
    first = make()
    assert first.sha256 == make().sha256
    assert dataclasses.replace(first, name="x", source="y", licence="z", notes=("n",)).sha256 == first.sha256
    as_uint8 = dataclasses.replace(first, train=Split(first.train.images, first.train.labels.astype(np.uint8)))
    assert as_uint8.sha256 == first.sha256
    fortran = dataclasses.replace(first, train=Split(np.asfortranarray(first.train.images), first.train.labels))
    assert fortran.sha256 == first.sha256


def test_hash_sees_every_part():
    first = make()
    pixels = first.test.images.copy()
    pixels[-1, -1, -1] ^= 1
    labels = first.train.labels.copy()
    labels[0] = 2
    changed = [
        dataclasses.replace(first, test=Split(pixels, first.test.labels)),
        dataclasses.replace(first, train=Split(first.train.images, labels)),
        dataclasses.replace(first, class_names=("a", "b", "d")),
        dataclasses.replace(first, train=first.test, test=first.train),
        make(shape=(5, 4)),
    ]
    assert len({first.sha256, *(one.sha256 for one in changed)}) == 6
