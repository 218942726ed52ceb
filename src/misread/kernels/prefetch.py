"""Asking the memory for bytes before they are needed."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from misread.kernels.jit import inner

__all__ = ["CACHE_LINE", "prefetch_bytes", "prefetch_row"]

CACHE_LINE = 64
READ, SECOND_LEVEL_CACHE, DATA = 0, 1, 1


@intrinsic
def _prefetch(typing_context: Any, array: Any, start: Any, count: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        word, byte_pointer, flag = ir.IntType(64), ir.IntType(8).as_pointer(), ir.IntType(32)
        first = builder.add(builder.ptrtoint(array.data, word), arguments[1])
        prefetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte_pointer, flag, flag, flag]), "llvm.prefetch.p0"
        )
        with cgutils.for_range_slice(builder, word(0), arguments[2], word(CACHE_LINE), word) as (offset, _):
            address = builder.inttoptr(builder.add(first, offset), byte_pointer)
            builder.call(prefetch, [address, flag(READ), flag(SECOND_LEVEL_CACHE), flag(DATA)])
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


@inner()
def prefetch_bytes(array: np.ndarray, start: int, count: int) -> None:
    """Start loading some bytes of an array; a hint that changes no result.

    Waiting for a row far away costs a hundred nanoseconds; using one whose lines are on their way costs a few.
    """
    _prefetch(array, start, count)  # type: ignore[call-arg]


@inner()
def prefetch_row(matrix: np.ndarray, i: int) -> None:
    """Start loading ``matrix[i]`` (two-dimensional, contiguous rows)."""
    prefetch_bytes(matrix, i * matrix.strides[0], matrix.strides[0])
