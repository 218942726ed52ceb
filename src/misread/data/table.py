"""Tables: CSV, TSV and Parquet with a label column and either pixel columns or a file-name column."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from misread.data.assemble import assemble
from misread.data.bulk import Held, Reading, read_pictures
from misread.data.cells import picture_in
from misread.data.dataset import Dataset
from misread.data.fit import DEFAULT_SIZE, fit_images
from misread.errors import DataError, FormatError, MissingExtraError

try:
    import pyarrow.parquet as parquet
except ImportError:
    parquet = None

__all__ = ["SUFFIXES", "read_table"]

SUFFIXES = frozenset({".csv", ".parquet", ".tsv"})

_LABELS = ("label", "labels", "class", "target", "y", "digit", "category")
_FILES = ("file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_path")
_SPLITS = ("split", "subset", "set")
_TEST_WORDS = {"train": False, "training": False, "test": True, "testing": True}
_DAMAGED_PARQUET = (LookupError, MemoryError, NotImplementedError, OSError, TypeError, ValueError)
_ROWS = 2_048
_LONGEST_LINE = 2**26
_LEVELS: dict[object, int] = {key: level for level in range(256) for key in (level, str(level))}

Row = Sequence[object]


@dataclass(frozen=True)
class _Columns:
    """Which columns hold what, by position."""

    label: int
    file: int | None
    split: int | None
    pixels: tuple[int, ...]

    @cached_property
    def pick(self) -> Callable[[Row], Sequence[object]]:
        """Take the pixels out of a row."""
        first = self.pixels[0]
        return itemgetter(*self.pixels) if len(self.pixels) > 1 else lambda row: (row[first],)


def read_table(path: Path, reading: Reading) -> Dataset:
    """Read a CSV, TSV or Parquet table of images, in the order of its rows.

    The label column is called ``label``, ``class``, ``target``, ``y``, ``digit`` or ``category``; a CSV file
    without a header has it first. A column called ``file``, ``filename``, ``path`` or ``image`` names image
    files inside the table's folder, or (in Parquet) holds them, as ``{"bytes": ..., "path": ...}`` or as plain
    bytes; otherwise all other columns are pixels 0..255, row by row of a square image.
    A column ``split`` may say ``train`` or ``test``.

    Raises
    ------
    DataError
        If the table cannot be read or its columns cannot be told.
    MissingExtraError
        For Parquet without pyarrow.
    """
    try:
        header, rows = _open_parquet(path) if path.suffix.lower() == ".parquet" else _open_csv(path)
        columns = _columns(path, header)
        if columns.file is not None:
            return _read_files(path, columns, rows, reading)
        return _read_pixels(path, columns, rows, reading)
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not text in UTF-8 ({error.reason} at byte {error.start})") from error
    except csv.Error as error:
        raise FormatError(f"{path}: not a readable table: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _open_csv(path: Path) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    """Return the column names and the numbered rows; names are made up when the file has no header."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        start = stream.readline(_LONGEST_LINE + 1)
    if len(start) > _LONGEST_LINE:
        raise FormatError(f"{path}: no line ends within {_LONGEST_LINE:,} characters; expected a row on each line")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=start.count)
    first = next(csv.reader([start], delimiter=delimiter), [])
    has_header = not all(_is_number(text) for text in first[1:]) or _is_named(first[:1])
    header = first if has_header else ["label", *(f"pixel{index}" for index in range(len(first) - 1))]
    return header, _csv_rows(path, delimiter, skip=int(has_header))


def _csv_rows(path: Path, delimiter: str, skip: int) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        for index, row in enumerate(reader):
            if index >= skip and row:
                yield reader.line_num, row


def _open_parquet(path: Path) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    if parquet is None:
        raise MissingExtraError("pyarrow", "parquet")
    try:
        file = parquet.ParquetFile(path)
    except _DAMAGED_PARQUET as error:
        raise FormatError(f"{path}: not a readable Parquet file: {error}") from error
    return list(file.schema_arrow.names), _parquet_rows(path, file)


def _parquet_rows(path: Path, file: "parquet.ParquetFile") -> Iterator[tuple[int, Row]]:
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield number, row
    except _DAMAGED_PARQUET as error:
        raise FormatError(f"{path}: damaged after row {number}: {error}") from error


