"""Training one rung: nothing in this module is ever given a test image."""

import pickle
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from misread.data import Split
from misread.evaluation.rejection import RejectionCurve, margins
from misread.evaluation.reliability import best_temperature
from misread.fitting.out_of_fold import responses
from misread.models.held_out import as_responses, held_out_part

__all__ = ["ANSWER_ACCURACY", "Climb", "climb", "scores_of"]

ANSWER_ACCURACY = 0.9995
"""What a rung that may refuse to answer must reach on what it does answer."""

_HELD_OUT = 1 / 12
_LEAST_SHARE = 1e-3


@dataclass(frozen=True, eq=False)
class Climb:
    """A trained rung, with all that was chosen on training images.

    Attributes
    ----------
    estimator : fitted classifier
    seconds : float
        Of training the estimator.
    held_out_right : ndarray of bool, shape (n,)
        Whether the answer was right to each training image that was held out.
    held_out_responses : ndarray of shape (n,) for two classes, or (n, n_classes)
        Decision function of those images, or the probabilities of a model that has none.
    temperature : float
        What scores are divided by to give probabilities, fitted on the held-out images.
    threshold : float or None
        Lowest lead of the best class at which the answers to held-out images reach `ANSWER_ACCURACY`.
    n_bytes : int
        Size of the estimator, pickled.
    """

    estimator: Any
    seconds: float
    held_out_right: NDArray[np.bool_]
    held_out_responses: NDArray[np.float64]
    temperature: float
    threshold: float | None
    n_bytes: int

    @property
    def held_out(self) -> int:
        """How many training images were held out."""
        return len(self.held_out_right)

    @property
    def held_out_errors(self) -> int:
        """Mistakes on these."""
        return int(np.count_nonzero(~self.held_out_right))


def climb(estimator: Any, train: Split, seed: int) -> Climb:
    """Train an estimator on the training images and choose all that is to be chosen on them.

    The estimator says itself what it thought of images that it held out (`held_out_scores_`), or else a twin is
    trained without some of the images and asked about those.

    Parameters
    ----------
    estimator : classifier
        Unfitted; it is cloned.
    train : Split
    seed : int
        Chooses what is held out from the twin.
    """
    start = perf_counter()
    fitted = clone(estimator).fit(train.X, train.labels)
    seconds = perf_counter() - start
    if hasattr(fitted, "held_out_scores_"):
        truth = np.searchsorted(fitted.classes_, train.labels[fitted.held_out_indices_])
        scores = fitted.held_out_scores_
        answers = as_responses(scores)
    else:
        truth, answers = _rehearse(estimator, train, seed)
        scores = _as_logits(answers, hasattr(fitted, "decision_function"))
    right = scores.argmax(axis=1) == truth
    curve = RejectionCurve.from_margins(right, margins(scores)) if len(truth) else None
    point = curve.for_accuracy(ANSWER_ACCURACY) if curve is not None else None
    return Climb(
        estimator=fitted,
        seconds=seconds,
        held_out_right=right,
        held_out_responses=answers,
        temperature=best_temperature(scores, truth) if len(truth) else 1.0,
        threshold=None if point is None else point.threshold,
        n_bytes=_pickled_size(fitted),
    )


def scores_of(estimator: Any, X: NDArray[Any]) -> NDArray[np.float64]:
    """Scores of shape (n, n_classes) whose softmax are probabilities of a kind: asked for once.

    Parameters
    ----------
    estimator : fitted classifier
        With `decision_function`, or else `predict_proba`, whose logarithms are taken (of at least 0.001).
    X : ndarray of shape (n, n_features)
    """
    signed = hasattr(estimator, "decision_function")
    return _as_logits(estimator.decision_function(X) if signed else estimator.predict_proba(X), signed)


def _as_logits(answers: NDArray[np.float64], signed: bool) -> NDArray[np.float64]:
    answers = np.asarray(answers, np.float64)
    if signed:
        return np.column_stack([-answers / 2, answers / 2]) if answers.ndim == 1 else answers
    if answers.ndim == 1:
        answers = np.column_stack([1 - answers, answers])
    return np.log(np.maximum(answers, _LEAST_SHARE))


def _rehearse(estimator: Any, train: Split, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    codes = np.searchsorted(np.unique(train.labels), train.labels)
    rest, held = held_out_part(codes, _HELD_OUT, np.random.default_rng(seed))
    if not len(held):
        return held, np.zeros((0, 2))
    twin = clone(estimator).fit(train.X[rest], train.labels[rest])
    return codes[held], responses(twin, train.X[held])[0]


class _Counter:
    """A file that only counts what is written."""

    def __init__(self) -> None:
        self.n_bytes = 0

    def write(self, content: Any) -> int:
        size = memoryview(content).nbytes
        self.n_bytes += size
        return size


def _pickled_size(estimator: Any) -> int:
    counter = _Counter()
    pickle.Pickler(counter, protocol=5).dump(estimator)
    return counter.n_bytes
