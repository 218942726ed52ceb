"""Rows of 8-bit codes without most of their zeros, and integer products of what is left.

Of every eight neighbouring codes, a group, only those are kept of which one is not zero. A row starts a cache
line: 8 bytes with the number of its groups, the groups, and a byte for each that says how many groups after the
last one it stands (255 at most; groups of zeros bridge longer gaps). A fifth of MNIST is ink: an image takes five
lines instead of twelve, and all images half the cache. Where memory is slow, that is what a visit costs.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from misread.kernels.jit import inner
from misread.kernels.prefetch import CACHE_LINE, prefetch_bytes

__all__ = [
    "GROUP",
    "Bytes",
    "Packed",
    "Weights",
    "group_code",
    "group_step",
    "most_bytes",
    "n_grouped",
    "n_groups",
    "pack_row",
    "packed_dot",
    "prefetch_packed",
    "prefetch_start",
]

Bytes = NDArray[np.uint8]
Weights = NDArray[np.int16]

GROUP = 8  # codes
HEAD = 8  # bytes
FARTHEST = 255


class Packed(NamedTuple):
    """Rows of codes; number i takes the cache lines from ``start[i]`` to ``start[i + 1]``."""

    memory: Bytes
    start: NDArray[np.int32]  # (n + 1,)


def n_grouped(n_columns: int) -> int:
    """So many columns, in whole groups."""
    return -(-n_columns // GROUP) * GROUP


def most_bytes(n_columns: int) -> int:
    """What a row of so many columns can take."""
    return -(-(HEAD + n_grouped(n_columns) // GROUP * (GROUP + 1)) // CACHE_LINE) * CACHE_LINE


@inner()
def pack_row(codes: Bytes, used: NDArray[np.uint64], places: NDArray[np.int32], memory: Bytes, line: int) -> int:
    """Write whole groups of codes from a line on; return the line after them.

    `used` is the same codes a group at a time, `places` room to work in, both of a size for each group.
    """
    count, last = 0, -1
    for group in range(used.size):
        places[count] = group  # without a branch: which groups are used is hard to foretell
        keep = used[group] != 0 or group - last == FARTHEST
        count += keep
        last = group if keep else last
    at, last = line * CACHE_LINE, -1
    for byte in range(HEAD):
        memory[at + byte] = np.uint8(count >> (8 * byte))
    for k in range(count):
        group = int(places[k])
        for j in range(GROUP):
            memory[at + HEAD + k * GROUP + j] = codes[group * GROUP + j]
        memory[at + HEAD + count * GROUP + k] = np.uint8(group - last)
        last = group
    return line + (HEAD + count * (GROUP + 1) + CACHE_LINE - 1) // CACHE_LINE


@inner()
def n_groups(packed: Packed, i: int) -> int:
    """The number of groups of row i."""
    at, count = int(packed.start[i]) * CACHE_LINE, 0
    for byte in range(HEAD):
        count |= int(packed.memory[at + byte]) << (8 * byte)
    return count


@inner()
def group_step(packed: Packed, i: int, count: int, k: int) -> int:
    """How many groups the k-th of `count` is after the one before; the first stands after number -1."""
    return int(packed.memory[int(packed.start[i]) * CACHE_LINE + HEAD + count * GROUP + k])


@inner()
def group_code(packed: Packed, i: int, k: int, j: int) -> int:
    """The j-th code of the k-th group of row i."""
    return packed.memory[int(packed.start[i]) * CACHE_LINE + HEAD + k * GROUP + j]


@inner()
def prefetch_start(packed: Packed, i: int) -> None:
    """Start loading where a row is; by and by the row itself can be asked for."""
    prefetch_bytes(packed.start, i * packed.start.itemsize, 1)


@inner()
def prefetch_packed(packed: Packed, i: int) -> None:
    """Start loading a row."""
    start, stop = int(packed.start[i]), int(packed.start[i + 1])
    prefetch_bytes(packed.memory, start * CACHE_LINE, (stop - start) * CACHE_LINE)


@intrinsic
def _packed_dot(typing_context: Any, memory: Any, line: Any, q: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, half, word, long = (ir.IntType(bits) for bits in (8, 16, 32, 64))
        data, weights = (
            builder.ptrtoint(context.make_array(kind)(context, builder, arguments[k]).data, long)
            for k, kind in ((0, memory), (2, q))
        )

        def load(address: Any, kind: Any) -> Any:
            return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)

        def times(value: Any, factor: int) -> Any:
            return builder.mul(value, long(factor))

        start = builder.add(data, times(arguments[1], CACHE_LINE))
        count = load(start, long)
        groups = builder.add(start, long(HEAD))
        steps = builder.add(groups, times(count, GROUP))
        total = cgutils.alloca_once_value(builder, ir.Constant(ir.VectorType(word, GROUP // 2), None))
        place = cgutils.alloca_once_value(builder, builder.sub(weights, long(2 * GROUP)))
        with cgutils.for_range(builder, count) as loop:
            step = builder.zext(load(builder.add(steps, loop.index), byte), long)
            here = builder.add(builder.load(place), times(step, 2 * GROUP))
            builder.store(here, place)
            codes = load(builder.add(groups, times(loop.index, GROUP)), ir.VectorType(byte, GROUP))
            wide = ir.VectorType(word, GROUP)
            products = builder.mul(
                builder.zext(codes, wide), builder.sext(load(here, ir.VectorType(half, GROUP)), wide)
            )
            nothing = ir.Constant(wide, ir.Undefined)
            even, odd = (
                builder.shuffle_vector(
                    products, nothing, ir.Constant(ir.VectorType(word, GROUP // 2), list(range(first, GROUP, 2)))
                )
                for first in (0, 1)
            )
            builder.store(builder.add(builder.load(total), builder.add(even, odd)), total)
        sums = [builder.extract_element(builder.load(total), word(k)) for k in range(GROUP // 2)]
        pairs = [builder.add(sums[0], sums[1]), builder.add(sums[2], sums[3])]
        return builder.sext(builder.add(*pairs), long)

    return types.int64(memory, types.int64, q), generate


@inner()
def packed_dot(packed: Packed, i: int, q: Weights) -> int:
    """The integer sum of the codes of row i, each times its weight, in 32 bits."""
    return _packed_dot(packed.memory, int(packed.start[i]), q)  # type: ignore[call-arg]
