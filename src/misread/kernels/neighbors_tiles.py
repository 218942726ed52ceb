"""Register tiles of int16 dot products, written as portable LLVM vector code.

A tile is `ROWS` rows against `LANES` columns. Its 6 x 64 sums live in registers while the coordinates stream by
two at a time, so a coordinate is loaded once per tile and the sums are stored (or only compared) once. LLVM turns
"widen int16, multiply, add neighbours" into the processor's multiply-add of pairs (vpdpwssd, vpmaddwd), which is
32 products per instruction with 512-bit vectors: twice a float32 matrix product, and exact.

The caller guarantees that no sum leaves int32; nothing is checked here. Rows are int16, any distance apart;
columns come packed as `(pairs, LANES, 2)` int16.
"""

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["LANES", "ROWS", "lowest_bit", "row_address", "squares_of_bytes", "tile_hits", "tile_products"]

ROWS = 6
LANES = 64
VECTOR = 16

_I8, _I16, _I32, _I64 = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
_WORDS = ir.VectorType(_I32, VECTOR)
_HALVES = ir.VectorType(_I16, 2 * VECTOR)
_WIDE = ir.VectorType(_I32, 2 * VECTOR)
_ZEROS = ir.Constant(_WORDS, [0] * VECTOR)


def _vectors_at_once() -> int:
    """How many vectors of 16 sums per row fit in this processor's registers, for six rows."""
    return LANES // VECTOR if llvm.get_host_cpu_features().get("avx512bw") else 1


def _load(builder: Any, address: Any, kind: Any) -> Any:
    value = builder.load(builder.inttoptr(address, kind.as_pointer()))
    value.align = 1
    return value


def _store(builder: Any, value: Any, address: Any) -> None:
    builder.store(value, builder.inttoptr(address, value.type.as_pointer())).align = 1


def _offset(builder: Any, address: Any, count: int) -> Any:
    return builder.add(address, ir.Constant(_I64, count))


def _broadcast(builder: Any, word: Any) -> Any:
    undefined = ir.Constant(_WORDS, ir.Undefined)
    return builder.shuffle_vector(builder.insert_element(undefined, word, ir.Constant(_I32, 0)), undefined, _ZEROS)


def _pair_sums(builder: Any, left: Any, right: Any) -> Any:
    """Products of two int16 vectors widened to int32, neighbours added: the pattern of a pair multiply-add."""
    product = builder.mul(left, right)
    undefined = ir.Constant(product.type, ir.Undefined)
    half = product.type.count // 2
    even, odd = (
        builder.shuffle_vector(
            product, undefined, ir.Constant(ir.VectorType(_I32, half), list(range(first, 2 * half, 2)))
        )
        for first in range(2)
    )
    return builder.add(even, odd)


