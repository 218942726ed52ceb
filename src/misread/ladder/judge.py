"""Judging one rung: the only place of the ladder that reads test images, and it reads them once."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from misread.data import Split
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.rejection import RejectionCurve, margins
from misread.evaluation.reliability import expected_calibration_error, tempered
from misread.ladder.climb import Climb, scores_of

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True)
class Verdict:
    """What a trained rung is worth on images that nothing was chosen by.

    Attributes
    ----------
    errors, n : int
        Mistakes, and how many images there were.
    error_low, error_high : float
        The exact (Clopper-Pearson) 95% interval of the error rate.
    microseconds : float
        Per image.
    calibration_error, calibration_error_before : float
        Expected calibration error with the temperature fitted on held-out training images, and without.
    coverage, answered_accuracy : float or None
        Share of the images that are answered at the threshold chosen on held-out training images, and the share
        of right answers among these; None where no threshold would do.
    """

    errors: int
    n: int
    error_low: float
    error_high: float
    microseconds: float
    calibration_error: float
    calibration_error_before: float
    coverage: float | None
    answered_accuracy: float | None

    @property
    def error(self) -> float:
        """Share of the images that are misread."""
        return self.errors / self.n


def judge(climbed: Climb, test: Split) -> Verdict:
    """Ask a trained rung about every test image, once, and count.

    Parameters
    ----------
    climbed : Climb
    test : Split
        At least one image.
    """
    start = perf_counter()
    scores = scores_of(climbed.estimator, test.X)
    seconds = perf_counter() - start
    classes = climbed.estimator.classes_
    answers = classes[scores.argmax(axis=1)]
    right = answers == test.labels
    errors, n = int(np.count_nonzero(~right)), len(test)
    low, high = clopper_pearson(errors, n)
    known = np.isin(test.labels, classes)
    codes = np.searchsorted(classes, test.labels[known])
    point = None
    if climbed.threshold is not None:
        point = RejectionCurve.from_margins(right, margins(scores)).at(climbed.threshold)
    return Verdict(
        errors=errors,
        n=n,
        error_low=float(low),
        error_high=float(high),
        microseconds=1e6 * seconds / n,
        calibration_error=expected_calibration_error(tempered(scores[known], climbed.temperature), codes),
        calibration_error_before=expected_calibration_error(tempered(scores[known]), codes),
        coverage=None if point is None else point.coverage,
        answered_accuracy=None if point is None else point.accuracy,
    )
