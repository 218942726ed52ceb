"""Tables that list the pixels of an image in one cell."""

import csv

import numpy as np
import pytest

from misread.data import load
from misread.errors import DataError, FormatError, ParameterError

X = np.random.default_rng(3).integers(0, 256, (24, 6, 4), np.uint8)
Y = ["cat", "dog", "eel"] * 8


def write(path, cells, header=("label", "image"), turned=False):
    rows = [*([header] if header else []), *zip(Y, cells, strict=True)]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(row[::-1] if turned else row for row in rows)
    return path


@pytest.mark.parametrize(
    "listed",
    [
        lambda image: str(image.tolist()),
        lambda image: str(tuple(map(tuple, image.tolist()))),
        str,
    ],
)
def test_lists_of_rows(tmp_path, listed):
    read = load(write(tmp_path / "t.csv", map(listed, X)))
    assert read.layout == "label in column 'label', 24 pixels as 6x4; pixels listed in column 'image'"
    assert _as_set(read) == {image.tobytes() for image in X}


@pytest.mark.parametrize(
    "listed",
    [
        lambda image: str(image.ravel().tolist()),
        lambda image: str(image.ravel().astype(float)),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("header", [("animal", "pixels"), None])
def test_numbers_one_after_the_other(tmp_path, listed, turned, header):
    squares = X[:, :4]
    path = write(tmp_path / "t.csv", map(listed, squares), header, turned)
    for label in ("last" if turned else "first", "2" if turned else "1"):
        read = load(path, label_column=label)
        assert read.class_names == ("cat", "dog", "eel")
        assert _as_set(read) == {image.tobytes() for image in squares}
    with pytest.raises(ParameterError, match="from 1 to 2, first or last"):
        load(path, label_column="3")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (str(X[0, :-1].tolist()), r"row 6 lists 20 numbers in column 'image', the first row 24"),
        (
            "[[0 0 0 ... 0 0 0]\n ...\n [0 0 0 ... 0 0 0]]",
            r"was shortened when .* image.tolist\(\)",
        ),
        (str(X[0].tolist()).replace("[[", "[[2"), r"is not a pixel 0..255"),
    ],
)
def test_lists_that_are_none(tmp_path, cell, message):
    cells = [str(image.tolist()) for image in X]
    cells[4] = cell
    with pytest.raises(FormatError, match=message):
        load(write(tmp_path / "t.csv", cells))


@pytest.mark.parametrize("begin", ["{'bytes': b'", "b'", "data:image/png;base64,", "A" * 300])
def test_what_is_no_file_name_is_told(tmp_path, begin):
    with pytest.raises(DataError, match="is no file name; expected one, or a list of pixels"):
        load(write(tmp_path / "t.csv", [f"{begin}{index}" for index in range(len(Y))]))


def test_numbers_and_spaces_without_a_header_are_not_guessed(tmp_path):
    cells = [" ".join(map(str, image.ravel())) for image in X[:, :4]]
    read = load(write(tmp_path / "t.csv", cells))
    assert _as_set(read) == {image.tobytes() for image in X[:, :4]}
    with pytest.raises(FormatError):
        load(write(tmp_path / "t.csv", cells, header=None))


def _as_set(read):
    return {image.tobytes() for part in (read.train, read.test) for image in part.images}
