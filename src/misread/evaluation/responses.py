"""What a fitted classifier is asked: its scores and its answers, once. Its own `predict` is the truth of these."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier
from sklearn.pipeline import Pipeline

from misread.errors import ParameterError
from misread.evaluation.scores import HALF, ZERO, as_one_column

__all__ = ["boundary", "gives_shares", "responses"]

_BY_SCORES = (SGDClassifier.predict, RandomForestClassifier.predict)
"""Methods of scikit-learn that answer the class of the best score of the same estimator, and do nothing else."""
_DECISION, _SHARES = "decision_function", "predict_proba"


def responses(estimator: Any, X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Scores and predictions of a fitted classifier.

    Predictions are those of `predict`. A class may define `scores_and_predictions(X)` beside its `predict`, to
    give both at the price of one; a subclass with a `predict` of its own is asked by that.

    Parameters
    ----------
    estimator : fitted classifier
        Asked for its `decision_function` or, without one, `predict_proba`; one with a threshold of its own for
        what this is on. Of an estimator that has neither, the answers are the scores: 1 for the class answered.
    X : ndarray of shape (n, n_features)

    Returns
    -------
    scores : ndarray of shape (n,) when binary, else (n, n_classes)
        See `misread.evaluation.scores`, and `boundary`.
    predictions : ndarray of shape (n,)

    Raises
    ------
    ParameterError
        If there is not one column of scores for each class.
    """
    while type(estimator) is Pipeline and len(estimator.steps) > 1 and _is_asked(estimator):
        X, estimator = estimator[:-1].transform(X), estimator.steps[-1][1]
    owner = next((one for one in type(estimator).__mro__ if "predict" in vars(one)), object)
    if "scores_and_predictions" in vars(owner):
        return estimator.scores_and_predictions(X)
    name, classes = type(estimator).__name__, getattr(estimator, "classes_", None)
    if classes is None or not hasattr(estimator, "predict"):
        missing = "classes_" if classes is None else "predict"
        raise ParameterError(
            f"{name} is no classifier that can be asked: it has no {missing}; "
            "give a classifier with scikit-learn's interface (a search with refit=True)"
        )
    method = _method(estimator)
    if method is None:
        predictions = _of_its_classes(estimator.predict(X), classes, name)
        shares = (predictions[:, None] == classes).astype(np.float64)
        return (shares[:, 1] if len(classes) == 2 else shares), predictions
    given = np.asarray(getattr(estimator, method)(X))
    scores = _one_for_each(given, len(classes), method, name)
    if getattr(type(estimator), "predict", None) not in _BY_SCORES:
        return scores, _of_its_classes(estimator.predict(X), classes, name)
    codes = (given > ZERO).astype(np.intp) if given.ndim == 1 else given.argmax(axis=1)
    return scores, classes[codes]


def boundary(estimator: Any) -> float:
    """Above which score an estimator answers the second of two classes: 0, half of a probability, or its own.

    Parameters
    ----------
    estimator : classifier
        A threshold that is learnt is known of a fitted one only.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> boundary(LogisticRegression())
    0.0
    """
    inner = _decider(estimator)
    method = _method(estimator)
    if isinstance(inner, FixedThresholdClassifier | TunedThresholdClassifierCV):
        own = getattr(inner, "best_threshold_", getattr(inner, "threshold", "auto"))
        if own != "auto":
            return _own_boundary(inner, float(own), method)
    if isinstance(inner, OneVsOneClassifier) and method == _DECISION:
        return ZERO if hasattr(inner.estimator, _DECISION) else HALF
    return ZERO if method == _DECISION else HALF


def gives_shares(estimator: Any) -> bool:
    """Whether its scores are shares from 0 to 1 (probabilities, or its one answer), not a decision function."""
    return _method(estimator) != _DECISION


def _own_boundary(inner: Any, threshold: float, method: str | None) -> float:
    """Turn 'at least the threshold is the positive class' into 'above the boundary is the second class'."""
    classes, positive = getattr(inner, "classes_", None), getattr(inner, "pos_label", None)
    if classes is None or positive is None or positive == classes[1]:
        return float(np.nextafter(threshold, -np.inf))
    return (1.0 if method == _SHARES else 0.0) - threshold


def _method(estimator: Any) -> str | None:
    """The method that gives an estimator's scores: that which its own threshold is on, if it has one."""
    order = [_DECISION, _SHARES]
    inner = _decider(estimator)
    if isinstance(inner, FixedThresholdClassifier | TunedThresholdClassifierCV):
        order = [_SHARES, _DECISION] if inner.response_method == "auto" else [inner.response_method]
    return next((name for name in order if hasattr(estimator, name)), None)


def _decider(estimator: Any) -> Any:
    """The estimator whose `predict` is the last word of pipelines, searches and the like."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif hasattr(estimator, "scores_and_predictions") and hasattr(estimator, "estimator_"):
            estimator = estimator.estimator_
        else:
            return estimator


def _is_asked(pipeline: Pipeline) -> bool:
    return not isinstance(pipeline.steps[-1][1], str | None)


def _of_its_classes(predictions: Any, classes: NDArray[Any], name: str) -> NDArray[Any]:
    """Answers that are classes; of one that knows none, such as of an outlier, nothing could be said."""
    given = np.asarray(predictions)
    strange = given[~np.isin(given, classes)] if given.ndim == 1 else given.ravel()[:1]
    if strange.size:
        raise ParameterError(
            f"{name} answers {str(strange[0])!r}, which is none of the classes that it was trained on"
        )
    return given.astype(classes.dtype, copy=False)  # some give them as objects, or as floats


def _one_for_each(scores: NDArray[Any], n_classes: int, method: str, name: str) -> NDArray[np.float64]:
    """Scores in one of the two forms; anything else is refused."""
    if n_classes == 1:
        return scores.reshape(len(scores), -1)[:, :1]
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    if scores.ndim == 1 and n_classes == 2:
        return scores
    if scores.ndim == 2 and scores.shape[1] == n_classes:
        if n_classes != 2:
            return scores
        return scores[:, 1] if method == _SHARES else as_one_column(scores)
    columns = 1 if scores.ndim == 1 else scores.shape[1]
    duels = n_classes > 2 and columns == n_classes * (n_classes - 1) // 2
    raise ParameterError(
        f"{name} gives {columns} scores an image for {n_classes} classes"
        + ("; these are duels of two classes: train it with decision_function_shape='ovr'" if duels else "")
        + ("" if duels else f"; its {method} must have a column for each class")
    )
