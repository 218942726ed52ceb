"""Parquet: columns with types, perhaps with pictures in them and class names beside them, as Hugging Face has."""

import json
from collections.abc import Generator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from misread.data.bulk import Reading
from misread.data.readers.table.grid import Grid, Row
from misread.errors import DataError, FormatError, MissingExtraError
from misread.files import open_regular

try:
    import pyarrow
    from pyarrow import parquet, types
except ImportError:
    parquet = None

__all__ = ["open_parquet"]

_DAMAGED = (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
_CELLS = 2**20
_ROWS = 2_048
_ROWS_OF_TEXT = 128
_PER_COLUMN = 400
_PER_CELL = 4
_SAMPLE = 200
_MOST_METADATA = 2**24


def open_parquet(path: Path, reading: Reading) -> Grid:
    """Look at a Parquet file: its columns, their types, how many rows it promises.

    Raises
    ------
    DataError
        If it is damaged.
    MissingExtraError
        Without pyarrow.
    """
    if parquet is None:
        raise MissingExtraError("pyarrow", "parquet")
    with open_regular(path, error=DataError):  # no pipe, and there
        pass
    try:
        file = parquet.ParquetFile(path)
        schema, n_rows = file.schema_arrow, file.metadata.num_rows
        metadata = schema.metadata or {}
    except _DAMAGED as error:
        raise FormatError(f"{path}: not a readable Parquet file: {error}") from error
    names = tuple(schema.names)
    reading.require(len(names) * _PER_COLUMN, f"{path}: a table of {len(names):,} columns")
    features, said = _features(metadata.get(b"huggingface", b""))

    def rows() -> Generator[tuple[int, Row]]:
        return _rows(path, reading)

    with closing(rows()) as beginning:
        sample = tuple(islice(beginning, _SAMPLE))
    return Grid(
        path=path,
        header=names,
        width=len(names),
        sample=sample,
        rows=rows,
        ends=lambda: ((row[0], row[-1]) for _, row in rows()),
        n_rows=n_rows,
        class_names={i: features[name] for i, name in enumerate(names) if name in features},
        pictures=frozenset(i for i, field in enumerate(schema) if _holds_pictures(field.type)),
        truths=frozenset(i for i, field in enumerate(schema) if types.is_boolean(field.type)),
        said=said,
    )


def _holds_pictures(kind: Any) -> bool:
    """Whether a column is of bytes, or of Hugging Face's ``{"bytes": ..., "path": ...}``."""
    if types.is_struct(kind):
        return {"bytes", "path"} >= {kind.field(i).name for i in range(kind.num_fields)} and kind.num_fields > 0
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _features(metadata: bytes) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
    """The class names that Hugging Face states for columns of class codes, and what to say if they are odd."""
    if not metadata:
        return {}, ()
    try:
        if len(metadata) > _MOST_METADATA:
            raise ValueError("too long")
        features = json.loads(metadata)["info"]["features"]
        named = {
            name: tuple(feature["names"])
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names")
        }
        if not all(isinstance(one, str) and one for names in named.values() for one in names):
            raise ValueError("class names that are no text")
        if any(len(set(names)) < len(names) for names in named.values()):
            raise ValueError("the same class name twice")
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return {}, (f"Hugging Face's metadata is not understood ({error}), so classes have no names from it",)
    return named, ()


def _rows(path: Path, reading: Reading) -> Generator[tuple[int, Row]]:
    """The rows, in pieces whose memory is known before they become Python objects."""
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            plain = all(types.is_primitive(field.type) for field in schema)
            n_rows = max(1, min(_ROWS if plain else _ROWS_OF_TEXT, _CELLS // max(len(schema), 1)))
            for batch in file.iter_batches(batch_size=n_rows):
                n_bytes = batch.nbytes if plain else _unfolded(batch)
                reading.require(_PER_CELL * n_bytes, f"{path}: rows {number + 1} to {number + len(batch)}")
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield number, row
    except _DAMAGED as error:
        if isinstance(error, DataError):
            raise
        raise FormatError(f"{path}: damaged after row {number}: {error}") from error


def _unfolded(batch: "pyarrow.RecordBatch") -> int:
    """Bytes of a batch in which no value stands for others."""
    total = 0
    for column in batch.columns:
        if types.is_dictionary(column.type) and len(column.dictionary):
            total += len(column) * -(-column.dictionary.nbytes // len(column.dictionary))
        else:
            total += column.nbytes
    return total
