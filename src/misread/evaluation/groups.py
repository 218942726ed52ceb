"""How good answers are from one group of images to the next: writers, devices, places."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import hypergeom
from scipy.stats import t as student

from misread.errors import ParameterError
from misread.evaluation.comparison import mcnemar
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.scores import as_truth

__all__ = ["GroupSpread", "difference_between_splits"]

_DRAWS = 999
_FEWEST_DRAWS = 99
_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class GroupSpread:
    """Right answers by group.

    Attributes
    ----------
    names : ndarray of str, shape (n_groups,)
    right, counts : ndarray of int64, shape (n_groups,)
        Right answers, and all.

    Examples
    --------
    >>> spread = GroupSpread.from_answers([True] * 90 + [False] * 10, ["ann"] * 50 + ["bob"] * 50)
    >>> spread.names.tolist(), spread.shares.tolist()
    (['ann', 'bob'], [1.0, 0.8])
    """

    names: NDArray[np.str_]
    right: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def from_answers(cls, right: ArrayLike, groups: ArrayLike) -> "GroupSpread":
        """Count.

        Parameters
        ----------
        right : array-like of bool, shape (n,)
        groups : array-like of str, shape (n,)

        Raises
        ------
        ParameterError
            If there are not as many of both, or none.
        """
        truth, who = as_truth(right), np.asarray(groups)
        if truth.shape != who.shape or truth.ndim != 1 or not len(who):
            raise ParameterError(f"{truth.shape} answers need as many groups, one at least, got {who.shape}")
        names, of = np.unique(who, return_inverse=True)
        return cls(names, np.bincount(of, truth).astype(np.int64), np.bincount(of))

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of right answers of each group."""
        return self.right / self.counts

    @property
    def accuracy(self) -> float:
        """Share of right answers of all images."""
        return float(self.right.sum() / self.counts.sum())

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Interval of the accuracy on images of other groups like these.

        Images of one group are more alike than chance, so that they count for less than so many. Wider than
        Clopper and Pearson's, or equal to it.

        Notes
        -----
        E. L. Korn and B. I. Graubard, Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data, Survey Methodology 24 (1998): Clopper and Pearson's interval with as
        many images as would be as uncertain by themselves.
        """
        n, n_groups, share = int(self.counts.sum()), len(self.names), self.accuracy
        effective = float(n)
        off = self.right - share * self.counts
        variance = float((off**2).sum()) / n**2 * n_groups / max(n_groups - 1, 1)
        if variance > 0 and n_groups > 1:
            tail = (1 + confidence) / 2
            wider = float(student.ppf(tail, n_groups - 1) / student.ppf(tail, max(n - 1, 1)))
            effective = min(float(n), share * (1 - share) / variance / wider**2)
        low, high = clopper_pearson(share * effective, effective, confidence=confidence)
        return float(low), float(high)

    @property
    def between(self) -> float:
        """Standard deviation of the groups' true accuracies: what differs more than chance explains.

        By moments, after D. A. Williams, Extra-binomial variation in logistic linear models, Applied Statistics 31
        (1982).
        """
        share, n = self.accuracy, int(self.counts.sum())
        free = float(((self.counts - 1) * (1 - self.counts / n)).sum())
        if not 0 < share < 1 or free <= 0:
            return 0.0
        excess = self._statistic(self.right) - (len(self.names) - 1)
        return float(np.sqrt(max(0.0, excess / free) * share * (1 - share)))

    def _statistic(self, right: NDArray[np.int64]) -> float:
        """Pearson's statistic of right answers by group; of several rows the row-wise one."""
        share = self.accuracy
        return float((((right - share * self.counts) ** 2) / self.counts).sum() / (share * (1 - share)))

    def chance(self) -> float | None:
        """How often groups would differ as much by chance alone: a permutation test, seeded.

        None where nothing can be told: one group, all answers right or wrong, or too many groups to draw.
        """
        n_groups, n_wrong = len(self.names), int((self.counts - self.right).sum())
        draws = min(_DRAWS, _CELLS // n_groups)
        if n_groups < 2 or not 0 < n_wrong < self.counts.sum() or draws < _FEWEST_DRAWS:
            return None
        rng = np.random.default_rng(0)
        drawn = rng.multivariate_hypergeometric(self.counts, n_wrong, size=draws, method="marginals")
        seen = self._statistic(self.right)
        as_much = sum(self._statistic(self.counts - one) >= seen * (1 - 1e-9) for one in drawn)
        return float((as_much + 1) / (draws + 1))

    def worst(self, most: int = 10) -> NDArray[np.intp]:
        """Positions of the groups that are surely worst: by the upper end of their interval."""
        _, high = self.intervals()
        return np.lexsort((self.names, self.shares, high))[:most]

    def intervals(self, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Interval of each group's accuracy, which all hold together at least `confidence` of the time."""
        each = 1 - (1 - confidence) / len(self.names)
        return clopper_pearson(self.right, self.counts, confidence=each)

    @property
    def is_worse(self) -> NDArray[np.bool_]:
        """Which groups are misread more often than the others, by Fisher's exact test, allowing for all groups."""
        n, wrong = int(self.counts.sum()), self.counts - self.right
        chance = hypergeom.sf(wrong - 1, n, int(wrong.sum()), self.counts)
        return np.asarray((chance * len(self.names) <= 0.05) & (len(self.names) > 1))


def difference_between_splits(
    mixed: ArrayLike, apart: ArrayLike, groups: ArrayLike, *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """How much more accurate answers look when groups were mixed than when they were held out whole.

    Parameters
    ----------
    mixed, apart : array-like of bool, shape (n,)
        Whether the same images were answered right in either way.
    groups : array-like of str, shape (n,)
    confidence : float

    Returns
    -------
    difference, low, high : float
        Shares. The interval goes by the sums of whole groups, and is never narrower than that of the images.

    Examples
    --------
    >>> groups = np.repeat([f"writer {k}" for k in range(10)], 10)
    >>> more, low, high = difference_between_splits([True] * 100, np.tile([True] * 9 + [False], 10), groups)
    >>> more, low > 0
    (0.1, True)
    """
    first, second = as_truth(mixed), as_truth(apart)
    names, of = np.unique(np.asarray(groups), return_inverse=True)
    paired = mcnemar(first, second, confidence=confidence)
    gained = np.bincount(of, first.astype(np.int64) - second.astype(np.int64))
    n, n_groups = len(of), len(names)
    difference = float(gained.sum() / n)
    low, high = float(paired.low), float(paired.high)
    if n_groups > 1:
        off = gained - difference * np.bincount(of)
        spread = np.sqrt((off**2).sum() * n_groups / (n_groups - 1)) / n
        wide = float(student.ppf((1 + confidence) / 2, n_groups - 1) * spread)
        low, high = min(low, difference - wide), max(high, difference + wide)
    return difference, low, high
