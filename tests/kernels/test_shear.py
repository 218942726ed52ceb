"""Sheared sums are NumPy's, to the last bit."""

import numpy as np
import pytest

from misread.kernels.shear import MOST_COLUMNS, sheared_row_sums


@pytest.mark.parametrize("n_columns", [1, 7, 8, 21, 66, MOST_COLUMNS])
def test_sums_are_numpys(n_columns):
    random = np.random.default_rng(n_columns)
    columns = random.random((n_columns, 50), np.float32)
    starts = random.integers(0, 20, (9, n_columns))
    sums = np.empty((9, 30), np.float32)
    sheared_row_sums(columns, starts, sums)
    for start, total in zip(starts, sums, strict=True):
        rows = np.array([column[first : first + 30] for column, first in zip(columns, start, strict=True)]).T
        np.testing.assert_array_equal(total, np.ascontiguousarray(rows).sum(axis=1))
