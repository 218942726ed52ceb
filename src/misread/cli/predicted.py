"""Answers as a table, that spreadsheets open and `misread judge` reads."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from misread.cli.options import needs
from misread.cli.outputs import file_to_write, new_file
from misread.data.words import printable
from misread.errors import ParameterError
from misread.spreadsheet import inert

__all__ = ["table_to_write", "write_table"]

_ROWS = 2**13
"""Answers that are in memory at a time; one of ten classes takes 2.5 KB."""


def table_to_write(path: Path) -> Path:
    """Make sure that a table of this name can be written."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise ParameterError(f"{path}: answers are written as .csv or .parquet; give such a name to --out")
    if path.suffix.lower() == ".parquet":
        needs("parquet", "pyarrow")
    return file_to_write(path)


def write_table(path: Path, answers: Iterator[dict[str, Any]], force: bool) -> None:
    """Write answers as `predict --json` gives them, a row an image, in the format that the name of the file says.

    However many they are, only some are in memory.

    Raises
    ------
    OutputError
        If there is a file with another content, and `force` is not given; or if it cannot be written.
    """
    first = next(answers)
    rows = map(_cells, chain([first], answers))
    with new_file(path, force) as stream:
        if path.suffix.lower() == ".csv":
            text = io.TextIOWrapper(stream, "utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(map(_inert, _cells(first)))
            writer.writerows([_inert(cell) for cell in row.values()] for row in rows)
            text.detach()
        else:
            _write_parquet(stream, list(_cells(first)), rows)


def _write_parquet(stream: IO[bytes], names: Sequence[str], rows: Iterator[dict[str, Any]]) -> None:
    import pyarrow
    from pyarrow import parquet

    def kind(name: str) -> Any:
        if name in ("name", "answer", "state"):
            return pyarrow.string()
        return pyarrow.bool_() if name.startswith("label:") else pyarrow.float64()

    schema = pyarrow.schema([(_text(name), kind(name)) for name in names])
    with parquet.ParquetWriter(stream, schema) as writer:
        while some := list(islice(rows, _ROWS)):
            columns = [[_text(row[name]) for row in some] for name in names]
            arrays = [pyarrow.array(cells, field.type) for cells, field in zip(columns, schema, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))


def _cells(answer: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": answer["image"], "answer": answer["answer"], "state": answer["state"]}
    row |= {f"label:{name}": is_so for name, is_so in answer.get("labels", {}).items()}
    prefix = "probability" if "probabilities" in answer else "score"
    scores = answer.get("probabilities", answer["scores"])
    return row | {f"{prefix}:{name}": score for name, score in scores.items()}


def _text(cell: Any) -> Any:
    return printable(cell) if isinstance(cell, str) else cell


def _inert(cell: Any) -> Any:
    return inert(printable(cell)) if isinstance(cell, str) else cell
