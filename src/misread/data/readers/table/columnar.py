"""Parquet: columns with types, perhaps with pictures in them and class names beside them, as Hugging Face has."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data.readers.bulk import Reading
from misread.data.readers.table.grid import Grid, Row
from misread.data.readers.table.words import counts_up
from misread.data.words import composed, printable
from misread.errors import DataError, FormatError, MissingExtraError, ParameterError
from misread.files import open_regular

try:
    import pyarrow
    from pyarrow import compute, parquet, types
except ImportError:
    parquet = None

__all__ = ["cells_of", "is_flat", "open_parquet", "parquet_schema", "pieces_of"]

_DAMAGED = (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
_CELLS = 2**20
_ROWS = 2_048
_BYTES = 2**24
_BUFFER = 2**20
_PER_GROUP = 4
"""Bytes that pyarrow 26 takes for a byte of folded values, measured on pictures of 250 kB."""
_PER_COLUMN = 400
_PER_CELL = 4
_SAMPLE = 200
_SHOWN = 200
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
    if reading.header is not None:
        raise ParameterError(f"--header is for CSV and TSV; the columns of {path} have names")
    schema, n_rows = parquet_schema(path)
    try:
        with parquet.ParquetFile(path) as file:
            at_once = _for_groups(path, file.metadata, reading)
    except _DAMAGED as error:
        raise FormatError(f"{path}: not a readable Parquet file: {_reason(error)}") from error
    metadata = schema.metadata or {}
    names = tuple(schema.names)
    reading.require(len(names) * _PER_COLUMN, f"{path}: a table of {len(names):,} columns")
    features, said = _features(metadata.get(b"huggingface", b""))

    def rows() -> Generator[tuple[int, Row]]:
        return _rows(path, reading)

    with closing(rows()) as beginning:
        sample = _sample(beginning)
    return Grid(
        path=path,
        header=None if counts_up(names) else names,
        width=len(names),
        sample=sample,
        rows=rows,
        ends=lambda: ((row[0], row[-1]) for _, row in rows()),
        n_rows=n_rows,
        at_once=at_once,
        class_names={i: features[name] for i, name in enumerate(names) if name in features},
        pictures=frozenset(i for i, field in enumerate(schema) if _holds_pictures(field.type)),
        lists=frozenset(i for i, field in enumerate(schema) if not is_flat(field.type)),
        truths=frozenset(i for i, field in enumerate(schema) if types.is_boolean(field.type)),
        said=(*said, "the columns are only counted") if counts_up(names) else said,
    )


def parquet_schema(path: Path) -> tuple["pyarrow.Schema", int]:
    """The columns of a Parquet file with their types, and how many rows it promises.

    Raises
    ------
    DataError
        If it is damaged, or no ordinary file.
    MissingExtraError
        Without pyarrow.
    """
    if parquet is None:
        raise MissingExtraError("pyarrow", "parquet")
    with open_regular(path, error=DataError):  # no pipe, and there
        pass
    try:
        with parquet.ParquetFile(path) as file:
            return file.schema_arrow, file.metadata.num_rows
    except _DAMAGED as error:
        raise FormatError(f"{path}: not a readable Parquet file: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What pyarrow says, in one line."""
    return printable(" ".join(str(error).split())[:_SHOWN]) or type(error).__name__


def _sample(rows: Iterator[tuple[int, Row]]) -> tuple[tuple[int, Row], ...]:
    """The first rows without the pictures in them, and no more than some megabytes."""
    sample: list[tuple[int, Row]] = []
    seen = 0
    for number, row in islice(rows, _SAMPLE):
        sample.append((number, [_short(cell) for cell in row]))
        seen += sum(_size(cell) for cell in row)
        if seen > _BYTES:
            break
    return tuple(sample)


def _size(cell: object) -> int:
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    return len(content) if isinstance(content, str | bytes) else 0


def _short(cell: object) -> object:
    return cell[:_SHOWN] if isinstance(cell, str | bytes) else None if isinstance(cell, dict) else cell


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
        if any(len(set(map(composed, names))) < len(names) for names in named.values()):
            raise ValueError("the same class name twice")
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return {}, (f"Hugging Face's metadata is not understood ({error}), so classes have no names from it",)
    return named, ()


