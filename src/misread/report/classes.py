"""Sections about all classes at once: the matrix and its images, the reject option, doubtful labels."""

from typing import Any

import numpy as np

from misread.analysis.pairs import most_confused
from misread.evaluation.intervals import f1_interval
from misread.evaluation.rejection import RejectionPoint
from misread.report.encode import packed, packed_curve, packed_edges, sprite
from misread.report.evidence import Absent, Evidence, interval

__all__ = ["gallery", "matrix", "rejection", "suspect_rows", "suspects"]

SHOWN_NEIGHBORS = 6
WANTED_ACCURACIES = (0.95, 0.98, 0.99, 0.995, 0.999)
MOST_REFUSED = 0.5
"""The page opens at an accuracy for which no larger share of the images is refused."""


def gallery(evidence: Evidence) -> dict[str, Any]:
    """The stored images on one sheet, and what is known of each."""
    index = evidence.array("gallery.index")
    names = evidence.result.arrays.get("model.names")
    return {
        "names": None if names is None else [str(name) for name in names[index]],
        "sheet": sprite(evidence.array("gallery.images")),
        "index": packed(index),
        "true": packed(evidence.labels[index]),
        **{name: packed(part) for name, part in evidence.gallery_parts(index).items()},
        "ranks": {key: packed(ranks) for key, ranks in evidence.gallery_ranks(index).items()},
    }


def matrix(evidence: Evidence) -> dict[str, Any]:
    """The confusion matrix, its classes one by one, and its most confused pairs."""
    counts = evidence.confusion
    stored = evidence.result.arrays.get("gallery.index")
    rows = []
    for code, name in enumerate(evidence.names):
        tp = int(counts[code, code])
        fn, fp = int(counts[code].sum()) - tp, int(counts[:, code].sum()) - tp
        low, high = f1_interval(tp, fp, fn)
        f1 = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
        rows.append(
            {
                "name": name,
                "images": tp + fn,
                "precision": interval(tp, tp + fp),
                "recall": interval(tp, tp + fn),
                "f1": {"value": f1, "low": float(low), "high": float(high)},
            }
        )
    wrong = evidence.labels != evidence.predictions
    errors = int(np.count_nonzero(wrong))
    shown = errors if stored is None else int(np.count_nonzero(wrong[stored]))
    pairs = most_confused(counts, 12)
    return {
        "model": evidence.title,
        "where": evidence.where,
        "counts": counts.tolist(),
        "classes": rows,
        "n": len(evidence.labels),
        "errors": errors,
        "errors_shown": shown,
        "accuracy": interval(len(evidence.labels) - errors, len(evidence.labels)),
        "pairs": [
            {"true": p.true, "predicted": p.predicted, "count": p.count, "of_class": p.share_of_class}
            for p in pairs
        ],
        "first_pair": sorted((pairs[0].true, pairs[0].predicted)) if pairs else [0, 1],
    }


def rejection(evidence: Evidence) -> dict[str, Any]:
    """Coverage against accuracy on the margin, and what the chosen threshold does on the test set."""
    curve, test = evidence.rejection_curves()
    rows = []
    reached = 0.0
    for wanted in WANTED_ACCURACIES:
        point = curve.for_accuracy(wanted)
        there = test.at(point.threshold) if test and point else None
        rows.append(
            {"wanted": wanted, "point": _point(point), "test": _point(there)},
        )
        if point and point.coverage >= MOST_REFUSED:
            reached = wanted
    asked = curve.for_accuracy(evidence.wanted_accuracy)
    opens = evidence.wanted_accuracy if asked and asked.coverage >= MOST_REFUSED else reached
    return {
        "model": evidence.title,
        "n": curve.n,
        "wanted": opens or WANTED_ACCURACIES[0],
        "area": curve.area,
        "rows": rows,
        "curve": packed_edges(curve.curve),
        "test": packed_curve(test.curve) if test else None,
    }


def suspect_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Every doubtful label, the most suspect first: what suspects.csv holds."""
    chances = evidence.result.arrays.get("suspects.chance")
    index = evidence.array("suspects.index")
    labels, known = evidence.labels, evidence.image_columns
    neighbors = labels[evidence.array("suspects.neighbors")]
    given, suggested = evidence.array("suspects.given"), evidence.array("suspects.suggested")
    return [
        {
            **{name: column[index[row]] for name, column in known.items()},
            "given": evidence.names[given[row]],
            "index": int(index[row]),
            "suggested": evidence.names[suggested[row]],
            **({} if chances is None else {"chance": round(float(chances[row]), 6)}),
            "suspect_score": round(float(evidence.array("suspects.score")[row]), 6),
            "probability_given": round(float(evidence.array("suspects.self_confidence")[row]), 6),
            "probability_suggested": round(float(evidence.array("suspects.suggested_confidence")[row]), 6),
            "neighbors_given": int(np.count_nonzero(neighbors[row] == given[row])),
            "neighbors_suggested": int(np.count_nonzero(neighbors[row] == suggested[row])),
            "neighbors": neighbors.shape[1],
            "verdict": str(evidence.array("suspects.verdict")[row]),
        }
        for row in range(len(index))
    ]


def suspects(evidence: Evidence) -> dict[str, Any]:
    """The most suspect labels with their nearest training images, as far as their images are stored."""
    rows = suspect_rows(evidence)
    if not rows:
        raise Absent("the model contradicts no label confidently")
    stored = evidence.array("gallery.index")
    neighbors = evidence.array("suspects.neighbors")
    labels = evidence.labels
    shown = []
    for row, neighbor_row in zip(rows, neighbors, strict=True):
        chosen = [int(i) for i in neighbor_row[:SHOWN_NEIGHBORS] if _place(stored, int(i)) is not None]
        shown.append(
            {
                **row,
                "image": _place(stored, row["index"]),
                "nearest": [
                    {"image": _place(stored, i), "label": evidence.names[labels[i]], "index": i} for i in chosen
                ],
            }
        )
    verdicts = evidence.value("suspects.verdicts")
    return {
        "shown": shown,
        "total": len(rows),
        "verdicts": verdicts,
        "model": evidence.doubter,
        "expected": evidence.result.values.get("suspects.expected"),
        "n": len(labels),
    }


def _point(point: RejectionPoint | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {
        "threshold": point.threshold,
        "coverage": point.coverage,
        **interval(point.right, point.answered),
    }


def _place(stored: np.ndarray, index: int) -> int | None:
    """Where the image of sample `index` stands on the sheet, or None when it is not stored."""
    place = int(np.searchsorted(stored, index))
    return place if place < len(stored) and stored[place] == index else None