def _columns(path: Path, header: list[str]) -> _Columns:
    names = [name.strip().lower() for name in header]

    def find(wanted: tuple[str, ...]) -> int | None:
        return next((names.index(name) for name in wanted if name in names), None)

    label, file, split = find(_LABELS), find(_FILES), find(_SPLITS)
    if label is None:
        shown = ", ".join(header[:8]) + (", ..." if len(header) > 8 else "")
        raise FormatError(f"{path}: no label column; call it one of {', '.join(_LABELS)} (columns: {shown})")
    pixels = tuple(index for index in range(len(names)) if index not in (label, split))
    side = math.isqrt(len(pixels))
    if file is None and (not pixels or side * side != len(pixels)):
        raise FormatError(
            f"{path}: {len(pixels)} pixel columns are not a square image, and no column is called one of "
            f"{', '.join(_FILES)}"
        )
    return _Columns(label, file, split, pixels)


def _is_named(texts: Iterable[str]) -> bool:
    return any(text.strip().lower() in (*_LABELS, *_FILES, *_SPLITS) for text in texts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _label(path: Path, number: int, row: Row, columns: _Columns) -> str:
    try:
        value = row[columns.label]
    except IndexError:
        raise FormatError(f"{path}: row {number} has only {len(row)} columns") from None
    text = str(value).strip() if value is not None else ""
    if not text:
        raise FormatError(f"{path}: row {number} has no label")
    return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text


def _is_test(path: Path, number: int, row: Row, columns: _Columns) -> bool | None:
    if columns.split is None:
        return None
    word = str(row[columns.split]).strip().lower() if columns.split < len(row) else ""
    if word not in _TEST_WORDS:
        raise FormatError(f"{path}: row {number}: the split must be train or test, not {word!r}")
    return _TEST_WORDS[word]


def _read_pixels(path: Path, columns: _Columns, rows: Iterable[tuple[int, Row]], reading: Reading) -> Dataset:
    labels: list[str] = []
    tests: list[bool | None] = []
    pixels = bytearray()
    for number, row in rows:
        labels.append(_label(path, number, row, columns))
        tests.append(_is_test(path, number, row, columns))
        pixels += _pixel_bytes(path, number, row, columns)
        if reading.progress is not None and len(labels) % _ROWS == 0:
            reading.progress("reading rows", len(labels), 0)
    if not labels:
        raise FormatError(f"{path}: there are no rows")
    side = math.isqrt(len(columns.pixels))
    images = np.frombuffer(pixels, np.uint8).reshape(len(labels), side, side)
    size = reading.size or (DEFAULT_SIZE if reading.fit == "mnist" else (side, side))
    images = fit_images(images, size, reading.fit, reading.invert)
    return _assembled(path, images, labels, tests, ())


def _pixel_bytes(path: Path, number: int, row: Row, columns: _Columns) -> bytes:
    try:
        return bytes(map(_LEVELS.__getitem__, columns.pick(row)))
    except (IndexError, KeyError, TypeError):
        return bytes(_pixel(path, number, row, index) for index in columns.pixels)


def _pixel(path: Path, number: int, row: Row, index: int) -> int:
    """Read a pixel the slow way, to take 12.0 for 12 and to say what is wrong."""
    if index >= len(row):
        raise FormatError(f"{path}: row {number} has only {len(row)} columns")
    try:
        value = float(row[index])  # type: ignore[arg-type]
        if 0 <= value <= 255 and value == int(value):
            return int(value)
    except (TypeError, ValueError):
        pass
    raise FormatError(f"{path}: row {number}, column {index + 1}: {row[index]!r} is not a pixel 0..255")


def _read_files(path: Path, columns: _Columns, rows: Iterable[tuple[int, Row]], reading: Reading) -> Dataset:
    labels: list[str] = []
    tests: list[bool | None] = []
    files: list[Path | Held] = []
    skipped: list[str] = []
    position = -1 if columns.file is None else columns.file
    folder = path.parent.resolve()
    for number, row in rows:
        label = _label(path, number, row, columns)
        try:
            file = picture_in(folder, f"{path.name}, row {number}", row[position] if position < len(row) else None)
        except FormatError as error:
            reason = f"{path.name}, row {number}: {error}"
            if reading.on_error == "stop":
                raise DataError(reason) from error
            skipped.append(f"skipped {reason}")
            continue
        labels.append(label)
        tests.append(_is_test(path, number, row, columns))
        files.append(file)
    if not files:
        raise FormatError(f"{path}: no row names a file that may be read{'; '.join(['', *skipped[:3]])}")
    pictures = read_pictures(files, folder, reading)
    kept = pictures.kept.tolist()
    return _assembled(
        path,
        pictures.images,
        [labels[index] for index in kept],
        [tests[index] for index in kept],
        (*skipped, *pictures.notes),
    )


def _assembled(
    path: Path,
    images: NDArray[np.uint8],
    labels: list[str],
    tests: list[bool | None],
    notes: Sequence[str],
) -> Dataset:
    is_test = None if tests[0] is None else np.array(tests, bool)
    return assemble(path.stem, images, labels, is_test, f"table {path}", notes)
