"""Which classes are taken for each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ConfusedPair", "most_confused", "most_confused_classes"]


@dataclass(frozen=True)
class ConfusedPair:
    """Class `true` read as class `predicted`, `count` times.

    Attributes
    ----------
    true, predicted, count : int
    share_of_class : float
        Of all samples of the true class.
    share_of_errors : float
        Of all errors made.
    """

    true: int
    predicted: int
    count: int
    share_of_class: float
    share_of_errors: float


def most_confused(counts: NDArray[Any], limit: int) -> list[ConfusedPair]:
    """The largest cells off the diagonal of a confusion matrix, largest first.

    Parameters
    ----------
    counts : ndarray of shape (n_classes, n_classes), int
        Rows are true classes.
    limit : int

    Returns
    -------
    list of ConfusedPair
        Without empty cells.

    Examples
    --------
    >>> [(pair.true, pair.predicted, pair.count) for pair in most_confused(np.array([[5, 1], [2, 4]]), 2)]
    [(1, 0, 2), (0, 1, 1)]
    """
    off = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    total = int(off.sum())
    order = np.argsort(-off, axis=None, kind="stable")[:limit]
    pairs = []
    for true, predicted in zip(*np.unravel_index(order, off.shape), strict=True):
        count = int(off[true, predicted])
        if count:
            share = count / int(counts[true].sum())
            pairs.append(ConfusedPair(int(true), int(predicted), count, share, count / total))
    return pairs


def most_confused_classes(counts: NDArray[Any]) -> tuple[int, int]:
    """The two classes that are taken for each other most often, both ways counted; the first two without errors.

    Examples
    --------
    >>> most_confused_classes(np.array([[9, 2, 0], [2, 9, 3], [0, 0, 9]]))
    (0, 1)
    """
    both = np.triu(counts + counts.T, 1)
    first, second = np.unravel_index(int(both.argmax()) if both.any() else 1, both.shape)
    return int(first), int(second)
