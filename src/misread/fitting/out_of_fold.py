"""One out-of-fold pass: fit each fold once, keep everything that later questions need."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import BaseCrossValidator, check_cv
from sklearn.utils.multiclass import type_of_target

from misread.errors import ParameterError
from misread.parallel import inner_threads, is_local, task_threads

__all__ = ["OutOfFold", "out_of_fold", "responses"]


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
    """

    y: NDArray[Any]
    scores: NDArray[np.float64]
    predictions: NDArray[Any]
    folds: NDArray[np.uint16]
    classes: NDArray[Any]

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
        threads then share one copy of the data in the processor's cache. On a cluster folds always run side by
        side.

    Returns
    -------
    OutOfFold

    Raises
    ------
    ParameterError
        When `cv` does not hold out every sample exactly once.
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
    answers = Parallel(n_jobs=None if side_by_side or not is_local() else 1, prefer="threads")(
        delayed(_answer_fold)(estimator, X, y, train, test, classes, scores, n_threads) for train, test in splits
    )
    folds = np.empty(len(y), np.uint16)
    predictions = np.empty_like(y)
    all_scores = np.empty((len(y), *answers[0][0].shape[1:]))
    for fold, ((_, test), (fold_scores, fold_predictions)) in enumerate(zip(splits, answers, strict=True)):
        folds[test] = fold
        predictions[test] = fold_predictions
        all_scores[test] = fold_scores
    return OutOfFold(y, all_scores, predictions, folds, classes)


def responses(estimator: Any, X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Scores and predictions of a fitted classifier, asked for once.

    Parameters
    ----------
    estimator : fitted classifier
        With `decision_function`, or else `predict_proba` (whose largest column is the prediction).
    X : ndarray of shape (n, n_features)

    Returns
    -------
    scores : ndarray of shape (n,) when binary, else (n, n_classes)
    predictions : ndarray of shape (n,)
    """
    if hasattr(estimator, "decision_function"):
        scores = estimator.decision_function(X)
        if scores.ndim == 1:
            return scores, estimator.classes_[(scores > 0).astype(np.intp)]
        return scores, estimator.predict(X)
    probabilities = estimator.predict_proba(X)
    predictions = estimator.classes_[probabilities.argmax(axis=1)]
    return (probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities), predictions


def _answer_fold(
    estimator: BaseEstimator,
    X: NDArray[Any],
    y: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    classes: NDArray[Any],
    with_scores: bool,
    n_threads: int,
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    with inner_threads(n_threads):
        fitted = clone(estimator).fit(X[train], y[train])
        if not with_scores:
            return np.empty((len(test), 0)), fitted.predict(X[test])
        if len(fitted.classes_) == len(classes):
            return responses(fitted, X[test])
        return _scores_of_all(fitted, X[test], classes), fitted.predict(X[test])


def _scores_of_all(fitted: Any, X: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.float64]:
    """Scores with a column for each class, those that this fold never saw at the bottom."""
    if hasattr(fitted, "decision_function"):
        known, lowest = fitted.decision_function(X), -np.inf
        known = np.column_stack([-known, known]) if known.ndim == 1 else known
    else:
        known, lowest = fitted.predict_proba(X), 0.0
    scores = np.full((len(X), len(classes)), lowest)
    scores[:, np.searchsorted(classes, fitted.classes_)] = known
    return scores[:, 1] if len(classes) == 2 else scores


def _check_partition(splits: list[tuple[NDArray[np.intp], NDArray[np.intp]]], n: int) -> None:
    times = np.zeros(n, np.int64)
    for _, test in splits:
        np.add.at(times, test, 1)
    if (times != 1).any():
        raise ParameterError(
            f"cv must hold out every sample exactly once; of {n:,}, {np.count_nonzero(times == 0):,} never are "
            f"and {np.count_nonzero(times > 1):,} more often; try an int, StratifiedKFold or KFold"
        )
