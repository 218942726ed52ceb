"""Scores that were never probabilities, read as probabilities."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.isotonic import IsotonicRegression

from misread.evaluation.scores import as_codes, class_table

__all__ = ["class_probabilities"]


def class_probabilities(y: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Probability of each class, from held-out scores of any scale.

    Each class's lead over the best other class goes through the monotone curve that fits 'is it this class?' best;
    rows are then divided by their sum.

    Parameters
    ----------
    y : array-like of shape (n,), integer class codes
    scores : array-like of shape (n, n_classes), or (n,) for two classes
        Out of fold, so that no score has seen its own label.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Rows add up to 1.

    Notes
    -----
    B. Zadrozny and C. Elkan, Transforming classifier scores into accurate multiclass probability estimates, KDD
    2002, with leads in place of raw scores: a score alone does not say how well the other classes did.
    """
    table = class_table(scores)
    codes = as_codes(y, table.shape[1])
    ordered = np.sort(table, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    leads = table - np.where(table == best, second, best)
    probabilities = np.empty(table.shape)
    for code in range(table.shape[1]):
        isotonic = IsotonicRegression(y_min=0.0, y_max=1.0)
        probabilities[:, code] = isotonic.fit_transform(leads[:, code], codes == code)
    totals = probabilities.sum(axis=1, keepdims=True)
    even = np.full(table.shape, 1 / table.shape[1])
    return np.divide(probabilities, totals, out=even, where=totals > 0)
