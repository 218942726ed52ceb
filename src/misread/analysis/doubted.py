"""Every label that the model or the nearest images contradict: none is left out, the most doubtful first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misread.analysis.doubts import N_NEIGHBORS
from misread.models import KNeighborsClassifier

__all__ = ["DoubtedLabels", "doubted_labels"]

NEARLY_THE_SAME = 0.1
"""Two images whose difference is at most this share of the contrast of either are taken for copies."""
SMOOTHING = 0.5
"""Votes that every neighbourhood is given for the classes it does not hold: ten of ten are no certainty."""


@dataclass(frozen=True, eq=False)
class DoubtedLabels:
    """Labels that somebody contradicts: the model's held-out answer, most nearest images, or a copy.

    Attributes
    ----------
    index : ndarray of int64, shape (m,)
        Positions of the images.
    given, suggested : ndarray of int64, shape (m,)
    score : ndarray of float64, shape (m,)
        0 to 1: how much of what model and nearest images say is said for the suggested class, against the given
        one. Above 1/2 they favour another class than the label.
    probability_given, probability_suggested : ndarray of float64, shape (m,)
        By the model.
    votes_given, votes_suggested : ndarray of int64, shape (m,)
        Of the nearest other images.
    n_neighbors : int
        How many of these were asked.
    copy : ndarray of int64, shape (m,)
        Position of a near-copy that carries another label, or -1.
    """

    index: NDArray[np.int64]
    given: NDArray[np.int64]
    suggested: NDArray[np.int64]
    score: NDArray[np.float64]
    probability_given: NDArray[np.float64]
    probability_suggested: NDArray[np.float64]
    votes_given: NDArray[np.int64]
    votes_suggested: NDArray[np.int64]
    n_neighbors: int
    copy: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)


def doubted_labels(
    X: NDArray[np.uint8],
    y: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    asked: NDArray[np.bool_] | None = None,
) -> DoubtedLabels:
    """Find all labels that are contradicted, and order them by how much is said against each.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, n_pixels)
    y : ndarray of int64, shape (n,)
        Class codes.
    probabilities : ndarray of shape (n, n_classes)
        Held out: of a model that has not seen the image.
    asked : ndarray of bool, shape (n,), optional
        Which labels to doubt; the others are only neighbours. All by default.

    Returns
    -------
    DoubtedLabels

    Examples
    --------
    >>> X = np.repeat(np.array([[0, 9], [9, 0]], np.uint8), 4, axis=0)
    >>> y = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    >>> sure = np.eye(2)[[0, 0, 0, 0, 1, 1, 1, 1]]
    >>> found = doubted_labels(X, y, sure)
    >>> int(found.index[0]), int(found.given[0]), int(found.suggested[0])
    (3, 1, 0)
    """
    rows = np.arange(len(y))
    distances, neighbors = _nearest_others(X, y)
    votes = _votes(y[neighbors], probabilities.shape[1])
    n_neighbors = neighbors.shape[1]
    shares = (votes + SMOOTHING / votes.shape[1]) / (n_neighbors + SMOOTHING)
    evidence = (probabilities + shares) / 2
    others = evidence.copy()
    others[rows, y] = -1.0
    suggested = others.argmax(axis=1)
    for_given, against = evidence[rows, y], evidence[rows, suggested]
    copy = _copies(X, y, distances, neighbors)
    by_model, by_votes = (table.max(axis=1) > table[rows, y] for table in (probabilities, votes))
    contradicted = by_model | by_votes | (copy >= 0)
    index = np.flatnonzero(contradicted if asked is None else contradicted & asked)
    score = against[index] / (against[index] + for_given[index])
    index = index[np.argsort(-score, kind="stable")]
    given, other = y[index], suggested[index]
    return DoubtedLabels(
        index,
        given,
        other,
        np.sort(score)[::-1],
        probabilities[index, given],
        probabilities[index, other],
        votes[index, given],
        votes[index, other],
        n_neighbors,
        copy[index],
    )


def _nearest_others(X: NDArray[np.uint8], y: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distances and positions of the nearest other images, as many as there are up to ten; nearest first."""
    k = min(N_NEIGHBORS, len(y) - 1)
    if k < 1:
        return np.empty((len(y), 0)), np.empty((len(y), 0), np.int64)
    distances, indices = KNeighborsClassifier(n_neighbors=k).fit(X, y).kneighbors(None)
    return distances, np.asarray(indices, np.int64)


def _votes(labels: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    n, k = labels.shape
    cells = np.repeat(np.arange(n), k) * n_classes + labels.ravel()
    return np.bincount(cells, minlength=n * n_classes).reshape(n, n_classes)


def _copies(
    X: NDArray[np.uint8], y: NDArray[np.int64], distances: NDArray[np.float64], neighbors: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each image the nearest near-copy with another label, or -1."""
    squares = np.einsum("ij,ij->i", X, X, dtype=np.int64)
    contrast = np.sqrt(np.maximum(squares - X.shape[1] * X.mean(axis=1) ** 2, 0))
    near = distances <= NEARLY_THE_SAME * np.minimum(contrast[:, None], contrast[neighbors])
    odd = near & (y[neighbors] != y[:, None])
    if not odd.shape[1]:
        return np.full(len(y), -1, np.int64)
    first = odd.argmax(axis=1)
    return np.where(odd.any(axis=1), neighbors[np.arange(len(y)), first], -1)
