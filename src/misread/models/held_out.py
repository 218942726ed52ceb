"""A part of the training images kept back, to ask a model about before it has learnt from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import ClassifierMixin

from misread.errors import ParameterError

__all__ = ["TemperatureClassifierMixin", "as_responses", "held_out_part"]

_LEAST = 20


class TemperatureClassifierMixin(ClassifierMixin):
    """Answers of a classifier whose `_ask` gives a column of scores per class, calibrated by `temperature_`."""

    classes_: NDArray[Any]
    temperature_: float

    @property
    def is_calibrated(self) -> bool:
        """Whether images were held out to find the temperature; without them it is 1."""
        return self.temperature_ != 1

    def _ask(self, X: Any) -> NDArray[np.float64]:
        raise NotImplementedError

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Scores of shape (n, n_classes), or for two classes their difference, shape (n,)."""
        return as_responses(self._ask(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Classes of images of shape (n, height * width)."""
        codes = self._ask(X).argmax(axis=1)
        return self.classes_[codes]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of shape (n, n_classes), calibrated on the held-out part."""
        return self.as_probabilities(self.decision_function(X))

    def as_probabilities(self, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of shape (n, n_classes) that the scores of `decision_function` stand for."""
        scores = np.column_stack([np.zeros(len(responses)), responses]) if responses.ndim == 1 else responses
        return softmax(scores / self.temperature_, axis=1)


def as_responses(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores with a column for each class as a decision function gives them: for two classes, their difference."""
    return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores


def held_out_part(
    codes: NDArray[np.int64], share: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split training images into those to learn from and those held out, the same share of every class.

    Parameters
    ----------
    codes : ndarray of shape (n,), class codes from 0
    share : float in [0, 1/2]
    rng : Generator

    Returns
    -------
    rest, held : ndarray of int64, ascending
        `held` is empty if it would be of fewer than 20 images; every class keeps at least half its images.

    Raises
    ------
    ParameterError
        If the share is out of range.
    """
    if not 0 <= share <= 0.5:
        raise ParameterError(f"held_out must be a share of the training images from 0 to 1/2, got {share}")
    order = rng.permutation(len(codes))
    held = [
        members[: round(share * len(members))]
        for members in (order[codes[order] == code] for code in range(int(codes.max()) + 1))
    ]
    chosen = np.zeros(len(codes), bool)
    chosen[np.concatenate(held)] = True
    if chosen.sum() < _LEAST:
        chosen[:] = False
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
