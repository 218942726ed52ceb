"""Is one model really better? Paired tests of models that answered the same samples."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import binom, norm, rankdata

from misread.errors import ParameterError
from misread.evaluation.scores import as_truth

__all__ = ["AreaComparison", "PairedTest", "compare_areas", "mcnemar", "paired"]


@dataclass(frozen=True)
class PairedTest:
    """Two models on the same samples: who is right where the other is not.

    Attributes
    ----------
    n : int
        Samples that both answered.
    only_first, only_second : int
        Samples that only the one model reads right.
    p_value : float
        Exact two-sided McNemar p: the chance of a split at least this uneven if both were equally good.
    difference, low, high : float
        Accuracy of the first minus that of the second, and its interval.
    confidence : float
        Of the interval.
    """

    n: int
    only_first: int
    only_second: int
    p_value: float
    difference: float
    low: float
    high: float
    confidence: float = 0.95


def mcnemar(first_right: ArrayLike, second_right: ArrayLike, *, confidence: float = 0.95) -> PairedTest:
    """Compare two models by the samples on which exactly one of them is right.

    Parameters
    ----------
    first_right, second_right : array-like of bool, shape (n,)
        Whether each model answered each sample right.
    confidence : float in (0, 1), default 0.95
        Of the interval of the difference.

    Returns
    -------
    PairedTest

    Raises
    ------
    ParameterError
        If the shapes differ or there is no sample.

    Notes
    -----
    Q. McNemar, Psychometrika 12 (1947), in its exact binomial form. The interval is the adjusted Wald interval of
    D. G. Bonett and R. M. Price, Journal of Educational and Behavioral Statistics 37 (2012).

    Examples
    --------
    >>> mcnemar([True] * 9 + [False], [False] * 8 + [True] * 2).p_value
    0.0390625
    """
    first, second = as_truth(first_right), as_truth(second_right)
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise ParameterError(
            f"expected right or wrong for the same samples, got shapes {first.shape} and {second.shape}; "
            "pass two one-dimensional arrays of the same length"
        )
    n = first.size
    return paired(int(np.count_nonzero(first & ~second)), int(np.count_nonzero(second & ~first)), n, confidence)


def paired(only_first: int, only_second: int, n: int, confidence: float = 0.95) -> PairedTest:
    """The same from counts: how often only the one, and only the other, is right, of n samples."""
    split = only_first + only_second
    p_value = min(1.0, 2 * float(binom.cdf(min(only_first, only_second), split, 0.5)))
    share_first, share_second = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    centre = share_first - share_second
    spread = norm.ppf((1 + confidence) / 2) * np.sqrt((share_first + share_second - centre**2) / (n + 2))
    return PairedTest(
        n,
        only_first,
        only_second,
        p_value,
        (only_first - only_second) / n,
        max(-1.0, float(centre - spread)),
        min(1.0, float(centre + spread)),
        confidence,
    )


@dataclass(frozen=True, eq=False)
class AreaComparison:
    """Areas under the ROC curves of several models on the same samples, and how far they may be off.

    Attributes
    ----------
    areas : ndarray of shape (n_models,)
    covariance : ndarray of shape (n_models, n_models)
    """

    areas: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def interval(self, model: int, *, confidence: float = 0.95) -> tuple[float, float]:
        """Interval of one area, on the logit scale so that it stays within [0, 1]."""
        area = float(self.areas[model])
        error = float(np.sqrt(self.covariance[model, model]))
        if not 0 < area < 1:
            return area, area
        half = norm.ppf((1 + confidence) / 2) * error / (area * (1 - area))
        return float(expit(logit(area) - half)), float(expit(logit(area) + half))

    def p_value(self, first: int, second: int) -> float:
        """Two-sided p of the difference of two areas; 1 when neither can vary."""
        contrast = np.zeros(len(self.areas))
        contrast[first] += 1
        contrast[second] -= 1
        variance = float(contrast @ self.covariance @ contrast)
        difference = float(contrast @ self.areas)
        if variance <= 0:
            return 1.0 if difference == 0 else 0.0
        return float(2 * norm.sf(abs(difference) / np.sqrt(variance)))


def compare_areas(y: ArrayLike, scores: ArrayLike) -> AreaComparison:
    """ROC areas of several models with the covariance of DeLong.

    Parameters
    ----------
    y : array-like of bool, shape (n,)
    scores : array-like of shape (n_models, n)

    Returns
    -------
    AreaComparison

    Raises
    ------
    ParameterError
        If there are fewer than two samples of a kind.

    Notes
    -----
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988), by ranks as in X. Sun and W. Xu,
    IEEE Signal Processing Letters 21 (2014).
    """
    truth, table = as_truth(y), np.atleast_2d(np.asarray(scores, np.float64))
    m, n = int(np.count_nonzero(truth)), int(np.count_nonzero(~truth))
    if min(m, n) < 2 or table.shape[1] != truth.size:
        raise ParameterError(
            f"ROC areas need at least two positive and two negative samples and a score for each, got "
            f"{m} positive, {n} negative and scores of shape {table.shape}"
        )
    positive, negative = table[:, truth], table[:, ~truth]
    ranks = rankdata(np.hstack([positive, negative]), axis=1)
    beaten_by_positive = (ranks[:, :m] - rankdata(positive, axis=1)) / n
    beating_negative = 1 - (ranks[:, m:] - rankdata(negative, axis=1)) / m
    areas = beaten_by_positive.mean(axis=1)
    covariance = np.cov(beaten_by_positive) / m + np.cov(beating_negative) / n
    return AreaComparison(areas, np.atleast_2d(covariance))
