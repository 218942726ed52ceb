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

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from misread.models.kernels.jit import inner, kernel
from misread.models.kernels.prefetch import CACHE_LINE

__all__ = [
    "ANY_ORDER",
    "HALF_ULP",
    "HALF_UNIT",
    "TINY",
    "Bytes",
    "Floats",
    "Screen",
    "Weights",
    "add_product",
    "bound_weights",
    "code_dot",
    "distance",
    "encode_floats",
    "in_whole_lines",
    "move_weights",
    "pixel_screen",
    "sum_products",
]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Weights = NDArray[np.int16]

HALF_ULP = 2.0**-53
HALF_UNIT = 0.500001  # of a unit: what rounding can change, and how u / unit itself is rounded
TINY = 1e-150  # more than squares that underflow can take from a norm
LARGEST_CODE = 255
LARGEST_WEIGHT = 32767
ROUNDER = 1.5 * 2**52
RARE = 0.005  # of the rows
LEVEL_VALUES = 100  # of a column that are looked at to find its levels
ANY_ORDER = {"reassoc", "nsz", "contract"}  # for sums whose bounds hold in any order


class Screen(NamedTuple):
    """Rows as 8-bit codes, with what bounds their dot products."""

    codes: Bytes  # (n, at least m) in whole cache lines; zeros after the m-th column
    offset: Floats  # (m,)
    gain: Floats  # (m,)
    is_shifted: bool  # whether any offset is not zero
    slack: float  # at least the Euclidean norm of the columns' slack
    mass: Floats  # (n,) sum of the codes of each row; infinite if the row uses a rare column
    norm: Floats  # (n,) at least the Euclidean norm of each row of values
    largest_weight: int  # no q reaches it; no integer sum overflows 32 bits


def in_whole_lines(rows: Bytes, columns: NDArray[np.intp]) -> Bytes:
    """Copy some columns of rows, so that each starts a cache line of its own, with zeros after its end.

    Reading rows in random order takes time for every line that a row touches, and for every page that NumPy does
    not put on a huge one; it does so with the memory of a copy.
    """
    n, m = len(rows), len(columns)
    width = -(-m // CACHE_LINE) * CACHE_LINE
    memory = np.empty(n * width + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    lines = memory[start : start + n * width].reshape(n, width)
    np.take(rows, columns, axis=1, out=lines[:, :m], mode="clip")
    lines[:, m:] = 0
    return lines


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
        gain = (high - low) / _count_levels(_other_values(values, low), low, high)
        codes, residual = _encode(values, low, gain)
        return _complete(in_whole_lines(codes, np.arange(len(low))), low, gain, residual)


def _complete(codes: Bytes, offset: Floats, gain: Floats, residual: Floats) -> Screen:
    n_features = len(offset)
    largest = np.abs(offset) + LARGEST_CODE * np.abs(gain) + residual
    slack = residual + (4 * n_features + 64) * HALF_ULP * largest
    mass, norm = _measure_rows(codes, offset, gain, slack)
    rare, uses_rare = _rare_columns(codes[:, :n_features])
    mass[uses_rare] = np.inf
    largest_weight = min(LARGEST_WEIGHT, int((2**31 - 1) // max(1.0, mass[~uses_rare].max(initial=0.0))))
    return Screen(
        codes=codes,
        offset=offset,
        gain=np.where(rare, 0.0, gain),
        is_shifted=bool(offset.any()),
        slack=float(np.linalg.norm(slack)) * (1.0 + 1e-6),
        mass=mass,
        norm=norm,
        largest_weight=largest_weight,
    )


def _rare_columns(codes: Bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Columns that are zero in nearly all rows, as many as leave all but a few rows with zeros only; these rows.

    Standardising blows such columns up, and their weights with them. Left out of `q`, they cannot make its unit
    coarse; the rows that use them are not screened.
    """
    counts = np.count_nonzero(codes, axis=0)
    rare, uses_rare = np.zeros(len(counts), bool), np.zeros(len(codes), bool)
    for j in np.argsort(counts, kind="stable"):
        together = uses_rare | (codes[:, j] != 0)
        if np.count_nonzero(together) > RARE * len(codes):
            break
        rare[j], uses_rare = True, together
    return rare, uses_rare


@kernel(fastmath=ANY_ORDER)
def _measure_rows(codes: Bytes, offset: Floats, gain: Floats, slack: Floats) -> tuple[Floats, Floats]:
    """Sum of each row's codes, and an upper bound of the norm of its values."""
    n_samples, n_features = len(codes), offset.size
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


@kernel()
def _other_values(values: Floats, low: Floats) -> Floats:
    """For each column its first values that are not the lowest, and the lowest where there are too few."""
    others = np.empty((low.size, LEVEL_VALUES))
    found = np.zeros(low.size, np.int64)
    for j in range(low.size):
        for k in range(LEVEL_VALUES):
            others[j, k] = low[j]
    for i in range(len(values)):
        for j in range(low.size):
            if values[i, j] != low[j] and found[j] < LEVEL_VALUES:
                others[j, found[j]] = values[i, j]
                found[j] += 1
    return others


@kernel()
def _count_levels(values: Floats, low: Floats, high: Floats) -> Floats:
    """For each column the largest L <= 255 that puts its `values` on multiples of ``(high - low) / L``, or 255."""
    levels = np.full(low.size, float(LARGEST_CODE))
    for j in range(low.size):
        span = high[j] - low[j]
        for count in range(LARGEST_CODE, 0, -1):
            fits = span > 0.0
            for value in values[j]:
                level = (value - low[j]) / span * count
                if not abs(level - np.floor(level + 0.5)) < 1e-9:
                    fits = False
                    break
            if fits:
                levels[j] = count
                break
    return levels


@kernel()
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


@inner()
def code_dot(codes: Bytes, i: int, q: Weights) -> int:
    """The integer sum of ``codes[i] * q``, exact; ``Screen.largest_weight`` keeps it within 32 bits."""
    total = np.int32(0)
    for j in range(q.size):
        total = np.int32(total + np.int32(np.int32(codes[i, j]) * np.int32(q[j])))
    return np.int64(total)  # type: ignore[return-value]


@inner(fastmath=ANY_ORDER)
def add_product(total: float, a: float, b: float) -> float:
    """One term of a sum that may be added in any order, while the loop around it keeps to its own."""
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
    """Bound the weights as `move_weights` rounded them; return the unit, the base and the spill.

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
