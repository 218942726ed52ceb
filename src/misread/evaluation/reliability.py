"""Do probabilities mean what they say? The expected calibration error, and probabilities from scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

from misread.errors import ParameterError
from misread.evaluation.scores import as_codes, as_truth

__all__ = [
    "Reliability",
    "best_temperature",
    "calibration_error_interval",
    "expected_calibration_error",
    "tempered",
]

_WIDEST = 7.0


@dataclass(frozen=True, eq=False)
class Reliability:
    """How sure the answers are and how often they are right, bin by bin.

    Attributes
    ----------
    confidence, accuracy : ndarray of float64, shape (n_bins,)
        Mean confidence and share of right answers of each bin; NaN where it is empty.
    counts : ndarray of int64, shape (n_bins,)
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def from_answers(cls, right: ArrayLike, confidence: ArrayLike, *, n_bins: int = 15) -> "Reliability":
        """Sort answers into bins of equal width between 0 and 1; a bin holds its upper end.

        Parameters
        ----------
        right : array-like of bool, shape (n,)
        confidence : array-like of float in [0, 1], shape (n,)
        n_bins : int, default 15
        """
        truth, sure = as_truth(right), np.asarray(confidence, np.float64)
        if truth.shape != sure.shape or truth.ndim != 1:
            raise ParameterError(f"{truth.shape} answers need as many confidences, got {sure.shape}")
        if n_bins < 1 or not (np.all(sure >= 0) and np.all(sure <= 1)):
            raise ParameterError("confidences must lie between 0 and 1, and there must be at least one bin")
        bins = np.clip(np.ceil(sure * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
        counts = np.bincount(bins, minlength=n_bins)
        filled = np.where(counts, counts, 1)
        means = np.bincount(bins, sure, n_bins) / filled
        shares = np.bincount(bins, truth, n_bins) / filled
        return cls(np.where(counts, means, np.nan), np.where(counts, shares, np.nan), counts)

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap between confidence and accuracy, by counts; 0 if empty.

        M. P. Naeini, G. F. Cooper and M. Hauskrecht, Obtaining well calibrated probabilities using Bayesian
        binning, AAAI 2015.
        """
        total = self.counts.sum()
        gaps = np.nan_to_num(np.abs(self.confidence - self.accuracy))
        return float((gaps * self.counts).sum() / total) if total else 0.0


def expected_calibration_error(probabilities: ArrayLike, codes: ArrayLike, *, n_bins: int = 15) -> float:
    """Expected calibration error of the likeliest class.

    Parameters
    ----------
    probabilities : array-like of shape (n, n_classes)
    codes : array-like of int, shape (n,)
        The true classes, columns of `probabilities`.
    n_bins : int, default 15
        Bins of equal width.

    Returns
    -------
    float in [0, 1]

    Examples
    --------
    >>> expected_calibration_error([[0.75, 0.25], [0.75, 0.25]], [0, 1])
    0.25
    """
    table = np.asarray(probabilities, np.float64)
    if not len(table):
        return 0.0
    right = table.argmax(axis=1) == as_codes(codes, table.shape[1])
    return Reliability.from_answers(right, np.minimum(table.max(axis=1), 1.0), n_bins=n_bins).error


def calibration_error_interval(
    right: ArrayLike, confidence: ArrayLike, *, n_bins: int = 15, n_draws: int = 200
) -> tuple[float, float]:
    """95% interval of the expected calibration error, by a seeded bootstrap.

    Drawing the images again moves the gap of every bin, and the sum of these moves, without their signs, bounds
    how far the error is from that of all images to come: the sum of the gaps cannot change by more.
    So the interval is what was measured, less and more 95% of such sums; it holds at least that often.

    Parameters
    ----------
    right : array-like of bool, shape (n,)
    confidence : array-like of float in [0, 1], shape (n,)
    n_bins : int, default 15
    n_draws : int, default 200

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> low, high = calibration_error_interval([True] * 90 + [False] * 10, [0.9] * 100)
    >>> low == 0.0, 0 <= high < 0.1
    (True, True)
    """
    truth, sure = as_truth(right), np.asarray(confidence, np.float64)
    measured = Reliability.from_answers(truth, sure, n_bins=n_bins).error
    if not len(truth):
        return 0.0, 0.0
    bins = np.clip(np.ceil(sure * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    rng = np.random.default_rng(0)
    moved = np.empty(n_draws)
    for i in range(n_draws):
        times = np.bincount(rng.integers(0, len(truth), len(truth)), minlength=len(truth))
        moved[i] = np.abs(np.bincount(bins, (times - 1) * (sure - truth), n_bins)).sum() / len(truth)
    most = float(np.quantile(moved, 0.95))
    return max(0.0, measured - most), min(measured + most, 1.0)


def tempered(scores: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities ``softmax(scores / temperature)`` of scores of shape (n, n_classes)."""
    return softmax(np.asarray(scores, np.float64) / temperature, axis=1)


def best_temperature(scores: ArrayLike, codes: ArrayLike) -> float:
    """Give the T for which ``softmax(scores / T)`` is the likeliest to have given the true classes.

    Parameters
    ----------
    scores : array-like of shape (n, n_classes)
    codes : array-like of int, shape (n,)
        The true classes, columns of `scores`.

    Returns
    -------
    float
        Between exp(-7) and exp(7).

    Notes
    -----
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, On calibration of modern neural networks, ICML 2017. The
    log-likelihood is concave in 1 / T, so the one minimum over log T is found. As in Platt's scaling, one more
    image of unknown class is thought of; without it, T would go to 0 where every answer is right.
    """
    table = np.asarray(scores, np.float64)
    truth = as_codes(codes, table.shape[1])
    rows = np.arange(len(table))

    def loss(log_temperature: float) -> float:
        logits = table * np.exp(-log_temperature)
        normalised = logits - logsumexp(logits, axis=1, keepdims=True)
        return -float(normalised[rows, truth].sum() + normalised.mean(axis=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-_WIDEST, _WIDEST), method="bounded").x))
