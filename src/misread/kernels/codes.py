"""Rows as 8-bit codes, and what `misread.kernels.screen` has to know of them to bound their products."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from misread.kernels.jit import ANY_ORDER, inner, kernel
from misread.kernels.prefetch import CACHE_LINE

__all__ = [
    "HALF_ULP",
    "LARGEST_WEIGHT",
    "TINY",
    "Bytes",
    "Floats",
    "Screen",
    "aligned",
    "encode_floats",
    "in_whole_lines",
    "pixel_screen",
]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

HALF_ULP = 2.0**-53
TINY = 1e-150  # more than squares that underflow can take from a norm
LARGEST_CODE = 255
LARGEST_WEIGHT = 32767
RARE = 0.005  # of the rows
LEVEL_VALUES = 100  # of a column that are looked at to find its levels


class Screen(NamedTuple):
    """Rows as 8-bit codes, with what bounds their dot products."""

    codes: Bytes  # (n, at least m) in whole cache lines; zeros after the m-th column
    offset: Floats  # (m,)
    gain: Floats  # (m,) 0 for rare columns
    is_shifted: bool  # whether any offset is not zero
    slack: float  # at least the Euclidean norm of the columns' slack
    mass: Floats  # (n,) sum of the codes of each row; infinite if the row uses a rare column
    norm: Floats  # (n,) at least the Euclidean norm of each row of values
    largest_weight: int  # no q reaches it; no integer sum of a row of finite mass overflows 32 bits


def in_whole_lines(rows: Bytes, columns: NDArray[np.intp]) -> Bytes:
    """Copy some columns of rows, so that each row starts a cache line of its own, with zeros after its end.

    Reading rows in random order takes time for every line that a row touches, and for every page that NumPy does
    not put on a huge one; it does so with the memory of a copy.
    """
    lines = _whole_lines(len(rows), len(columns))
    np.take(rows, columns, axis=1, out=lines[:, : len(columns)], mode="clip")
    return lines


def aligned(shape: tuple[int, int], dtype: Any) -> NDArray[Any]:
    """An empty array that starts a cache line."""
    n_bytes = shape[0] * shape[1] * np.dtype(dtype).itemsize
    memory = np.empty(n_bytes + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + n_bytes].view(dtype).reshape(shape)


def _whole_lines(n: int, m: int) -> Bytes:
    lines = aligned((n, -(-m // CACHE_LINE) * CACHE_LINE), np.uint8)
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
        codes = _whole_lines(*values.shape)
        return _complete(codes, low, gain, _encode(values, low, gain, codes))


def _complete(codes: Bytes, offset: Floats, gain: Floats, residual: Floats) -> Screen:
    n_features = len(offset)
    largest = np.abs(offset) + LARGEST_CODE * np.abs(gain) + residual
    slack = residual + (4 * n_features + 64) * HALF_ULP * largest
    mass, norm = np.empty(len(codes)), np.empty(len(codes))
    _measure_rows(codes, offset, gain, slack, mass, norm)
    rare, uses_rare = _rare_columns(codes)
    mass[uses_rare] = np.inf
    largest_weight = min(LARGEST_WEIGHT, int((2**31 - 1) // max(1.0, mass[~uses_rare].max(initial=0.0))))
    return Screen(
        codes=codes,
        offset=offset,
        gain=np.where(rare[:n_features], 0.0, gain),
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
    n_columns = codes.shape[1]
    uses, rank, lowest = (
        np.zeros(n_columns, np.int64),
        np.empty(n_columns, np.int32),
        np.empty(len(codes), np.int32),
    )
    _count_uses(codes, uses)
    rank[np.argsort(uses, kind="stable")] = np.arange(n_columns)
    _find_lowest_ranks(codes, rank, lowest)
    # How many rows use any of the k + 1 rarest columns:
    n_using = np.cumsum(np.bincount(lowest, minlength=n_columns + 1))[:n_columns]
    n_rare = np.searchsorted(n_using, RARE * len(codes), side="right")
    return rank < n_rare, lowest < n_rare


@inner()
def _count_uses(codes: Bytes, uses: NDArray[np.int64]) -> None:
    """Add to each column's number the rows that are not zero there."""
    for i in range(len(codes)):
        for j in range(uses.size):
            uses[j] += codes[i, j] != 0


@inner()
def _find_lowest_ranks(codes: Bytes, rank: NDArray[np.int32], lowest: NDArray[np.int32]) -> None:
    """Write the lowest rank of a column that each row uses; their number for a row of zeros."""
    for i in range(len(codes)):
        least = np.int32(rank.size)
        for j in range(rank.size):
            least = min(least, rank[j] if codes[i, j] != 0 else np.int32(rank.size))
        lowest[i] = least


@inner(fastmath=ANY_ORDER)
def _measure_rows(codes: Bytes, offset: Floats, gain: Floats, slack: Floats, mass: Floats, norm: Floats) -> None:
    """Write the sum of each row's codes, and an upper bound of the norm of its values."""
    for i in range(len(codes)):
        total, squares = np.int64(0), 0.0
        for j in range(offset.size):
            total += np.int64(codes[i, j])
            value = np.abs(offset[j] + gain[j] * np.float64(codes[i, j])) + slack[j]
            squares += value * value
        mass[i] = total
        norm[i] = np.sqrt(squares) * (1.0 + 1e-6) + TINY


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
def _encode(values: Floats, low: Floats, gain: Floats, codes: Bytes) -> Floats:
    """Write the nearest level of each value; return how far off each column's are at most."""
    residual = np.zeros(low.size)
    for i in range(len(values)):
        for j in range(low.size):
            code = 0.0
            if 0.0 < gain[j] < np.inf:
                code = min(float(LARGEST_CODE), max(0.0, np.floor((values[i, j] - low[j]) / gain[j] + 0.5)))
            codes[i, j] = np.uint8(code)
            off = abs(values[i, j] - (low[j] + gain[j] * code))
            residual[j] = max(residual[j], off if off < np.inf else np.inf)  # NaN too
    return residual
