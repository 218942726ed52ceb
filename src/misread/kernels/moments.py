"""Sums of columns as NumPy adds them up, without a copy in floating point."""

import numpy as np
from numpy.typing import NDArray

from misread.kernels.jit import inner

__all__ = ["sum_deviations"]


@inner()
def sum_deviations(
    pixels: NDArray[np.uint8],
    mean: NDArray[np.float64],
    deviations: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    """Add up ``pixels - mean`` and its squares for each column, from the first row to the last."""
    for i in range(len(pixels)):
        for j in range(mean.size):
            deviation = np.float64(pixels[i, j]) - mean[j]
            deviations[j] += deviation
            squares[j] += deviation * deviation
