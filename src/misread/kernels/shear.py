"""Sums along rows of an image that is sheared by many slopes, in the order in which NumPy sums a row."""

import numpy as np

from misread.kernels.jit import kernel

__all__ = ["MOST_COLUMNS", "sheared_row_sums"]

MOST_COLUMNS = 128
"""Of more, NumPy sums halves first."""
_LANES = 8


@kernel()
def sheared_row_sums(columns: np.ndarray, starts: np.ndarray, sums: np.ndarray) -> None:
    """Sum rows across columns that are each moved up or down.

    Parameters
    ----------
    columns : ndarray of float32, shape (n_columns, long)
        At most `MOST_COLUMNS`.
    starts : ndarray of int64, shape (n_slopes, n_columns)
        Where each slope begins to read each column.
    sums : ndarray of float32, shape (n_slopes, height)
        What is written.
    """
    n_slopes, height = sums.shape
    n = len(columns)
    in_lanes = n - n % _LANES
    lanes = np.empty((_LANES, height), np.float32)
    for slope in range(n_slopes):
        total = sums[slope]
        total[:] = 0
        for column in range(in_lanes):
            lane, start = lanes[column % _LANES], starts[slope, column]
            for y in range(height):
                value = columns[column, start + y]
                lane[y] = value if column < _LANES else lane[y] + value
        if in_lanes:
            for y in range(height):
                total[y] = ((lanes[0, y] + lanes[1, y]) + (lanes[2, y] + lanes[3, y])) + (
                    (lanes[4, y] + lanes[5, y]) + (lanes[6, y] + lanes[7, y])
                )
        for column in range(in_lanes, n):
            start = starts[slope, column]
            for y in range(height):
                total[y] += columns[column, start + y]
