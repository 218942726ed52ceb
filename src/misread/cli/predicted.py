"""Answers as a table, that spreadsheets open and `misread judge` reads."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from misread.cli.options import needs
from misread.cli.outputs import file_to_write
from misread.data.words import printable
from misread.errors import ParameterError
from misread.spreadsheet import inert

__all__ = ["table_of", "table_to_write"]


def table_to_write(path: Path) -> Path:
    """Make sure that a table of this name can be written."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise ParameterError(f"{path}: answers are written as .csv or .parquet; give such a name to --out")
    if path.suffix.lower() == ".parquet":
        needs("parquet", "pyarrow")
    return file_to_write(path)


def table_of(answers: Sequence[dict[str, Any]], path: Path) -> bytes:
    """The answers as `predict --json` gives them, a row an image, in the format that the name of the file says."""
    columns = _columns(answers)
    if path.suffix.lower() == ".csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(map(_inert, columns))
        writer.writerows([_inert(cell) for cell in row] for row in zip(*columns.values(), strict=True))
        return text.getvalue().encode()
    import pyarrow
    from pyarrow import parquet

    content = io.BytesIO()
    parquet.write_table(
        pyarrow.table({_text(name): list(map(_text, cells)) for name, cells in columns.items()}), content
    )
    return content.getvalue()


def _columns(answers: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"name": [], "answer": [], "state": []}
    for answer in answers:
        row: dict[str, Any] = {"name": answer["image"], "answer": answer["answer"], "state": answer["state"]}
        row |= {f"label:{name}": is_so for name, is_so in answer.get("labels", {}).items()}
        prefix = "probability" if "probabilities" in answer else "score"
        scores = answer.get("probabilities", answer["scores"])
        row |= {f"{prefix}:{name}": score for name, score in scores.items()}
        for name, cell in row.items():
            columns.setdefault(name, []).append(cell)
    return columns


def _text(cell: Any) -> Any:
    return printable(cell) if isinstance(cell, str) else cell


def _inert(cell: Any) -> Any:
    return inert(printable(cell)) if isinstance(cell, str) else cell
