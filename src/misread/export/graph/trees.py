"""Forests: all trees are walked down at once, one level a turn; their shares add up in the order of the trees."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.export.graph.builder import Graph, Tensor
from misread.export.graph.said import Said

__all__ = ["forest"]


@dataclass(frozen=True)
class _Trees:
    """Trees laid end to end; a leaf is its own child."""

    roots: NDArray[np.int64]
    depth: int
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    children: NDArray[np.int64]
    leaf: NDArray[np.int64]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, trees: list[Any]) -> "_Trees":
        states = [tree.tree_.__getstate__() for tree in trees]
        ends = np.cumsum([0, *(len(state["nodes"]) for state in states)])
        nodes = np.concatenate([state["nodes"] for state in states])
        start = np.repeat(ends[:-1], np.diff(ends))
        is_leaf = nodes["left_child"] < 0
        self_ = np.arange(len(nodes))
        left, right = (np.where(is_leaf, self_, nodes[f"{side}_child"] + start) for side in ("left", "right"))
        values = np.concatenate([state["values"][:, 0] for state in states])
        shares, leaf = np.unique(np.where(is_leaf[:, None], values, 0.0), axis=0, return_inverse=True)
        return cls(
            ends[:-1].astype(np.int64),
            max(state["max_depth"] for state in states),
            np.maximum(nodes["feature"], 0).astype(np.int64),
            np.where(is_leaf, 0.0, nodes["threshold"]),
            np.column_stack([left, right]).ravel().astype(np.int64),
            leaf.reshape(-1).astype(np.int64),
            shares,
        )


def forest(model: Any, x: Tensor) -> Said:
    """A forest of trees that vote with their leaves' shares, or one such tree."""
    graph = x.graph
    members = getattr(model, "estimators_", None) or [model]
    trees = _Trees.of(list(members))
    feature = graph.constant(trees.feature.astype(np.int32), "feature_of_node")
    if x.dtype == np.uint8:  # a pixel is at most t where it is at most the whole number under t
        threshold = graph.constant(np.clip(np.floor(trees.threshold), -1, 255).astype(np.int32), "highest_to_left")
        x = x.cast(np.int32)
    else:
        threshold = graph.constant(trees.threshold, "highest_to_left")
        x = x.cast(np.float32).cast(np.float64)  # scikit-learn's trees see single precision
    children = graph.constant(trees.children.astype(np.int32), "children")
    one_a_row = (x.take(0, 1).cast(np.int32) * 0).unsqueeze(1)
    place = (one_a_row + graph.constant(trees.roots.astype(np.int32), "roots")).named("roots_a_row")
    if trees.depth:
        place = _walk(graph, place, trees.depth, x, feature, threshold, children)
    leaf = graph.constant(trees.leaf.astype(np.int32), "leaf_of_node").take(place, 0)
    votes = graph.constant(trees.shares, "leaf_shares").take(leaf, 0).named("votes")
    shares = (votes.sum_in_order(1) / float(len(members))).named("shares")
    return Said(model.classes_, shares, gives_shares=True)


def _walk(
    graph: Graph, place: Tensor, depth: int, x: Tensor, feature: Tensor, threshold: Tensor, children: Tensor
) -> Tensor:
    """Go down so many levels: the place of each tree's leaf, for each row."""
    body = Graph(graph)
    with graph.inside("level"):
        body.input("number", np.int64, [])
        go_on = body.input("go_on", bool, [])
        here = body.input("place", np.int32, ["n", "trees"])
        value = body.add("GatherElements", x, _inner(body, feature, here), axis=1).named("pixel")
        to_right = body.add("Greater", value, _inner(body, threshold, here), dtype=bool)
        next_place = _inner(body, children, here * 2 + to_right.cast(np.int32)).named("child")
        still = body.add("Identity", go_on)
    inner = body.as_onnx("level", [(still, []), (next_place, ["n", "trees"])])
    turns = graph.constant(np.array(depth, np.int64), "levels")
    always = graph.constant(np.array(True), "always")
    return graph.add("Loop", turns, always, place, name="walk_down", dtype=np.int32, body=inner)


def _inner(body: Graph, table: Tensor, places: Tensor) -> Tensor:
    return body.add("Gather", table, places, axis=0)
