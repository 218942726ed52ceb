"""From a result to what the page needs: one plain dict, section by section; a section without data says why."""

from collections.abc import Callable
from typing import Any

from misread.report.chances import chances
from misread.report.classes import gallery, matrix, rejection, suspects
from misread.report.detectors import compare, explorer
from misread.report.enough import enough
from misread.report.evidence import Absent, Evidence
from misread.report.glance import glance
from misread.report.groups import groups
from misread.report.kinds import evidence_of
from misread.report.places import places
from misread.report.questions import (
    accuracy,
    copies,
    cost,
    linear,
    looks,
    models,
    precision,
    reliability,
    scaling,
)
from misread.report.steps import denoising, duels, ladder, multilabel, neighbor_grid, numbers
from misread.report.stills import stills
from misread.report.why import why
from misread.results.study import StudyResult

__all__ = ["report_data", "summary"]

SECTIONS: dict[str, Callable[[Evidence], dict[str, Any]]] = {
    "glance": glance,
    "matrix": matrix,
    "explorer": explorer,
    "compare": compare,
    "map": places,
    "rejection": rejection,
    "suspects": suspects,
    "looks": looks,
    "accuracy": accuracy,
    "precision": precision,
    "reliability": reliability,
    "models": models,
    "chances": chances,
    "groups": groups,
    "enough": enough,
    "scaling": scaling,
    "linear": linear,
    "copies": copies,
    "cost": cost,
    "ladder": ladder,
    "neighbor_grid": neighbor_grid,
    "duels": duels,
    "multilabel": multilabel,
    "denoising": denoising,
    "numbers": numbers,
    "gallery": gallery,
    "why": why,
    "stills": stills,
}
FOR_PAGE_ONLY = frozenset({"gallery", "map", "numbers", "stills", "why"})


def report_data(result: StudyResult) -> dict[str, Any]:
    """Everything the page shows.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    dict
        `kind` (study or evaluation), `names` (class names), `positive`, `dataset`, one entry per section that
        has data, and `absent`: the reasons of the others.
    """
    evidence = evidence_of(result)
    data: dict[str, Any] = {
        "kind": evidence.kind,
        "names": evidence.names,
        "positive": evidence.positive,
        "dataset": str(result.manifest.get("dataset", {}).get("name", "")),
        "absent": {},
    }
    for name, build in SECTIONS.items():
        try:
            data[name] = build(evidence)
        except Absent as reason:
            data["absent"][name] = str(reason)
    return data


def summary(result: StudyResult) -> dict[str, Any]:
    """The statistics of the report without images and curves, as plain JSON values.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    dict
        `findings` (all that apply), `not_applicable`, and the numbers of each section.
    """
    evidence = evidence_of(result)
    findings = evidence.findings()
    data = report_data(result)
    sections = {
        name: _without_pictures(data[name]) for name in SECTIONS if name in data and name not in FOR_PAGE_ONLY
    }
    return {
        "dataset": data["dataset"],
        "positive": data["positive"],
        "findings": [vars(found) for found in findings if hasattr(found, "title")],
        "not_applicable": [vars(found) for found in findings if not hasattr(found, "title")],
        **sections,
        "absent": data["absent"],
    }


def _without_pictures(value: Any) -> Any:
    if isinstance(value, dict):
        hidden = {"sheet", "curve", "test", "image", "nearest"} if "data" not in value else set()
        return {
            key: _without_pictures(part) for key, part in value.items() if not (key in hidden and _is_binary(part))
        }
    return [_without_pictures(part) for part in value] if isinstance(value, list) else value


def _is_binary(part: Any) -> bool:
    return isinstance(part, dict) and ("url" in part or "thresholds" in part)
