"""Windows by doubling: to the last bit what scipy.ndimage gives."""

import numpy as np
import pytest
from scipy import ndimage

from misread.images.windows import closing, largest, opening, smallest

SHAPES = [(1, 1), (2, 9), (13, 40), (31, 7)]


@pytest.fixture(params=SHAPES, ids=str)
def plane(request: pytest.FixtureRequest) -> np.ndarray:
    return np.random.default_rng(0).normal(size=request.param).astype(np.float32)


@pytest.mark.parametrize("width", [1, 3, 5, 9])
def test_extremes_are_scipys(plane: np.ndarray, width: int) -> None:
    if width // 2 <= min(plane.shape):
        np.testing.assert_array_equal(largest(plane, width), ndimage.maximum_filter(plane, width))
        np.testing.assert_array_equal(smallest(plane, width), ndimage.minimum_filter(plane, width))
    numbers = (100 * plane).astype(np.int32)
    np.testing.assert_array_equal(largest(numbers, 3), ndimage.grey_dilation(numbers, size=(3, 3)))


@pytest.mark.parametrize("width", [1, 2, 3, 6, 7, 16, 45])
def test_closing_and_opening_are_scipys_on_a_plane_that_goes_on(plane: np.ndarray, width: int) -> None:
    wide, inner = np.pad(plane, width, mode="edge"), slice(width, -width)
    size = (width, width)
    np.testing.assert_array_equal(closing(plane, width), ndimage.grey_closing(wide, size)[inner, inner])
    np.testing.assert_array_equal(opening(plane, width), ndimage.grey_opening(wide, size)[inner, inner])
