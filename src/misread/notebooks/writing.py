"""Chapters are Markdown with blocks of Python; a notebook is made of one when somebody asks for it."""

import json
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from misread.errors import OutputError
from misread.files import atomic_write, writable_folder

__all__ = ["chapters", "write_notebooks"]

_CELL = re.compile(r"^```python\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_DATA = 'DATA = "digits"'


def chapters() -> dict[str, str]:
    """Name and Markdown text of every chapter, in order.

    Examples
    --------
    >>> list(chapters())[0]
    '01-look-at-the-images'
    """
    folder = files("misread.notebooks") / "chapters"
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".md")), key=lambda path: path.name)
    return {path.name.removesuffix(".md"): path.read_text("utf-8") for path in paths}


def write_notebooks(
    folder: str | os.PathLike[str], data: str | os.PathLike[str] = "digits", *, replace: bool = False
) -> list[Path]:
    """Write the chapters of the study as notebooks into a folder.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    data : str or path
        The data set that they study: a named set, or a path as seen from `folder`.
    replace : bool, default False
        Whether notebooks of these names that are there already may be replaced; a person may have worked in them.

    Returns
    -------
    list of Path
        The notebooks, in order.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or notebooks are there already.
    """
    folder = writable_folder(folder)
    paths = {folder / f"{name}.ipynb": text for name, text in chapters().items()}
    there = [path for path in paths if path.exists()]
    if there and not replace:
        raise OutputError(
            f"{there[0]} is there already, perhaps with work of yours in it; give another folder, or --replace"
        )
    for path, text in paths.items():
        notebook = _notebook(text.replace(_DATA, f"DATA = {str(data)!r}") if str(data) != "digits" else text)
        with atomic_write(path) as stream:
            stream.write(json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n")
    return list(paths)


def _notebook(text: str) -> dict[str, Any]:
    """One chapter in the notebook format, version 4.5."""
    cells: list[dict[str, Any]] = []
    for place, part in enumerate(_CELL.split(text)):
        source = part.strip("\n")
        if not source.strip():
            continue
        cell: dict[str, Any] = {
            "cell_type": "code" if place % 2 else "markdown",
            "id": f"cell-{len(cells) + 1}",
            "metadata": {},
            "source": source.splitlines(keepends=True),
        }
        cells.append({**cell, "execution_count": None, "outputs": []} if place % 2 else cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
