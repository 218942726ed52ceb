"""Tables that list all pixels of an image in one cell, as ``[0, 12, 255]``, as rows, or by spaces alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from misread.data.readers.table.grid import Grid, Row
from misread.data.readers.table.words import LISTED_NUMBER, is_list
from misread.errors import FormatError

__all__ = ["with_pixels_apart"]

_OPENING = re.compile(r"[\[(]\s*[\[(]")


def with_pixels_apart(grid: Grid) -> Grid:
    """Give each pixel of a column of lists a column of its own, in its place; other tables stay as they are.

    Raises
    ------
    FormatError
        If lists were shortened, or there is more than one such column.
    """
    first = grid.sample[0][1]
    listed = [index for index in range(grid.width) if all(is_list(row[index]) for _, row in grid.sample)]
    if not listed:
        return grid
    if len(listed) > 1:
        raise FormatError(
            f"{grid.path}: {' and '.join(map(grid.title, listed[:3]))} list numbers; expected one image in a row"
        )
    (column,) = listed
    title = grid.title(column)
    n_pixels, names = _names(str(first[column]))

    def apart(numbered: tuple[int, Row]) -> tuple[int, Row]:
        number, row = numbered
        cell = str(row[column])
        pixels = LISTED_NUMBER.findall(cell) if is_list(cell) else []
        if "..." in cell:
            raise FormatError(
                f"{grid.path}: row {number}: {title} was shortened when it was written: '...' stands where "
                "numbers were; write image.tolist() instead"
            )
        if len(pixels) != n_pixels:
            raise FormatError(
                f"{grid.path}: row {number} lists {len(pixels):,} numbers in {title}, the first row {n_pixels:,}"
            )
        return number, [*row[:column], *pixels, *row[column + 1 :]]

    def rows() -> Iterator[tuple[int, Row]]:
        return map(apart, grid.rows())

    def ends() -> Iterator[tuple[object, object]]:
        return ((row[0], row[-1]) for _, row in rows())

    header = grid.header and (*grid.header[:column], *names, *grid.header[column + 1 :])
    moved = (*range(column + 1), *range(column + n_pixels, grid.width + n_pixels - 1))
    return replace(
        grid,
        header=header,
        width=grid.width + n_pixels - 1,
        sample=tuple(map(apart, grid.sample)),
        rows=rows,
        ends=ends,
        numbered=moved,
        said=(*grid.said, f"pixels listed in {title}"),
    )


def _names(cell: str) -> tuple[int, Sequence[str]]:
    """How many pixels a list holds, and names that tell where each lies: by rows if it is a list of lists."""
    n_pixels = len(LISTED_NUMBER.findall(cell))
    if not _OPENING.match(cell.strip()):
        return n_pixels, [f"pixel{index}" for index in range(n_pixels)]
    rows = [len(LISTED_NUMBER.findall(part)) for part in re.split(r"[\])]", cell) if LISTED_NUMBER.search(part)]
    places = ([f"row{row}column{column}" for column in range(width)] for row, width in enumerate(rows))
    return n_pixels, list(chain.from_iterable(places))
