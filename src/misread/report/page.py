"""One HTML file with everything inside: it opens offline, and asks nothing of any network."""

import base64
import csv
import hashlib
import io
import os
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from misread.analysis.words import one_is, score_text, share, times
from misread.files import atomic_write, writable_folder
from misread.report.classes import suspect_rows
from misread.report.contract import CONTRACT
from misread.report.data import report_data
from misread.report.encode import safe_json
from misread.report.evidence import Absent
from misread.report.kinds import evidence_of
from misread.report.scripts import bundled
from misread.results.study import StudyResult
from misread.spreadsheet import inert

__all__ = ["render", "render_template", "suspects_csv", "write_page", "write_report"]

STYLES = ("base", "parts", "explore", "print")
PLACES = {
    "errors": ("errors", "matrix"),
    "classes": ("class-table", "matrix"),
    "explorer": ("explorer", "explorer"),
    "confirm": ("confirm", "explorer"),
    "models": ("models", "models"),
    "copies": ("copies", "copies"),
    "labels": ("labels", "suspects"),
}
"""Where a finding's place is in the page, and the section that has to be there."""


def write_report(result: StudyResult, folder: str | os.PathLike[str]) -> Path:
    """Write `report.html` and, when labels were doubted, `suspects.csv` into `folder`.

    Nothing is fitted: the page is drawn from the stored results alone.

    Parameters
    ----------
    result : StudyResult
    folder : path

    Returns
    -------
    Path
        Of report.html.

    Raises
    ------
    OutputError
        If `folder` cannot be written to.
    """
    folder = writable_folder(folder)
    table = suspects_csv(result)
    if table is not None:
        with atomic_write(folder / "suspects.csv") as stream:
            stream.write(table.encode("utf-8"))
    return write_page(render(report_data(result), table), folder / "report.html")


def write_page(text: str, path: str | os.PathLike[str]) -> Path:
    """Write a page, whole or not at all, and give its path; what UTF-8 lacks is a question mark.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    with atomic_write(path) as stream:
        stream.write(text.encode("utf-8", "replace"))
    return path


def render(data: dict[str, Any], suspects_table: str | None = None) -> str:
    """The page of `report_data`, as text.

    Parameters
    ----------
    data : dict
        As `report_data` returns it.
    suspects_table : str, optional
        CSV that the page offers for download.
    """
    script = bundled()
    places = {place: anchor for place, (anchor, section) in PLACES.items() if section in data}
    embedded = {name: part for name, part in data.items() if name in CONTRACT}
    embedded["suspects_csv"] = suspects_table
    return render_template(
        "report.html",
        styles=STYLES,
        places=places,
        **dict.fromkeys(data["absent"]),
        **data,
        script=Markup(script),
        script_hash=_hash(script),
        embedded=safe_json(embedded),
    )


def render_template(template: str, *, styles: Sequence[str], **values: Any) -> str:
    """A page from its template, with the named style sheets inside."""
    assets = files("misread.report") / "assets"
    style = "\n".join((assets / "css" / f"{name}.css").read_text("utf-8") for name in styles)
    environment = Environment(
        loader=PackageLoader("misread.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": share,
        "score": score_text,
        "is_or_are": one_is,
        "chance": _chance,
        "times": times,
    }
    return environment.get_template(template).render(
        style=Markup(style), style_hash=_hash(style), version=version("misread"), **values
    )


def suspects_csv(result: StudyResult) -> str | None:
    """The doubtful labels as CSV, the most suspect first, or None when none were sought.

    What a spreadsheet would take for a formula in a class name is preceded by an apostrophe.
    """
    try:
        rows = suspect_rows(evidence_of(result))
    except Absent:
        return None
    stream = io.StringIO(newline="")
    columns = list(rows[0]) if rows else ["hash", "name", "given", "index", "suggested", "suspect_score"]
    writer = csv.DictWriter(stream, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: inert(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
    return stream.getvalue()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _chance(share: float) -> str:
    """A chance that was estimated: nothing is said to be certain."""
    if not 0.01 <= share < 0.99:
        return "over 99%" if share > 0.5 else "below 1%"
    return f"{100 * share:.0f}%"
