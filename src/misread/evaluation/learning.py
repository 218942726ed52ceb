"""How errors fall with more training images, and how many are to be expected with more than there are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.errors import ParameterError

__all__ = ["LearningCurve", "Prediction"]

_DRAWS = 40_000
_STEEPEST = 1.2
_WOBBLE = 0.06
"""Another set of as many images gives another error: about so much, as a share of it, beside chance of asking."""


@dataclass(frozen=True)
class Prediction:
    """An error that is expected, and between what it will be.

    Attributes
    ----------
    n : int
        Training images.
    error, low, high : float
    """

    n: int
    error: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Errors on held-out images of models that learnt from more and more images.

    Attributes
    ----------
    sizes : ndarray of int64, shape (m,)
        Numbers of training images, ascending.
    errors : ndarray of int64, shape (m,)
        Misread held-out images.
    asked : ndarray of int64, shape (m,)
        How many were asked about.

    Examples
    --------
    >>> curve = LearningCurve.from_counts([500, 1_000, 2_000, 4_000], [160, 113, 80, 57], 1_000)
    >>> told = curve.predict(8_000)
    >>> told.low < 0.04 < told.high, 0.03 < told.error < 0.05
    (True, True)
    """

    sizes: NDArray[np.int64]
    errors: NDArray[np.int64]
    asked: NDArray[np.int64]

    @classmethod
    def from_counts(cls, sizes: ArrayLike, errors: ArrayLike, asked: ArrayLike) -> "LearningCurve":
        """Take counts, one of each size; sort them.

        Raises
        ------
        ParameterError
            If there are fewer than two sizes, or counts make no sense.
        """
        n, k, of = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(one, np.int64)) for one in (sizes, errors, asked))
        )
        if (
            n.ndim != 1
            or len(np.unique(n)) < 2
            or (n < 1).any()
            or (of < 1).any()
            or (k < 0).any()
            or (k > of).any()
        ):
            raise ParameterError("a learning curve needs two sizes or more, each with errors among images asked")
        order = np.argsort(n, kind="stable")
        return cls(n[order], k[order], of[order])

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of misread images at each size."""
        return self.errors / self.asked

    def predict(self, n: int, *, asked: int | None = None, confidence: float = 0.95) -> Prediction:
        """Error expected with `n` training images.

        Errors fall as ``e(m) = e(n) (f + (1 - f) (m / n) ** -c)``: a power law that levels off. Every such curve
        is as likely beforehand as any other, and weighs as much as it explains the errors that were counted.

        Parameters
        ----------
        n : int
        asked : int, optional
            Of how many images the error is to be measured; the interval is then that of the measured error.
            By default of as many as at the largest size.
        confidence : float, default 0.95

        Notes
        -----
        Power laws in the number of images: C. Cortes and others, Learning curves, NIPS 1993; J. Hestness and
        others, Deep learning scaling is predictable, empirically, 2017.
        """
        rng = np.random.default_rng(0)
        last = float(self.sizes[-1])
        at_last = (self.errors[-1] + 0.5) / (self.asked[-1] + 1)
        spread = np.sqrt((1 - at_last) / (at_last * self.asked[-1])) + _WOBBLE
        level = at_last * np.exp(rng.normal(0, 2 * spread, _DRAWS))
        floor, slope = rng.random(_DRAWS), rng.uniform(0, _STEEPEST, _DRAWS)

        def at(m: float) -> NDArray[np.float64]:
            return np.clip(level * (floor + (1 - floor) * (m / last) ** -slope), 1e-9, 1 - 1e-9)

        weight = np.zeros(_DRAWS)
        for m, k, of in zip(self.sizes.tolist(), self.errors.tolist(), self.asked.tolist(), strict=True):
            error = at(float(m))
            weight += k * np.log(error) + (of - k) * np.log1p(-error)
        weight += (
            np.log(level / at_last) / (2 * spread)
        ) ** 2 / 2  # levels were drawn about the last, and are alike
        shares = np.exp(weight - weight.max())
        told = rng.choice(at(float(n)), _DRAWS, p=shares / shares.sum())
        of = int(self.asked[-1]) if asked is None else asked
        measured = rng.binomial(of, np.clip(told * np.exp(rng.normal(0, _WOBBLE, _DRAWS)), 0, 1)) / of
        tail = (1 - confidence) / 2
        low, high = np.quantile(measured, [tail, 1 - tail])
        return Prediction(n, float(np.median(told)), float(low), float(high))
