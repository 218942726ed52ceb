"""How good a model's answers are, as plain values; every share with its exact 95% interval."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.confusion import confusion_counts
from misread.bundle import Evidence, OperatingPointRecord
from misread.bundle.answers import evidence_of
from misread.evaluation.answers import Answers
from misread.evaluation.chances import uncalibrated
from misread.evaluation.comparison import compare_areas
from misread.evaluation.groups import GroupSpread
from misread.evaluation.intervals import clopper_pearson, f1_interval
from misread.evaluation.reliability import Reliability, calibration_error_interval
from misread.evaluation.thresholds import OperatingPoint

__all__ = [
    "chance_metrics",
    "detector_metrics",
    "metrics_of",
    "multilabel_metrics",
    "point_metrics",
    "promise_kept",
    "share",
    "spread_metrics",
    "verdict",
]

MOST_WORST = 10
"""Groups that are named."""


def share(count: int, of: int) -> dict[str, Any]:
    """A share with its exact 95% interval; None where there was nothing to count."""
    low, high = clopper_pearson(count, of)
    return {
        "value": count / of if of else None,
        "low": float(low),
        "high": float(high),
        "count": int(count),
        "of": int(of),
    }


def metrics_of(
    answers: Answers, chances: NDArray[np.float64] | None = None, *, with_chances: bool = False
) -> dict[str, Any]:
    """All that is counted of a table of answers with labels, whoever made it, with intervals.

    Parameters
    ----------
    answers : Answers
        All labelled.
    chances : ndarray of shape (n, n_classes), optional
        Calibrated, of a classifier.
    with_chances : bool
        Whether to say how true the scores, and these, are as chances.
    """
    metrics = {} if answers.groups is None else {"groups": spread_metrics(answers.right, answers.groups)}
    if answers.positive is not None:
        return {**detector_metrics(evidence_of(answers), answers.predictions == 1), **metrics}
    metrics |= _classifier_metrics(answers)
    if with_chances:
        metrics["chances"] = chance_metrics(answers, chances)
    return metrics


def promise_kept(answers: Answers, point: OperatingPointRecord) -> dict[str, Any]:
    """Whether what was promised on held-out scores came true on these answers."""
    task = "classification" if answers.positive is None else "detector"
    return verdict(point_metrics(evidence_of(answers), point, task), point)


def verdict(reached: dict[str, Any], point: OperatingPointRecord) -> dict[str, Any]:
    """Whether what was promised on held-out scores came true on other images."""
    got = reached[point.aim]
    if got["value"] is None:
        words = "untested: no positive answer"
    elif got["value"] >= point.target:
        words = "held"
    elif got["high"] >= point.target:
        words = "held within sampling error"
    else:
        words = "missed"
    return {"aim": point.aim, "target": point.target, **got, "verdict": words}


def detector_metrics(evidence: Evidence, positive: NDArray[np.bool_]) -> dict[str, Any]:
    """Quality of a detector that says yes where `positive`."""
    counts = OperatingPoint.from_scores(evidence.truth, positive, 1)
    return {
        "n": int(evidence.truth.size),
        "confusion": counts.confusion,
        **_counted(counts),
        "accuracy": share(counts.true_positives + counts.true_negatives, evidence.truth.size),
        "roc_auc": _area(evidence),
    }


def _classifier_metrics(answers: Answers) -> dict[str, Any]:
    """Quality of a classifier: as a whole, class by class, and of what it is sure of."""
    counts = confusion_counts(answers.labels, answers.predictions, len(answers.class_names))
    threshold = None if answers.scores is None else answers.threshold
    return {
        "n": len(answers),
        "accuracy": share(int(np.trace(counts)), len(answers)),
        "confusion": counts.tolist(),
        "classes": {
            name: {
                "precision": share(int(counts[code, code]), int(counts[:, code].sum())),
                "recall": share(int(counts[code, code]), int(counts[code].sum())),
            }
            for code, name in enumerate(answers.class_names)
        },
        **({} if threshold is None else {"answered": _answered(evidence_of(answers), threshold)}),
    }


def chance_metrics(answers: Answers, chances: NDArray[np.float64] | None) -> dict[str, Any]:
    """Whether chances are true: log loss, calibration error and reliability, before and after calibration.

    Parameters
    ----------
    answers : Answers
        Of a classifier, whose scores are taken for chances before: probabilities as they are.
    chances : ndarray of shape (n, n_classes), or None
        The calibrated ones.
    """
    before = answers.needed_scores
    if answers.scale != "probabilities":
        before = uncalibrated(before, answers.scale == "votes")
    tables = {"before": before, **({} if chances is None else {"after": chances})}
    return {name: _of_chances(table, answers.labels, answers.predictions) for name, table in tables.items()}


_EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)


def _of_chances(
    table: NDArray[np.float64], truth: NDArray[np.int64], answered: NDArray[np.int64]
) -> dict[str, Any]:
    rows = np.arange(len(table))
    right, chance = truth == answered, np.minimum(table[rows, answered], 1.0)
    lost = -np.log(np.maximum(table[rows, truth], 1e-15))
    wide = 1.96 * float(lost.std()) / max(len(lost), 1) ** 0.5
    mean = float(lost.mean()) if len(lost) else 0.0
    low, high = calibration_error_interval(right, chance)
    bins = np.clip(np.searchsorted(_EDGES, chance, side="right") - 1, 0, len(_EDGES) - 2)
    return {
        "log_loss": {"value": mean, "low": max(0.0, mean - wide), "high": mean + wide},
        "calibration_error": {"value": Reliability.from_answers(right, chance).error, "low": low, "high": high},
        "bins": [
            {
                "from": _EDGES[k],
                "to": _EDGES[k + 1],
                "chance": float(chance[bins == k].mean()),
                "right": share(int(right[bins == k].sum()), int((bins == k).sum())),
            }
            for k in range(len(_EDGES) - 1)
            if (bins == k).any()
        ],
    }


def spread_metrics(right: NDArray[np.bool_], groups: NDArray[np.str_]) -> dict[str, Any]:
    """The spread of the share of right answers over groups, and the worst of these, by name."""
    spread = GroupSpread.from_answers(right, groups)
    (low, high), (lows, highs), is_worse = spread.interval(), spread.intervals(), spread.is_worse
    return {
        "n": len(spread.names),
        "accuracy": {"value": spread.accuracy, "low": low, "high": high},
        "quartiles": np.quantile(spread.shares, [0, 0.25, 0.5, 0.75, 1]).tolist(),
        "between": spread.between,
        "chance": spread.chance(),
        "worse": int(np.count_nonzero(is_worse)),
        "worst": [
            {
                "name": str(spread.names[one]),
                "value": float(spread.shares[one]),
                "low": float(lows[one]),
                "high": float(highs[one]),
                "count": int(spread.right[one]),
                "of": int(spread.counts[one]),
                "is_worse": bool(is_worse[one]),
            }
            for one in spread.worst(MOST_WORST)
        ],
    }


def multilabel_metrics(
    y: NDArray[Any],
    predictions: NDArray[Any],
    names: tuple[str, ...],
    groups: NDArray[np.str_] | None = None,
) -> dict[str, Any]:
    """Quality label by label, and how often all labels of an image are right."""
    labels = {
        name: _counted(OperatingPoint.from_scores(y[:, k], predictions[:, k], 1)) for k, name in enumerate(names)
    }
    right = np.asarray((y == predictions).all(axis=1))
    return {
        "n": len(y),
        "all_right": share(int(right.sum()), len(y)),
        **({} if groups is None else {"groups": spread_metrics(right, groups)}),
        "f1_macro": float(np.mean([one["f1"]["value"] for one in labels.values()])),
        "labels": labels,
    }


def point_metrics(evidence: Evidence, point: OperatingPointRecord, task: str) -> dict[str, Any]:
    """What an operating point reaches on some scores."""
    if task == "detector":
        return _counted(OperatingPoint.from_scores(evidence.truth, evidence.scores, point.threshold))
    return _answered(evidence, point.threshold)


def _counted(counts: OperatingPoint) -> dict[str, Any]:
    tp, fp, fn = counts.true_positives, counts.false_positives, counts.false_negatives
    low, high = f1_interval(tp, fp, fn)
    return {
        "precision": share(tp, tp + fp),
        "recall": share(tp, tp + fn),
        "f1": {"value": counts.f1, "low": float(low), "high": float(high)},
    }


def _answered(evidence: Evidence, threshold: float) -> dict[str, Any]:
    sure = evidence.scores >= threshold
    n = int(np.count_nonzero(sure))
    return {"precision": share(int(np.count_nonzero(evidence.truth & sure)), n), "coverage": share(n, len(sure))}


def _area(evidence: Evidence) -> dict[str, Any] | None:
    positives = int(np.count_nonzero(evidence.truth))
    if min(positives, evidence.truth.size - positives) < 2:
        return None
    areas = compare_areas(evidence.truth, evidence.scores)
    low, high = areas.interval(0)
    return {"value": float(areas.areas[0]), "low": low, "high": high}
