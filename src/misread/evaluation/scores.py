"""Where scores become decisions: the one place that says what a column of scores, and what the truth, means.

Scores come in two forms, as scikit-learn gives them. **One column**, shape (n,), speaks for the second of two
classes: it is answered when ``score > boundary``, where the boundary is 0 for a decision function, 1/2 for
probabilities, or what an estimator has chosen for itself. **A table**, shape (n, n_classes), has a column for each
class; the largest is the answer, the first among equals.

All functions here are pure functions of arrays.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.errors import ParameterError

__all__ = [
    "HALF",
    "ZERO",
    "as_codes",
    "as_one_column",
    "as_truth",
    "boundary_of",
    "certainties",
    "class_table",
    "first_yes",
    "leads",
    "logits",
    "margins",
    "unlike_scores",
    "with_all_classes",
]

ZERO, HALF = 0.0, 0.5
"""The usual boundaries: of decision functions, and of probabilities."""

_BOUNDARIES = {"decision_function": ZERO, "votes": HALF, "probabilities": HALF}

LEAST_SHARE = 1e-3
"""What a probability of 0 is taken for before its logarithm is."""


def boundary_of(scale: str) -> float:
    """The usual boundary of scores of a kind: 0 of a decision function, 1/2 of votes and probabilities."""
    return _BOUNDARIES[scale]


def class_table(scores: ArrayLike, boundary: ArrayLike = ZERO) -> NDArray[np.float64]:
    """Scores with a column for each class; the largest of a row is the answer.

    Parameters
    ----------
    scores : array-like of shape (n,) for two classes, or (n, n_classes)
    boundary : float or array-like of shape (n,), default 0
        Above which one column means the second class.

    Returns
    -------
    ndarray of shape (n, n_classes), float64
        A table as it is; one column s as ``2 boundary - s`` and ``s``: -s and s, or 1 - p and p.

    Examples
    --------
    >>> class_table([2.0, -1.0]).tolist()
    [[-2.0, 2.0], [1.0, -1.0]]
    >>> class_table([0.25, 0.75], HALF).tolist()
    [[0.75, 0.25], [0.25, 0.75]]
    """
    table = np.asarray(scores, np.float64)
    if table.ndim == 1:
        return np.column_stack([2 * np.asarray(boundary) - table, table])
    return table


def as_one_column(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores in scikit-learn's form: for two classes how far the second is ahead, otherwise the table."""
    return table[:, 1] - table[:, 0] if table.shape[1] == 2 else table


def with_all_classes(
    table: NDArray[np.float64], codes: NDArray[np.integer], n_classes: int, lowest: float | None = None
) -> NDArray[np.float64]:
    """Give a table columns for the classes that a model has never seen.

    Parameters
    ----------
    table : ndarray of shape (n, len(codes))
    codes : ndarray of int
        The class codes that the columns are for.
    n_classes : int
    lowest : float, optional
        What the other classes score; by default the lowest of each row.

    Returns
    -------
    ndarray of shape (n, n_classes)

    Examples
    --------
    >>> with_all_classes(np.array([[0.25, 0.75]]), np.array([0, 2]), 3).tolist()
    [[0.25, 0.25, 0.75]]
    """
    if table.shape[1] == n_classes:
        return table
    rest = table.min(axis=1, keepdims=True) if lowest is None else np.full((len(table), 1), lowest)
    full = np.repeat(rest, n_classes, axis=1)
    full[:, codes] = table
    return full


def logits(scores: ArrayLike, boundary: float = ZERO) -> NDArray[np.float64]:
    """Scores whose softmax are the probabilities that they stand for, shape (n, n_classes).

    Of probabilities (`boundary` 1/2) the logarithms, of at least 0.001; of a decision function the columns
    themselves, where one column s stands for the odds ``exp(s)``, so for -s/2 and s/2.

    Examples
    --------
    >>> logits([3.0]).tolist()
    [[-1.5, 1.5]]
    """
    table = class_table(scores, boundary)
    if boundary == HALF:
        return np.log(np.maximum(table, LEAST_SHARE))
    return table / 2 if np.ndim(scores) == 1 else table


