"""Whose a run folder is: a study goes on in its own, and overwrites another one only when it is told to."""

import json
from pathlib import Path
from typing import Any

from misread.errors import MisreadError, OutputError
from misread.files import atomic_write, read_regular
from misread.recipes.study.step import Context
from misread.results.study import ARRAYS, RESULTS

__all__ = ["claim"]

_FILE = "study.json"
_MOST_BYTES = 64 * 2**20
_MADE = (RESULTS, ARRAYS, "report.html", "suspects.csv", "figures/*.png", "figures/*.svg")
_WORDS = {"sha256": "of other data", "positive": "with another class to detect", "seed": "with another seed"}


def claim(folder: Path, context: Context, force: bool) -> None:
    """Say in `folder` which study is there, if that is this one or nothing else is.

    With `force`, what another one has found is removed first: no file of one is ever beside those of another.

    Raises
    ------
    OutputError
        If the folder holds something else, and `force` is not given; or if it cannot be written to.
    """
    mine = {
        "sha256": context.dataset.sha256,
        "positive": context.positive,
        "seed": context.seed,
        "model": context.model,
    }
    there = _what_is_in(folder)
    if there is not None and there != mine:
        if not force:
            raise OutputError(
                f"{folder} holds {_told(there, mine)}; give another --out, or --force to overwrite it"
            )
        for pattern in _MADE:
            for path in folder.glob(pattern):
                path.unlink()
    with atomic_write(folder / _FILE) as stream:
        stream.write(json.dumps(mine, indent=1).encode() + b"\n")


def _what_is_in(folder: Path) -> dict[str, Any] | None:
    """What tells the study in a folder from others; {} of something else, None where there is nothing."""
    for name in (_FILE, RESULTS):
        try:
            document = json.loads(read_regular(folder / name, _MOST_BYTES))
            return dict(document) if name == _FILE else _of_results(document)
        except FileNotFoundError:
            continue
        except (MisreadError, OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}
    return None


def _of_results(document: dict[str, Any]) -> dict[str, Any]:
    """The same of results from before there was a file for it; those of an evaluation have no seed."""
    manifest = document["manifest"]
    return {
        "sha256": manifest["dataset"]["sha256"],
        "positive": manifest["positive"],
        "seed": manifest["seed"],
        "model": document["values"].get("chosen.model", ""),
    }


def _told(there: dict[str, Any], mine: dict[str, Any]) -> str:
    if there.keys() != mine.keys():
        return "something else than a study"
    differs = [name for name in mine if there[name] != mine[name]]
    words = {**_WORDS, "model": "of another model" if there["model"] else "without a model besides"}
    return f"another study ({', '.join(words[name] for name in differs)})"
