"""Model error or label error? Confident learning on held-out probabilities, checked against the nearest images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.evaluation.scores import as_codes

__all__ = ["LabelSuspects", "confident_joint", "find_suspects", "suspect_scores", "verdicts_by_chance"]

VERDICTS = ("model error", "unclear", "label error")
_LIMITS = (0.1, 0.5)


@dataclass(frozen=True, eq=False)
class LabelSuspects:
    """Samples whose label the model confidently contradicts, the most contradicted first.

    Attributes
    ----------
    index : ndarray of shape (m,), int64
        Positions in the data.
    given, suggested : ndarray of shape (m,), int64
        The label, and the class that the model is confident of instead.
    self_confidence : ndarray of shape (m,), float64
        Probability of the given label.
    suggested_confidence : ndarray of shape (m,), float64
        Probability of the suggested class.
    """

    index: NDArray[np.int64]
    given: NDArray[np.int64]
    suggested: NDArray[np.int64]
    self_confidence: NDArray[np.float64]
    suggested_confidence: NDArray[np.float64]


def confident_joint(y: ArrayLike, probabilities: ArrayLike) -> NDArray[np.int64]:
    """How many samples labelled i (row) are confidently of class j (column).

    Parameters
    ----------
    y : array-like of shape (n,), integer class codes
    probabilities : array-like of shape (n, n_classes), held out

    Returns
    -------
    ndarray of shape (n_classes, n_classes), int64

    Notes
    -----
    C. Northcutt, L. Jiang and I. Chuang, Confident learning: estimating uncertainty in dataset labels, Journal of
    Artificial Intelligence Research 70 (2021).
    A sample is confidently of class j when its probability of j is at least the mean one among samples labelled j;
    of several such classes the most probable counts.
    """
    table = np.asarray(probabilities, np.float64)
    codes = as_codes(y, table.shape[1])
    confident = _confident_class(codes, table)
    n_classes = table.shape[1]
    cells = codes[confident >= 0] * n_classes + confident[confident >= 0]
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def find_suspects(y: ArrayLike, probabilities: ArrayLike, *, limit: int | None = None) -> LabelSuspects:
    """Samples off the diagonal of the confident joint, ordered by normalised margin.

    Parameters
    ----------
    y : array-like of shape (n,), integer class codes
    probabilities : array-like of shape (n, n_classes), held out
    limit : int, optional
        Keep only so many.

    Returns
    -------
    LabelSuspects
        By p(given) - p(suggested), smallest first; ties in the order of the data.
    """
    table = np.asarray(probabilities, np.float64)
    codes = as_codes(y, table.shape[1])
    confident = _confident_class(codes, table)
    index = np.flatnonzero((confident >= 0) & (confident != codes))
    given, suggested = codes[index], confident[index]
    own, other = table[index, given], table[index, suggested]
    order = np.argsort(own - other, kind="stable")[:limit]
    return LabelSuspects(index[order], given[order], suggested[order], own[order], other[order])


def suspect_scores(
    self_confidence: ArrayLike, suggested: ArrayLike, neighbor_labels: ArrayLike
) -> NDArray[np.float64]:
    """Evidence against each label, 0 (none) to 1: the mean of what the model and the nearest images say.

    The model speaks through 1 - p(given label), the images through the share that carries the suggested class.

    Parameters
    ----------
    self_confidence : array-like of shape (m,)
        Held-out probability of the given label.
    suggested : array-like of shape (m,)
        The class that the model is confident of instead.
    neighbor_labels : array-like of shape (m, k)
        Labels of the nearest other images.

    Returns
    -------
    ndarray of shape (m,)
    """
    siding = (np.asarray(neighbor_labels) == np.asarray(suggested)[:, None]).mean(axis=1)
    return (1 - np.asarray(self_confidence, np.float64) + siding) / 2


def verdicts_by_chance(chances: ArrayLike) -> NDArray[np.str_]:
    """Who seems to be wrong, by the calibrated chance that it is the label.

    Parameters
    ----------
    chances : array-like of shape (m,)

    Returns
    -------
    ndarray of shape (m,), str
        'label error' where the label is at least as likely wrong as right, 'model error' where that is less likely
        than one in ten, else 'unclear'.
    """
    return np.asarray(VERDICTS)[np.searchsorted(_LIMITS, np.asarray(chances, np.float64), side="right")]


def _confident_class(codes: NDArray[np.int64], table: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class each sample is confidently of, or -1; shape (n,)."""
    n_classes = table.shape[1]
    sizes = np.bincount(codes, minlength=n_classes)
    own = np.bincount(codes, weights=table[np.arange(len(codes)), codes], minlength=n_classes)
    thresholds = np.divide(own, sizes, out=np.full(n_classes, np.inf), where=sizes > 0)
    candidates = np.where(table >= thresholds - 1e-12, table, -1.0)
    best = candidates.argmax(axis=1)
    return np.where(candidates[np.arange(len(codes)), best] >= 0, best, -1)
