"""In what order files come, and which images of a set are for testing."""

import numpy as np
import pytest

from misread.data.assemble import assemble, natural_key, stratified_test
from misread.errors import FormatError


def test_test_images_are_about_a_fifth_of_every_class():
    codes = np.array([0] * 10 + [1] * 2 + [2] + [3] * 1000 + [4] * 4)
    hashes = np.random.default_rng(0).integers(0, 2**64, len(codes), np.uint64)
    chosen = stratified_test(codes, hashes)
    counts = np.bincount(codes[chosen], minlength=5).tolist()
    assert 1 <= counts[0] <= 3
    assert counts[1:3] == [1, 0]
    assert 160 < counts[3] < 240
    assert counts[4] == 1
    unlucky = stratified_test(np.zeros(50, int), np.arange(1, 51, dtype=np.uint64))
    assert np.flatnonzero(unlucky).tolist() == list(range(15))
    assert not stratified_test(np.zeros(5, int), np.full(5, 7, np.uint64)).any()


def test_copies_of_an_image_are_on_one_side():
    hashes = np.random.default_rng(1).integers(0, 2**64, 100, np.uint64)
    chosen = stratified_test(np.zeros(300, int), np.tile(hashes, 3))
    assert (chosen[:100] == chosen[100:200]).all()
    assert (chosen[:100] == chosen[200:]).all()


def test_natural_order_of_numbers_of_any_length():
    long = ["1" + "0" * 5_000, "9" * 5_000, "007", "8", "0", "\u0661\u0660", "a2", "A10"]
    assert sorted(long, key=natural_key) == [
        "0",
        "007",
        "8",
        "\u0661\u0660",
        "9" * 5_000,
        "1" + "0" * 5_000,
        "a2",
        "A10",
    ]


def test_natural_order():
    names = ["img10.png", "img9.png", "IMG1.png", "a", "10", "9", "img09.png", ""]
    assert sorted(names, key=natural_key) == ["", "9", "10", "a", "IMG1.png", "img09.png", "img9.png", "img10.png"]


@pytest.mark.parametrize("blank", ["", " "])
def test_a_label_without_a_name_is_none(blank):
    images = np.zeros((3, 4, 4), np.uint8)
    with pytest.raises(FormatError, match="pets: image 2 of 3 has no label; give it one"):
        assemble("pets", [images], ["cat", blank, "dog"], None, "made up")
