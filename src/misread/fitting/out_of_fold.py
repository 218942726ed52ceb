"""One out-of-fold pass: fit each fold once, keep everything that later questions need."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import BaseCrossValidator, check_cv
from sklearn.utils.multiclass import type_of_target

from misread.errors import ParameterError
from misread.evaluation.responses import boundary, gives_shares, responses
from misread.evaluation.scores import ZERO, class_table, unlike_scores, with_all_classes
from misread.parallel import inner_threads, is_local, task_threads

__all__ = ["OutOfFold", "fitted_apart", "out_of_fold"]

Also = Callable[[Any, NDArray[np.intp], NDArray[np.intp], NDArray[Any]], Any]

MOST_SIDE_BY_SIDE = 2**28
"""Bytes of samples up to which folds are fitted side by side: each has its copy of them."""
MOST_UNLIKE = 0.1
"""Share of the answers that may differ from the best score: models break ties in ways of their own."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What an estimator said of each sample while that sample was held out.

    Attributes
    ----------
    y : ndarray of shape (n,) or (n, n_outputs)
        The true targets.
    scores : ndarray of shape (n,) or (n, n_classes)
        Decision function, or probabilities (of the positive class when binary); column k belongs to `classes[k]`.
        Shape (n, 0) when only predictions were asked for.
    predictions : ndarray, shaped like `y`
        Predicted targets.
    folds : ndarray of shape (n,), uint16
        The fold in which each sample was held out.
    classes : ndarray of shape (n_classes,)
        Sorted distinct values of `y`; empty for multilabel and multioutput targets.
    boundaries : ndarray of shape (n,), or float
        Of two classes, the score above which the second was answered.
    also : tuple
        What `also` gave for each fold, where it was asked for.
    """

    y: NDArray[Any]
    scores: NDArray[np.float64]
    predictions: NDArray[Any]
    folds: NDArray[np.uint16]
    classes: NDArray[Any]
    boundaries: NDArray[np.float64] | float = ZERO
    also: tuple[Any, ...] = ()

    @property
    def table(self) -> NDArray[np.float64]:
        """Scores with a column for each class, shape (n, n_classes)."""
        return class_table(self.scores, self.boundaries)

    @property
    def unlike(self) -> NDArray[np.bool_]:
        """Where the answer is not the best by its scores, shape (n,)."""
        if len(self.classes) < 2 or not self.scores.size:
            return np.zeros(len(self.y), bool)
        return unlike_scores(self.table, np.searchsorted(self.classes, self.predictions))

    @property
    def fold_accuracies(self) -> NDArray[np.float64]:
        """Share of right predictions in each fold, shape (n_folds,)."""
        right = self.predictions == self.y
        if right.ndim > 1:
            right = right.all(axis=1)
        return np.bincount(self.folds, weights=right) / np.bincount(self.folds)


def out_of_fold(
    estimator: BaseEstimator,
    X: NDArray[Any],
    y: ArrayLike,
    *,
    cv: int | BaseCrossValidator | Iterable[Any] = 3,
    scores: bool = True,
    side_by_side: bool = True,
    also: Also | None = None,
    groups: NDArray[np.str_] | None = None,
) -> OutOfFold:
    """Fit a clone of `estimator` on the rest of each fold and ask it about that fold.

    Folds run side by side under the joblib backend in force (`joblib.parallel_config`), threads otherwise; the
    result does not depend on how many.

    Parameters
    ----------
    estimator : classifier with scikit-learn's interface
        Never fitted itself; every fold gets a clone.
    X : ndarray of shape (n, n_features)
    y : array-like of shape (n,) or (n, n_outputs)
    cv : int, splitter or iterable of (train, test) indices, default 3
        As in scikit-learn: an int means unshuffled `StratifiedKFold` for one target and `KFold` for several.
    scores : bool, default True
        Keep the decision function (or the probabilities); without it only predictions are made.
    side_by_side : bool, default True
        Fit several folds at a time. An estimator that keeps all cores busy by itself is faster without: its
        threads then share one copy of the data in the processor's cache. So do folds of large data, to save
        memory. On a cluster folds always run side by side.
    also : callable, optional
        Called for each fold with the fitted clone, the positions that it was fitted on and those held out, and its
        predictions of these, while the clone is still there.
    groups : ndarray of str, shape (n,), optional
        For estimators that hold images out by themselves, so that they hold out whole groups. The folds are those
        of `cv` in any case.

    Returns
    -------
    OutOfFold

    Raises
    ------
    ParameterError
        When `cv` does not hold out every sample exactly once, or the scores are not about the answers: there is
        not a column for each class, or the best is another class than the answer too often.
    ValueError
        By scikit-learn, when `cv` cannot split `y`.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> X, y = np.zeros((6, 1)), np.array([0, 0, 0, 0, 1, 1])
    >>> out_of_fold(DummyClassifier(), X, y, cv=2).predictions.tolist()
    [0, 0, 0, 0, 0, 0]
    """
    y = np.asarray(y)
    splits = list(check_cv(cv, y, classifier=True).split(X, y))
    _check_partition(splits, len(y))
    classes = np.unique(y) if type_of_target(y) in ("binary", "multiclass") else np.empty(0, y.dtype)
    n_threads = task_threads()
    together = not is_local() or (side_by_side and X.nbytes <= MOST_SIDE_BY_SIDE)
    answers = Parallel(n_jobs=None if together else 1, prefer="threads")(
        delayed(_answer_fold)(estimator, X, y, train, test, classes, scores, n_threads, also, groups)
        for train, test in splits
    )
    folds = np.empty(len(y), np.uint16)
    predictions = np.empty_like(y)
    all_scores = np.empty((len(y), *answers[0][0].shape[1:]))
    boundaries = np.empty(len(y))
    for fold, ((_, test), answered) in enumerate(zip(splits, answers, strict=True)):
        folds[test] = fold
        all_scores[test], predictions[test], boundaries[test] = answered[:3]
    found = () if also is None else tuple(answered[3] for answered in answers)
    held_out = OutOfFold(y, all_scores, predictions, folds, classes, boundaries, found)
    if scores and len(classes):
        _check_answers(held_out, type(estimator).__name__)
    return held_out


def fitted_apart(estimator: Any, X: NDArray[Any], y: NDArray[Any], groups: NDArray[np.str_] | None) -> Any:
    """Fit an estimator; one that holds images out by itself (its parameter `held_out`) holds out whole groups."""
    if groups is None or "held_out" not in estimator.get_params(deep=False):
        return estimator.fit(X, y)
    return estimator.fit(X, y, groups=groups)


def _answer_fold(
    estimator: BaseEstimator,
    X: NDArray[Any],
    y: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    classes: NDArray[Any],
    with_scores: bool,
    n_threads: int,
    also: Also | None,
    groups: NDArray[np.str_] | None,
) -> tuple[NDArray[np.float64], NDArray[Any], float, Any]:
    """Scores with a column for each class, those that this fold never saw at the bottom; answers; the boundary."""
    with inner_threads(n_threads):
        fitted: Any = fitted_apart(clone(estimator), X[train], y[train], None if groups is None else groups[train])
        if not with_scores:
            return np.empty((len(test), 0)), fitted.predict(X[test]), ZERO, None
        scores, predictions = responses(fitted, X[test])
        own = boundary(fitted)
        more = also(fitted, train, test, predictions) if also else None
    if len(fitted.classes_) == len(classes):
        return scores, predictions, own, more
    codes, lowest = np.searchsorted(classes, fitted.classes_), 0.0 if gives_shares(fitted) else -np.inf
    table = with_all_classes(class_table(scores, own), codes, len(classes), lowest)
    return (table[:, 1] if len(classes) == 2 else table), predictions, own, more


def _check_answers(held_out: OutOfFold, name: str) -> None:
    """Refuse scores that are not about the answers."""
    n, n_unlike = len(held_out.y), int(np.count_nonzero(held_out.unlike))
    if n_unlike > MOST_UNLIKE * n:
        raise ParameterError(
            f"{name} answers another class than its best score for {n_unlike:,} of {n:,} held-out images, so its "
            "scores say nothing of its answers; SVC needs decision_function_shape='ovr', and own thresholds "
            "are understood of scikit-learn's FixedThresholdClassifier and TunedThresholdClassifierCV"
        )


def _check_partition(splits: list[tuple[NDArray[np.intp], NDArray[np.intp]]], n: int) -> None:
    times = np.zeros(n, np.int64)
    for _, test in splits:
        np.add.at(times, test, 1)
    if (times != 1).any():
        raise ParameterError(
            f"cv must hold out every sample exactly once; of {n:,}, {np.count_nonzero(times == 0):,} never are "
            f"and {np.count_nonzero(times > 1):,} more often; try an int, StratifiedKFold or KFold"
        )
