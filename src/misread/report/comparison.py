"""The page of a comparison: one offline file in which the images that changed are seen, without any script."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from misread.report.encode import scaled_down
from misread.report.encode import tile as picture
from misread.report.page import render_template, write_page
from misread.results.comparison import Changed, Comparison

__all__ = ["facts_of", "render_comparison", "write_comparison"]

MOST_SHOWN = 600
STYLES = ("base", "parts", "comparison")
LARGE = 64
KINDS = (
    ("fixed", "Fixed", "Images that the second model reads right and the first does not."),
    ("broken", "Broken", "Images that the first model reads right and the second does not."),
    ("both_wrong", "Misread by both", "Images that neither model reads right: wrong labels are often among them."),
)


def write_comparison(comparison: Comparison, path: str | os.PathLike[str]) -> Path:
    """Write the page, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    return write_page(render_comparison(comparison), path)


def render_comparison(comparison: Comparison) -> str:
    """The page as text."""
    values = comparison.values
    first, second = values["models"]
    return render_template(
        "comparison.html",
        styles=STYLES,
        headline=_headline(comparison),
        verdict=comparison.verdict,
        p=_p(values["p_value"]),
        first=first,
        second=second,
        facts=facts_of(values),
        kinds=[_kind(comparison, *kind) for kind in KINDS],
        classes=[{**one, "points": _points(one["difference"])} for one in values["classes"]],
        remarks=comparison.remarks,
        **{name: values[name] for name in ("n", "fixed", "broken", "both_wrong")},
    )


def facts_of(values: dict[str, Any]) -> list[dict[str, str]]:
    """What is known of the two models, row by row in words; rows without anything are left out."""
    facts = []
    for title, text in _FACTS.items():
        first, second = (text(one) for one in values["models"])
        facts.append({"title": title, "first": first, "second": second})
    return [row for row in facts if (row["first"], row["second"]) != ("–", "–")]


def _headline(comparison: Comparison) -> str:
    gain = comparison.values["difference"]
    second = comparison.values["models"][1]["title"]
    if comparison.values["p_value"] >= 1 - gain["confidence"]:
        return "No difference that is not chance"
    return f"{second} reads {abs(100 * gain['value']):.2f} points {'more' if gain['value'] > 0 else 'fewer'}"


def _kind(comparison: Comparison, name: str, title: str, about: str) -> dict[str, Any]:
    changed: Changed = getattr(comparison, name)
    names = comparison.class_names
    images = None if changed.images is None else scaled_down(changed.images[:MOST_SHOWN])
    groups: dict[tuple[int, ...], list[dict[str, Any]]] = {}
    for row in range(min(len(changed), MOST_SHOWN)):
        label, first, second = int(changed.labels[row]), int(changed.first[row]), int(changed.second[row])
        wrong = {"fixed": (first,), "broken": (second,), "both_wrong": (first, second)}[name]
        caption = {
            "fixed": f"{names[first]} → {names[label]}",
            "broken": f"{names[label]} → {names[second]}",
            "both_wrong": f"{names[first]}, {names[second]}",
        }[name]
        text = f"{changed.names[row]}: is {names[label]}, first {names[first]}, second {names[second]}"
        tile = {"caption": caption, "text": text, "name": changed.names[row], "url": None}
        if images is not None:
            tile |= picture(images[row], LARGE)
        groups.setdefault((label, *wrong), []).append(tile)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return {
        "id": name.replace("_", "-"),
        "title": title,
        "about": about,
        "count": len(changed),
        "shown": min(len(changed), MOST_SHOWN),
        "groups": [{"title": _group(names, key, name), "tiles": tiles} for key, tiles in ordered],
    }


def _group(names: tuple[str, ...], key: tuple[int, ...], kind: str) -> str:
    label, *read = (names[code] for code in key)
    if kind == "fixed":
        return f"{label}, no longer read as {read[0]}"
    if kind == "broken":
        return f"{label}, now read as {read[0]}"
    return f"{label}, read as {read[0]}" + (f" and {read[1]}" if read[1] != read[0] else "")


def _share(share: dict[str, Any]) -> str:
    if share["value"] is None:
        return "–"
    return f"{share['value']:.2%} ({share['low']:.2%} to {share['high']:.2%})"


def _promise(promise: dict[str, Any] | None) -> str:
    if promise is None:
        return "–"
    got = "nothing answered" if promise["value"] is None else f"{promise['value']:.2%}"
    return f"{promise['aim']} {promise['target']:.2%}: {promise['verdict']} ({got})"


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _points(difference: dict[str, float]) -> str:
    value, low, high = (100 * difference[key] for key in ("value", "low", "high"))
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


def _p(p_value: float) -> str:
    return "below 0.0001" if p_value < 1e-4 else f"= {p_value:.2g}"


_FACTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Read right": lambda one: _share(one["accuracy"]),
    "Promise": lambda one: _promise(one["promise"]),
    "Calibration error": lambda one: _or_dash(one["calibration_error"], "{:.4f}"),
    "Microseconds an image": lambda one: _or_dash(one["microseconds"], "{:,.0f}"),
    "File": lambda one: _or_dash(one["bytes"] and one["bytes"] / 1e6, "{:,.2f} MB"),
}
