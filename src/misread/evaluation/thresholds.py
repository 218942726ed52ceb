"""Every threshold of a detector at once: counts, precision, recall, and the operating points people ask for.

A score counts as positive when `score >= threshold`. All functions here, the report's slider included, keep to
that one convention.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.errors import ParameterError
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.scores import as_truth

__all__ = ["OperatingPoint", "ThresholdCurve", "check_targets"]


@dataclass(frozen=True)
class OperatingPoint:
    """The four counts of a detector at one threshold, and what follows from them."""

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @classmethod
    def from_scores(cls, y: ArrayLike, scores: ArrayLike, threshold: float) -> "OperatingPoint":
        """Count the answers of `scores >= threshold` against the truth `y` (yes or no, shape (n,))."""
        truth = as_truth(y)
        positive = np.asarray(scores) >= threshold
        tp = int(np.count_nonzero(positive & truth))
        fp = int(np.count_nonzero(positive)) - tp
        fn = int(np.count_nonzero(truth)) - tp
        return cls(float(threshold), tp, fp, fn, truth.size - tp - fp - fn)

    @property
    def confusion(self) -> list[list[int]]:
        """[[true negatives, false positives], [false negatives, true positives]], as scikit-learn orders it."""
        return [
            [self.true_negatives, self.false_positives],
            [self.false_negatives, self.true_positives],
        ]

    @property
    def precision(self) -> float:
        """Share of the positive answers that are right; 1 when there is no positive answer."""
        answered = self.true_positives + self.false_positives
        return self.true_positives / answered if answered else 1.0

    @property
    def recall(self) -> float:
        """Share of the positives that are found; 0 when there are none."""
        positives = self.true_positives + self.false_negatives
        return self.true_positives / positives if positives else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
        weight = 2 * self.true_positives + self.false_positives + self.false_negatives
        return 2 * self.true_positives / weight if weight else 0.0

    @property
    def false_positive_rate(self) -> float:
        """Share of the negatives that are answered positive; 0 when there are none."""
        negatives = self.false_positives + self.true_negatives
        return self.false_positives / negatives if negatives else 0.0


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """Counts at every distinct score of a detector, from one sort.

    Attributes
    ----------
    thresholds : ndarray of shape (m,), float64
        The distinct scores, ascending. At `thresholds[i]` every score from there on up counts as positive.
    true_positives, false_positives : ndarray of shape (m,), int64
    n_positives, n_negatives : int
    """

    thresholds: NDArray[np.float64]
    true_positives: NDArray[np.int64]
    false_positives: NDArray[np.int64]
    n_positives: int
    n_negatives: int

    @classmethod
    def from_scores(cls, y: ArrayLike, scores: ArrayLike) -> "ThresholdCurve":
        """Build the curve from the truth and the scores.

        Parameters
        ----------
        y : array-like of shape (n,)
            The truth as True and False, 1 and 0, or 1 and -1.
        scores : array-like of float, shape (n,)
            Finite.

        Raises
        ------
        ParameterError
            If shapes differ, a score is not finite, there is no sample, or the truth is no such.
        """
        truth, scores = as_truth(y), np.asarray(scores, np.float64)
        if truth.shape != scores.shape or truth.ndim != 1:
            raise ParameterError(
                f"expected one score per sample, got {scores.shape} scores for {truth.shape} labels; "
                "pass two one-dimensional arrays of the same length"
            )
        if not truth.size or not np.isfinite(scores).all():
            raise ParameterError(
                "expected at least one sample and finite scores; drop NaN and infinite scores first"
            )
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order]
        last_of_ties = np.append(np.flatnonzero(np.diff(ordered)), ordered.size - 1)
        true_positives = np.cumsum(truth[order], dtype=np.int64)[last_of_ties]
        false_positives = last_of_ties + 1 - true_positives
        n_positives = int(np.count_nonzero(truth))
        return cls(
            ordered[last_of_ties][::-1],
            true_positives[::-1],
            false_positives[::-1],
            n_positives,
            truth.size - n_positives,
        )

    @cached_property
    def precision(self) -> NDArray[np.float64]:
        """Precision at each threshold, shape (m,)."""
        return self.true_positives / (self.true_positives + self.false_positives)

    @cached_property
    def recall(self) -> NDArray[np.float64]:
        """Recall at each threshold, shape (m,); 0 when there is no positive sample."""
        return self.true_positives / max(self.n_positives, 1)

    @cached_property
    def false_positive_rate(self) -> NDArray[np.float64]:
        """False positive rate at each threshold, shape (m,); 0 when there is no negative sample."""
        return self.false_positives / max(self.n_negatives, 1)

    @property
    def roc_auc(self) -> float:
        """Area under the ROC curve: the chance that a positive outscores a negative, ties counting half.

        Raises
        ------
        ParameterError
            If only one class is present.
        """
        if not (self.n_positives and self.n_negatives):
            raise ParameterError("ROC AUC needs positive and negative samples; got only one of the two")
        found = -np.diff(self.true_positives, append=0)
        alarms = -np.diff(self.false_positives, append=0)
        # Twice the pairs in order, ties counted once: whole numbers, so the one division is the only rounding.
        twice = int(np.sum(found * (2 * (self.n_negatives - self.false_positives) + alarms)))
        return twice / (2 * self.n_positives * self.n_negatives)

    @property
    def average_precision(self) -> float:
        """Sum of precision over the steps of recall (no interpolation), as scikit-learn defines it."""
        return float(np.sum(self.precision * -np.diff(self.recall, append=0.0)))

    def at(self, threshold: float) -> OperatingPoint:
        """Counts when every score >= `threshold` is positive; any float, not only a score."""
        i = int(np.searchsorted(self.thresholds, threshold, side="left"))
        tp = int(self.true_positives[i]) if i < self.thresholds.size else 0
        fp = int(self.false_positives[i]) if i < self.thresholds.size else 0
        return OperatingPoint(float(threshold), tp, fp, self.n_positives - tp, self.n_negatives - fp)

    def for_precision(self, precision: float, *, confidence: float | None = None) -> OperatingPoint | None:
        """Lowest threshold whose precision is at least `precision`, or None when no threshold gets there.

        Parameters
        ----------
        precision : float in (0, 1]
        confidence : float in [0.5, 1), optional
            Ask for more: the one-sided Clopper-Pearson lower bound of the precision, at this confidence, must
            reach the target. The bound is for one threshold looked at alone.
        """
        check_targets(precision=precision, confidence=confidence)
        reached = self.precision
        if confidence is not None:
            answered = self.true_positives + self.false_positives
            reached = clopper_pearson(self.true_positives, answered, confidence=2 * confidence - 1)[0]
        return self._first(np.flatnonzero(reached >= precision))

    def for_recall(self, recall: float) -> OperatingPoint | None:
        """Highest threshold whose recall is at least `recall`, or None when there are no positives."""
        check_targets(recall=recall)
        return self._first(np.flatnonzero(self.recall >= recall)[::-1])

    def _first(self, indices: NDArray[np.intp]) -> OperatingPoint | None:
        return self.at(float(self.thresholds[indices[0]])) if indices.size else None


def check_targets(
    *, precision: float | None = None, recall: float | None = None, confidence: float | None = None
) -> None:
    """Refuse what no threshold could be asked for, before anything long begins.

    Raises
    ------
    ParameterError
        If a value is out of its range.
    """
    for name, value in (("precision", precision), ("recall", recall)):
        if value is not None and not 0 < value <= 1:
            raise ParameterError(f"{name} must be above 0 and at most 1, got {value:g}; {_as_share(value, 90)}")
    if confidence is not None and not 0.5 <= confidence < 1:
        raise ParameterError(
            f"confidence must be from 0.5 to below 1, got {confidence:g}; {_as_share(confidence, 95)}"
        )


def _as_share(value: float, example: int) -> str:
    """How to write a percentage: the one that was given, if it is one."""
    percent = value if 1 < value < 100 else example
    return f"for {percent:g}% write {percent / 100:g}"
