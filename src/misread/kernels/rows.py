"""Samples as the descent reads them: pixels, standardised pixels that are never stored, or floats."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from misread.kernels.codes import Bytes, Floats, Screen, encode_floats, in_whole_lines, pixel_screen
from misread.kernels.jit import inner, read_only
from misread.kernels.screen import add_product

__all__ = ["Rows", "read_row"]

RAW, STANDARDISED, FLOAT = 0, 1, 2


class Rows(NamedTuple):
    """Samples as the kernels read them."""

    kind: int  # how a value is formed: RAW pixels, STANDARDISED pixels, FLOAT
    pixels: Bytes
    floats: Floats
    mean: Floats
    scale: Floats
    screen: Screen

    @classmethod
    def of_pixels(
        cls,
        pixels: Bytes,
        columns: NDArray[np.intp],
        mean: Floats | None = None,
        scale: Floats | None = None,
    ) -> Self:
        """Some columns of pixels of shape (n, m), or of ``(pixels - mean) / scale``."""
        kind = RAW if mean is None or scale is None else STANDARDISED
        shift = np.zeros(len(columns)) if mean is None else mean[columns]
        factor = np.ones(len(columns)) if scale is None else scale[columns]
        codes = in_whole_lines(pixels, columns)
        return cls(kind, codes, read_only(np.empty((0, 0))), shift, factor, pixel_screen(codes, shift, factor))

    @classmethod
    def of_floats(cls, floats: Floats) -> Self:
        """Finite values of shape (n, m)."""
        nothing, floats = np.empty(0), read_only(floats)
        return cls(FLOAT, np.empty((0, 0), np.uint8), floats, nothing, nothing, encode_floats(floats))


@inner()
def read_row(rows: Rows, i: int, coef: Floats, row: Floats) -> float:
    """Form the very values that scikit-learn would see in row `i`; return their product with the weights.

    The product is a sum in any order.
    """
    total = 0.0
    if rows.kind == FLOAT:
        floats = rows.floats[i]
        for j in range(row.size):
            row[j] = floats[j]
            total = add_product(total, coef[j], floats[j])
        return total
    pixels, mean, scale = rows.pixels[i], rows.mean, rows.scale
    if rows.kind == STANDARDISED:
        for j in range(row.size):
            value = (np.float64(pixels[j]) - mean[j]) / scale[j]
            row[j] = value
            total = add_product(total, coef[j], value)
    else:
        for j in range(row.size):
            value = np.float64(pixels[j])
            row[j] = value
            total = add_product(total, coef[j], value)
    return total
