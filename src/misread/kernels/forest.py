"""Pixels feature by feature, and the vote of a forest on pixels."""

import numpy as np
from numba import uint64

from misread.kernels.jit import inner

__all__ = ["TILE", "transpose", "vote"]

TILE = 64


@inner()
def transpose(rows: np.ndarray, columns: np.ndarray) -> None:
    """Copy a uint8 matrix to its transpose, tile by tile so that both sides stay in cache."""
    n, m = rows.shape
    for top in range(0, n, TILE):
        bottom = min(top + TILE, n)
        for first in range(0, m, TILE):
            for j in range(first, min(first + TILE, m)):
                for i in range(top, bottom):
                    columns[j, i] = rows[i, j]


@inner()
def vote(
    rows: np.ndarray,
    roots: np.ndarray,
    nodes: np.ndarray,
    values: np.ndarray,
    scratch: np.ndarray,
    out: np.ndarray,
) -> None:
    """Add to `out` what each tree says of each row, tree after tree.

    A tile of rows goes down a tree one level at a time, without branches that depend on pixels, so that the
    processor works on many rows at once instead of waiting for each.

    Parameters
    ----------
    rows : ndarray of shape (n, n_features), uint8
        Images.
    roots : ndarray of shape (n_trees + 1,), int64
        Number of each tree's first node, and the number of nodes.
    nodes : ndarray of shape (n_nodes, 4), int32
        Feature (-1 for a leaf), highest pixel value that goes left, numbers of the left and the right child.
    values : ndarray of shape (n_nodes, n_classes), float64
        Share of each class.
    scratch : ndarray of shape (2, TILE), uint64
    out : ndarray of shape (n, n_classes), float64
        Sums, in the order of the trees whatever the number of threads.
    """
    place, moving = scratch[0], scratch[1]
    for top in range(0, rows.shape[0], TILE):
        size = min(TILE, rows.shape[0] - top)
        for tree in range(roots.size - 1):
            for i in range(size):
                place[i] = roots[tree]
                moving[i] = i
            n_moving = size
            while n_moving > 0:
                n_next = 0
                for k in range(n_moving):
                    i = moving[k]
                    node = place[i]
                    feature = nodes[node, 0]
                    goes_left = rows[uint64(top) + i, uint64(max(feature, 0))] <= nodes[node, 1]
                    child = uint64(nodes[node, 2]) if goes_left else uint64(nodes[node, 3])
                    moving[n_next] = i
                    place[i] = child if feature >= 0 else node
                    n_next += 1 if feature >= 0 else 0
                n_moving = n_next
            for i in range(size):
                for c in range(out.shape[1]):
                    out[top + i, c] += values[place[i], c]