def margins(scores: ArrayLike, boundary: ArrayLike = ZERO) -> NDArray[np.float64]:
    """How far the best class is ahead of the second best.

    Parameters
    ----------
    scores : array-like of shape (n,) for two classes, or (n, n_classes)
    boundary : float or array-like of shape (n,), default 0
        As in `class_table`.

    Returns
    -------
    ndarray of shape (n,), at least 0

    Examples
    --------
    >>> margins([[1.0, 4.0, 3.5], [2.0, 2.0, 0.0]]).tolist()
    [0.5, 0.0]
    """
    table = class_table(scores, boundary)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ParameterError(f"a margin needs the scores of at least two classes, got shape {table.shape}")
    best = np.partition(table, table.shape[1] - 2, axis=1)
    return best[:, -1] - best[:, -2]


def leads(table: NDArray[np.float64], codes: NDArray[np.integer]) -> NDArray[np.float64]:
    """How far the class answered is ahead of the best other one: the margin, or below 0 for an answer unlike.

    Parameters
    ----------
    table : ndarray of shape (n, n_classes), of at least two classes
    codes : ndarray of int, shape (n,)
        The columns that were answered.

    Returns
    -------
    ndarray of shape (n,)

    Examples
    --------
    >>> leads(np.array([[0.0, 2.0], [1.0, 4.0]]), np.array([1, 0])).tolist()
    [2.0, -3.0]
    """
    rows = np.arange(len(table))
    others = np.array(table)
    others[rows, codes] = -np.inf
    return table[rows, codes] - others.max(axis=1)


def certainties(leads: NDArray[np.float64], refused: ArrayLike) -> NDArray[np.float64]:
    """What an answer is sure by: its lead or, where the model is sure of nothing, less than any lead.

    Examples
    --------
    >>> certainties(np.array([2.0, 0.5, 3.0]), [False, False, True]).tolist()
    [2.0, 0.5, -1.0]
    """
    return np.where(refused, min(leads.min(initial=0), 0) - 1, leads)


def unlike_scores(table: NDArray[np.float64], codes: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Where an answer is not (one of) the best by its scores.

    Parameters
    ----------
    table : ndarray of shape (n, n_classes)
    codes : ndarray of int, shape (n,)
        The columns that were answered.

    Examples
    --------
    >>> unlike_scores(np.array([[0.0, 2.0], [1.0, 1.0]]), np.array([0, 1])).tolist()
    [True, False]
    """
    return np.asarray(table[np.arange(len(table)), codes] < table.max(axis=1))


def first_yes(boundary: float) -> float:
    """The lowest threshold of ``score >= threshold`` that answers as ``score > boundary`` does."""
    return float(np.nextafter(boundary, np.inf))


def as_truth(y: ArrayLike) -> NDArray[np.bool_]:
    """The truth of a yes-or-no question, however it is written down: bool, 0 and 1, or -1 and 1.

    Parameters
    ----------
    y : array-like of any shape

    Returns
    -------
    ndarray of bool

    Raises
    ------
    ParameterError
        For anything else, class names and missing values among it: which of them is 'yes' cannot be guessed.

    Examples
    --------
    >>> as_truth([-1, 1, 1]).tolist()
    [False, True, True]
    """
    truth = np.asarray(y)
    if truth.dtype == bool:
        return truth
    if truth.dtype == object:
        truth = np.array(truth.tolist()) if truth.size else truth.astype(bool)
    if truth.dtype.kind in "biuf":
        yes = truth == 1
        no = truth == (-1 if (truth == -1).any() else 0)
        if (yes | no).all():
            return np.asarray(yes)
    some = ", ".join(repr(value) for value in list(dict.fromkeys(truth.ravel().tolist()))[:3])
    raise ParameterError(
        f"expected the truth as True and False, 1 and 0, or 1 and -1, got {some}; say what counts as true, "
        "such as y == 'cat'"
    )


def as_codes(y: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Class codes as whole numbers from 0 to below `n_classes`.

    Parameters
    ----------
    y : array-like of shape (n,)
    n_classes : int

    Returns
    -------
    ndarray of int64

    Raises
    ------
    ParameterError
        If there is anything else, such as class names, -1 for 'no', or codes that start at 1.

    Examples
    --------
    >>> as_codes([0.0, 2.0], 3).tolist()
    [0, 2]
    """
    given = np.asarray(y)
    if given.dtype.kind in "biuf" or not given.size:
        wrong = given[~((given >= 0) & (given < n_classes) & (given == np.floor(given)))] if given.size else given
        if not wrong.size:
            return given.astype(np.int64)
        some = wrong.ravel()[0]
    else:
        some = given.ravel()[0]
    raise ParameterError(
        f"expected class codes from 0 to {n_classes - 1}, got {some!r}; number the classes first, such as with "
        "np.unique(names, return_inverse=True)"
    )
