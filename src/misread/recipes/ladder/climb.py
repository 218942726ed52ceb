"""Training one rung: nothing in this module is ever given a test image."""

import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data import Split
from misread.evaluation.rejection import RejectionCurve
from misread.evaluation.reliability import best_temperature
from misread.evaluation.responses import boundary, responses
from misread.evaluation.scores import leads, logits
from misread.fitting.hold_out import fit_and_hold_out

__all__ = ["ANSWER_ACCURACY", "Climb", "answers_of", "climb"]

ANSWER_ACCURACY = 0.9995
"""What a rung that may refuse to answer must reach on what it does answer."""


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
    held_out_leads : ndarray of float64, shape (n,)
        How far the class answered was ahead, in the scores that a model file gives.
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
    held_out_leads: NDArray[np.float64]
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
    fitted = fit_and_hold_out(estimator, train.X, train.labels, seed=seed)
    held, scores = fitted.held_out, np.zeros((0, 2))
    right, ahead, temperature, point = np.zeros(0, bool), np.zeros(0), 1.0, None
    if held is not None:
        scores = logits(held.scores, float(np.max(held.boundaries)))
        codes, truth = (np.searchsorted(held.classes, said) for said in (held.predictions, held.y))
        right, ahead = codes == truth, leads(held.table, codes)
        temperature = best_temperature(scores, truth)
        point = RejectionCurve.from_margins(right, leads(scores, codes)).for_accuracy(ANSWER_ACCURACY)
    return Climb(
        estimator=fitted.estimator,
        seconds=fitted.seconds,
        held_out_right=right,
        held_out_leads=ahead,
        temperature=temperature,
        threshold=None if point is None else point.threshold,
        n_bytes=_pickled_size(fitted.estimator),
    )


def answers_of(estimator: Any, X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scores of shape (n, n_classes) whose softmax are probabilities of a kind, and the columns answered.

    Parameters
    ----------
    estimator : fitted classifier
        See `misread.evaluation.scores.logits`.
    X : ndarray of shape (n, n_features)
    """
    scores, predictions = responses(estimator, X)
    return logits(scores, boundary(estimator)), np.searchsorted(estimator.classes_, predictions)


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
