"""The map of all held-out images, for the page."""

from typing import Any

import numpy as np

from misread.evaluation.rejection import margins
from misread.report.encode import packed
from misread.report.evidence import Absent, Evidence

__all__ = ["places"]

DOUBTS = 8


def places(evidence: Evidence) -> dict[str, Any]:
    """Every image, where it stands and how it was read."""
    if evidence.kind == "evaluation":
        raise Absent("a map is drawn of a study, which has held-out images enough")
    flat = evidence.array("map.places")
    pairs = evidence.result.arrays.get("copies.pairs", np.empty((0, 2), np.int64))
    lead = margins(evidence.scores)
    order = np.argsort(np.argsort(-lead, kind="stable"), kind="stable")
    return {
        "model": evidence.title,
        "n": len(flat),
        "stored": len(evidence.array("gallery.index")),
        "x": packed(flat[:, 0]),
        "y": packed(flat[:, 1]),
        "true": packed(evidence.labels),
        "predicted": packed(evidence.predictions),
        "doubt": packed(DOUBTS * order // max(1, len(order))),
        "copies": packed(np.unique(pairs[:, 1])),
        "n_copies": len(pairs),
    }
