"""What is counted of connected parts is what whole-array operations of SciPy count."""

import numpy as np
import pytest
from scipy import ndimage

from misread.kernels import parts

EIGHT = np.ones((3, 3), bool)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (12, 1), (25, 40)])
def test_counts_are_scipys(shape):
    random = np.random.default_rng(1)
    above, opposite, steps = random.random((3, *shape), np.float32)
    numbers, n_parts = ndimage.label(above > 0.6, structure=EIGHT)
    counts, mass = np.zeros((n_parts, parts.N_COUNTS), np.intp), np.zeros(n_parts)
    least_ink, least_step = random.random((2, n_parts))
    parts.weigh_parts(numbers, above, counts, mass)
    parts.look_around_parts(np.pad(numbers, 1), opposite, steps, least_ink, least_step, counts)
    around = ndimage.grey_dilation(numbers, footprint=EIGHT)
    rim = np.ones(shape, bool)
    rim[1:-1, 1:-1] = False
    for part, box in enumerate(ndimage.find_objects(numbers)):
        own = numbers == part + 1
        border = own & ~ndimage.binary_erosion(numbers > 0, EIGHT)
        outside = (numbers == 0) & (around == part + 1)
        expected = [side.start for side in box] + [side.stop for side in box]
        along = own, own & rim, border, border & (steps >= least_step[part]), outside
        expected += [np.count_nonzero(one) for one in (*along, outside & (opposite >= least_ink[part]))]
        assert counts[part].tolist() == expected
        assert mass[part] == np.bincount(own.ravel(), above.ravel())[1]
