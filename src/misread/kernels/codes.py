"""Rows as 8-bit codes, and what `misread.kernels.screen` has to know of them to bound their products."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from misread.kernels.jit import ANY_ORDER, inner, kernel, read_only
from misread.kernels.packed import (
    GROUP,
    Bytes,
    Packed,
    group_code,
    group_step,
    most_bytes,
    n_grouped,
    n_groups,
    pack_row,
)
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
    "pixel_screen",
]

Floats = NDArray[np.float64]

HALF_ULP = 2.0**-53
TINY = 1e-150  # more than squares that underflow can take from a norm
LARGEST_CODE = 255
LARGEST_WEIGHT = 32767
RARE = 0.005  # of the rows
LEVEL_VALUES = 100  # of a column that are looked at to find its levels


class Screen(NamedTuple):
    """Rows as 8-bit codes, with what bounds their dot products."""

    packed: Packed  # n rows of at least m codes; zeros after the m-th column
    offset: Floats  # (m,)
    gain: Floats  # (m,) 0 for rare columns
    is_shifted: bool  # whether any offset is not zero
    slack: float  # at least the Euclidean norm of the columns' slack
    mass: Floats  # (n,) sum of the codes of each row; infinite if the row uses a rare column
    norm: Floats  # (n,) at least the Euclidean norm of each row of values
    largest_weight: int  # no q reaches it; no integer sum of a row of finite mass overflows 32 bits


def aligned(shape: tuple[int, int], dtype: Any) -> NDArray[Any]:
    """An empty array that starts a cache line."""
    n_bytes = shape[0] * shape[1] * np.dtype(dtype).itemsize
    memory = np.empty(n_bytes + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + n_bytes].view(dtype).reshape(shape)


def pixel_screen(pixels: Bytes, columns: NDArray[np.intp], mean: Floats, scale: Floats) -> Screen:
    """The screen of ``(pixels[:, columns] - mean) / scale``."""
    with np.errstate(all="ignore"):  # a scale of zero makes the bounds infinite
        return _screen(pixels, columns, -mean / scale, 1.0 / scale, np.zeros(len(mean)))


def encode_floats(values: Floats) -> Screen:
    """The screen of any finite matrix: each column gets up to 256 evenly spaced levels.

    Columns that are affine images of small integers, as standardised pixels are, get exactly their own levels.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    with np.errstate(all="ignore"):
        gain = (high - low) / _count_levels(_other_values(values, low), low, high)
        codes = np.empty(values.shape, np.uint8)
        residual = _encode(values, low, gain, codes)
        return _screen(codes, np.arange(len(low)), low, gain, residual)


def _screen(codes: Bytes, columns: NDArray[np.intp], offset: Floats, gain: Floats, residual: Floats) -> Screen:
    n, n_features = len(codes), len(columns)
    largest = np.abs(offset) + LARGEST_CODE * np.abs(gain) + residual
    slack = residual + (4 * n_features + 64) * HALF_ULP * largest
    # Pages of the room that no row comes to need are never touched, and take no memory.
    memory = aligned((n, most_bytes(n_features)), np.uint8).reshape(-1)
    packed = Packed(memory, np.zeros(n + 1, np.int32))
    mass, norm, uses = np.empty(n), np.empty(n), np.zeros(n_grouped(n_features), np.int64)
    used, places = np.zeros(len(uses) // GROUP, np.uint64), np.empty(len(uses) // GROUP, np.int32)
    room = used.view(np.uint8), used, places, np.zeros(len(uses), np.uint8)
    _pack(read_only(codes), columns, packed, offset, gain, slack, mass, norm, uses, room)
    packed = Packed(memory[: packed.start[-1] * CACHE_LINE], packed.start)
    rare, uses_rare = _rare_columns(packed, uses)
    mass[uses_rare] = np.inf
    largest_weight = min(LARGEST_WEIGHT, int((2**31 - 1) // max(1.0, mass[~uses_rare].max(initial=0.0))))
    return Screen(
        packed=packed,
        offset=offset,
        gain=np.where(rare[:n_features], 0.0, gain),
        is_shifted=bool(offset.any()),
        slack=float(np.linalg.norm(slack)) * (1.0 + 1e-6),
        mass=mass,
        norm=norm,
        largest_weight=largest_weight,
    )


@inner()
def _pack(
    codes: Bytes,
    columns: NDArray[np.intp],
    packed: Packed,
    offset: Floats,
    gain: Floats,
    slack: Floats,
    mass: Floats,
    norm: Floats,
    uses: NDArray[np.int64],
    room: tuple[Bytes, NDArray[np.uint64], NDArray[np.int32], Bytes],
) -> None:
    """Pack some columns of the codes; write what `_measure` gives of each row and how many use each column."""
    row, used, places, lately = room  # `lately` counts uses, 255 at most
    line = 0
    for i in range(len(codes)):
        for j in range(columns.size):
            row[j] = codes[i, np.uint64(columns[j])]  # unsigned: nothing to be counted from the end
        for j in range(row.size):
            lately[j] += row[j] != 0
        if i % LARGEST_CODE == LARGEST_CODE - 1 or i == len(codes) - 1:
            for j in range(row.size):
                uses[j] += lately[j]
                lately[j] = 0
        line = pack_row(row, used, places, packed.memory, line)
        packed.start[i + 1] = line
        mass[i], norm[i] = _measure(row, offset, gain, slack)


@inner(fastmath=ANY_ORDER)
def _measure(codes: Bytes, offset: Floats, gain: Floats, slack: Floats) -> tuple[float, float]:
    """The sum of a row's codes, and an upper bound of the norm of its values."""
    total, squares = np.int64(0), 0.0
    for j in range(offset.size):
        total += np.int64(codes[j])
        value = np.abs(offset[j] + gain[j] * np.float64(codes[j])) + slack[j]
        squares += value * value
    return np.float64(total), np.sqrt(squares) * (1.0 + 1e-6) + TINY


def _rare_columns(packed: Packed, uses: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Columns that are zero in nearly all rows, as many as leave all but a few rows with zeros only; these rows.

    Standardising blows such columns up, and their weights with them. Left out of `q`, they cannot make its unit
    coarse; the rows that use them are not screened. `uses` are the rows that are not zero in each column.
    """
    n, n_columns = len(packed.start) - 1, len(uses)
    rank, lowest = np.empty(n_columns, np.int32), np.empty(n, np.int32)
    rank[np.argsort(uses, kind="stable")] = np.arange(n_columns)
    _find_lowest_ranks(packed, rank, rank.reshape(-1, GROUP).min(axis=1), lowest)
    # How many rows use any of the k + 1 rarest columns:
    n_using = np.cumsum(np.bincount(lowest, minlength=n_columns + 1))[:n_columns]
    n_rare = np.searchsorted(n_using, RARE * n, side="right")
    return rank < n_rare, lowest < n_rare


@inner()
def _find_lowest_ranks(
    packed: Packed, rank: NDArray[np.int32], best: NDArray[np.int32], lowest: NDArray[np.int32]
) -> None:
    """Write the lowest rank of a column that each row uses; their number for a row of zeros.

    `best` is the lowest rank of each group.
    """
    for i in range(lowest.size):
        least, group, count = np.int32(rank.size), -1, n_groups(packed, i)
        for k in range(count):
            group += group_step(packed, i, count, k)
            if best[group] < least:
                for j in range(GROUP):
                    code, present = group_code(packed, i, k, j), rank[group * GROUP + j]
                    least = min(least, present if code != 0 else np.int32(rank.size))
        lowest[i] = least


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
