"""Doubt labels: what held-out scores contradict, checked by the nearest other images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.suspects import find_suspects, suspect_scores
from misread.models import KNeighborsClassifier

__all__ = ["N_NEIGHBORS", "doubt_labels", "nearest_others"]

N_NEIGHBORS = 10


def doubt_labels(
    X: NDArray[np.uint8],
    y: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    limit: int | None = None,
) -> dict[str, NDArray[Any]]:
    """Confident learning on held-out probabilities, checked by the nearest of the other images.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, n_pixels)
        More than `N_NEIGHBORS` images.
    y : ndarray of int64, shape (n,)
        Class codes.
    probabilities : ndarray of shape (n, n_classes)
    limit : int, optional
        Keep only so many, the most contradicted.

    Returns
    -------
    dict of str to ndarray
        `suspects.*`, the most doubtful label first: index, given, suggested, score, self_confidence,
        suggested_confidence, neighbors.
    """
    found = find_suspects(y, probabilities, limit=limit)
    neighbors = nearest_others(X, y, found.index)
    neighbor_labels = y[neighbors]
    scores = suspect_scores(found.self_confidence, found.suggested, neighbor_labels)
    order = np.argsort(-scores, kind="stable")
    return {
        "suspects.index": found.index[order],
        "suspects.given": found.given[order],
        "suspects.suggested": found.suggested[order],
        "suspects.score": scores[order],
        "suspects.self_confidence": found.self_confidence[order],
        "suspects.suggested_confidence": found.suggested_confidence[order],
        "suspects.neighbors": neighbors[order],
    }


def nearest_others(X: NDArray[Any], y: NDArray[Any], index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of the nearest other images to each of `index`, nearest first, shape (len(index), N_NEIGHBORS)."""
    if not len(index):
        return np.empty((0, N_NEIGHBORS), np.int64)
    model = KNeighborsClassifier(n_neighbors=N_NEIGHBORS + 1).fit(X, y)
    found = np.asarray(model.kneighbors(X[index], return_distance=False), np.int64)
    found_self = found == index[:, None]
    found_self[~found_self.any(axis=1), -1] = True
    return found[~found_self].reshape(len(index), N_NEIGHBORS)
