"""Deformations against scipy.ndimage, image by image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

from misread.errors import ParameterError
from misread.images import transforms
from misread.images.deform import (
    Deformation,
    affine,
    deskew,
    displace,
    elastic_fields,
    move,
    normalise,
    slopes_before_pose,
)

IMAGES = npst.arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)))
SMALL = st.floats(-3, 3, width=32)


def assert_close_to(ours, expected):
    """Equal but for single precision: never more than one grey level apart, and that only around a half."""
    assert ours.dtype == np.uint8
    assert np.abs(ours - expected).max(initial=0) <= 0.52


@given(IMAGES, npst.arrays(np.float32, (2, 2), elements=SMALL), npst.arrays(np.float32, 2, elements=SMALL))
@settings(deadline=None)
def test_affine_is_scipys(images, matrix, offset):
    matrix, offset = np.round(matrix, 3).astype(np.float32), np.round(offset, 3).astype(np.float32)
    expected = [
        ndimage.affine_transform(image.astype(float), matrix, offset, order=1, mode="grid-constant")
        for image in images
    ]
    assert_close_to(affine(images, matrix, offset), np.array(expected))


@given(IMAGES, st.floats(-4, 4, width=16), st.floats(-4, 4, width=16))
@settings(deadline=None)
def test_move_is_scipys(images, dy, dx):
    expected = [ndimage.shift(image.astype(float), (dy, dx), order=1, mode="grid-constant") for image in images]
    assert_close_to(move(images, (dy, dx)), np.array(expected))


@given(IMAGES, st.integers(-4, 4), st.integers(-4, 4))
@settings(deadline=None)
def test_moves_by_whole_pixels_are_exact(images, dy, dx):
    np.testing.assert_array_equal(move(images, (dy, dx)), transforms.shift(images, dy, dx))


@given(IMAGES, st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_displace_is_scipys(images, seed):
    n, height, width = images.shape
    fields = np.random.default_rng(seed).normal(0, 2, (n, 2, height, width)).astype(np.float32)
    expected = [
        ndimage.map_coordinates(
            image.astype(float), np.mgrid[:height, :width] + field, order=1, mode="grid-constant"
        )
        for image, field in zip(images, fields, strict=True)
    ]
    assert_close_to(displace(images, fields), np.array(expected))


def reference_deskew(image):
    """The well-known recipe: moments, then `affine_transform` with [[1, 0], [slant, 1]]."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    total = image.sum()
    mean_y, mean_x = (y * image).sum() / total, (x * image).sum() / total
    variance = ((y - mean_y) ** 2 * image).sum() / total
    slant = ((y - mean_y) * (x - mean_x) * image).sum() / total / variance
    matrix = np.array([[1, 0], [slant, 1]])
    middle = (np.array(image.shape) - 1) / 2
    offset = np.array([mean_y, mean_x]) - matrix @ middle
    return ndimage.affine_transform(image, matrix, offset, order=1, mode="grid-constant")


def test_deskew_is_the_recipe():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 14, 11), dtype=np.uint8) * (rng.random((40, 14, 11)) < 0.3).astype(np.uint8)
    assert_close_to(deskew(images), np.array([reference_deskew(image.astype(float)) for image in images]))


def test_deskew_stands_a_slanted_line_upright():
    slanted = np.eye(9, dtype=np.uint8)[None, ::-1] * 200
    upright = np.zeros((1, 9, 9), np.uint8)
    upright[0, :, 4] = 200
    np.testing.assert_array_equal(deskew(slanted), upright)


def test_both_poses_are_the_recipes_one_after_the_other():
    """Deskewed, then stretched about the middle until the shorter deviation has the root's share of the longer."""
    rng = np.random.default_rng(0)
    images = np.zeros((30, 40, 40), np.uint8)
    images[:, 10:30, 13:23] = rng.integers(0, 256, (30, 20, 10))
    images[15:] = images[15:].transpose(0, 2, 1)
    upright = normalise(images, slant=True)
    y, x = np.mgrid[:40, :40] - 19.5
    total = upright.sum(axis=(1, 2), dtype=float)
    deviations = [np.sqrt((upright * grid**2).sum(axis=(1, 2)) / total) for grid in (y, x)]
    ratio = deviations[1] / deviations[0]
    steps = np.clip(np.column_stack([1 / np.sqrt(0.8 * ratio), np.sqrt(ratio / 0.8)]), 0.45, 1)
    assert (steps < 0.9).any(axis=0).all()
    matrices = steps[:, :, None] * np.eye(2)
    expected = affine(upright, matrices, 19.5 - matrices @ np.full(2, 19.5))
    posed = normalise(images, slant=True, aspect=True)
    assert np.abs(posed.astype(int) - expected).mean() < 4, "twice bilinear is blurred a little more"


