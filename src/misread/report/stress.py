"""The page of a stressed model: one offline file in which every corruption is seen, without any script."""

import os
from pathlib import Path
from typing import Any

from misread.report.encode import scaled_down, tile
from misread.report.page import render_template, write_page
from misread.results.stress import Stress

__all__ = ["render_stress", "write_stress"]

STYLES = ("base", "parts", "stress")
LARGE = 56
LEVELS = 6
"""How many shades of error there are."""


def write_stress(stress: Stress, path: str | os.PathLike[str]) -> Path:
    """Write the page, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    return write_page(render_stress(stress), path)


def render_stress(stress: Stress) -> str:
    """The page as text."""
    values = stress.values
    clean, mean = values["clean"]["accuracy"]["value"], values["mean"]["value"]
    return render_template(
        "stress.html",
        styles=STYLES,
        verdict=stress.verdict,
        headline=f"{clean:.1%} as they are, {mean:.1%} corrupted",
        kinds=[_kind(stress, k) for k in range(len(values["kinds"]))],
        refuses="refused" in values["clean"],
        remarks=stress.remarks,
        **{name: values[name] for name in ("title", "n", "of", "clean", "mean", "published")},
    )


def _kind(stress: Stress, k: int) -> dict[str, Any]:
    kind, clean = stress.values["kinds"][k], stress.values["clean"]
    cells = [
        {**one, "title": title, "tiles": _tiles(stress, k, strength), "level": _level(one["accuracy"]["value"])}
        for strength, (title, one) in enumerate(
            [("as they are", clean), *((str(one["strength"]), one) for one in kind["strengths"])]
        )
    ]
    return {**kind, "id": kind["name"].lower().replace(" ", "-"), "cells": cells}


def _level(accuracy: float) -> int:
    return min(LEVELS - 1, int((1 - accuracy) * LEVELS))


def _tiles(stress: Stress, k: int, strength: int) -> list[dict[str, Any]]:
    """The examples of one corruption, each with what was read on it."""
    names, images = stress.class_names, scaled_down(stress.images[k, strength])
    return [
        {
            **tile(image, LARGE),
            "read": names[code],
            "right": code == label,
            "text": f"{names[label]}, read as {names[code]}",
        }
        for image, code, label in zip(images, stress.answers[k, strength], stress.labels, strict=True)
    ]
