"""Growing one classification tree depth first, node by node as scikit-learn's `DepthFirstTreeBuilder` does."""

from typing import NamedTuple, Self

import numpy as np
from numba import uint64

from misread.kernels.jit import inner
from misread.kernels.splitter import COUNT_BITS, MAX_CLASSES, ROW_SHIFT, Scratch, gini, split_node

__all__ = ["Nodes", "Stack", "enlist", "grow_tree", "partition"]

_EPSILON = float(np.finfo(np.float64).eps)
_COUNT_MASK = (1 << COUNT_BITS) - 1
_CLASS_MASK = MAX_CLASSES - 1
_FEW = 512  # so many rows stay in cache while their subtree is grown; above, a feature's column is read faster


def enlist(codes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Entries (see `splitter`) of the rows with a count above 0.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,), uint8
        Class of each row.
    counts : ndarray of shape (n_rows,), integer
        How often each row was drawn, below 2^24.

    Returns
    -------
    ndarray of shape (n,), uint64
        In the order of the rows, which keeps the reading of columns going forward.
    """
    rows = np.flatnonzero(counts)
    entries = (rows << ROW_SHIFT) | (codes[rows].astype(np.int64) << COUNT_BITS) | counts[rows]
    return entries.astype(np.uint64)


@inner()
def partition(column: np.ndarray, entries: np.ndarray, below: int, spare: np.ndarray, left: np.ndarray) -> int:
    """Move the entries with a value up to `below` to the front; their number. `left` gets their class weights."""
    for c in range(left.size):
        left[c] = 0
    n_left = 0
    n_right = 0
    for k in range(entries.size):
        entry = entries[k]
        goes_left = 1 if column[entry >> uint64(ROW_SHIFT)] <= below else 0
        entries[n_left] = entry
        spare[n_right] = entry
        n_left += goes_left
        n_right += 1 - goes_left
        left[(entry >> uint64(COUNT_BITS)) & uint64(_CLASS_MASK)] += goes_left * np.int64(
            entry & uint64(_COUNT_MASK)
        )
    for k in range(n_right):
        entries[n_left + k] = spare[k]
    return n_left


class Nodes(NamedTuple):
    """A tree, node by node in the order of growing."""

    links: np.ndarray
    """Shape (n_nodes, 6), int64: left child, right child, feature, number of samples, whether missing values go
    left, depth. The children of a leaf are -1 and its feature -2."""
    numbers: np.ndarray
    """Shape (n_nodes, 3), float64: threshold (-2 for a leaf), impurity, weight."""
    values: np.ndarray
    """Shape (n_nodes, n_classes), float64: share of each class."""

    @classmethod
    def at_most(cls, n: int, n_classes: int) -> Self:
        """Room for the largest tree of n samples."""
        return cls(np.empty((2 * n - 1, 6), np.int64), np.empty((2 * n - 1, 3)), np.empty((2 * n - 1, n_classes)))

    def first(self, n_nodes: int) -> Self:
        """The nodes up to a number, copied."""
        return type(self)(*(part[:n_nodes].copy() for part in self))


class Stack(NamedTuple):
    """Nodes still to be split."""

    places: np.ndarray  # (n + 1, 6) start, end, depth, parent, side of the parent, constant features
    totals: np.ndarray  # (n + 1, n_classes)
    impurity: np.ndarray  # (n + 1,)
    spare: np.ndarray  # (n,) entries on their way to the right child

    @classmethod
    def of(cls, n: int, n_classes: int) -> Self:
        """For a tree of n samples."""
        return cls(
            np.empty((n + 1, 6), np.int64),
            np.empty((n + 1, n_classes), np.int64),
            np.empty(n + 1),
            np.empty(n, np.uint64),
        )


@inner()
def grow_tree(
    columns: np.ndarray,
    rows: np.ndarray,
    entries: np.ndarray,
    root: np.ndarray,
    max_features: int,
    max_depth: int,
    min_samples_split: int,
    min_samples_leaf: int,
    min_weight_leaf: float,
    min_impurity_decrease: float,
    scratch: Scratch,
    todo: Stack,
    nodes: Nodes,
) -> int:
    """Grow a tree on pixels; return its number of nodes.

    Parameters
    ----------
    columns : ndarray of shape (n_features * n_rows,), uint8
        The pixels, feature by feature.
    rows : ndarray of shape (n_rows * n_features,), uint8
        The same, row by row.
    entries : ndarray of shape (n,), uint64
        The tree's samples (`enlist`); their order is changed.
    root : ndarray of shape (n_classes,), int64
        Their weight by class.
    max_features, max_depth, min_samples_split, min_samples_leaf, min_weight_leaf, min_impurity_decrease
        As in scikit-learn's builder and splitter.
    scratch : Scratch
        With the seed of the feature generator, as scikit-learn's splitter draws it.
    todo : Stack
        Scratch.
    nodes : Nodes
        Receives the tree.
    """
    n_features = scratch.features.size
    n_rows = rows.size // n_features
    n_classes = root.size
    totals, left = scratch.totals, scratch.left
    stack, stack_totals, stack_impurity = todo.places, todo.totals, todo.impurity
    links, numbers, values = nodes.links, nodes.numbers, nodes.values

    total_weight = 0.0
    for c in range(n_classes):
        total_weight += root[c]
        stack_totals[0, c] = root[c]
    stack_impurity[0] = gini(root, total_weight)
    stack[0, 0] = 0
    stack[0, 1] = entries.size
    stack[0, 2] = 0
    stack[0, 3] = -1
    stack[0, 4] = 0
    stack[0, 5] = 0
    height = 1
    node = 0
    while height > 0:
        height -= 1
        start = stack[height, 0]
        end = stack[height, 1]
        size = end - start
        depth = stack[height, 2]
        n_constant = stack[height, 5]
        impurity = stack_impurity[height]
        weight = 0.0
        for c in range(n_classes):
            totals[c] = stack_totals[height, c]
            weight += totals[c]
        for c in range(n_classes):
            values[node, c] = totals[c] / weight
        if stack[height, 3] >= 0:
            links[stack[height, 3], stack[height, 4]] = node

        is_leaf = (
            depth >= max_depth
            or size < min_samples_split
            or size < 2 * min_samples_leaf
            or weight < 2 * min_weight_leaf
            or impurity <= _EPSILON
        )
        feature = -1
        if not is_leaf:
            few = size <= _FEW
            feature, below, above, n_constant = split_node(
                rows if few else columns,
                n_features if few else 1,
                1 if few else n_rows,
                entries[start:end],
                n_constant,
                max_features,
                min_samples_leaf,
                min_weight_leaf,
                scratch,
            )
        if feature >= 0:
            middle = start + partition(
                columns[feature * n_rows : (feature + 1) * n_rows], entries[start:end], below, todo.spare, left
            )
            left_weight = 0.0
            for c in range(n_classes):
                left_weight += left[c]
                stack_totals[height, c] = totals[c] - left[c]
                stack_totals[height + 1, c] = left[c]
            right_weight = weight - left_weight
            right_impurity = gini(stack_totals[height], right_weight)
            left_impurity = gini(left, left_weight)
            improvement = (weight / total_weight) * (
                impurity - (right_weight / weight * right_impurity) - (left_weight / weight * left_impurity)
            )
            is_leaf = improvement + _EPSILON < min_impurity_decrease

        numbers[node, 1] = impurity
        numbers[node, 2] = weight
        links[node, 3] = size
        links[node, 5] = depth
        if is_leaf or feature < 0:
            links[node, 0] = -1
            links[node, 1] = -1
            links[node, 2] = -2
            links[node, 4] = 0
            numbers[node, 0] = -2.0
        else:
            links[node, 2] = feature
            links[node, 4] = middle - start > end - middle
            numbers[node, 0] = below / 2.0 + above / 2.0
            for side in range(2):  # the right child (1) goes on the stack first
                stack[height, 0] = start if side else middle
                stack[height, 1] = middle if side else end
                stack[height, 2] = depth + 1
                stack[height, 3] = node
                stack[height, 4] = 1 - side
                stack[height, 5] = n_constant
                stack_impurity[height] = left_impurity if side else right_impurity
                height += 1
        node += 1
    return node
