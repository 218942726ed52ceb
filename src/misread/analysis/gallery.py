"""Which images a report shows when it cannot show them all."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["along_scores", "around", "doubted", "misread", "right_sample"]

FIRST_DOUBTS = 60
NEIGHBORS_OF_FIRST = 6
NEIGHBORS_OF_OTHERS = 3


def misread(y: NDArray[np.int64], predictions: NDArray[np.int64], budget: int, seed: int) -> NDArray[np.int64]:
    """Positions of the misread samples: all of them, or a fair part when there are more than `budget`.

    Small cells of the confusion matrix stay whole; the largest are thinned at random to one common size.

    Parameters
    ----------
    y, predictions : ndarray of shape (n,), class codes
    budget : int
        At most so many.
    seed : int

    Returns
    -------
    ndarray of int64, ascending
    """
    wrong = np.flatnonzero(y != predictions)
    if len(wrong) <= budget:
        return wrong
    _, cell, sizes = np.unique(
        np.stack([y[wrong], predictions[wrong]]), axis=1, return_inverse=True, return_counts=True
    )
    caps = np.arange(1, sizes.max() + 1)
    kept = np.minimum(sizes[:, None], caps).sum(axis=0)
    cap = int(np.searchsorted(kept, budget, side="right"))
    if cap == 0:
        return np.sort(np.random.default_rng(seed).choice(wrong, budget, replace=False))
    return np.sort(wrong[_first_per_group(np.ravel(cell), cap, seed)])


def right_sample(
    y: NDArray[np.int64], predictions: NDArray[np.int64], per_class: int, seed: int
) -> NDArray[np.int64]:
    """Positions of a fair random sample of rightly read samples, up to `per_class` of each class, ascending."""
    right = np.flatnonzero(y == predictions)
    return np.sort(right[_first_per_group(y[right], per_class, seed)])


def along_scores(y: NDArray[np.bool_], scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Positions of about `count` samples spread over the scores of a detector, ascending.

    Half are evenly spaced by rank over everything, half over the stretch where positives and negatives overlap,
    which is where a threshold is sought.
    """
    order = np.argsort(scores, kind="stable")
    overlap = order
    if y.any() and not y.all():
        low, high = np.quantile(scores[y], 0.005), np.quantile(scores[~y], 0.995)
        inside = order[(scores[order] >= min(low, high)) & (scores[order] <= max(low, high))]
        overlap = inside if len(inside) else order
    return np.union1d(_spaced(order, count // 2), _spaced(overlap, count - count // 2))


def around(scores: NDArray[np.float64], threshold: float, each_side: int) -> NDArray[np.int64]:
    """Positions of the `each_side` samples nearest to `threshold` below it and at or above it, ascending."""
    order = np.argsort(scores, kind="stable")
    cut = int(np.searchsorted(scores[order], threshold, side="left"))
    return np.sort(order[max(cut - each_side, 0) : cut + each_side])


def doubted(doubts: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Positions of every doubtful image of `suspects.*`, and of its nearest images: more of the first ones."""
    neighbors = doubts["suspects.neighbors"]
    first, others = neighbors[:FIRST_DOUBTS, :NEIGHBORS_OF_FIRST], neighbors[FIRST_DOUBTS:, :NEIGHBORS_OF_OTHERS]
    return np.unique(np.concatenate([doubts["suspects.index"], first.ravel(), others.ravel()]))


def _spaced(order: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if not count:
        return order[:0]
    return order[np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(np.intp))]


def _first_per_group(groups: NDArray[np.int64], cap: int, seed: int) -> NDArray[np.int64]:
    """Positions of up to `cap` members of each group, chosen at random."""
    shuffled = np.random.default_rng(seed).permutation(len(groups))
    order = shuffled[np.argsort(groups[shuffled], kind="stable")]
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    place = np.arange(len(groups)) - np.repeat(starts, sizes)
    return order[place < cap]
