"""Every label that the model or the nearest images contradict: none is left out, the most doubtful first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from misread.analysis.doubts import N_NEIGHBORS
from misread.analysis.label_chances import label_chances, votes_in_logs
from misread.analysis.suspects import VERDICTS, verdicts_by_chance
from misread.models import KNeighborsClassifier

__all__ = ["DoubtedLabels", "chances_of_doubts", "doubted_labels"]

NEARLY_THE_SAME = 0.1
"""Two images whose difference is at most this share of the contrast of either are taken for copies."""
LIKELY = 0.5
"""A label is doubted from this chance of its being wrong, even if each alone would let it pass."""
_UNHEARD_OF = 0.01
"""What shares are given before their logarithm is taken, all classes together: 0 of 5 votes is not never."""


@dataclass(frozen=True, eq=False)
class DoubtedLabels:
    """Labels that somebody contradicts: the model's held-out answer, most nearest images, or a copy.

    Attributes
    ----------
    index : ndarray of int64, shape (m,)
        Positions of the images.
    given, suggested : ndarray of int64, shape (m,)
    chance : ndarray of float64, shape (m,)
        Of the label's being wrong, by all that model and nearest images say (`misread.analysis.label_chances`).
    probability_given, probability_suggested : ndarray of float64, shape (m,)
        By the model.
    votes_given, votes_suggested : ndarray of int64, shape (m,)
        Of the nearest other images.
    n_neighbors : int
        How many of these were asked.
    copy : ndarray of int64, shape (m,)
        Position of a near-copy that carries another label, or -1.
    expected : float
        How many are expected to be wrong of all labels that were asked about, doubted or not.
    """

    index: NDArray[np.int64]
    given: NDArray[np.int64]
    suggested: NDArray[np.int64]
    chance: NDArray[np.float64]
    probability_given: NDArray[np.float64]
    probability_suggested: NDArray[np.float64]
    votes_given: NDArray[np.int64]
    votes_suggested: NDArray[np.int64]
    n_neighbors: int
    copy: NDArray[np.int64]
    expected: float

    def __len__(self) -> int:
        return len(self.index)


def doubted_labels(
    X: NDArray[np.uint8],
    y: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    scores: NDArray[np.float64] | None = None,
    asked: NDArray[np.bool_] | None = None,
) -> DoubtedLabels:
    """Find all labels that are contradicted, and order them by the chance that each is wrong.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, n_pixels)
    y : ndarray of int64, shape (n,)
        Class codes.
    probabilities : ndarray of shape (n, n_classes)
        Held out: of a model that has not seen the image.
    scores : ndarray of shape (n, n_classes), optional
        What the model said before that was made probabilities: it tells more of what is plain.
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
    n_classes = probabilities.shape[1]
    distances, neighbors = _nearest_others(X, y)
    votes = _votes(y[neighbors], n_classes)
    asked = np.ones(len(y), bool) if asked is None else asked
    views = [_as_logs(probabilities if scores is None else scores)[asked], votes_in_logs(votes[asked])]
    found = label_chances(y[asked], views)
    odds, true = np.full(len(y), -np.inf), np.full((len(y), n_classes), -1.0)
    odds[asked], true[asked] = found.log_odds, found.true
    true[rows, y] = -2.0
    suggested = true.argmax(axis=1)
    copy = _copies(X, y, distances, neighbors)
    by_model, by_votes = (table.max(axis=1) > table[rows, y] for table in (probabilities, votes))
    contradicted = by_model | by_votes | (copy >= 0)
    contradicted[asked] |= found.chance >= LIKELY
    index = np.flatnonzero(contradicted & asked)
    index = index[np.argsort(-odds[index], kind="stable")]
    given, other = y[index], suggested[index]
    return DoubtedLabels(
        index,
        given,
        other,
        expit(odds[index]),
        probabilities[index, given],
        probabilities[index, other],
        votes[index, given],
        votes[index, other],
        neighbors.shape[1],
        copy[index],
        found.expected,
    )


def chances_of_doubts(
    doubts: Mapping[str, NDArray[Any]],
    X: NDArray[np.uint8],
    y: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What `misread.analysis.doubts.doubt_labels` found, each with its chance of being wrong, the largest first.

    Parameters
    ----------
    doubts : mapping of str to ndarray
        `suspects.*`
    X : ndarray of uint8, shape (n, n_pixels)
    y : ndarray of int64, shape (n,)
    scores : ndarray of shape (n, n_classes)
        Held out.

    Returns
    -------
    arrays : dict of str to ndarray
        The same, in the order of `suspects.chance`, with the `suspects.verdict` that goes by it.
    values : dict of str to JSON values
        `suspects.verdicts`, how many there are of each, and `suspects.expected`, how many of all `n` labels are
        expected to be wrong, to a tenth.
    """
    _, neighbors = _nearest_others(X, y)
    votes = _votes(y[neighbors], scores.shape[1])
    found = label_chances(y, [_as_logs(scores), votes_in_logs(votes)])
    odds = found.log_odds[doubts["suspects.index"]]
    order = np.argsort(-odds, kind="stable")
    arrays = {name: column[order] for name, column in doubts.items()}
    chances = expit(odds[order])
    verdicts = verdicts_by_chance(chances)
    counts = {name: int(np.count_nonzero(verdicts == name)) for name in reversed(VERDICTS)}
    return (
        {**arrays, "suspects.chance": chances, "suspects.verdict": verdicts},
        {"suspects.verdicts": counts, "suspects.expected": round(found.expected, 1)},
    )


def _as_logs(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores as they are; shares of 1 as logarithms."""
    if (scores >= 0).all() and np.allclose(scores.sum(axis=1)[scores.any(axis=1)], 1, atol=1e-3):
        return votes_in_logs(scores, doubt=_UNHEARD_OF / scores.shape[1])
    return scores


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
