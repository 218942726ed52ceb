"""The trees of a forest as plain arrays, and back, every index checked before a tree is made of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from misread.errors import ModelFileError
from misread.models._sklearn import Tree

__all__ = ["check_children", "check_nodes", "decode_trees", "encode_trees"]

LEAF = -1
_INDICES = {
    "left": "left_child",
    "right": "right_child",
    "feature": "feature",
    "samples": "n_node_samples",
    "missing": "missing_go_to_left",
}
_NUMBERS = {"threshold": "threshold", "impurity": "impurity", "weight": "weighted_n_node_samples"}


def encode_trees(forest: Any, put: Callable[[str, NDArray[Any]], str], name: str) -> dict[str, str]:
    """Lay the nodes of all trees end to end, one array for each of their fields."""
    states = [tree.tree_.__getstate__() for tree in forest.estimators_]
    arrays: dict[str, NDArray[Any]] = {
        "sizes": np.array([state["node_count"] for state in states], np.int32),
        "depths": np.array([state["max_depth"] for state in states], np.int32),
        "seeds": np.array([tree.random_state for tree in forest.estimators_], np.int64),
        "values": np.concatenate([state["values"][:, 0] for state in states]),
        **{
            key: np.concatenate([state["nodes"][field] for state in states]).astype(dtype)
            for fields, dtype in ((_INDICES, np.int32), (_NUMBERS, np.float64))
            for key, field in fields.items()
        },
    }
    return {key: put(f"{name}.trees.{key}", array) for key, array in arrays.items()}


def decode_trees(forest: Any, arrays: dict[str, NDArray[Any]]) -> list[DecisionTreeClassifier]:
    """Build the trees of `forest`, whose parameters, classes and number of features are set already.

    Raises
    ------
    ModelFileError
        If a child, feature or size points outside, or a node can be reached twice.
    """
    sizes, total = arrays["sizes"], len(arrays["left"])
    n_trees = sizes.size
    whole = all(len(arrays[key]) == total and arrays[key].ndim == 1 for key in (*_INDICES, *_NUMBERS))
    if not (
        whole
        and sizes.ndim == 1
        and n_trees > 0
        and (sizes > 0).all()
        and int(sizes.sum(dtype=np.int64)) == total
        and arrays["values"].shape == (total, forest.n_classes_)
        and arrays["values"].dtype == np.float64
        and arrays["depths"].shape == arrays["seeds"].shape == (n_trees,)
    ):
        raise ModelFileError("its trees do not fit together; refused")
    ends = np.cumsum(sizes)
    trees = []
    for i, (start, end) in enumerate(zip(ends - sizes, ends, strict=True)):
        part = {
            key: array[start:end] for key, array in arrays.items() if len(array) == total and key not in _SINGLE
        }
        trees.append(_tree(forest, part, int(arrays["depths"][i]), int(arrays["seeds"][i])))
    return trees


_SINGLE = frozenset({"sizes", "depths", "seeds"})


def _tree(forest: Any, part: dict[str, NDArray[Any]], depth: int, seed: int) -> DecisionTreeClassifier:
    n_features, n_classes = forest.n_features_in_, forest.n_classes_
    inner = Tree(n_features, np.array([n_classes], np.intp), 1)
    state = inner.__getstate__()
    nodes = np.zeros(len(part["left"]), state["nodes"].dtype)
    for key, field in {**_INDICES, **_NUMBERS}.items():
        nodes[field] = part[key]
    values = np.ascontiguousarray(part["values"])[:, None, :]
    check_nodes(nodes, n_features)
    inner.__setstate__(state | {"max_depth": depth, "node_count": nodes.size, "nodes": nodes, "values": values})
    tree = DecisionTreeClassifier(
        random_state=seed,
        **{name: getattr(forest, name) for name in forest.estimator_params if name != "random_state"},
    )
    tree.n_features_in_, tree.n_outputs_ = n_features, 1
    tree.classes_, tree.n_classes_ = np.arange(n_classes, dtype=np.float64), np.intp(n_classes)
    tree.tree_ = inner
    return tree


def check_nodes(nodes: NDArray[Any], n_features: int) -> None:
    """Make sure that walking down from the root stays inside and ends, as scikit-learn's C code takes for granted.

    Raises
    ------
    ModelFileError
        If not every inner node has two children after itself, or one splits on a feature that is not there, or a
        leaf splits: scikit-learn knows leaves by their children, our own kernel by their feature.
    """
    inner = nodes["left_child"] != LEAF
    check_children(nodes["left_child"], nodes["right_child"], nodes["feature"], inner, n_features)
    if (nodes["right_child"] != LEAF)[~inner].any() or (nodes["feature"] >= 0)[~inner].any():
        raise ModelFileError("a tree in it points outside itself; refused")


def check_children(
    left: NDArray[Any], right: NDArray[Any], feature: NDArray[Any], inner: NDArray[np.bool_], n_features: int
) -> None:
    """Make sure that every inner node has two children after itself and splits on a feature that is there.

    Raises
    ------
    ModelFileError
        If one has not.
    """
    at, n_nodes = np.arange(len(left)), len(left)
    ahead = (left.astype(np.int64) > at) & (right.astype(np.int64) > at) & (left < n_nodes) & (right < n_nodes)
    known = (feature.astype(np.int64) >= 0) & (feature < n_features)
    if not n_nodes or not (ahead & known)[inner].all():
        raise ModelFileError("a tree in it points outside itself; refused")
