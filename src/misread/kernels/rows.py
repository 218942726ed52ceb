"""Samples as the descent reads them: pixels, standardised pixels that are never stored, or floats."""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from misread.kernels.codes import Floats, Screen, encode_floats, pixel_screen
from misread.kernels.jit import inner, read_only
from misread.kernels.packed import GROUP, Bytes, group_code, group_step, n_grouped, n_groups
from misread.kernels.screen import sum_products

__all__ = ["Rows", "by_patch", "read_row", "sequential_sum"]

PIXELS, FLOAT = 0, 1
PATCH = 4, 2  # pixels of an image that stand together in a group


class Rows(NamedTuple):
    """Samples as the kernels read them, their columns in any order."""

    kind: int  # how a value is formed: from PIXELS, or FLOAT
    floats: Floats
    mean: Floats  # in whole groups, as scale
    scale: Floats
    blank: Floats  # the values of a row of zeros
    sequence: NDArray[np.intp]  # where scikit-learn's first, second, ... column is
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
        n, room = len(columns), n_grouped(len(columns))
        shift, factor = np.zeros(room), np.ones(room)
        if mean is not None and scale is not None:
            shift[:n], factor[:n] = mean[columns], scale[columns]
        screen = pixel_screen(pixels, columns, shift[:n], factor[:n])
        with np.errstate(all="ignore"):
            blank = (0.0 - shift[:n]) / factor[:n]
        return cls(PIXELS, read_only(np.empty((0, 0))), shift, factor, blank, np.argsort(columns), screen)

    @classmethod
    def of_floats(cls, floats: Floats) -> Self:
        """Finite values of shape (n, m)."""
        nothing, floats = np.empty(0), read_only(floats)
        return cls(FLOAT, floats, nothing, nothing, nothing, np.arange(floats.shape[1]), encode_floats(floats))


def by_patch(columns: NDArray[np.intp], n_features: int) -> NDArray[np.intp]:
    """Columns in an order that keeps neighbours on a square image together; as they are if it is none."""
    side = math.isqrt(n_features)
    if side * side != n_features:
        return columns
    y, x = np.divmod(columns, side)
    return columns[np.lexsort((x, y, x // PATCH[1], y // PATCH[0]))]


@inner()
def sequential_sum(rows: Rows, a: Floats, b: Floats) -> float:
    """The sum of products in scikit-learn's order."""
    total = 0.0
    for j in rows.sequence:
        total += a[j] * b[j]
    return total


@inner()
def read_row(rows: Rows, i: int, coef: Floats, row: Floats) -> float:
    """Form the very values that scikit-learn would see in row `i`; return their product with the weights.

    The product is a sum in any order. `row` has room for whole groups.
    """
    if rows.kind == FLOAT:
        for j in range(coef.size):
            row[j] = rows.floats[i, j]
        return sum_products(coef, row)
    for j in range(coef.size):
        row[j] = rows.blank[j]
    packed, group = rows.screen.packed, -1
    count = n_groups(packed, i)
    for k in range(count):
        group += group_step(packed, i, count, k)
        first = group * GROUP
        for j in range(GROUP):
            value = np.float64(group_code(packed, i, k, j))
            row[first + j] = (value - rows.mean[first + j]) / rows.scale[first + j]
    return sum_products(coef, row)
