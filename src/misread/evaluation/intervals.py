"""Intervals for shares: how far a measured precision, recall or accuracy may be from the true one."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

__all__ = ["clopper_pearson", "difference_interval", "f1_interval"]


def clopper_pearson(
    successes: ArrayLike, trials: ArrayLike, *, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact two-sided binomial interval of a share; it covers the true share at least `confidence` of the time.

    Parameters
    ----------
    successes, trials : int or array-like of int, broadcast together
    confidence : float in [0, 1), default 0.95

    Returns
    -------
    low, high : ndarray of float64 in [0, 1]
        [0, 1] where there were no trials.

    Notes
    -----
    C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the
    binomial, Biometrika 26 (1934). The ends are quantiles of beta distributions.

    Examples
    --------
    >>> low, high = clopper_pearson(8, 10)
    >>> round(float(low), 4), round(float(high), 4)
    (0.4439, 0.9748)
    """
    k, n = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(trials, np.float64))
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(k > 0, beta.ppf(tail, k, n - k + 1), 0.0)
        high = np.where(k < n, beta.ppf(1 - tail, k + 1, n - k), 1.0)
    return low, high


def difference_interval(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], *, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interval of the difference of two shares that were counted on different samples.

    Parameters
    ----------
    first, second : (successes, trials), ints or arrays of int, broadcast together
    confidence : float in [0, 1), default 0.95

    Returns
    -------
    low, high : ndarray of float64 in [-1, 1]
        Of the first share minus the second; [-1, 1] where either had no trials.

    Notes
    -----
    R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine
    17 (1998), method 10, with the ends of Clopper-Pearson in place of Wilson's: rather too wide than too narrow.

    Examples
    --------
    >>> low, high = difference_interval((80, 100), (60, 100))
    >>> round(float(low), 3), round(float(high), 3)
    (0.067, 0.326)
    """
    (a, n), (b, m) = ([np.asarray(part, np.float64) for part in pair] for pair in (first, second))
    (low_a, high_a), (low_b, high_b) = (clopper_pearson(*pair, confidence=confidence) for pair in ((a, n), (b, m)))
    with np.errstate(invalid="ignore", divide="ignore"):
        share_a, share_b = a / n, b / m
        low = share_a - share_b - np.hypot(share_a - low_a, high_b - share_b)
        high = share_a - share_b + np.hypot(high_a - share_a, share_b - low_b)
    known = np.isfinite(share_a) & np.isfinite(share_b)
    return np.where(known, np.maximum(low, -1.0), -1.0), np.where(known, np.minimum(high, 1.0), 1.0)


def f1_interval(
    true_positives: ArrayLike, false_positives: ArrayLike, false_negatives: ArrayLike, *, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact two-sided interval of F1.

    Among the samples that are positive or answered positive, TP / (TP + FP + FN) is a plain binomial share J, and
    F1 = 2 J / (1 + J) grows with it; so the ends of J's Clopper-Pearson interval are carried over.

    Parameters
    ----------
    true_positives, false_positives, false_negatives : int or array-like of int, broadcast together
    confidence : float in [0, 1), default 0.95

    Returns
    -------
    low, high : ndarray of float64 in [0, 1]

    Examples
    --------
    >>> low, high = f1_interval(3530, 687, 1891)
    >>> round(float(low), 4), round(float(high), 4)
    (0.7224, 0.7424)
    """
    k, fp, fn = (np.asarray(count, np.float64) for count in (true_positives, false_positives, false_negatives))
    low, high = clopper_pearson(k, k + fp + fn, confidence=confidence)
    return 2 * low / (1 + low), 2 * high / (1 + high)
