"""`misread notebook`: the study as Jupyter notebooks."""

from pathlib import Path
from typing import Annotated

import typer

from misread.cli.words import say
from misread.notebooks import write_notebooks

__all__ = ["notebook"]


def notebook(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write them to.")],
    data: Annotated[
        str,
        typer.Option(
            "--data", metavar="DATA", help="The data set that they study: a named set, or a path as seen from DIR."
        ),
    ] = "digits",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace notebooks of these names that are there already.")
    ] = False,
) -> None:
    """Write the study as Jupyter notebooks: short chapters, each beside the same in plain scikit-learn."""
    paths = write_notebooks(folder, data, replace=replace)
    for path in paths:
        say(str(path))
    say(f"open them with: jupyter lab {folder}", aside=True)
