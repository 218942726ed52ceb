"""The summary against counting by hand and by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misread.data import Dataset, Split, load
from misread.data.sheet import contact_sheet
from misread.data.summary import summarise


def make(train, train_labels, test=(), test_labels=(), names=("a", "b", "c")):
    splits = [
        Split(np.asarray(values, np.uint8).reshape(-1, 1, 1), np.asarray(labels, np.int64))
        for values, labels in ((train, train_labels), (test, test_labels))
    ]
    return Dataset("set", splits[0], splits[1], names, "here", "CC0")


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), max_size=20),
)
def test_duplicates_by_brute_force(train, test):
    dataset = make(*zip(*train, strict=True), *(zip(*test, strict=True) if test else ((), ())))
    found = summarise(dataset).duplicates
    seen = [value for value, _ in train]
    tested = [value for value, _ in test]
    assert found.train == sum(value in seen[:index] for index, value in enumerate(seen))
    assert found.test == sum(value in tested[:index] for index, value in enumerate(tested))
    assert found.across == sum(value in seen for value in tested)
    both = train + test
    assert found.conflicting == sum(any(v == value and c != code for v, c in both) for value, code in both)


def test_findings_in_words():
    summary = summarise(make([1] * 3 + list(range(10, 40)), [0] * 3 + [1] * 30, [1, 99], [0, 1]))
    words = " | ".join(summary.findings)
    assert "fewer than 10 training images: a (3), c (0)" in words
    assert "leakage: 1 test image is also a training image" in words
    assert "2 training images are exact copies" in words
    assert summary.imbalance is None


@pytest.mark.parametrize("paper", [0, 255])
def test_images_that_were_moved(paper):
    """Whole pictures, whatever lies beside the frame; the digits and MNIST have none."""
    rng = np.random.default_rng(7)
    images = np.full((6, 12, 12), paper, np.uint8)
    images[:, 3:8, 2:8] = rng.integers(1, 255, (6, 5, 6))
    moved = [np.roll(images[0], (4, -2), (0, 1)), images[1], np.roll(images[2], (-3, 4), (0, 1)), images[3].T]
    labels = np.arange(6) % 3
    dataset = Dataset("set", Split(images, labels), Split(np.stack(moved), labels[:4]), ("a", "b", "c"), "", "")
    summary = summarise(dataset)
    assert (summary.duplicates.moved, summary.duplicates.across) == (2, 1)
    assert "leakage: 2 test images are training images that were moved in the frame" in summary.findings


def test_imbalance():
    summary = summarise(make(range(50), [0] * 10 + [1] * 40, names=("a", "b")))
    assert summary.imbalance == 4.0
    assert any("4.0 times" in finding for finding in summary.findings)


def test_digits_are_in_order():
    summary = summarise(load("digits"))
    assert summary.findings == ()
    assert sum(one.train for one in summary.classes) == 1437


@pytest.mark.parametrize("shape", [(8, 8), (1, 200), (300, 3), (28, 28)])
def test_contact_sheet(shape):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (10, *shape), dtype=np.uint8)
    split = Split(images, np.arange(10) % 2)
    sheet = contact_sheet(Dataset("s", split, split, ("one", "a much longer name"), "", ""), per_class=8)
    assert sheet.mode == "L"
    assert sheet.height > 2 * 56
