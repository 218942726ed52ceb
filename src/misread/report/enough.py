"""Have I enough? The error of models that learnt from more and more images, and where that leads."""

from typing import Any

import numpy as np

from misread.analysis.enough import enough_in_words
from misread.report.evidence import Absent, Evidence

__all__ = ["enough"]


def enough(evidence: Evidence) -> dict[str, Any]:
    """The learning curve as a figure with both axes by powers, so that a power law is a line."""
    if evidence.kind == "study":
        if "enough.measured" not in evidence.result.values:
            raise Absent("it was not asked for: misread study --enough")
        found = {name: evidence.value(f"enough.{name}") for name in ("asked", "measured", "twice", "further")}
    else:
        if "model.enough" not in evidence.result.values:
            raise Absent("it was not asked for: misread evaluate --enough, on the data that the model learnt from")
        found = evidence.value("model.enough")
    measured, further, least = found["measured"], found["further"], 0.25 / found["asked"]
    x = _Scale(measured[0]["n"] / 1.2, further[-1]["n"] * 1.1)
    ends = [max(one[end], least) for one in (*measured, *further) for end in ("low", "high")]
    y = _Scale(min(ends) / 1.15, min(1.0, max(ends) * 1.15))

    def placed(one: dict[str, Any]) -> dict[str, Any]:
        places = {key: y.at(max(one[key], least)) for key in ("error", "low", "high")}
        return {"x": x.at(one["n"]), **{f"{key}_at": at for key, at in places.items()}, **one}

    return {
        "answer": enough_in_words(found, evidence.title),
        "measured": [placed(one) for one in measured],
        "further": [placed(one) for one in further],
        "twice": placed(found["twice"]),
        "asked": found["asked"],
        "across": [{"at": x.at(n), "text": f"{n:,}"} for n in x.ticks() if n >= 1],
        "up": [{"at": y.at(tick), "text": f"{100 * tick:g}%"} for tick in y.ticks()],
    }


class _Scale:
    """Numbers above 0 from 0 to 1 by their logarithms."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = float(np.log(low)), float(np.log(high))

    def at(self, number: float) -> float:
        """Where a number lies."""
        return round((float(np.log(number)) - self.low) / (self.high - self.low), 4)

    def ticks(self) -> list[float]:
        """Round numbers inside, not more than a handful."""
        first, last = (int(np.floor(end / np.log(10))) for end in (self.low, self.high))
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [step * 10.0**power for power in range(first, last + 1) for step in steps]
            found = [float(f"{one:.3g}") for one in found if self.low <= np.log(one) <= self.high]
            if len(found) <= 5:
                break
        return [int(one) if one >= 1 else one for one in found]