def _emit_tile(
    builder: Any,
    rows: Any,
    stride: Any,
    lanes: Any,
    pairs: Any,
    start: Callable[[int], Any],
    finish: Callable[[int, int, Any], None],
) -> None:
    """Emit the loop over pairs; `start(v)` gives the first sums, `finish(r, v, sums)` takes the last."""
    row_at = [builder.add(rows, builder.mul(stride, ir.Constant(_I64, row))) for row in range(ROWS)]
    group = _vectors_at_once()
    for first in range(0, LANES // VECTOR, group):
        vectors = range(first, first + group)
        starts = [start(v) for v in vectors]
        before = builder.block
        loop, after = builder.append_basic_block("pairs"), builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        index = builder.phi(_I64)
        index.add_incoming(ir.Constant(_I64, 0), before)
        sums = [[builder.phi(_WORDS) for _ in vectors] for _ in range(ROWS)]
        column = builder.add(lanes, builder.mul(index, ir.Constant(_I64, 4 * LANES)))
        columns = [
            builder.sext(_load(builder, _offset(builder, column, 4 * VECTOR * v), _HALVES), _WIDE) for v in vectors
        ]
        here = builder.mul(index, ir.Constant(_I64, 4))
        added = []
        for row in range(ROWS):
            pair = _broadcast(builder, _load(builder, builder.add(row_at[row], here), _I32))
            left = builder.sext(builder.bitcast(pair, _HALVES), _WIDE)
            added.append(
                [builder.add(s, _pair_sums(builder, left, c)) for s, c in zip(sums[row], columns, strict=True)]
            )
        following = builder.add(index, ir.Constant(_I64, 1))
        index.add_incoming(following, loop)
        for row in range(ROWS):
            for phi, first_sum, next_sum in zip(sums[row], starts, added[row], strict=True):
                phi.add_incoming(first_sum, before)
                phi.add_incoming(next_sum, loop)
        builder.cbranch(builder.icmp_signed("<", following, pairs), loop, after)
        builder.position_at_end(after)
        for row in range(ROWS):
            for v, total in zip(vectors, added[row], strict=True):
                finish(row, v, total)


def _tile_products(typingctx: Any, rows: Any, stride: Any, lanes: Any, pairs: Any, out: Any) -> Any:
    """Store the `(ROWS, LANES)` int32 products of six rows with 64 packed columns (addresses, stride in bytes)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows, stride, lanes, pairs, out = args

        def finish(row: int, v: int, total: Any) -> None:
            _store(builder, total, _offset(builder, out, 4 * (row * LANES + v * VECTOR)))

        _emit_tile(builder, rows, stride, lanes, pairs, lambda v: _ZEROS, finish)
        return context.get_dummy_value()

    return types.void(types.uintp, types.intp, types.uintp, types.intp, types.uintp), codegen


def _tile_hits(
    typingctx: Any, rows: Any, stride: Any, lanes: Any, pairs: Any, start: Any, limits: Any, out: Any
) -> Any:
    """Mark where `start[lane] + row . column >= limits[row]`; the sums never leave the registers.

    `out` receives one 64-bit mask per row, bit `lane` set for a hit; the result is non-zero if there is any.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows, stride, lanes, pairs, start, limits, out = args
        bounds = [
            _broadcast(builder, _load(builder, _offset(builder, limits, 4 * row), _I32)) for row in range(ROWS)
        ]
        seen = [ir.Constant(_I64, 0)]

        def first(v: int) -> Any:
            return _load(builder, _offset(builder, start, 4 * VECTOR * v), _WORDS)

        def finish(row: int, v: int, total: Any) -> None:
            mask = builder.bitcast(builder.icmp_signed(">=", total, bounds[row]), _I16)
            _store(builder, mask, _offset(builder, out, (row * LANES + v * VECTOR) // 8))
            seen[0] = builder.or_(seen[0], builder.zext(mask, _I64))

        _emit_tile(builder, rows, stride, lanes, pairs, first, finish)
        return seen[0]

    addresses = (types.uintp, types.intp, types.uintp, types.intp, types.uintp, types.uintp, types.uintp)
    return types.int64(*addresses), codegen


def _emit_squares(builder: Any, sides: tuple[Any, Any], steps: Any, width: int, copies: int) -> Any:
    """Emit the sum of squared differences of `steps * copies` vectors of `width` bytes at two addresses."""
    sums = ir.VectorType(_I32, width // 2)
    zeros = ir.Constant(sums, [0] * (width // 2))
    before = builder.block
    loop, after = builder.append_basic_block("bytes"), builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed(">", steps, ir.Constant(_I64, 0)), loop, after)
    builder.position_at_end(loop)
    index = builder.phi(_I64)
    totals = [builder.phi(sums) for _ in range(copies)]
    here = builder.mul(index, ir.Constant(_I64, width * copies))
    ends = []
    for copy, total in enumerate(totals):
        pixels = [
            builder.zext(
                _load(builder, _offset(builder, builder.add(side, here), width * copy), ir.VectorType(_I8, width)),
                ir.VectorType(_I16, width),
            )
            for side in sides
        ]
        difference = builder.sext(builder.sub(*pixels), ir.VectorType(_I32, width))
        ends.append(builder.add(total, _pair_sums(builder, difference, difference)))
    following = builder.add(index, ir.Constant(_I64, 1))
    builder.cbranch(builder.icmp_signed("<", following, steps), loop, after)
    index.add_incoming(ir.Constant(_I64, 0), before)
    index.add_incoming(following, loop)
    builder.position_at_end(after)
    wide = ir.VectorType(_I64, width // 2)
    result = None
    finals = [builder.phi(sums) for _ in ends]
    for total, added, final in zip(totals, ends, finals, strict=True):
        for phi, block in ((total, before), (final, before)):
            phi.add_incoming(zeros, block)
        total.add_incoming(added, loop)
        final.add_incoming(added, loop)
    for final in finals:
        widened = builder.sext(final, wide)
        result = widened if result is None else builder.add(result, widened)
    name = f"llvm.vector.reduce.add.v{width // 2}i64"
    return builder.call(builder.module.declare_intrinsic(name, (), ir.FunctionType(_I64, [wide])), [result])


def _squares_of_bytes(typingctx: Any, left: Any, right: Any, count: Any) -> Any:
    """Sum of squared differences of `count` bytes at two addresses; `count` is a multiple of 16 up to 512,000.

    A lane takes at most count / 16 squares of at most 255 ** 2: 32,000 * 65,025 < 2 ** 31.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        left, right, count = args
        bulk = builder.lshr(count, ir.Constant(_I64, 6))
        done = builder.shl(bulk, ir.Constant(_I64, 6))
        total = _emit_squares(builder, (left, right), bulk, 32, 2)
        ends = (builder.add(left, done), builder.add(right, done))
        rest = builder.lshr(builder.sub(count, done), ir.Constant(_I64, 4))
        return builder.add(total, _emit_squares(builder, ends, rest, 16, 1))

    return types.int64(types.uintp, types.uintp, types.intp), codegen


def _lowest_bit(typingctx: Any, mask: Any) -> Any:
    """Position of the lowest set bit of a mask that is not zero."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen


def _row_address(typingctx: Any, array: Any, row: Any) -> Any:
    """Address of `array[row]`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, args[0])
        offset = builder.mul(args[1], builder.extract_value(held.strides, 0))
        return builder.add(builder.ptrtoint(held.data, _I64), offset)

    return types.uintp(array, types.intp), codegen


lowest_bit: Any = intrinsic(_lowest_bit)
row_address: Any = intrinsic(_row_address)
tile_products: Any = intrinsic(_tile_products)
tile_hits: Any = intrinsic(_tile_hits)
squares_of_bytes: Any = intrinsic(_squares_of_bytes)
