"""Bounds of dot products of many rows with a changing weight vector, from 8-bit codes of the rows.

Each value of the data is ``x[i, j] = offset[j] + gain[j] * codes[i, j]``, up to an error of ``residual[j]``.
Pixels are their own codes; standardised pixels too, with the scaler's shift and factor. For weights ``w``, with
``base = sum_j w[j] offset[j]`` and ``u[j] = w[j] gain[j]``,

    sum_j w[j] x[i, j]  =  base + sum_j codes[i, j] u[j]  +  error

Let ``u`` be rounded to 16-bit multiples of a `unit`: ``u[j] = unit * q[j] + r[j]``, ``|r[j]| <= unit / 2``. The
sum of ``codes[i, j] * q[j]`` is an integer and computed exactly. So ``base + unit * integer`` is off by at most

    unit / 2 * mass[i]  +  sum_j |w[j]| slack[j],    mass[i] = sum_j codes[i, j]

where `slack` is `residual` plus an allowance of ``(4 m + 64) 2**-53`` of the column's largest magnitude, m being
the number of features. The allowance covers the rounding of the sums themselves: any order of adding m rounded
products, the sequential order of the exact path included, is off by at most ``m 2**-53 / (1 - m 2**-53)`` times
the sum of their magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). It is spent once
on the exact path and once on `base`; the rest covers forming the values, ``u`` and the bound.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "ANY_ORDER",
    "HALF_ULP",
    "HALF_UNIT",
    "Bytes",
    "Floats",
    "Screen",
    "Weights",
    "bound_weights",
    "code_dot",
    "distance",
    "encode_floats",
    "pixel_screen",
]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Weights = NDArray[np.int16]

HALF_ULP = 2.0**-53
HALF_UNIT = 0.500001  # of a unit: what rounding can change, and how u / unit itself is rounded
TINY = 1e-150  # more than squares that underflow can take from a norm
LARGEST_CODE = 255
LARGEST_WEIGHT = 32767
LEVEL_ROWS = 1000  # rows that are looked at to find a column's levels
ANY_ORDER = {"reassoc", "nsz", "contract"}  # for sums whose bounds hold in any order


class Screen(NamedTuple):
    """Rows as 8-bit codes, with what bounds their dot products."""

    codes: Bytes  # (n, m)
    offset: Floats  # (m,)
    gain: Floats  # (m,)
    slack: Floats  # (m,)
    mass: Floats  # (n,) sum of the codes of each row
    norm: Floats  # (n,) at least the Euclidean norm of each row of values
    largest_weight: int  # no q reaches it; no integer sum overflows 32 bits


def pixel_screen(pixels: Bytes, mean: Floats, scale: Floats) -> Screen:
    """The screen of ``(pixels - mean) / scale``."""
    with np.errstate(all="ignore"):  # a scale of zero makes the bounds infinite
        return _complete(pixels, -mean / scale, 1.0 / scale, np.zeros(len(mean)))


def encode_floats(values: Floats) -> Screen:
    """The screen of any finite matrix: each column gets up to 256 evenly spaced levels.

    Columns that are affine images of small integers, as standardised pixels are, get exactly their own levels.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    with np.errstate(all="ignore"):
        gain = (high - low) / _count_levels(values[:: max(1, len(values) // LEVEL_ROWS)], low, high)
        codes, residual = _encode(values, low, gain)
        return _complete(codes, low, gain, residual)


def _complete(codes: Bytes, offset: Floats, gain: Floats, residual: Floats) -> Screen:
    n_features = codes.shape[1]
    largest = np.abs(offset) + LARGEST_CODE * np.abs(gain) + residual
    slack = residual + (4 * n_features + 64) * HALF_ULP * largest
    mass, norm = _measure_rows(codes, offset, gain, slack)
    largest_weight = min(LARGEST_WEIGHT, int((2**31 - 1) // max(1.0, mass.max())))
    return Screen(codes, offset, gain, slack, mass, norm, largest_weight)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=ANY_ORDER)
def _measure_rows(codes: Bytes, offset: Floats, gain: Floats, slack: Floats) -> tuple[Floats, Floats]:
    """Sum of each row's codes, and an upper bound of the norm of its values."""
    n_samples, n_features = codes.shape
    mass, norm = np.empty(n_samples), np.empty(n_samples)
    for i in range(n_samples):
        row = codes[i]
        total, squares = np.int64(0), 0.0
        for j in range(n_features):
            total += np.int64(row[j])
            value = np.abs(offset[j] + gain[j] * np.float64(row[j])) + slack[j]
            squares += value * value
        mass[i] = total
        norm[i] = np.sqrt(squares) * (1.0 + 1e-6) + TINY
    return mass, norm


@njit(nogil=True, cache=True, error_model="numpy")
def _count_levels(values: Floats, low: Floats, high: Floats) -> Floats:
    """For each column the largest L <= 255 that puts `values` on multiples of ``(high - low) / L``, or 255."""
    levels = np.full(low.size, float(LARGEST_CODE))
    for j in range(low.size):
        span = high[j] - low[j]
        for count in range(LARGEST_CODE, 0, -1):
            fits = span > 0.0
            for i in range(len(values)):
                level = (values[i, j] - low[j]) / span * count
                if not abs(level - np.floor(level + 0.5)) < 1e-9:
                    fits = False
                    break
            if fits:
                levels[j] = count
                break
    return levels


@njit(nogil=True, cache=True, error_model="numpy")
def _encode(values: Floats, low: Floats, gain: Floats) -> tuple[Bytes, Floats]:
    """The nearest level of each value, and how far off each column's are at most."""
    codes = np.zeros(values.shape, np.uint8)
    residual = np.zeros(low.size)
    for i in range(len(values)):
        for j in range(low.size):
            code = 0.0
            if 0.0 < gain[j] < np.inf:
                code = min(float(LARGEST_CODE), max(0.0, np.floor((values[i, j] - low[j]) / gain[j] + 0.5)))
            codes[i, j] = np.uint8(code)
            off = abs(values[i, j] - (low[j] + gain[j] * code))
            residual[j] = max(residual[j], off if off < np.inf else np.inf)  # NaN too
    return codes, residual


@njit(nogil=True, cache=True, error_model="numpy")
def code_dot(codes: Bytes, i: int, q: Weights) -> int:
    """The integer sum of ``codes[i] * q``, exact; ``Screen.largest_weight`` keeps it within 32 bits."""
    total = np.int32(0)
    for j in range(q.size):
        total = np.int32(total + np.int32(np.int32(codes[i, j]) * np.int32(q[j])))
    return np.int64(total)  # type: ignore[return-value]


@njit(nogil=True, cache=True, error_model="numpy")
def _round_weights(coef: Floats, gain: Floats, unit: float, q: Weights) -> int:
    """Round the weights to `q`, at most `LARGEST_WEIGHT` in size; return the largest size."""
    per_unit = 1.0 / unit
    for j in range(q.size):
        level = coef[j] * gain[j] * per_unit
        level = level if level < LARGEST_WEIGHT else LARGEST_WEIGHT  # NaN too
        level = level if level > -LARGEST_WEIGHT else -LARGEST_WEIGHT
        q[j] = np.int16(np.int32(level + (LARGEST_WEIGHT + 0.5)) - np.int32(LARGEST_WEIGHT))
    low, high = q[0], q[0]
    for j in range(q.size):
        low, high = min(low, q[j]), max(high, q[j])
    return max(np.int64(high), -np.int64(low))  # type: ignore[return-value]


@njit(nogil=True, cache=True, error_model="numpy", fastmath=ANY_ORDER)
def _sum_weights(coef: Floats, offset: Floats, slack: Floats) -> tuple[float, float]:
    base, spill = 0.0, 0.0
    for j in range(coef.size):
        base += coef[j] * offset[j]
        spill += abs(coef[j]) * slack[j]
    return base, spill


@njit(nogil=True, cache=True, error_model="numpy")
def bound_weights(coef: Floats, screen: Screen, unit: float, q: Weights) -> tuple[float, float, float]:
    """Round the weights to `q`; return the unit, the base and the spill, the bound's second part.

    The unit given is kept while it fits, that is, while no weight reaches the largest `q`. Without a usable unit
    (weights that are not finite, too many features) the spill is infinite and screens nothing out.
    """
    fits = False
    for _ in range(2):
        peak = _round_weights(coef, screen.gain, unit, q)
        fits = peak < screen.largest_weight
        if fits and 10 * peak > screen.largest_weight:
            break
        largest = 0.0
        for j in range(q.size):
            largest = max(largest, abs(coef[j] * screen.gain[j]))
        if not (0.0 < largest < np.inf and screen.largest_weight > 1):
            break
        unit = 1.5 * largest / (screen.largest_weight - 1)
    base, spill = _sum_weights(coef, screen.offset, screen.slack)
    usable = fits and 1e-290 < unit < 1e290 and np.isfinite(base)
    return unit, base, spill * (1.0 + 1e-6) if usable else np.inf


@njit(nogil=True, cache=True, error_model="numpy", fastmath=ANY_ORDER)
def distance(coef: Floats, reference: Floats) -> float:
    """At least the Euclidean distance of two weight vectors."""
    squares = 0.0
    for j in range(coef.size):
        step = coef[j] - reference[j]
        squares += step * step
    return np.sqrt(squares) * (1.0 + 1e-6) + TINY
