"""Read a table, or the parts of one, into a Dataset."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from misread.data.assemble import assemble
from misread.data.dataset import Dataset
from misread.data.making import Made, make_images
from misread.data.memory import for_images
from misread.data.readers.bulk import Held, Reading, read_pictures
from misread.data.readers.table.columnar import open_parquet
from misread.data.readers.table.grid import Grid, Row
from misread.data.readers.table.labels import check_plausible, group_text, label_text, settled
from misread.data.readers.table.layout import Layout, understand, understand_pictures
from misread.data.readers.table.levels import Levels, holds_fractions
from misread.data.readers.table.listed import with_pixels_apart
from misread.data.readers.table.pictures import picture_in
from misread.data.readers.table.series import Pixels
from misread.data.readers.table.text import open_text
from misread.data.words import LYING, SECOND, is_emnist
from misread.errors import DataError, FormatError
from misread.images.fit import DEFAULT_SIZE, check_fit, crops
from misread.images.levels import as_levels

__all__ = ["SUFFIXES", "Part", "read_parts", "read_table", "read_unlabelled"]

SUFFIXES = frozenset({".csv", ".data", ".parquet", ".tes", ".tra", ".tsv", ".txt"})
"""CSV under the names of UCI (``optdigits.tra``) and others, too."""

_TEST_WORDS = {"train": False, "training": False, "test": True, "testing": True, **dict.fromkeys(SECOND)}
_ROWS = 2_048
_PART_OF = re.compile(r"-\d{1,6}-of-(?!0*1(?:\D|$))\d{1,6}", re.ASCII)
_PER_ROW = 100


@dataclass(frozen=True)
class Part:
    """A file of a table, and whether its rows are for testing (None: it does not say)."""

    path: Path
    is_test: bool | None = None


@dataclass
class _Read:
    """What was read so far of all parts, row by row."""

    labels: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    places: list[tuple[Path, int]] = field(default_factory=list)
    tests: list[bool | None] = field(default_factory=list)
    pixels: bytearray = field(default_factory=bytearray)
    files: list[Path | Held] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    fractions: bool = False

    def note(self, path: Path, one: "_Numbered") -> None:
        """Keep what a row says beside its image."""
        self.labels.append(one.label)
        self.groups.append(one.group)
        self.places.append((path, one.number))
        self.tests.append(one.is_test)

    def place_validation(self) -> str:
        """Make the rows for validation the test images, or leave them out beside such; what to say of it."""
        if True not in self.tests:
            self.tests = [one is not False for one in self.tests]
            return "no row is for testing: the images for validation are the test images"
        kept = [index for index, one in enumerate(self.tests) if one is not None]
        n_rows, size = len(self.tests), len(self.pixels) // len(self.tests)
        self.labels, self.groups = [self.labels[i] for i in kept], [self.groups[i] for i in kept]
        self.places, self.tests = [self.places[i] for i in kept], [self.tests[i] for i in kept]
        self.files = [self.files[i] for i in kept] if self.files else []
        if size:
            self.pixels = bytearray().join(self.pixels[i * size : (i + 1) * size] for i in kept)
        return f"not read: {n_rows - len(kept):,} images for validation; training and test images are"


@dataclass(frozen=True)
class _About:
    """What is said of a set beside its images."""

    name: str
    source: str
    layout: str
    notes: tuple[str, ...]

    def assembled(
        self,
        images: NDArray[np.uint8],
        labels: Sequence[str],
        tests: Sequence[bool | None],
        notes: Sequence[str],
        made: Made,
        groups: Sequence[str] | None,
    ) -> Dataset:
        """Make the Dataset."""
        is_test = None if tests[0] is None else np.array(tests, bool)
        said = (*self.notes, *notes)
        return assemble(
            self.name,
            [images],
            labels,
            is_test,
            self.source,
            said,
            layout=self.layout,
            made=made,
            groups=groups,
        )


class _Numbered(NamedTuple):
    """A row with its number in the file, its label, whether it is for testing, and its group, if asked for."""

    number: int
    row: Row
    label: str
    is_test: bool | None
    group: str


def read_table(path: Path, reading: Reading) -> Dataset:
    """Read a CSV, TSV or Parquet table of images, in the order of its rows.

    The label column is called ``label``, ``class``, ``target``, ``y``, ``digit`` or ``category``, or Hugging
    Face's metadata tell it; without a header it is the one that looks like classes. A column called ``file``,
    ``filename``, ``path`` or ``image`` names image files inside the table's folder, or (in Parquet) holds them, as
    ``{"bytes": ..., "path": ...}`` or as plain bytes; otherwise the other columns are pixels 0..255, row by row of
    a square image, or of rows and columns that their names tell, or one column of a CSV file lists all of them. A
    column ``split`` may say ``train`` or ``test``. What was understood is the Dataset's `layout`.

    Raises
    ------
    DataError
        If the table cannot be read, or its columns cannot be told or make no sense.
    MissingExtraError
        For Parquet without pyarrow.
    """
    part = _PART_OF.search(path.stem)
    notes = () if part is None else (f"{path.name} is part of a table; give its folder to read all parts",)
    return read_parts([Part(path)], path.stem, f"table {path}", reading, notes)


def read_parts(
    parts: Sequence[Part], name: str, source: str, reading: Reading, notes: Sequence[str] = ()
) -> Dataset:
    """Read a table whose rows are in one or more files that have the same columns."""
    with _explaining(parts[0].path):
        first = _open(parts[0].path, reading)
        layout = understand(first, reading)
    read = _Read(fractions=layout.file is None and holds_fractions(first, layout.columns))
    notes = [*notes, *["levels 0 to 1 were multiplied by 255"] * read.fractions]
    for part in parts:
        with _explaining(part.path):
            grid = first if part is parts[0] else _alike(first, _open(part.path, reading))
            (_read_files if layout.file is not None else _read_pixels)(grid, layout, part, reading, read)
    if not read.labels:
        skipped = "; ".join(["", *read.skipped[:3]])
        what = "no row names a file that may be read" if layout.file is not None else "there are no rows"
        raise FormatError(f"{parts[0].path}: {what}{skipped}")
    if layout.split is not None and None in read.tests:
        notes.append(read.place_validation())
    labels = _class_names(first, layout, read)
    groups = None if layout.group is None else _groups(first, layout.group, read)
    about = _About(name, source, layout.said, tuple(notes))
    if layout.file is not None:
        return _with_pictures(about, labels, groups, read, parts[0].path.parent, reading)
    return _with_pixels(about, labels, groups, read, layout, reading)


def read_unlabelled(path: Path, reading: Reading) -> Iterator[tuple[int, Path | Held | NDArray[np.uint8] | str]]:
    """The images of a table row by row, with their numbers: picture files, grey levels, or why they are neither.

    Raises
    ------
    DataError
        If the table cannot be read, or it cannot be told where its pictures are.
    """
    with _explaining(path):
        grid = _open(path, reading)
        file, pixels = understand_pictures(grid, reading)
        if file is not None:
            for number, row in grid.rows():
                try:
                    yield number, picture_in(path.parent.resolve(), f"{path.name}, row {number}", row[file])
                except FormatError as error:
                    yield number, str(error)
            return
        assert pixels is not None  # as one of them is there
        yield from _rows_of_pixels(grid, pixels, reading)


def _rows_of_pixels(grid: Grid, pixels: Pixels, reading: Reading) -> Iterator[tuple[int, NDArray[np.uint8] | str]]:
    levels, read, wrong = Levels(grid, pixels.columns), bytearray(), {}
    numbers = []
    for number, row in grid.rows():
        numbers.append(number)
        try:
            read += levels.of(number, row)
        except FormatError as error:
            wrong[number] = str(error)
        if len(numbers) % _ROWS == 0:
            reading.require(2 * len(read), f"{grid.path}: {len(numbers):,} images")
    if not numbers:
        raise FormatError(f"{grid.path}: there are no rows")
    (images,), _ = as_levels({"pixels": np.frombuffer(read, np.uint8).reshape(-1, *pixels.shape)})
    right = iter(images)
    for number in numbers:
        yield number, wrong[number] if number in wrong else next(right)


def _open(path: Path, reading: Reading) -> Grid:
    if path.suffix.lower() == ".parquet":
        return open_parquet(path, reading)
    return with_pixels_apart(open_text(path, reading))


def _alike(first: Grid, other: Grid) -> Grid:
    if (other.header, other.width, other.class_names) != (first.header, first.width, first.class_names):
        raise FormatError(
            f"{other.path}: has other columns or classes than {first.path.name}; they should be alike, or give "
            "the path of one file"
        )
    return other


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Say in one line what is wrong with a file."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: not text in UTF-8 ({error.reason} at byte {error.start}); save it as CSV in UTF-8"
        ) from error
    except csv.Error as error:
        raise FormatError(f"{path}: not a readable table: {error}; is a quote missing?") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _rows(grid: Grid, layout: Layout, part: Part, reading: Reading) -> Iterator[_Numbered]:
    names = grid.class_names.get(layout.label)
    for done, (number, row) in enumerate(grid.rows(), 1):
        try:
            label = label_text(row[layout.label], names)
            group = "" if layout.group is None else group_text(row[layout.group], grid.title(layout.group))
        except FormatError as error:
            raise FormatError(f"{grid.path}: row {number} {error}") from error
        is_test = part.is_test if layout.split is None else _is_test(grid.path, number, row[layout.split])
        yield _Numbered(number, row, label, is_test, group)
        if reading.progress is not None and done % _ROWS == 0:
            reading.progress("reading rows", done, grid.n_rows or 0)


def _is_test(path: Path, number: int, cell: object) -> bool | None:
    """Whether a row is for testing; None for validation."""
    word = str(cell).strip().lower()
    if word not in _TEST_WORDS:
        raise FormatError(f"{path}: row {number}: the split must be train, test or validation, not {word[:60]!r}")
    return _TEST_WORDS[word]


def _read_pixels(grid: Grid, layout: Layout, part: Part, reading: Reading, read: _Read) -> None:
    levels = Levels(grid, layout.columns, read.fractions)

    def check(n_images: int) -> None:
        n_bytes = for_images(n_images, 1, len(layout.columns)) + _PER_ROW * n_images
        reading.require(n_bytes, f"{grid.path}: {n_images:,} images of {len(layout.columns):,} pixels")

    check(len(read.labels) + (grid.n_rows or 0))
    for one in _rows(grid, layout, part, reading):
        read.pixels += levels.of(one.number, one.row)
        read.note(grid.path, one)
        if len(read.labels) % _ROWS == 0:
            check(len(read.labels))


def _read_files(grid: Grid, layout: Layout, part: Part, reading: Reading, read: _Read) -> None:
    position = -1 if layout.file is None else layout.file
    folder = grid.path.parent.resolve()
    reading.require(_PER_ROW * (grid.n_rows or 0), f"{grid.path}: {grid.n_rows or 0:,} rows")
    held = grid.at_once + sum(len(file.content) for file in read.files if isinstance(file, Held))
    for one in _rows(grid, layout, part, reading):
        where = f"{grid.path.name}, row {one.number}"
        try:
            file = picture_in(folder, where, one.row[position])
        except FormatError as error:
            if reading.on_error == "stop":
                raise DataError(f"{where}: {error}") from error
            read.skipped.append(f"skipped {where}: {error}")
            continue
        held += _PER_ROW + (len(file.content) if isinstance(file, Held) else 0)
        if held > reading.most_memory:
            reading.require(held, f"{where}: reading it, and the image files up to here")
        read.files.append(file)
        read.note(grid.path, one)


def _class_names(grid: Grid, layout: Layout, read: _Read) -> list[str]:
    """The classes of all rows, which must look like classes."""
    labels = settled(read.labels)
    if "" in labels:
        path, number = read.places[labels.index("")]
        raise FormatError(f"{path}: row {number} has no label ({read.labels[labels.index('')]})")
    try:
        if not layout.is_asked:
            check_plausible(labels, grid.title(layout.label))
    except FormatError as error:
        raise FormatError(f"{grid.path}: {error}") from error
    first: dict[Path, int] = {}
    for index, file in enumerate(read.files):
        if isinstance(file, Path) and labels[first.setdefault(file, index)] != labels[index]:
            path, number = read.places[index]
            raise FormatError(
                f"{path}: row {number} says that {file.name} is {labels[index]!r}, and row "
                f"{read.places[first[file]][1]} that it is {labels[first[file]]!r}; whole pictures are read, each "
                "of one class: cut boxes out first"
            )
    return labels


def _groups(grid: Grid, column: int, read: _Read) -> list[str]:
    """The groups of all rows; one that stands for a missing number is none."""
    groups = settled(read.groups)
    if "" in groups:
        (path, number), cell = read.places[groups.index("")], read.groups[groups.index("")]
        raise FormatError(f"{path}: row {number} has no group in {grid.title(column)} ({cell})")
    return groups


def _with_pixels(
    about: _About,
    labels: Sequence[str],
    groups: Sequence[str] | None,
    read: _Read,
    layout: Layout,
    reading: Reading,
) -> Dataset:
    assert layout.pixels is not None  # as this is asked
    shape = layout.pixels.shape
    images = np.frombuffer(read.pixels, np.uint8).reshape(len(labels), *shape)
    size = reading.size or (DEFAULT_SIZE if crops(reading.fit) else shape)
    height, width = check_fit(size, reading.fit)
    reading.require(for_images(len(labels), height, width), f"{len(labels):,} images of {height}x{width}")
    levels, notes = as_levels({"pixels": images})
    notes += [LYING] * is_emnist(about.name)
    (images,), made = make_images(levels, reading)
    made = replace(made, names=np.array([f"{path.name}:{number}" for path, number in read.places], np.str_))
    return about.assembled(images, labels, read.tests, notes, made, groups)


def _with_pictures(
    about: _About,
    labels: Sequence[str],
    groups: Sequence[str] | None,
    read: _Read,
    folder: Path,
    reading: Reading,
) -> Dataset:
    pictures = read_pictures(read.files, folder.resolve(), reading)
    kept = pictures.kept.tolist()
    tests = [read.tests[index] for index in kept]
    notes = (*read.skipped, *pictures.notes)
    groups = None if groups is None else [groups[index] for index in kept]
    return about.assembled(pictures.images, [labels[index] for index in kept], tests, notes, pictures.made, groups)
