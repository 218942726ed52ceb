"""Confusion matrices, the four ways in which people look at them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.evaluation.scores import as_codes

__all__ = ["by_column", "by_row", "confusion_counts", "errors_only"]


def confusion_counts(y_true: ArrayLike, y_pred: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """How often class i (row) was read as class j (column).

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,), integer class codes in [0, n_classes)
    n_classes : int

    Returns
    -------
    ndarray of shape (n_classes, n_classes), int64

    Examples
    --------
    >>> confusion_counts([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = as_codes(y_true, n_classes) * n_classes + as_codes(y_pred, n_classes)
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def by_row(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Share of each true class; rows add up to 1, an empty row stays 0."""
    return _share(counts, counts.sum(axis=1, keepdims=True))


def by_column(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Share of each predicted class; columns add up to 1, an empty column stays 0."""
    return _share(counts, counts.sum(axis=0, keepdims=True))


def errors_only(counts: NDArray[Any]) -> NDArray[Any]:
    """The same matrix with the right answers, its diagonal, set to 0."""
    return counts * (1 - np.eye(len(counts), dtype=counts.dtype))


def _share(counts: NDArray[Any], totals: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(counts, totals, out=np.zeros(counts.shape), where=totals != 0)
