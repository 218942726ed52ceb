"""Judging one rung: the only place of the ladder that reads test images, and it reads them once."""

from time import perf_counter

import numpy as np

from misread.data import Split
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.rejection import RejectionCurve
from misread.evaluation.reliability import expected_calibration_error, tempered
from misread.evaluation.scores import leads
from misread.recipes.ladder.climb import Climb, answers_of
from misread.results.ladder import Verdict

__all__ = ["judge"]


def judge(climbed: Climb, test: Split) -> Verdict:
    """Ask a trained rung about every test image, once, and count.

    Parameters
    ----------
    climbed : Climb
    test : Split
        At least one image.
    """
    start = perf_counter()
    scores, codes = answers_of(climbed.estimator, test.X)
    seconds = perf_counter() - start
    classes = climbed.estimator.classes_
    right = classes[codes] == test.labels
    errors, n = int(np.count_nonzero(~right)), len(test)
    low, high = clopper_pearson(errors, n)
    known = np.isin(test.labels, classes)
    truth = np.searchsorted(classes, test.labels[known])
    point = None
    if climbed.threshold is not None:
        point = RejectionCurve.from_margins(right, leads(scores, codes)).at(climbed.threshold)
    return Verdict(
        errors=errors,
        n=n,
        error_low=float(low),
        error_high=float(high),
        microseconds=1e6 * seconds / n,
        calibration_error=expected_calibration_error(tempered(scores[known], climbed.temperature), truth),
        calibration_error_before=expected_calibration_error(tempered(scores[known]), truth),
        coverage=None if point is None else point.coverage,
        answered_accuracy=None if point is None else point.accuracy,
    )
