"""Bounds of dot products of many rows with a changing weight vector, from 8-bit codes of the rows.

Each value of the data is ``x[i, j] = offset[j] + gain[j] * codes[i, j]``, up to an error of ``residual[j]``.
Pixels are their own codes; standardised pixels too, with the scaler's shift and factor. For weights ``w``, with
``base = sum_j w[j] offset[j]`` and ``u[j] = w[j] gain[j]``,

    sum_j w[j] x[i, j]  =  base + sum_j codes[i, j] u[j]  +  error

Let ``u`` be rounded to 16-bit multiples of a `unit`: ``u[j] = unit * q[j] + r[j]``, ``|r[j]| <= unit / 2``. The
sum of ``codes[i, j] * q[j]`` is an integer and computed exactly. So ``base + unit * integer`` is off by at most

    unit / 2 * mass[i]  +  |w| |slack|,    mass[i] = sum_j codes[i, j]

with Euclidean norms (Cauchy-Schwarz), where ``slack[j]`` is ``residual[j]`` plus an allowance of
``(4 m + 64) 2**-53`` of the column's largest magnitude, m being the number of features. The allowance covers the
rounding of the sums themselves: any order of adding m rounded products, the sequential order of the exact path
included, is off by at most ``m 2**-53 / (1 - m 2**-53)`` times the sum of their magnitudes (Higham, Accuracy and
Stability of Numerical Algorithms, section 3.1). It is spent once on the exact path and once on `base`; the rest
covers forming the values, ``u`` and the bound.

Rare columns, whose codes are zero in nearly all rows, are given ``q[j] = 0``. This changes nothing for the rows
that are zero there; the few others have an infinite mass, and no bound.
"""

import numpy as np

from misread.kernels.codes import LARGEST_WEIGHT, TINY, Floats, Screen
from misread.kernels.jit import ANY_ORDER, inner
from misread.kernels.packed import Weights

__all__ = [
    "HALF_UNIT",
    "add_product",
    "bound_weights",
    "distance",
    "move_weights",
    "sum_products",
]

HALF_UNIT = 0.500001  # of a unit: what rounding can change, and how u / unit itself is rounded
ROUNDER = 1.5 * 2**52


@inner(fastmath=ANY_ORDER)
def add_product(total: float, a: float, b: float) -> float:
    """One term of a sum that may be added in any order, while the loop around it keeps to its own.

    It must stay a function of its own, not a `part`: only so do its instructions alone carry `fastmath`.
    """
    return total + a * b


@inner()
def _to_level(value: float) -> int:
    """Round to an integer of at most `LARGEST_WEIGHT` in size (NaN to anything).

    A double of the size of `ROUNDER` has steps of 1: adding it rounds, and leaves the integer in the low bits.
    """
    rounded = min(max(value, -float(LARGEST_WEIGHT)), float(LARGEST_WEIGHT)) + ROUNDER
    return np.int16(np.float64(rounded).view(np.int64))  # type: ignore[return-value]


@inner()
def move_weights(coef: Floats, row: Floats, step: float, per_unit: Floats, q: Weights) -> float:
    """Add ``step * row`` to the weights, round them to `q`, and return the sum of their squares.

    `per_unit` is ``gain / unit``. One pass: an update costs little more than reading what it changes.
    """
    squares = 0.0
    for j in range(coef.size):
        weight = coef[j] + row[j] * step
        coef[j] = weight
        squares = add_product(squares, weight, weight)
        q[j] = _to_level(weight * per_unit[j])
    return squares


@inner()
def _largest_level(q: Weights) -> int:
    largest = np.int16(0)
    for j in range(q.size):
        level = np.int16(-q[j]) if q[j] < 0 else q[j]
        largest = level if level > largest else largest
    return np.int64(largest)  # type: ignore[return-value]


@inner(fastmath=ANY_ORDER)
def sum_products(a: Floats, b: Floats) -> float:
    """The sum of products in any order."""
    total = 0.0
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@inner()
def bound_weights(
    coef: Floats, squares: float, screen: Screen, unit: float, per_unit: Floats, q: Weights
) -> tuple[float, float, float]:
    """Bound the weights rounded to `q` (or not yet: all zeros); return the unit, the base and the spill.

    The unit is kept while it fits, that is, while the largest `q` is neither out of range nor small. Otherwise
    the weights are rounded anew. Without a usable unit (weights that are not finite, too many features) the spill
    is infinite and screens nothing out.
    """
    largest = _largest_level(q)
    if not largest < screen.largest_weight <= 10 * largest:
        peak = 0.0
        for j in range(coef.size):
            peak = max(peak, abs(coef[j] * screen.gain[j]))
        if 0.0 < peak < np.inf and screen.largest_weight > 1:
            unit = 1.5 * peak / (screen.largest_weight - 1)
        for j in range(coef.size):
            per_unit[j] = screen.gain[j] / unit
            q[j] = _to_level(coef[j] * per_unit[j])
        largest = _largest_level(q)
    base = sum_products(coef, screen.offset) if screen.is_shifted else 0.0
    usable = largest < screen.largest_weight and 1e-290 < unit < 1e290 and np.isfinite(base + squares)
    spill = (np.sqrt(squares) + TINY) * screen.slack * (1.0 + 1e-6) if usable else np.inf
    return unit, base, spill


@inner(fastmath=ANY_ORDER)
def distance(coef: Floats, reference: Floats) -> float:
    """At least the Euclidean distance of two weight vectors."""
    squares = 0.0
    for j in range(coef.size):
        step = coef[j] - reference[j]
        squares += step * step
    return np.sqrt(squares) * (1.0 + 1e-6) + TINY