def _rows(path: Path, reading: Reading) -> Generator[tuple[int, Row]]:
    """The rows.

    Lists and the like are not read: no label, pixel or picture is one. An empty one stands for each.
    """
    number = 0
    schema = parquet.ParquetFile(path).schema_arrow
    absent: dict[str, list[object]]
    absent = {field.name: [{} if types.is_struct(field.type) else []] for field in schema}
    for piece in pieces_of(path, reading):
        try:
            cells = dict(zip(piece.schema.names, map(cells_of, piece.columns), strict=True))
        except _DAMAGED as error:
            raise FormatError(f"{path}: damaged after row {number}: {_reason(error)}") from error
        columns = (cells.get(name, absent[name] * len(piece)) for name in schema.names)
        for row in zip(*columns, strict=True):
            number += 1
            yield number, row


def pieces_of(path: Path, reading: Reading) -> Generator["pyarrow.RecordBatch"]:
    """The flat columns, in pieces whose memory is known before they become Python objects."""
    number = 0
    try:
        # pyarrow's own way keeps every group of rows that it has read until the last one
        how = {"pre_buffer": False, "buffer_size": _BUFFER}
        with parquet.ParquetFile(path, read_dictionary=_folded(path), **how) as file:
            _for_groups(path, file.metadata, reading)
            wanted = [field.name for field in file.schema_arrow if is_flat(field.type)]
            for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata), columns=wanted):
                for piece in _pieces(batch, f"{path}: a row after row {number:,}", reading):
                    yield piece
                    number += len(piece)
    except _DAMAGED as error:
        raise FormatError(f"{path}: damaged after row {number}: {_reason(error)}") from error


def _folded(path: Path) -> list[str]:
    """The columns of text and bytes, whose values stay folded: one that is there a thousand times is kept once."""
    schema = parquet.ParquetFile(path).metadata.schema
    leaves = [schema.column(i) for i in range(len(schema))]
    return [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY" and leaf.max_repetition_level == 0]


def _for_groups(path: Path, metadata: "parquet.FileMetaData", reading: Reading) -> int:
    """The memory that pyarrow takes for a group of rows, if it is allowed: each says how large it is unpacked.

    Its columns say so, too, but pyarrow 26 ends the process when it is asked about a damaged one.
    """
    most = 0
    for index in range(metadata.num_row_groups):
        n_bytes = _PER_GROUP * metadata.row_group(index).total_byte_size
        reading.require(n_bytes, f"{path}: reading its {index + 1}. group of rows")
        most = max(most, n_bytes)
    return most


def _rows_at_once(metadata: "parquet.FileMetaData") -> int:
    """So many rows that their cells are some megabytes, as far as types and sizes tell."""
    schema, groups = metadata.schema, [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    leaves = [schema.column(i) for i in range(len(schema))]
    widest = max((leaf.length for leaf in leaves if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY"), default=1)
    largest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=1)
    return int(max(1, min(_ROWS, _CELLS // max(len(leaves), 1), _BYTES // max(widest, largest, 1))))


def _pieces(batch: "pyarrow.RecordBatch", where: str, reading: Reading) -> Iterator["pyarrow.RecordBatch"]:
    """Runs of rows that take some megabytes each when no value stands for others any more."""
    if not len(batch):
        return
    sizes = sum((_row_bytes(column) for column in batch.columns), np.zeros(len(batch), np.int64))
    reading.require(_PER_CELL * int(sizes.max()), where)
    ends = np.flatnonzero(np.diff(np.cumsum(sizes) // _BYTES, append=-1)) + 1
    for start, end in pairwise([0, *ends.tolist()]):
        yield batch.slice(start, end - start)


def is_flat(kind: Any) -> bool:
    """Whether a column holds a value in each cell, or a picture."""
    return not types.is_nested(kind) or _holds_pictures(kind)


def _row_bytes(column: "pyarrow.Array") -> NDArray[np.int64]:
    """The bytes of each cell, folded ones at their full length."""
    if types.is_struct(column.type):
        return np.sum([_row_bytes(part) for part in column.flatten()], axis=0, dtype=np.int64)
    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if not (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
    ):
        return np.full(len(column), 8, np.int64)
    if types.is_dictionary(column.type):
        lengths = compute.binary_length(column.dictionary).take(column.indices)
    else:
        lengths = compute.binary_length(column)
    return np.asarray(lengths.fill_null(0).to_numpy(zero_copy_only=False), np.int64)


def cells_of(column: "pyarrow.Array") -> list[object]:
    """Python objects; the quick way where there is nothing but numbers."""
    if column.null_count == 0 and (types.is_integer(column.type) or types.is_floating(column.type)):
        return list(column.to_numpy().tolist())
    return list(column.to_pylist())
