"""The reject option: answer only when sure enough, and know what that costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.evaluation.scores import margins
from misread.evaluation.thresholds import OperatingPoint, ThresholdCurve

__all__ = ["RejectionCurve", "RejectionPoint", "margins"]


@dataclass(frozen=True)
class RejectionPoint:
    """What is answered when every margin from `threshold` on counts as sure."""

    threshold: float
    answered: int
    right: int
    n: int

    @property
    def coverage(self) -> float:
        """Share of the samples that get an answer."""
        return self.answered / self.n

    @property
    def accuracy(self) -> float:
        """Share of the answers that are right; 1 when nothing is answered."""
        return self.right / self.answered if self.answered else 1.0


@dataclass(frozen=True, eq=False)
class RejectionCurve:
    """Coverage and accuracy at every distinct margin.

    Attributes
    ----------
    curve : ThresholdCurve
        With 'answered right' as its positives: its precision is the accuracy on what is answered.
    """

    curve: ThresholdCurve

    @classmethod
    def from_margins(cls, right: ArrayLike, margins: ArrayLike) -> "RejectionCurve":
        """Build it from whether each answer is right (bool, shape (n,)) and how sure it is (shape (n,))."""
        return cls(ThresholdCurve.from_scores(right, margins))

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.curve.n_positives + self.curve.n_negatives

    @property
    def coverage(self) -> NDArray[np.float64]:
        """Share answered at each threshold of `curve`, falling from 1."""
        return (self.curve.true_positives + self.curve.false_positives) / self.n

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share right of what is answered, at each threshold of `curve`."""
        return self.curve.precision

    def at(self, threshold: float) -> RejectionPoint:
        """What is answered when margins >= `threshold` are."""
        return self._point(self.curve.at(threshold))

    def for_accuracy(self, accuracy: float, *, confidence: float | None = None) -> RejectionPoint | None:
        """Lowest threshold (largest coverage) whose accuracy on what is answered is at least `accuracy`.

        Parameters
        ----------
        accuracy : float in (0, 1]
        confidence : float in (0, 1), optional
            Ask that the one-sided Clopper-Pearson lower bound reaches it.

        Returns
        -------
        RejectionPoint or None
            None when no threshold gets there.
        """
        point = self.curve.for_precision(accuracy, confidence=confidence)
        return None if point is None else self._point(point)

    @property
    def area(self) -> float:
        """Mean risk over all coverages (AURC): the error rate on the k surest samples, averaged over k.

        Tied margins share the risk of the whole tie. Y. Geifman and R. El-Yaniv, NeurIPS 2017.
        """
        answered = self.curve.true_positives + self.curve.false_positives
        weights = answered - np.append(answered[1:], 0)
        return float(np.sum((1 - self.accuracy) * weights) / self.n)

    def _point(self, point: OperatingPoint) -> RejectionPoint:
        answered = point.true_positives + point.false_positives
        return RejectionPoint(point.threshold, answered, point.true_positives, self.n)