def test_narrow_and_flat_things_fill_more_and_square_ones_stay():
    images = np.zeros((4, 28, 28), np.uint8)
    images[0, 4:24, 9:19] = 255
    images[1] = images[0].T
    images[2, 4:24, 5:23] = 255
    images[3, 4:24, 13:15] = 255
    posed = normalise(images, aspect=True)
    widths = (posed.max(axis=1) > 127).sum(axis=1).tolist()
    heights = (posed.max(axis=2) > 127).sum(axis=1).tolist()
    assert heights[1] == widths[0] == pytest.approx(np.sqrt(0.8 * 10 * 20), abs=1)
    assert heights[0] == widths[1] == 20
    np.testing.assert_array_equal(posed[2], images[2])
    assert widths[3] == pytest.approx(2 / 0.45, abs=1)


@pytest.mark.parametrize("shape", [(0, 5, 5), (3, 1, 7), (3, 7, 1), (2, 1, 1)])
def test_strange_shapes_survive(shape):
    images = np.full(shape, 9, np.uint8)
    rng = np.random.default_rng(0)
    assert deskew(images).shape == normalise(images, slant=True, aspect=True).shape == shape
    assert Deformation(rotation=10, shift=1, elastic=1).apply(images, rng).shape == shape


def test_blank_images_stay_blank():
    assert not normalise(np.zeros((2, 6, 6), np.uint8), slant=True, aspect=True).any()


def test_a_deformation_grows_and_fades():
    deformation = Deformation(rotation=10, scale=0.1, shear=0.2, shift=2, elastic=1, smoothness=4)
    assert deformation.times(0.5) == Deformation(5, 0.05, 0.1, 1, 0.5, smoothness=4)
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 9), dtype=np.uint8)
    np.testing.assert_array_equal(deformation.times(0).apply(images, np.random.default_rng(0)), images)


def test_wrong_images_are_refused():
    with pytest.raises(ParameterError, match="uint8"):
        deskew(np.zeros((2, 6, 6)))
    with pytest.raises(ParameterError, match="smoothness"):
        elastic_fields(1, (5, 5), np.random.default_rng(0), smoothness=0)


def test_fields_are_distributed_as_filtered_noise():
    """Variance and neighbouring covariance against white noise under scipy's Gaussian filter."""
    shape, sigma = (12, 10), 3.0
    fields = elastic_fields(20_000, shape, np.random.default_rng(0), strength=1.5, smoothness=sigma)
    assert fields.shape == (20_000, 2, *shape)
    assert fields.std() == pytest.approx(1.5, rel=0.02)
    noise = np.random.default_rng(1).standard_normal((400, 60, 60))
    smooth = np.array([ndimage.gaussian_filter(one, sigma) for one in noise])[:, 20:32, 20:30]
    for lag in (1, 3, 6):
        ours = np.mean(fields[:, 0, :-lag] * fields[:, 0, lag:]) / np.mean(fields[:, 0] ** 2)
        theirs = np.mean(smooth[:, :-lag] * smooth[:, lag:]) / np.mean(smooth**2)
        assert ours == pytest.approx(theirs, abs=0.06)


def test_copies_depend_on_the_seed_alone():
    images = np.random.default_rng(0).integers(0, 256, (5_000, 8, 8), dtype=np.uint8)
    bend = Deformation(rotation=10, scale=0.1, shear=0.1, shift=1, elastic=0.5)
    one, two, other = (
        bend.apply(images, np.random.default_rng(seed), n_jobs=jobs) for seed, jobs in ((3, 1), (3, 2), (4, 1))
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, images)


def test_no_deformation_changes_nothing():
    images = np.random.default_rng(0).integers(0, 256, (9, 7, 6), dtype=np.uint8)
    np.testing.assert_array_equal(Deformation().apply(images, np.random.default_rng(0)), images)


def test_maps_stay_within_their_ranges():
    matrices, offsets = Deformation(rotation=30, shift=2).draw_maps(500, (9, 5), np.random.default_rng(0))
    angles = np.rad2deg(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert 25 < np.abs(angles).max() <= 30 + 1e-4
    moved = matrices @ np.array([4.0, 2.0]) + offsets - np.array([4.0, 2.0])
    assert 1.8 < np.abs(moved).max() <= 2 + 1e-4


def test_small_images_are_bent_less():
    bend = Deformation(rotation=10, shift=2, elastic=1, smoothness=7).for_size((14, 20))
    assert bend == Deformation(rotation=10, shift=1, elastic=0.5, smoothness=3.5)
    assert bend.for_size((40, 28)) == bend


@pytest.mark.parametrize("pose", [{}, {"aspect": True}, {"slant": True, "aspect": True}])
def test_slopes_come_back_to_the_pixels_that_a_pose_was_made_of(pose: dict[str, bool]) -> None:
    rng = np.random.default_rng(0)
    images = np.zeros((3, 12, 10), np.uint8)
    images[:, 2:9, 3:6] = rng.integers(50, 256, (3, 7, 3))
    slopes = rng.random((3, 12, 10))
    before = (slopes_before_pose(slopes, images, **pose) * images).sum(axis=(1, 2))
    after = (slopes * normalise(images, **pose)).sum(axis=(1, 2))
    np.testing.assert_allclose(before, after, rtol=2e-3)  # grey levels are rounded
