"""Whether chances are true: what was said beside what happened, before and after calibration."""

from typing import Any

import numpy as np

from misread.analysis.words import bracketed, points, share
from misread.evaluation.chances import in_percent
from misread.evaluation.intervals import clopper_pearson
from misread.report.evidence import Absent, Evidence

__all__ = ["chances"]

_LEAST, _MOST = 0.05, 0.9998
_TICKS = (0.1, 0.5, 0.9, 0.99, 0.999)


def chances(evidence: Evidence) -> dict[str, Any]:
    """The reliability of the hero, on scales on which 99% and 99.9% are as far apart as 90% and 99%."""
    found = _found(evidence)
    given = evidence.result.manifest.get("model", {}).get("scale") == "probabilities"
    titles = (("before", "As given" if given else "Scores taken for chances"), ("after", "Calibrated"))
    series = [
        {"key": key, "title": title, "bins": [_bin(one) for one in found[key]["bins"]], **_errors(found[key])}
        for key, title in titles
        if key in found
    ]
    return {
        "answer": _answer(found, given),
        "series": series,
        "ticks": [{"at": _place(tick), "text": f"{100 * tick:g}%"} for tick in _TICKS],
        "about": _about(evidence, found),
    }


def _found(evidence: Evidence) -> dict[str, Any]:
    if evidence.kind == "study":
        if "chances" in evidence.result.timings and "chances.before" not in evidence.result.values:
            raise Absent("too few images were held out to tell")
        before = evidence.value("chances.before")
        values = evidence.result.values
        after = values.get("chances.after")
        return {
            "before": before,
            **({} if after is None else {"after": after}),
            "kind": values.get("chances.kind"),
        }
    found: dict[str, Any] = evidence.value("model.chances")
    if not found["before"]["bins"]:
        raise Absent("there are no answers")
    return found


def _bin(one: dict[str, Any]) -> dict[str, Any]:
    """A range of chances with its places in the figure."""
    right = one["right"]
    return {
        **one,
        "x": _place(one["chance"]),
        "y": _place(right["value"]),
        "y_low": _place(right["low"]),
        "y_high": _place(right["high"]),
        "range": f"{100 * one['from']:g}–{100 * one['to']:g}%",
    }


def _place(chance: float) -> float:
    """Where a chance lies from 0 to 1: by its odds, so that there is room where most answers are."""
    low, high, here = (_log_odds(one) for one in (_LEAST, _MOST, chance))
    return round((here - low) / (high - low), 4)


def _log_odds(chance: float) -> float:
    inside = min(max(chance, _LEAST), _MOST)
    return float(np.log(inside / (1 - inside)))


def _errors(found: dict[str, Any]) -> dict[str, Any]:
    return {"error": found["calibration_error"], "loss": found["log_loss"]}


def _answer(found: dict[str, Any], given: bool) -> str:
    """Of probabilities that somebody gave, how true they are; else how true they become by calibration."""
    last, other = ("before", "after") if given else ("after", "before")
    told = found.get(last, found["before"])
    error, loss = told["calibration_error"], told["log_loss"]
    answer = (
        f"On average it is off by {points(error['value'])} "
        f"{bracketed(error['low'], error['high'], digits=2, sign='')}"
    )
    if last in found and other in found:
        beside, words = found[other], "calibrated" if given else "before calibration"
        answer += f", {words} by {points(beside['calibration_error']['value'])}; log loss {loss['value']:.4f}, "
        answer += f"{words} {beside['log_loss']['value']:.4f}. "
    else:
        answer += f"; log loss {loss['value']:.4f}. "
    return answer + _worst(told["bins"])


def _worst(bins: list[dict[str, Any]]) -> str:
    """Where what was said is surely not what happened, allowing for all ranges that were looked at."""
    level = 1 - 0.05 / max(len(bins), 1)
    off = []
    for one in bins:
        low, high = map(float, clopper_pearson(one["right"]["count"], one["right"]["of"], confidence=level))
        if not low <= one["chance"] <= high:
            off.append((abs(one["right"]["value"] - one["chance"]), one, low, high))
    if not off:
        return "In no range does it differ from what happened by more than chance explains."
    _, one, least, most = max(off, key=lambda found: found[0])
    bold = "bold" if one["chance"] > one["right"]["value"] else "modest"
    said = in_percent(one["chance"], 0.9999)
    return (
        f"It is too {bold} where it says {100 * one['from']:g}% to {100 * one['to']:g}%: it says {said}, and "
        f"{share(one['right']['value'], 2)} are right {bracketed(least, most, digits=2)}."
    )


def _about(evidence: Evidence, found: dict[str, Any]) -> str:
    """Which answers these are, and how they were calibrated."""
    if evidence.kind == "study" or "judged" in evidence.result.manifest:
        if "after" not in found:
            return "As they were given."
        return (
            f"Calibrated by a curve ({found.get('kind')}), chosen among four kinds; each fifth of the answers by "
            "one that was fitted on the others."
        )
    if "after" not in found:
        return "The model file holds no calibration."
    return "Calibrated by the curve in the model file, which was fitted on held-out training images."
