"""Shifts and noise against slow, obvious references."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.ndimage import shift as scipy_shift

from misread.data import load
from misread.images import transforms
from misread.images.transforms import add_noise, shift, shifted_copies

IMAGES = npst.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)))


@given(IMAGES, st.integers(-8, 8), st.integers(-8, 8), st.integers(0, 255))
def test_shift_agrees_with_scipy(images, dy, dx, fill):
    expected = [scipy_shift(image, (dy, dx), order=0, mode="constant", cval=fill) for image in images]
    np.testing.assert_array_equal(shift(images, dy, dx, fill), expected)


@given(IMAGES)
def test_shifted_copies(images):
    copies = shifted_copies(images)
    expected = [images, shift(images, 0, -1), shift(images, 0, 1), shift(images, -1, 0), shift(images, 1, 0)]
    np.testing.assert_array_equal(copies, np.concatenate(expected))
    assert copies.flags.c_contiguous
    assert copies.dtype == np.uint8


def test_left_is_left():
    image = np.array([[[0, 7, 0], [0, 0, 0], [0, 0, 0]]], np.uint8)
    left = shifted_copies(image)[1]
    np.testing.assert_array_equal(left, [[7, 0, 0], [0, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize("rows", [1, 7, 1_000_000])
def test_noise_is_the_notebooks(monkeypatch, rows):
    monkeypatch.setattr(transforms, "_ROWS_PER_DRAW", rows)
    rng = np.random.default_rng(0)
    train = rng.integers(0, 256, (23, 5, 5), dtype=np.uint8)
    test = rng.integers(0, 256, (11, 5, 5), dtype=np.uint8)
    np.random.seed(42)  # noqa: NPY002
    expected = [
        batch.reshape(-1, 25) + np.random.randint(0, 100, (len(batch), 25))  # noqa: NPY002
        for batch in (train, test)
    ]
    noisy = add_noise(train, test)
    for actual, wanted, batch in zip(noisy, expected, (train, test), strict=True):
        assert actual.dtype == np.uint16
        assert actual.shape == batch.shape
        np.testing.assert_array_equal(actual.reshape(-1, 25), wanted)


@pytest.mark.mnist
def test_noise_on_mnist_is_one_big_draws(mnist_folder):
    """The stream over the full shape, 60,000 x 784, drawn at once and drawn in blocks."""
    mnist = load("mnist", data_dir=mnist_folder)
    train, test = mnist.train.X, mnist.test.X
    noisy_train, noisy_test = add_noise(train, test)
    stream = np.random.RandomState(42)
    assert np.array_equal(noisy_train, train + stream.randint(0, 100, train.shape))
    assert np.array_equal(noisy_test, test + stream.randint(0, 100, test.shape))
    assert noisy_train.max() == 354
