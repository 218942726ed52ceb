"""What the columns of a table are: label, pictures or pixels, split; said in one sentence, or refused."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from misread.data.readers.bulk import Reading
from misread.data.readers.table.grid import Grid, shown
from misread.data.readers.table.nameless import FEWEST_PIXELS, guess_roles, names_files
from misread.data.readers.table.series import Pixels, pixels_among
from misread.data.readers.table.words import FILES, INDEXES, LABELS, SPLITS, is_missing, is_number, normal
from misread.errors import FormatError

__all__ = ["Layout", "understand", "understand_pictures"]


@dataclass(frozen=True)
class Layout:
    """Which columns hold what, by position; `pixels` is None where pictures are in a column `file`."""

    label: int
    file: int | None
    split: int | None
    group: int | None
    pixels: Pixels | None
    is_asked: bool
    said: str

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """The pixels' columns."""
        return self.pixels.columns if self.pixels is not None else ()


def understand(grid: Grid, reading: Reading) -> Layout:
    """Tell what the columns are, by options, types, names, and what stands in them.

    Raises
    ------
    DataError
        If they cannot be told, or make no sense.
    """
    label = None if reading.label_column is None else grid.column(reading.label_column, "--label-column")
    file = None if reading.path_column is None else grid.column(reading.path_column, "--path-column")
    group = None if reading.group_column is None else grid.column(reading.group_column, "--group-column")
    if label is not None and label == file:
        raise FormatError(f"{grid.path}: {grid.title(label)} cannot hold both the label and the pictures")
    try:
        if grid.header is None:
            label, file = guess_roles(grid, label, file)
            split = None
        else:
            if file is None:
                file = _file_by_name(grid, grid.header, label)
            if label is None:
                label = _label_by_name(grid, grid.header, file)
            split = next((i for i in _named(grid.header, SPLITS) if i not in (label, file, group)), None)
        if group is not None and group in (label, file):
            held = "the label" if group == label else "the pictures"
            raise FormatError(f"{grid.title(group)} holds {held}; say another --group-column")
        return _layout(grid, (label, file, split, group), reading.label_column is not None)
    except FormatError as error:
        raise FormatError(f"{grid.path}: {error}") from error


def understand_pictures(grid: Grid, reading: Reading) -> tuple[int | None, Pixels | None]:
    """Tell where the pictures of a table are that may have no labels: the column of files, or the pixels.

    Raises
    ------
    DataError
        If neither can be told.
    """
    if grid.header is None and reading.label_column is None and math.isqrt(grid.width) ** 2 == grid.width > 1:
        return None, _pixels(grid, range(grid.width))
    try:
        layout = understand(grid, reading)
    except FormatError as reason:
        if grid.header is None or reading.label_column is not None:
            raise
        file = reading.path_column and grid.column(reading.path_column, "--path-column")
        file = _file_by_name(grid, grid.header, None) if file is None else file
        if file is not None:
            return int(file), None
        others = _named(grid.header, (*LABELS, *SPLITS, *INDEXES))
        try:
            return None, _pixels(grid, [i for i in range(grid.width) if i not in others])
        except FormatError:
            raise reason from None
    return layout.file, layout.pixels


def _layout(grid: Grid, roles: tuple[int, int | None, int | None, int | None], is_asked: bool) -> Layout:
    label, file, split, group = roles
    rest = [i for i in range(grid.width) if i not in roles]
    said = [f"label in {grid.title(label)}"]
    pixels = None
    if file in grid.lists:
        raise FormatError(_lists(grid, file))
    if file is not None:
        held = file in grid.pictures
        said.append(f"image files {'held' if held else 'named'} in {grid.title(file)}")
        if rest:
            named = ", ".join(grid.title(i).removeprefix("column ") for i in rest[:6])
            said.append(f"not used: {named}{', ...' * (len(rest) > 6)}")
    else:
        pixels = _pixels(grid, rest)
        height, width = pixels.shape
        said += [f"{height * width:,} pixels as {height}x{width}", *pixels.said]
    if split is not None:
        said.append(f"split in {grid.title(split)}")
    if group is not None:
        said.append(f"group in {grid.title(group)}")
    if label in grid.class_names:
        said.append("class names from Hugging Face's metadata")
    return Layout(*roles, pixels, is_asked, "; ".join([", ".join(said[:2]), *said[2:], *grid.said]))


def _pixels(grid: Grid, columns: Sequence[int]) -> Pixels:
    if grid.header is None:
        names = [f"p{i}" for i in range(grid.width)]
        return pixels_among([names[columns.index(i)] if i in columns else "" for i in range(grid.width)], columns)
    try:
        return pixels_among(grid.header, columns)
    except FormatError as error:
        listed = next((i for i in columns if i in grid.lists), None)
        if listed is None:
            raise
        raise FormatError(_lists(grid, listed)) from error


def _lists(grid: Grid, column: int) -> str:
    """Why a list of unknown length in a cell is not read: a kilobyte of Parquet unfolds to gigabytes of it."""
    return (
        f"{grid.title(column)} holds lists, which are not read from Parquet; expected a column for each pixel or "
        "the bytes of an image file in each cell, or write images and labels to an NPZ file"
    )


def _named(header: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Columns with one of these names, in the order of the names."""
    names = [normal(name) for name in header]
    return [i for one in wanted for i, name in enumerate(names) if name == one]


def _label_by_name(grid: Grid, header: Sequence[str], file: int | None) -> int:
    found = list(grid.class_names) or [i for i in _named(header, LABELS) if i != file]
    names = [normal(name) for name in header]
    surely = [i for i in found if not (names[i] == "y" and ("x" in names or len(found) > 1))]
    if len(surely) == 1:
        return surely[0]
    if not surely:
        raise FormatError(
            f"no label column; call it one of {', '.join(LABELS)}, or say --label-column NAME "
            f"(columns: {shown(header)})"
        )
    places = " and ".join(f"{header[i]!r} (column {i + 1})" for i in surely[:3])
    raise FormatError(f"{places} may each be the label; say which with --label-column {surely[0] + 1}")


def _file_by_name(grid: Grid, header: Sequence[str], label: int | None) -> int | None:
    """The column of pictures, if there is one: by its type, or by its name if it holds no numbers."""
    held = [i for i in grid.pictures if i != label]
    by_name = _named(header, FILES)
    named = [i for i in by_name if i != label and not _only_numbers(grid, i)]
    found = [i for i in held if i in by_name] or ([] if named else _without_labels(grid, header, held)) or named
    if not found and grid.width < FEWEST_PIXELS:
        found = [i for i in range(grid.width) if i != label and names_files([row[i] for _, row in grid.sample])]
    if len(found) > 1:
        places = " and ".join(f"{header[i]!r} (column {i + 1})" for i in found[:3])
        raise FormatError(f"{places} may each hold the pictures; say which with --path-column {found[0] + 1}")
    return found[0] if found else None


def _without_labels(grid: Grid, header: Sequence[str], held: Sequence[int]) -> list[int]:
    """Columns of bytes that are not called as labels are, which may be bytes as well."""
    return [i for i in held if normal(header[i]) not in (*LABELS, *SPLITS)]


def _only_numbers(grid: Grid, index: int) -> bool:
    cells = [row[index] for _, row in grid.sample]
    return any(map(is_number, cells)) and all(is_number(cell) or is_missing(cell) for cell in cells)
