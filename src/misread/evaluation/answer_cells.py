"""The cells of a table of answers as a file holds them: bounded in number and memory, whoever wrote it."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from misread.data.making import Reading
from misread.data.memory import require
from misread.data.readers.arrays import named_arrays
from misread.data.readers.table.columnar import cells_of, is_flat, parquet_schema, pieces_of
from misread.errors import AnswersError, DataError
from misread.files import open_regular
from misread.spreadsheet import original

__all__ = ["MOST_COLUMNS", "Columns", "Meta", "read_cells"]

Columns = dict[str, Any]
Meta = dict[str, Any]

MOST_COLUMNS = 10_100
"""A column for each of the most classes, and some more."""

_LONGEST_LINE = 2**22
_PER_CELL = 72  # a text and its place in a list
_MOST_META = 2**22
_DEEPEST = 32


def read_cells(path: Path, most_memory: int) -> tuple[Columns, Meta]:
    """The columns of a file by their names, and what its writer says of them.

    Raises
    ------
    AnswersError
        If it is no such file, is damaged, or would take more memory than `most_memory` bytes.
    """
    try:
        columns, meta = _READERS[path.suffix.lower()](path, most_memory)
    except DataError as error:
        raise AnswersError(str(error)) from error
    return columns, meta


def _check_width(n_columns: int) -> None:
    if n_columns > MOST_COLUMNS:
        raise AnswersError(f"{n_columns:,} columns are more than the {MOST_COLUMNS:,} that a table may have")


def _read_text(path: Path, most: int) -> tuple[Columns, Meta]:
    with (
        open_regular(path, error=AnswersError) as binary,
        io.TextIOWrapper(binary, "utf-8-sig", newline="") as text,
    ):
        try:
            return _read_rows(_lines(text), most), {}
        except UnicodeDecodeError as error:
            raise AnswersError(f"the text is not UTF-8 ({error.reason} at byte {error.start})") from error


def _lines(text: TextIO) -> Iterator[str]:
    number = 0
    while line := text.readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            raise AnswersError(f"line {number} has more than {_LONGEST_LINE:,} characters; expected rows on lines")
        if "\0" in line:
            raise AnswersError(f"line {number} holds a character of no text (NUL); save the table as UTF-8")
        yield line


def _read_rows(lines: Iterator[str], most: int) -> Columns:
    head = next(lines, "")
    separator = max("\t;,", key=head.count)
    _check_width(1 + head.count(separator))
    rows = csv.reader(chain([head], lines), delimiter=separator, strict=True)
    try:
        header = [original(name) for name in next(rows, [])]
        if len(set(header)) < len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise AnswersError(f"the column {twice!r} stands there twice")
        cells: list[list[str]] = [[] for _ in header]
        taken, longest = 0, [1] * len(header)
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise AnswersError(f"line {rows.line_num} has {len(row)} cells, the header {len(header)}")
            for column, cell in zip(cells, row, strict=True):
                column.append(original(cell))
            longest = list(map(max, longest, map(len, row)))
            taken += _PER_CELL * len(row) + sum(map(len, row))
            if taken > most:
                require(taken, "what is read so far", most, AnswersError)
    except csv.Error as error:
        raise AnswersError(f"line {rows.line_num}: {error}; is a quote missing, or one too many?") from error
    if not header or not cells[0]:
        raise AnswersError("there are no rows below the header")
    require(taken + 4 * len(cells[0]) * sum(longest), "the table", most, AnswersError)
    return {name: np.array(column) for name, column in zip(header, cells, strict=True)}


def _read_parquet(path: Path, most: int) -> tuple[Columns, Meta]:
    schema, n_rows = parquet_schema(path)
    _check_width(len(schema.names))
    nested = next((field for field in schema if not is_flat(field.type)), None)
    if nested is not None:
        raise AnswersError(
            f"the column {nested.name!r} holds {nested.type}; expected a number or text in each cell"
        )
    require(_PER_CELL * n_rows * len(schema.names), f"a table of {n_rows:,} rows", most, AnswersError)
    parts: list[list[Any]] = [[] for _ in schema.names]
    taken = 0
    for piece in pieces_of(path, Reading(most_memory=most)):
        for part, column in zip(parts, piece.columns, strict=True):
            cells = cells_of(column)
            taken += sum(len(cell) for cell in cells if isinstance(cell, str | bytes)) + _PER_CELL * len(cells)
            part.extend(cells)
        require(taken, "what is read so far", most, AnswersError)
    columns = {name: _as_column(part, most) for name, part in zip(schema.names, parts, strict=True)}
    return columns, _meta((schema.metadata or {}).get(b"misread", b"{}"))


def _as_column(cells: list[Any], most: int) -> NDArray[Any]:
    """Numbers as numbers; others as they are, for whoever knows what they stand for."""
    kinds = {type(cell) for cell in cells}
    if kinds <= {str}:
        require(4 * len(cells) * max(map(len, cells), default=0), "a column of texts", most, AnswersError)
        return np.array(cells, np.str_)
    if kinds <= {int, float, bool} and len(kinds) == 1:
        return np.array(cells)
    column = np.empty(len(cells), object)
    column[:] = cells
    return column


def _read_npz(path: Path, most: int) -> tuple[Columns, Meta]:
    arrays = named_arrays(path, Reading(most_memory=most))
    _check_width(len(arrays))
    meta = _meta(str(arrays.pop("meta", "{}")))
    columns: Columns = {}
    for name, array in arrays.items():
        if name in ("scores", "probabilities", "votes", "logits") and array.ndim == 2:
            _check_width(array.shape[1])
            classes = meta.get("class_names") or [str(code) for code in range(array.shape[1])]
            if len(classes) != array.shape[1]:
                raise AnswersError(f"{array.shape[1]} columns of {name} for {len(classes)} classes")
            prefix = {"probabilities": "probability:", "votes": "votes:"}.get(name, "score:" if meta else "")
            columns |= {f"{prefix}{one}": array[:, code] for code, one in enumerate(classes)}
        elif array.ndim == 1:
            columns[name] = array
        else:
            raise AnswersError(f"{name} is of shape {array.shape}; expected a value for each row")
    return columns, meta


_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "class_names": ("a list of texts", lambda value: type(value) is list and set(map(type, value)) <= {str}),
    "scale": ("a text", lambda value: isinstance(value, str)),
    "calibrated": ("true or false", lambda value: isinstance(value, bool)),
    "positive": ("a text", lambda value: isinstance(value, str)),
    "threshold": ("a finite number", lambda value: type(value) in (int, float) and isfinite(value)),
    "provenance": ("an object", lambda value: isinstance(value, dict)),
}


def _meta(text: str | bytes) -> Meta:
    """What a writer says of its table, if each of it is of its kind."""
    try:
        if len(text) > _MOST_META:
            raise ValueError(f"{len(text):,} characters")
        meta = json.loads(text)
        if not isinstance(meta, dict) or not _shallow(meta, _DEEPEST):
            raise ValueError(f"expected an object, at most {_DEEPEST} deep, of texts and finite numbers")
        for name, (kind, is_right) in _KINDS.items():
            if meta.get(name) is not None and not is_right(meta[name]):
                raise ValueError(f"{name} is {str(meta[name])[:40]}, expected {kind}")
    except (OverflowError, RecursionError, ValueError) as error:
        raise AnswersError(f"what it says of itself (meta) is not understood: {error}") from error
    return meta


def _shallow(value: Any, depth: int) -> bool:
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_shallow(part, depth - 1) for part in parts)
    return not isinstance(value, float) or isfinite(value)


_READERS = {".csv": _read_text, ".tsv": _read_text, ".parquet": _read_parquet, ".npz": _read_npz}
