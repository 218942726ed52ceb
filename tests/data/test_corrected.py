"""Corrections applied to a data set: what is changed, what is left out, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

from misread import load
from misread.data import Dataset, Split
from misread.data.corrected import correct
from misread.data.corrections import Correction, Corrections, append_corrections
from misread.errors import DataError


def split(first, labels):
    n = len(labels)
    images = np.arange(first, first + n, dtype=np.uint8).repeat(4).reshape(n, 2, 2)
    return Split(images, np.array(labels))


@pytest.fixture
def data():
    return Dataset("own", split(0, [0, 1, 2, 0, 1]), split(100, [0, 1, 2]), ("cat", "dog", "=owl"), "", "")


def said(*rows):
    return Corrections(tuple(Correction(None, *row) for row in rows))


def test_labels_change_images_leave_and_the_original_stays(data):
    fixed = correct(
        data,
        said(
            ("train/0", "cat", "dog", "wrong"),
            ("train/1", "dog", "", "unclear"),
            ("train/2", "=owl", "", "none of the classes"),
            ("train/3", "cat", "cat", "right"),
            ("test/0", "cat", "=owl", "wrong"),
        ),
    )
    assert fixed.train.labels.tolist() == [1, 0, 1]
    assert fixed.train.names.tolist() == ["train/0", "train/3", "train/4"]
    assert fixed.train.hashes.tolist() == data.train.hashes[[0, 3, 4]].tolist()
    assert fixed.test.labels.tolist() == [2, 1, 2]
    assert data.train.labels.tolist() == [0, 1, 2, 0, 1]
    record = fixed.corrected
    assert vars(record.train) == {"relabelled": 1, "confirmed": 1, "unclear": 1, "none": 1}
    assert record.of_tests
    assert record.original is data
    assert fixed.sha256 != data.sha256
    assert "1 training labels changed" in fixed.notes[-1]
    assert "1 test labels changed" in fixed.notes[-1]
    assert fixed.is_described_by({"sha256": data.sha256})
    assert data.is_described_by({"sha256": fixed.sha256, "corrections": record.as_json()})
    assert not data.is_described_by({"sha256": fixed.sha256})


def test_copies_count_as_the_image_if_they_have_the_label_spoken_of(data):
    images = data.train.images.copy()
    images[[3, 4]] = images[0]
    data = replace(data, train=Split(images, np.array([0, 1, 2, 0, 2])))
    fixed = correct(data, said(("train/0", "cat", "dog", "wrong")))
    assert fixed.train.labels.tolist() == [1, 1, 2, 1, 2]
    assert "keep a label that nobody spoke of: train/4 (labelled =owl, not cat)" in fixed.notes[-1]


def test_what_cannot_be_applied_is_said(data):
    fixed = correct(
        data,
        said(
            ("train/0", "dog", "=owl", "wrong"),
            ("gone.png", "cat", "dog", "wrong"),
            ("train/1", "", "cat", "wrong"),
        ),
    )
    assert fixed.train.labels.tolist() == [0, 0, 2, 0, 1]
    notes = "; ".join(fixed.notes)
    assert "train/0 (labelled cat, not dog)" in notes
    assert "1 of 3 are of no image here: gone.png" in notes
    with pytest.raises(DataError, match=r"own has no class 'dgo'; did you mean dog"):
        correct(data, said(("train/0", "cat", "dgo", "wrong")))
    with pytest.raises(DataError, match="none of the 1 corrections is of an image of own"):
        correct(data, said(("gone.png", "cat", "dgo", "wrong")))
    with pytest.raises(DataError, match="leave no training images"):
        correct(data, said(*((f"train/{i}", "", "", "unclear") for i in range(5))))


def test_corrections_of_what_is_corrected_already_change_nothing(data):
    wanted = said(("train/0", "cat", "dog", "wrong"))
    once = correct(data, wanted)
    twice = correct(once, wanted)
    assert twice.sha256 == once.sha256
    assert twice.corrected.train.confirmed == 1
    assert twice.corrected.original is data


def test_loading_applies_files_whatever_size_images_come_to(tmp_path):
    digits = load("digits")
    names = digits.class_names
    path = tmp_path / "c.csv"
    given = int(digits.train.labels[7])
    row = Correction(int(digits.train.hashes[7]), "elsewhere.png", names[given], names[given - 1], "wrong")
    append_corrections(path, [row])
    for more in ({}, {"size": 10, "invert": True}):
        fixed = load("digits", corrections=path, **more)
        assert fixed.train.labels[7] == (given - 1) % 10
        assert fixed.corrected.files == (str(path),)
    assert load("digits", corrections=[path, path]).sha256 == load("digits", corrections=path).sha256
