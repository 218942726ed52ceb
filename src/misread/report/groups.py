"""How right answers are spread over groups: writers, devices, places."""

from typing import Any

import numpy as np

from misread.analysis.words import bracketed, share, signed
from misread.evaluation.groups import GroupSpread
from misread.evaluation.intervals import clopper_pearson
from misread.report.evidence import Absent, Evidence

__all__ = ["groups"]

MOST_SHOWN = 1_500
_CURVE = 40
_LEVEL = 0.05


def groups(evidence: Evidence) -> dict[str, Any]:
    """The spread, the groups that are surely worst, and what a split that mixes groups would have promised."""
    if evidence.kind == "study":
        raise Absent("a study knows no groups: its folds are those of the notebook")
    who, right = evidence.array("model.groups"), evidence.array("model.predictions") == evidence.labels
    if evidence.result.manifest["model"]["task"] == "detector":
        right = evidence.array("model.predictions") == (evidence.labels == evidence.names.index(evidence.positive))
    found, spread = evidence.value("model.groups"), GroupSpread.from_answers(right, who)
    worst = [one for one in found["worst"] if one["count"] < one["of"]]
    return {
        "answer": _answer(found),
        "mixed": _mixed(evidence),
        "worst": worst,
        "n": found["n"],
        "n_worse": found["worse"],
        "figure": _funnel(spread),
    }


def _answer(found: dict[str, Any]) -> str:
    least, low, _, high, most = (share(one) for one in found["quartiles"])
    answer = f"Of {found['n']:,} groups, from {least} to {most} are read right, "
    answer += f"of the middle half {low} to {high}. "
    chance = found["chance"]
    if chance is not None and chance <= _LEVEL:
        answer += f"They differ beyond chance, by {100 * found['between']:.1f} points (standard deviation): "
    else:
        answer += "They differ no more than chance explains: "
    low, high = (share(found["accuracy"][end]) for end in ("low", "high"))
    return answer + f"of other groups like these, {low} to {high} are to be expected."


def _mixed(evidence: Evidence) -> str:
    """What the model file says of folds that mix groups."""
    held = evidence.result.manifest["model"].get("metrics", {}).get("out_of_fold", {})
    mixed = held.get("groups", {}).get("mixed")
    if not mixed:
        return ""
    more = mixed["difference"]
    return (
        f"In training, folds that mix groups would have promised {share(mixed['accuracy']['value'], 2)}, where "
        f"{share(mixed['apart']['value'], 2)} of the images of whole groups that were held out are read right: "
        f"{signed(more['value'])} points {bracketed(more['low'], more['high'], digits=2, sign='')}."
    )


def _funnel(spread: GroupSpread) -> dict[str, Any]:
    """Groups by their number of images, and the band in which chance alone leaves all of them, 19 times in 20."""
    is_worse, mean = spread.is_worse, spread.accuracy
    order = np.argsort(~is_worse, kind="stable")[:MOST_SHOWN]
    least = float(spread.shares.min())
    start = float(np.floor(10 * max(0.0, least - 0.02)) / 10)
    largest = int(spread.counts.max())
    sizes = np.unique(np.round(np.geomspace(max(1, spread.counts.min() / 1.15), largest * 1.15, _CURVE)))
    low, high = clopper_pearson(mean * sizes, sizes, confidence=1 - _LEVEL / len(spread.names))
    first, last = np.log(sizes[0]), np.log(sizes[-1])

    def across(n: float) -> float:
        return round(float((np.log(n) - first) / (last - first)), 4) if last > first else 0.5

    def up(value: float) -> float:
        return round((value - start) / (1 - start), 4)

    return {
        "start": start,
        "dots": [
            {
                "x": across(spread.counts[one]),
                "y": up(spread.shares[one]),
                "is_worse": bool(is_worse[one]),
                "text": f"{spread.names[one]}: {share(float(spread.shares[one]))} of {spread.counts[one]:,}",
            }
            for one in order
        ],
        "low": [[across(n), max(0.0, up(float(one)))] for n, one in zip(sizes, low, strict=True)],
        "high": [[across(n), up(float(one))] for n, one in zip(sizes, high, strict=True)],
        "mean": up(mean),
        "ticks": [
            {"at": across(n), "text": f"{n:,}"}
            for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000)
            if sizes[0] <= n <= sizes[-1]
        ],
    }
