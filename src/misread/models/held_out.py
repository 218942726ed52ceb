"""A part of the training images kept back, to ask a model about before it has learnt from them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin

from misread.errors import ParameterError
from misread.evaluation.reliability import best_temperature, tempered
from misread.evaluation.scores import as_one_column, logits

__all__ = ["TemperatureClassifierMixin", "held_out_part"]

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

    def _calibrate(self, held: NDArray[np.int64], codes: NDArray[Any], ask: Callable[[], NDArray[Any]]) -> None:
        """Keep what was said of the images that were held out, where there are any, and the temperature by it."""
        self.held_out_indices_, self.temperature_ = held, 1.0
        if len(held):
            self.held_out_scores_ = ask()
            self.temperature_ = best_temperature(self.held_out_scores_, codes[held])

    def scores_and_predictions(self, X: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Give what `decision_function` and `predict` give, asked once."""
        table = self._ask(X)
        return as_one_column(table), self.classes_[table.argmax(axis=1)]

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Scores of shape (n, n_classes), or for two classes their difference, shape (n,)."""
        return self.scores_and_predictions(X)[0]

    def predict(self, X: Any) -> NDArray[Any]:
        """Classes of images of shape (n, height * width)."""
        return self.scores_and_predictions(X)[1]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of shape (n, n_classes), calibrated on the held-out part."""
        return self.as_probabilities(self.decision_function(X))

    def as_probabilities(self, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of shape (n, n_classes) that the scores of `decision_function` stand for."""
        return tempered(logits(responses), self.temperature_)


def held_out_part(
    codes: NDArray[np.int64], share: float, rng: np.random.Generator, groups: ArrayLike | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split training images into those to learn from and those held out, the same share of every class.

    Parameters
    ----------
    codes : ndarray of shape (n,), class codes from 0
    share : float in [0, 1/2]
    rng : Generator
    groups : array-like of shape (n,), optional
        Whole groups are held out then.

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
    chosen = np.zeros(len(codes), bool)
    if groups is not None:
        chosen = _groups_held_out(codes, np.asarray(groups), share, rng)
    else:
        held = [
            members[: round(share * len(members))]
            for members in (order[codes[order] == code] for code in range(int(codes.max()) + 1))
        ]
        chosen[np.concatenate(held)] = True
    if chosen.sum() < _LEAST:
        chosen[:] = False
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _groups_held_out(
    codes: NDArray[np.int64], groups: NDArray[Any], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which images are of the groups, drawn by chance, that together make about that share."""
    names, of = np.unique(groups, return_inverse=True)
    rows = np.argsort(of, kind="stable")
    parts = np.split(rows, np.cumsum(np.bincount(of))[:-1])
    wanted, n_classes = share * len(codes), int(codes.max()) + 1
    half = np.bincount(codes, minlength=n_classes) / 2
    chosen, taken = np.zeros(len(codes), bool), np.zeros(n_classes, np.int64)
    for one in rng.permutation(len(names)) if wanted else ():
        after = taken + np.bincount(codes[parts[one]], minlength=n_classes)
        if (after <= half).all() and (after.sum() <= 1.5 * wanted or not taken.sum()):
            chosen[parts[one]], taken = True, after
        if taken.sum() >= wanted:
            break
    return chosen
