"""`misread report`: draw the report of a stored run again."""

from pathlib import Path
from typing import Annotated

import typer

from misread.cli.words import print_json, say
from misread.recipes.study import StudyResult
from misread.report import summary, write_report
from misread.results.study import reading_run

__all__ = ["report"]


def report(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder that `misread study` wrote.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report's numbers instead.")] = False,
) -> None:
    """Make report.html of RUN_DIR again from its stored results; nothing is computed."""
    result = StudyResult.load(run_dir)
    with reading_run(run_dir):
        shown = summary(result) if as_json else str(write_report(result, run_dir))
    if isinstance(shown, str):
        say(shown, whole=True)
    else:
        print_json(shown)
