"""Sections about the detector: every threshold, confirmation on the test set, and the models side by side."""

from itertools import combinations
from typing import Any

import numpy as np

from misread.analysis.words import p_text
from misread.errors import ParameterError
from misread.evaluation.comparison import AreaComparison, PairedTest, compare_areas, mcnemar
from misread.evaluation.intervals import f1_interval
from misread.evaluation.thresholds import OperatingPoint
from misread.report.encode import packed_curve
from misread.report.evidence import Absent, Detector, Evidence, interval

__all__ = ["compare", "detector_tests", "explorer", "quality"]


def explorer(evidence: Evidence) -> dict[str, Any]:
    """All scores of every detector, out of fold and on the test set, for the page to count."""
    if not evidence.detectors:
        raise Absent(evidence.absent_explorer())
    return {
        "positive": evidence.positive,
        "wanted": evidence.wanted_precision,
        "own_first": evidence.kind == "evaluation",
        "models": [
            {
                "key": detector.key,
                "title": detector.title,
                "default": detector.default,
                "curve": packed_curve(detector.curve),
                "test": packed_curve(detector.test_curve) if detector.test_curve else None,
                "opened": _opened(evidence, detector),
            }
            for detector in evidence.detectors
        ],
    }


def _opened(evidence: Evidence, detector: Detector) -> dict[str, Any]:
    """The threshold that the page opens at and how good it is there, for who reads it without a script."""
    wanted = None if evidence.kind == "evaluation" else detector.curve.for_precision(evidence.wanted_precision)
    threshold = wanted.threshold if wanted else detector.default
    test = quality(detector.test_curve.at(threshold)) if detector.test_curve else None
    return {"threshold": threshold, "here": quality(detector.curve.at(threshold)), "test": test}


def compare(evidence: Evidence) -> dict[str, Any]:
    """Quality of each detector with intervals, and paired tests of every two."""
    detectors = evidence.detectors
    if len(detectors) < 2:
        raise Absent("there is only one detector to look at")
    areas = _areas(detectors, evidence)
    rows = []
    for place, detector in enumerate(detectors):
        low, high = areas.interval(place) if areas else (0.0, 1.0)
        rows.append(
            {
                "key": detector.key,
                "title": detector.title,
                "threshold": detector.default,
                **quality(detector.curve.at(detector.default)),
                "average_precision": detector.curve.average_precision,
                "roc_auc": {"value": float(areas.areas[place]), "low": low, "high": high} if areas else None,
            }
        )
    pairs = [_pair(first, second, test, areas, detectors) for first, second, test in detector_tests(evidence)]
    return {"rows": rows, "pairs": pairs}


def detector_tests(evidence: Evidence) -> list[tuple[Detector, Detector, PairedTest]]:
    """McNemar's test of every two detectors at their default thresholds, out of fold."""
    truth = evidence.labels == evidence.names.index(evidence.positive)
    return [
        (first, second, mcnemar(_right(first, truth), _right(second, truth)))
        for first, second in combinations(evidence.detectors, 2)
    ]


def quality(point: OperatingPoint) -> dict[str, Any]:
    """Accuracy, precision, recall and F1 of one operating point with their exact intervals."""
    (tn, fp), (fn, tp) = point.confusion
    low, high = f1_interval(tp, fp, fn)
    return {
        "accuracy": interval(tp + tn, tp + tn + fp + fn),
        "precision": interval(tp, tp + fp),
        "recall": interval(tp, tp + fn),
        "f1": {"value": point.f1, "low": float(low), "high": float(high)},
    }


def _pair(
    first: Detector, second: Detector, test: PairedTest, areas: AreaComparison | None, detectors: list[Detector]
) -> dict[str, Any]:
    """One paired test, told from the side of the model that is ahead."""
    ahead = test.difference >= 0
    winner, loser = (first, second) if ahead else (second, first)
    area_p = areas.p_value(detectors.index(first), detectors.index(second)) if areas else None
    return {
        "winner": winner.title,
        "loser": loser.title,
        "n": test.n,
        "only_winner": max(test.only_first, test.only_second),
        "only_loser": min(test.only_first, test.only_second),
        "difference": abs(test.difference),
        "low": test.low if ahead else -test.high,
        "high": test.high if ahead else -test.low,
        "p_value": test.p_value,
        "p": p_text(test.p_value),
        "area_p": None if area_p is None else p_text(area_p),
    }


def _right(detector: Detector, truth: np.ndarray) -> np.ndarray:
    return (detector.scores >= detector.default) == truth


def _areas(detectors: list[Detector], evidence: Evidence) -> AreaComparison | None:
    truth = evidence.labels == evidence.names.index(evidence.positive)
    try:
        return compare_areas(truth, np.stack([detector.scores for detector in detectors]))
    except ParameterError:
        return None
