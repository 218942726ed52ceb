"""Pictures for whom no script draws any: the most common misreadings, and the most doubtful labels."""

from typing import Any

import numpy as np

from misread.analysis.pairs import most_confused
from misread.report.encode import sprite
from misread.report.evidence import Evidence

__all__ = ["SHOWN_SUSPECTS", "stills"]

SHOWN_PAIRS = 4
SHOWN_OF_PAIR = 8
SHOWN_SUSPECTS = 24
SHOWN_NEIGHBORS = 6


def stills(evidence: Evidence) -> dict[str, Any]:
    """Sheets of a few images each; none where no images are stored."""
    arrays = evidence.result.arrays
    if "gallery.index" not in arrays:
        return {"strips": [], "suspects": []}
    stored, images = arrays["gallery.index"], arrays["gallery.images"]
    strips = []
    for pair in most_confused(evidence.confusion, SHOWN_PAIRS) if evidence.has_confusion else []:
        read_so = (evidence.labels[stored] == pair.true) & (evidence.predictions[stored] == pair.predicted)
        places = np.flatnonzero(read_so)[:SHOWN_OF_PAIR]
        if len(places):
            strips.append(
                {
                    "true": evidence.names[pair.true],
                    "read": evidence.names[pair.predicted],
                    "count": pair.count,
                    "of_class": pair.share_of_class,
                    "sheet": sprite(images[places], columns=len(places)),
                }
            )
    suspects = []
    for row in range(min(SHOWN_SUSPECTS, len(arrays.get("suspects.index", [])))):
        asked = [arrays["suspects.index"][row], *arrays["suspects.neighbors"][row, :SHOWN_NEIGHBORS]]
        places = np.flatnonzero(np.isin(stored, asked))
        order = [int(place) for one in asked for place in places if stored[place] == one]
        suspects.append(sprite(images[order], columns=len(order)) if order else None)
    return {"strips": strips, "suspects": suspects}
