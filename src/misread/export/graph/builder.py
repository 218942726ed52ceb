"""Graphs written like formulas: operators add nodes, and tensors have names that a person understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from misread.errors import MissingExtraError

__all__ = ["IR_VERSION", "OPSET", "Graph", "Tensor", "onnx_module"]

OPSET = 17
IR_VERSION = 8
"""What every onnxruntime since 1.12 reads."""

Operand = Any
"""A tensor, or a number or array that becomes a constant of the kind of the tensor beside it."""


def onnx_module() -> Any:
    """The package onnx.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("onnx", "onnx") from error
    return onnx


class Tensor:
    """A value in a graph; its operators are nodes."""

    def __init__(self, graph: Graph, name: str, dtype: Any) -> None:
        self.graph, self.name, self.dtype = graph, name, np.dtype(dtype)

    def named(self, name: str) -> Self:
        """The same under another name, made unlike all others."""
        self.name = self.graph.new_name(name)
        return self

    def __add__(self, other: Operand) -> Tensor:
        return self.graph.add("Add", self, other)

    def __sub__(self, other: Operand) -> Tensor:
        return self.graph.add("Sub", self, other)

    def __rsub__(self, other: Operand) -> Tensor:
        return self.graph.add("Sub", self.graph.constant(other, dtype=self.dtype), self)

    def __mul__(self, other: Operand) -> Tensor:
        return self.graph.add("Mul", self, other)

    def __truediv__(self, other: Operand) -> Tensor:
        return self.graph.add("Div", self, other)

    def __rtruediv__(self, other: Operand) -> Tensor:
        return self.graph.add("Div", self.graph.constant(other, dtype=self.dtype), self)

    def __pow__(self, other: Operand) -> Tensor:
        return self.graph.add("Pow", self, other)

    def __neg__(self) -> Tensor:
        return self.graph.add("Neg", self)

    def __matmul__(self, other: Operand) -> Tensor:
        return self.graph.add("MatMul", self, other)

    def __le__(self, other: Operand) -> Tensor:
        return self.graph.add("LessOrEqual", self, other, dtype=bool)

    def __ge__(self, other: Operand) -> Tensor:
        return self.graph.add("GreaterOrEqual", self, other, dtype=bool)

    def __gt__(self, other: Operand) -> Tensor:
        return self.graph.add("Greater", self, other, dtype=bool)

    def equals(self, other: Operand) -> Tensor:
        """Where both are the same."""
        return self.graph.add("Equal", self, other, dtype=bool)

    def cast(self, dtype: Any) -> Tensor:
        """The same numbers of another kind."""
        kind = np.dtype(dtype)
        if kind == self.dtype:
            return self
        to = onnx_module().helper.np_dtype_to_tensor_dtype(kind)
        return self.graph.add("Cast", self, dtype=kind, to=to)

    def reshape(self, *shape: int) -> Tensor:
        """Another shape; 0 keeps a side, -1 is what remains."""
        return self.graph.add("Reshape", self, np.array(shape, np.int64))

    def take(self, indices: Operand, axis: int) -> Tensor:
        """What is found at places along an axis."""
        return self.graph.add("Gather", self, _whole(indices), axis=axis)

    def slice(self, start: int, stop: int, axis: int) -> Tensor:
        """A part along an axis."""
        bounds = (np.array([one], np.int64) for one in (start, stop, axis))
        return self.graph.add("Slice", self, *bounds)

    def unsqueeze(self, *axes: int) -> Tensor:
        """The same with more axes, of length 1."""
        return self.graph.add("Unsqueeze", self, np.array(axes, np.int64))

    def sum(self, *axes: int, keep: bool = False) -> Tensor:
        """Sum along axes, in any order."""
        return self.graph.add("ReduceSum", self, np.array(axes, np.int64), keepdims=int(keep))

    def sum_in_order(self, axis: int) -> Tensor:
        """Sum along an axis from the first to the last, so that rounding is the same everywhere."""
        return self.graph.add("CumSum", self, np.array(axis, np.int64)).take(np.array(-1, np.int64), axis)

    def largest(self, axis: int, keep: bool = False) -> Tensor:
        """Largest along an axis."""
        return self.graph.add("ReduceMax", self, axes=[axis], keepdims=int(keep))

    def clip(self, low: float, high: float) -> Tensor:
        """Nothing below `low` or above `high`."""
        return self.graph.add("Min", self.graph.add("Max", self, low), high)

    def sqrt(self) -> Tensor:
        """Square root."""
        return self.graph.add("Sqrt", self)

    def exp(self) -> Tensor:
        """Exponential."""
        return self.graph.add("Exp", self)

    def softmax(self) -> Tensor:
        """Shares of each row."""
        return self.graph.add("Softmax", self, axis=1)


