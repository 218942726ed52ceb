"""What compiled code is given while skops constructs a part: looked at before, since that code checks little."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle.archive import array_header
from misread.errors import ModelFileError

__all__ = ["check_compiled"]

_KEYS_OF_TWISTER = 624
_POOL_SIZE = 4
_MOST_CLASSES = 2**31 - 1


def check_compiled(nodes: list[dict[str, Any]], arrays: Mapping[str, bytes]) -> None:
    """See that trees and generators of random numbers are given what they take for granted.

    Parameters
    ----------
    nodes : list of dict
        All nodes of the schema.
    arrays : mapping of str to bytes
        The .npy files that they name.

    Raises
    ------
    ModelFileError
        If one is not. Other exceptions mean the same.
    """
    checks = {
        "TreeNode": lambda node: _is_tree(node, arrays),
        "RandomStateNode": _is_twister,
        "RandomGeneratorNode": _is_usual_generator,
    }
    for node in nodes:
        check = checks.get(str(node.get("__loader__")))
        try:
            fits = check is None or check(node)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            fits = False
        if not fits:
            raise ModelFileError("a tree or a random number generator in it is of a strange size or kind; refused")


def _is_tree(node: Mapping[str, Any], arrays: Mapping[str, bytes]) -> bool:
    """Whether its nodes and values are as many as it says; scikit-learn reads the first side without looking."""
    args, state = _inside(node["__reduce__"]["args"], "TupleNode"), _inside(node["content"], "DictNode")
    n_features, n_outputs = _whole(args[0]), _whole(args[2])
    classes = _array(args[1], arrays)
    (n_nodes,), values = _shape(state["nodes"], arrays), _shape(state["values"], arrays)
    return bool(
        len(args) == 3
        and n_features > 0
        and classes.dtype == np.intp
        and classes.shape == (n_outputs,)
        and n_outputs > 0
        and (classes > 0).all()
        and (classes < _MOST_CLASSES).all()
        and n_nodes == _whole(state["node_count"]) > 0
        and values == (n_nodes, n_outputs, classes.max())
        and _whole(state["max_depth"]) >= 0
    )


def _is_twister(node: Mapping[str, Any]) -> bool:
    """Whether it reads on inside its keys."""
    state = _inside(_inside(node["content"], "DictNode")["state"], "DictNode")
    return 0 <= _whole(state["pos"]) <= _KEYS_OF_TWISTER


def _is_usual_generator(node: Mapping[str, Any]) -> bool:
    """Whether it is of the kind that `numpy.random.default_rng` gives, which has no place to read on from."""
    content = node["content"]
    kind = json.loads(_inside(content["bit_generator"], "DictNode")["bit_generator"]["content"])
    return kind == "PCG64" and _whole(_inside(content["seed_seq"], "DictNode")["pool_size"]) == _POOL_SIZE


def _inside(node: Mapping[str, Any], loader: str) -> Any:
    if node["__loader__"] != loader:
        raise ValueError(f"expected a {loader}")
    return node["content"]


def _whole(node: Mapping[str, Any]) -> int:
    value = json.loads(_inside(node, "JsonNode"))
    if type(value) is not int or abs(value) >= _MOST_CLASSES:
        raise ValueError("expected a whole number")
    return value


def _shape(node: Mapping[str, Any], arrays: Mapping[str, bytes]) -> tuple[int, ...]:
    return _array(node, arrays).shape


def _array(node: Mapping[str, Any], arrays: Mapping[str, bytes]) -> NDArray[Any]:
    if (node["__loader__"], node["__class__"], node["type"]) != ("NdArrayNode", "ndarray", "numpy"):
        raise ValueError("expected an array")
    content = arrays[node["file"]]
    shape, fortran_order, dtype, start = array_header(content)
    values = np.frombuffer(content, dtype, offset=start)
    return values.reshape(shape[::-1]).T if fortran_order else values.reshape(shape)
