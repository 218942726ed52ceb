"""Training one rung: nothing in this module is ever given a test image."""

import json
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle.codecs import encode
from misread.data import Split
from misread.errors import ModelFileError
from misread.evaluation.rejection import RejectionCurve
from misread.evaluation.reliability import best_temperature
from misread.evaluation.responses import boundary, responses
from misread.evaluation.scores import leads, logits
from misread.fitting.hold_out import Fitted, fit_and_hold_out

__all__ = ["ANSWER_ACCURACY", "Climb", "answers_of", "climb"]

ANSWER_ACCURACY = 0.9995
"""What a rung that may refuse to answer must reach on what it does answer."""


@dataclass(frozen=True, eq=False)
class Climb:
    """A trained rung, with all that was chosen on training images.

    Attributes
    ----------
    fitted : Fitted
        The estimator, and what it said of training images that were held out.
    temperature : float
        What scores are divided by to give probabilities, fitted on the held-out images.
    threshold : float or None
        Lowest lead of the best class at which the answers to held-out images reach `ANSWER_ACCURACY`.
    n_bytes : int
        Of all that it needs to answer, as a model file holds it before it is compressed.
    """

    fitted: Fitted
    temperature: float
    threshold: float | None
    n_bytes: int

    @property
    def estimator(self) -> Any:
        """The fitted classifier."""
        return self.fitted.estimator

    @property
    def seconds(self) -> float:
        """Of training it."""
        return self.fitted.seconds

    @property
    def held_out(self) -> int:
        """How many training images were held out."""
        return 0 if self.fitted.held_out is None else len(self.fitted.held_out.y)

    @property
    def held_out_errors(self) -> int:
        """Mistakes on these."""
        held = self.fitted.held_out
        return 0 if held is None else int(np.count_nonzero(held.predictions != held.y))


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
    fitted = fit_and_hold_out(estimator, train.X, train.labels, seed=seed, groups=train.groups)
    held, temperature, point = fitted.held_out, 1.0, None
    if held is not None:
        scores = logits(held.scores, float(np.max(held.boundaries)))
        codes, truth = (np.searchsorted(held.classes, said) for said in (held.predictions, held.y))
        temperature = best_temperature(scores, truth)
        point = RejectionCurve.from_margins(codes == truth, leads(scores, codes)).for_accuracy(ANSWER_ACCURACY)
    return Climb(
        fitted=fitted,
        temperature=temperature,
        threshold=None if point is None else point.threshold,
        n_bytes=_size(fitted.estimator),
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


def _size(estimator: Any) -> int:
    """Bytes of the arrays of an estimator, and of what says how they belong together."""
    arrays: dict[str, int] = {}

    def put(name: str, array: NDArray[Any]) -> str:
        arrays[name] = array.nbytes
        return name

    try:
        document = encode(estimator, put)
    except ModelFileError:  # one that no model file holds
        return len(pickle.dumps(estimator, protocol=5))
    return sum(arrays.values()) + len(json.dumps(document))
