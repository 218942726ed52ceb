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
    assert "leakage: 1 test images are also training images" in words
    assert "2 training images are exact copies" in words
    assert summary.imbalance is None


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
