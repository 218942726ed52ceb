"""Fitting: what must not change, what must not matter, and MNIST's own images as the reference for its rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from misread.data import load
from misread.errors import ParameterError
from misread.images.fit import FITS, dark_on_light, fit_image, fit_images

IMAGES = npst.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)))


def drawing() -> np.ndarray:
    """A seven, light on black."""
    canvas = np.zeros((60, 40), np.uint8)
    canvas[10:15, 8:30] = 255
    for row in range(15, 50):
        column = 28 - (row - 15) // 3
        canvas[row, column - 4 : column] = 230
    return canvas


@given(IMAGES, st.integers(1, 40), st.sampled_from(FITS))
def test_any_image_comes_to_the_size(image, size, fit):
    before = image.copy()
    fitted = fit_image(image, size, fit)
    assert fitted.shape == (size, size)
    assert fitted.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


@given(IMAGES, st.sampled_from(["stretch", "pad"]))
def test_an_image_of_the_size_passes_unchanged(image, fit):
    np.testing.assert_array_equal(fit_image(image, image.shape, fit), image)


@given(IMAGES, st.sampled_from(FITS))
def test_inverting_is_inverting_first(image, fit):
    np.testing.assert_array_equal(fit_image(image, 12, fit, invert=True), fit_image(255 - image, 12, fit))


@given(st.integers(0, 60), st.integers(0, 60))
def test_mnist_does_not_care_where_the_ink_is(top, left):
    canvas = np.zeros((120, 100), np.uint8)
    canvas[top : top + 60, left : left + 40] = drawing()
    np.testing.assert_array_equal(fit_image(canvas, 28, "mnist"), fit_image(drawing(), 28, "mnist"))


@given(st.integers(2, 6))
def test_mnist_does_not_care_how_large_it_was_drawn(scale):
    large = np.kron(drawing(), np.ones((scale, scale), np.uint8))
    difference = fit_image(large, 28, "mnist").astype(int) - fit_image(
        np.kron(drawing(), np.ones((2, 2), np.uint8)), 28, "mnist"
    )
    assert np.abs(difference).mean() < 2


def test_mnist_fills_the_box_and_centres_the_mass():
    fitted = fit_image(drawing(), 28, "mnist").astype(float)
    rows, columns = np.flatnonzero(fitted.any(axis=1)), np.flatnonzero(fitted.any(axis=0))
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 == round(20 * 22 / 40)
    centre = [np.arange(28) @ fitted.sum(axis=axis) / fitted.sum() for axis in (1, 0)]
    assert all(13.5 <= value <= 14.5 for value in centre)


def test_mnist_turns_dark_ink_on_light_paper():
    np.testing.assert_array_equal(fit_image(255 - drawing(), 28, "mnist"), fit_image(drawing(), 28, "mnist"))


def test_mnist_reads_a_photo():
    """Grey paper in uneven light, weaker ink, noise and a speck: nearly the image of the clean drawing."""
    rng = np.random.default_rng(0)
    canvas = np.zeros((800, 600))
    canvas[300:600, 150:350] = np.kron(drawing(), np.ones((5, 5))) / 255
    canvas[40:44, 500:504] = 1
    rows, columns = np.mgrid[0:1:800j, 0:1:600j]
    paper = (200 - 50 * rows - 40 * columns) * (1 - 0.75 * canvas) + rng.normal(0, 6, canvas.shape)
    photo = paper.clip(0, 255).astype(np.uint8)
    difference = fit_image(photo, 28, "mnist").astype(int) - fit_image(drawing(), 28, "mnist")
    assert np.abs(difference).mean() < 6


def page(height: int = 800, width: int = 600) -> np.ndarray:
    """A large seven in the middle of a page, black ink on white."""
    canvas = np.full((height, width), 255, np.uint8)
    canvas[300:600, 150:350] = 255 - np.kron(drawing(), np.ones((5, 5), np.uint8))
    return canvas


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("where", "level"), [((0, 0), 254), ((799, 599), 245), ((700, 3), 0), ((5, 300), 100)])
def test_mnist_does_not_take_a_pixel_of_a_page_for_ink(where, level, turned):
    clean, dirty = page(), page()
    dirty[where] = level
    if turned:
        clean, dirty = 255 - clean, 255 - dirty
    np.testing.assert_array_equal(fit_image(dirty, 28, "mnist"), fit_image(clean, 28, "mnist"))
    np.testing.assert_array_equal(dirty[where], 255 - level if turned else level)


def test_mnist_of_a_large_scan_with_noise_and_specks():
    rng = np.random.default_rng(0)
    clean = page(4_000, 3_000)
    dirty = clean - (rng.random(clean.shape) < 0.02) * np.uint8(4)
    dirty[clean < 255] = clean[clean < 255]
    dirty[3_900:3_903, 2_900:2_903] = 30
    np.testing.assert_array_equal(fit_image(dirty, 28, "mnist"), fit_image(clean, 28, "mnist"))


def test_mnist_keeps_the_dot_of_an_i():
    canvas = np.zeros((200, 200), np.uint8)
    canvas[80:180, 95:105] = 255
    canvas[40:50, 95:105] = 255
    rows = fit_image(canvas, 28, "mnist").any(axis=1)
    assert 15 <= rows.sum() <= 18
    assert np.ptp(np.flatnonzero(rows)) == 19


@pytest.mark.parametrize("level", [0, 90, 255])
def test_mnist_of_a_blank_page_with_a_little_noise_is_empty(level):
    canvas = np.full((300, 200), level, np.uint8)
    canvas[10, 20] = level + 3 if level < 255 else 252
    assert not fit_image(canvas, 28, "mnist").any()


@pytest.mark.parametrize("level", [0, 90, 255])
def test_mnist_of_an_empty_page_is_empty(level):
    assert not fit_image(np.full((50, 30), level, np.uint8), 28, "mnist").any()


def test_pad_keeps_the_aspect_and_continues_the_background():
    image = np.full((10, 40), 200, np.uint8)
    image[4:6, 10:30] = 0
    fitted = fit_image(image, 20, "pad")
    assert (fitted[:7] == 200).all()
    assert (fitted[-7:] == 200).all()
    assert fitted[8:12].min() < 60


def test_stretch_averages_what_it_reduces():
    board = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(254)
    assert abs(fit_image(board.astype(np.uint8), 8)[2:6, 2:6].astype(int) - 127).max() <= 3


def test_many_is_one_by_one():
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 7), dtype=np.uint8)
    for fit in FITS:
        expected = [fit_image(image, 12, fit, invert=True) for image in images]
        np.testing.assert_array_equal(fit_images(images, 12, fit, invert=True), expected)


@pytest.mark.parametrize(("size", "fit"), [(0, "pad"), (-1, "pad"), (513, "pad"), ((28, 0), "pad"), (28, "crop")])
def test_refuses(size, fit):
    with pytest.raises(ParameterError, match="must be"):
        fit_image(np.zeros((3, 3), np.uint8), size, fit)


def test_dark_on_light():
    pages = np.stack([drawing(), 255 - drawing(), np.zeros_like(drawing()), np.full_like(drawing(), 200)])
    assert dark_on_light(pages).tolist() == [False, True, False, False]


@pytest.mark.mnist
def test_mnist_rule_gives_mnist_back(mnist_folder):
    """MNIST's images went through this rule once; going through it again must leave them as they are."""
    images = load("mnist", data_dir=mnist_folder).test.images
    same = (fit_images(images, 28, "mnist") == images).all(axis=(1, 2))
    assert same.mean() > 0.999
