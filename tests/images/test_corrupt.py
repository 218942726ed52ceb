"""Corruptions against slow references, and what all of them have in common."""

import numpy as np
import pytest
from scipy import ndimage

from misread import load
from misread.errors import ParameterError
from misread.images.corrupt import KINDS, STRENGTHS, corrupt
from misread.kernels.corruptions import add_lines, mark_edges, smear, swap_near

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def images():
    digits = load("digits").test.images[:12]
    return np.stack([ndimage.zoom(image, 3.5, order=1) for image in digits])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_images_the_same_way_each_time(images, kind):
    before = images.copy()
    made = [corrupt(images, kind, strength) for strength in STRENGTHS]
    assert (images == before).all(), "what is given stays as it is"
    for strength, one in zip(STRENGTHS, made, strict=True):
        assert one.dtype == np.uint8
        assert one.shape == images.shape
        assert (one != images).any(axis=(1, 2)).mean() > 0.9
        np.testing.assert_array_equal(corrupt(images, kind, strength), one)
    assert len(KINDS) == 15
    off = [np.abs(one.astype(float) - images).mean() for one in made]
    if kind != "spatter":  # whose drops become smaller as they become more
        assert off[4] > off[0], "strength 5 is further from the image than strength 1"


@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (3, 40), (40, 3), (64, 48), (300, 20)])
@pytest.mark.parametrize("kind", KINDS)
def test_any_size_of_image(shape, kind):
    images = RNG.integers(0, 256, (2, *shape), np.uint8)
    for strength in (1, 5):
        assert corrupt(images, kind, strength).shape == images.shape
    assert corrupt(images[:0], kind, 1).shape == (0, *shape)


def test_known_pixels():
    image = np.full((1, 28, 28), 100, np.uint8)
    assert (corrupt(image, "brightness", 5) == 228).all()
    striped = corrupt(image, "stripe", 3)[0]
    assert (striped[:, :7] == 155).all()
    assert (striped[:, 21:] == 155).all()
    assert (striped[:, 7:21] == 100).all()
    dot = np.zeros((1, 28, 28), np.uint8)
    dot[0, 14, 14] = 255
    assert {tuple(np.abs(np.argwhere(one)[0] - 14)) for one in corrupt(dot, "translate", 3)} == {(3, 3)}
    noisy = corrupt(np.full((50, 28, 28), 100, np.uint8), "impulse noise", 4)
    assert abs((noisy == 0).mean() - 0.085) < 0.005
    assert abs((noisy == 255).mean() - 0.085) < 0.005
    shot = corrupt(np.full((50, 28, 28), 100, np.uint8), "shot noise", 1) / 255
    assert abs(shot.var() - 100 / 255 / 60) < 3e-4, "Poisson: the variance is the mean over the light"


def test_edges_are_those_of_a_slow_reference(images):
    smooth = np.stack([ndimage.gaussian_filter(image / np.float32(255), 1) for image in images]).astype(np.float32)
    found = np.empty(images.shape, np.uint8)
    mark_edges(smooth, 0.1, 0.2, found)
    for image, marks in zip(smooth.astype(np.float64), found, strict=True):
        np.testing.assert_array_equal(marks == 255, _edges(image))


def _edges(image):
    down, along = (ndimage.sobel(image, axis, mode="nearest") for axis in (0, 1))
    steep = np.hypot(down, along)
    ridge = np.zeros(image.shape, bool)
    for y in range(1, image.shape[0] - 1):
        for x in range(1, image.shape[1] - 1):
            if steep[y, x] < 0.1:
                continue
            here, step = np.array([y, x]), np.array([down[y, x], along[y, x]])
            step /= np.abs(step).max()  # one step along the steeper axis; between two pixels, interpolated
            places = np.stack([here + step, here - step], axis=1)
            ridge[y, x] = (ndimage.map_coordinates(steep, places, order=1) <= steep[y, x] + 1e-12).all()
    names, n = ndimage.label(ridge, np.ones((3, 3)))
    high = {names[place] for place in zip(*np.nonzero(ridge & (steep >= 0.2)), strict=True)}
    return np.isin(names, list(high)) if n else ridge


def test_smearing_is_a_weighted_mean(images):
    downs, rights = RNG.integers(-4, 5, (2, len(images), 6))
    weights = np.full(6, 1 / 6, np.float32)
    out = np.empty_like(images)
    smear(images, downs, rights, weights, out)
    framed = np.pad(images.astype(float), ((0, 0), (4, 4), (4, 4)), mode="edge")
    for i in range(len(images)):
        moved = [framed[i, 4 + d : 32 + d, 4 + r : 32 + r] for d, r in zip(downs[i], rights[i], strict=True)]
        assert np.abs(out[i] - np.mean(moved, axis=0)).max() <= 0.51


def test_swapping_only_exchanges_near_pixels():
    images = np.arange(784, dtype=np.uint16).reshape(1, 28, 28)
    still, moved = (images % 256).astype(np.uint8), (images % 256).astype(np.uint8)
    swap_near(still, np.zeros((1, 2, 28, 28), np.uint8), 2)
    assert (still == images % 256).all(), "even draws exchange nothing"
    swap_near(moved, RNG.integers(0, 32, (1, 2, 28, 28), np.uint8), 2)
    np.testing.assert_array_equal(np.sort(moved.ravel()), np.sort(still.ravel()))
    assert (moved != still).mean() > 0.5


def test_a_line_is_as_it_is_described():
    image = np.zeros((1, 9, 9), np.uint8)
    add_lines(image, np.array([[[2.0, 4.0, 6.0, 4.0], [1.0, 1.0, 1.0, 5.0]]]), 2.3)
    assert (image[0, :, :2] == 0).all()
    assert (image[0, :, 6:] == 0).all()
    assert (image[0, 4, 2:6] == 255).all()
    np.testing.assert_array_equal(image[0, 3, 2:6], round(255 * (1 + np.log(1 - 1 / 2.3))))


def test_what_makes_no_sense_is_refused(images):
    with pytest.raises(ParameterError, match="did you mean fog"):
        corrupt(images, "frog", 1)
    with pytest.raises(ParameterError, match="from 1 to 5"):
        corrupt(images, "fog", 0)
    with pytest.raises(ParameterError, match="uint8"):
        corrupt(images / 255, "fog", 1)