class Graph:
    """A graph in the making.

    Attributes
    ----------
    nodes : list
        (kind, inputs, outputs, attributes), the tensors by reference, so that they can be named later.
    """

    def __init__(self, outer: Graph | None = None) -> None:
        self.nodes: list[tuple[str, list[Tensor], list[Tensor], dict[str, Any]]] = []
        self._outer = outer
        self._constants: list[tuple[Tensor, NDArray[Any]]] = []
        self._names: set[str] = set() if outer is None else outer._names
        self._scopes: list[str] = [] if outer is None else outer._scopes
        self._inputs: list[tuple[Tensor, Sequence[Any]]] = []

    def input(self, name: str, dtype: Any, shape: Sequence[Any]) -> Tensor:
        """What the graph is given."""
        tensor = Tensor(self, self.new_name(name), dtype)
        self._inputs.append((tensor, shape))
        return tensor

    @contextmanager
    def inside(self, scope: str) -> Iterator[None]:
        """Begin all names inside with that of a part of the model."""
        self._scopes.append(scope)
        try:
            yield
        finally:
            self._scopes.pop()

    def new_name(self, name: str) -> str:
        """A name that nothing else has, with the parts that it is in before it."""
        wanted = "/".join([*self._scopes, name])
        found, count = wanted, 1
        while found in self._names:
            count += 1
            found = f"{wanted}_{count}"
        self._names.add(found)
        return found

    def constant(self, value: Any, name: str = "constant", dtype: Any = None) -> Tensor:
        """An array that is part of the model."""
        if self._outer is not None:
            return self._outer.constant(value, name, dtype)
        array = np.ascontiguousarray(np.asarray(value, dtype)).reshape(np.shape(value))
        tensor = Tensor(self, self.new_name(name), array.dtype)
        self._constants.append((tensor, array))
        return tensor

    def add(
        self, kind: str, *operands: Operand, name: str | None = None, dtype: Any = None, **attributes: Any
    ) -> Tensor:
        """Add a node with one output; numbers and arrays among the operands become constants."""
        return self._add(kind, operands, attributes, {name or _in_words(kind): dtype})[0]

    def top(self, table: Tensor, k: int, *, largest: bool, name: str) -> tuple[Tensor, Tensor]:
        """The k largest or smallest of each row, the lower index first among equals, and their places."""
        outputs = {name: table.dtype, f"{name}_places": np.int64}
        wanted = np.array([k], np.int64)
        values, places = self._add("TopK", (table, wanted), {"axis": -1, "largest": int(largest)}, outputs)
        return values, places

    def _add(
        self, kind: str, operands: Sequence[Operand], attributes: dict[str, Any], outputs: dict[str, Any]
    ) -> list[Tensor]:
        beside = next((one for one in operands if isinstance(one, Tensor)), None)
        inputs = [
            one if isinstance(one, Tensor) else self._operand(one, beside, f"{next(iter(outputs))}_by")
            for one in operands
        ]
        tensors = [
            Tensor(self, self.new_name(name), inputs[0].dtype if dtype is None else dtype)
            for name, dtype in outputs.items()
        ]
        self.nodes.append((kind, inputs, tensors, attributes))
        return tensors

    def _operand(self, value: Any, beside: Tensor | None, name: str) -> Tensor:
        if isinstance(value, np.ndarray) or beside is None:
            return self.constant(value, name)
        return self.constant(value, name, beside.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of all constants."""
        return sum(array.nbytes for _, array in self._constants)

    def as_onnx(self, name: str, outputs: Sequence[tuple[Tensor, Sequence[Any]]]) -> Any:
        """The graph as onnx's GraphProto."""
        onnx = onnx_module()
        helper = onnx.helper
        nodes = [
            helper.make_node(
                kind,
                [one.name for one in inputs],
                [one.name for one in outs],
                name=outs[0].name,
                **attributes,
            )
            for kind, inputs, outs, attributes in self.nodes
        ]
        return helper.make_graph(
            nodes,
            name,
            [_described(helper, tensor, shape) for tensor, shape in self._inputs],
            [_described(helper, tensor, shape) for tensor, shape in outputs],
            [onnx.numpy_helper.from_array(array, tensor.name) for tensor, array in self._constants],
        )


def _described(helper: Any, tensor: Tensor, shape: Sequence[Any]) -> Any:
    return helper.make_tensor_value_info(tensor.name, helper.np_dtype_to_tensor_dtype(tensor.dtype), list(shape))


def _whole(indices: Operand) -> Operand:
    return indices if isinstance(indices, Tensor) else np.asarray(indices, np.int64)


def _in_words(kind: str) -> str:
    """Reduce an operator's name to a word for tensors that nobody named."""
    return kind[0].lower() + kind[1:]
