"""Judging one rung: the only place of the ladder that reads test images, and it reads them once."""

from time import perf_counter

import numpy as np

from misread.data import Split
from misread.evaluation.answers import Answers
from misread.evaluation.reliability import expected_calibration_error, tempered
from misread.evaluation.scores import with_all_classes
from misread.recipes.ladder.climb import Climb, answers_of
from misread.recipes.metrics import metrics_of, share
from misread.results.ladder import Verdict

__all__ = ["judge"]

_NONE = {"coverage": {"value": None}, "precision": {"value": None}}
"""What is answered where there is no threshold."""


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
    classes, n = climbed.estimator.classes_, len(test)
    names = tuple(map(str, range(max(int(classes.max()), int(test.labels.max())) + 1)))
    table = with_all_classes(scores, classes, len(names))
    answers = Answers(names, classes[codes], test.labels, table, "decision_function", threshold=climbed.threshold)
    counted = metrics_of(answers)
    missed = share(n - counted["accuracy"]["count"], n)
    coverage, accuracy = (counted.get("answered", _NONE)[name]["value"] for name in ("coverage", "precision"))
    known = np.isin(test.labels, classes)
    truth = np.searchsorted(classes, test.labels[known])
    return Verdict(
        errors=missed["count"],
        n=n,
        error_low=missed["low"],
        error_high=missed["high"],
        microseconds=1e6 * seconds / n,
        calibration_error=expected_calibration_error(tempered(scores[known], climbed.temperature), truth),
        calibration_error_before=expected_calibration_error(tempered(scores[known]), truth),
        coverage=coverage,
        answered_accuracy=1.0 if coverage == 0 else accuracy,
    )
