"""Intervals for shares: how far a measured precision, recall or accuracy may be from the true one."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

__all__ = ["clopper_pearson", "f1_interval"]


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
