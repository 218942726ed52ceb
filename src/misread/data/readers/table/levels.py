"""From the cells of pixel columns to grey levels, exactly or not at all."""

from collections.abc import Callable, Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from misread.data.readers.table.grid import Grid, Row
from misread.errors import FormatError

__all__ = ["Levels", "holds_fractions"]

_LEVELS: dict[object, int] = {key: level for level in range(256) for key in (level, str(level))}
_LOOKED_AT = 2**18
_TRUTHS: dict[object, int] = {False: 0, True: 255}


def holds_fractions(grid: Grid, columns: Sequence[int]) -> bool:
    """Whether the first rows hold fractions of 1 and nothing beyond."""
    rows = [
        _values([row[index] for index in columns]) for _, row in grid.sample[: max(1, _LOOKED_AT // len(columns))]
    ]
    return all(((values >= 0) & (values <= 1)).all() for values in rows) and any(
        (values != np.floor(values)).any() for values in rows
    )


class Levels:
    """Reads the pixels of one table, row by row: whole grey levels, or fractions of 255 if those are held."""

    def __init__(self, grid: Grid, columns: Sequence[int], fractions: bool | None = None) -> None:
        self._grid = grid
        self._columns = tuple(columns)
        first = self._columns[0]
        pick: Callable[[Row], Sequence[object]] = lambda row: (row[first],)  # noqa: E731
        self._pick = itemgetter(*columns) if len(columns) > 1 else pick
        truths = set(columns) <= grid.truths
        self._levels = _TRUTHS if truths else _LEVELS
        self._fractions = holds_fractions(grid, columns) if fractions is None else fractions

    def of(self, number: int, row: Row) -> bytes:
        """The grey levels of a row; black and white stored as truth values become 0 and 255.

        Raises
        ------
        FormatError
            Naming the cell that is no grey level.
        """
        cells = self._pick(row)
        if self._fractions:
            return self._shares(number, row, cells)
        try:
            return bytes(map(self._levels.__getitem__, cells))
        except (KeyError, TypeError):
            return self._numbers(number, row, cells)

    def _numbers(self, number: int, row: Row, cells: Sequence[object]) -> bytes:
        """The slow way, to take 12.0 and 1.2e+01 for 12, and to say what is wrong."""
        values = _values(cells)
        if ((values >= 0) & (values <= 255) & (values == np.floor(values))).all():
            return values.astype(np.uint8).tobytes()
        for index in self._columns:
            if not _is_level(row[index]):
                where = f"{self._grid.path}: row {number}, {self._place(index)}"
                hint = _hint(row[index])
                if self._grid.header is None and number == 1:
                    hint += "; if this row names the columns, say --header first"
                raise FormatError(f"{where}: {str(row[index])[:60]!r} is not a pixel 0..255{hint}")
        raise AssertionError("some cell is no level")

    def _shares(self, number: int, row: Row, cells: Sequence[object]) -> bytes:
        values = _values(cells)
        if ((values >= 0) & (values <= 1)).all():
            return np.rint(values * 255).astype(np.uint8).tobytes()
        wrong = next(index for index in self._columns if not (0 <= _values([row[index]])[0] <= 1))
        where = f"{self._grid.path}: row {number}, {self._place(wrong)}"
        raise FormatError(
            f"{where}: {str(row[wrong])[:60]!r} is not within 0 to 1, as the first rows are; scale all alike"
        )

    def _place(self, index: int) -> str:
        name = "" if self._grid.header is None else f" ({self._grid.header[index]!r})"
        return f"column {index + 1}{name}"


def _values(cells: Sequence[object]) -> NDArray[np.float64]:
    """The cells as numbers; all NaN if one is none."""
    try:
        return np.array([_plain(cell) for cell in cells], np.float64)
    except (OverflowError, TypeError, ValueError):
        return np.full(len(cells), np.nan)


def _plain(cell: object) -> object:
    """A cell for float(): numbers with a decimal comma are numbers, too."""
    if isinstance(cell, bool):
        raise ValueError("no number")
    return cell.replace(",", ".", 1) if isinstance(cell, str) else cell


def _is_level(cell: object) -> bool:
    try:
        value = float(_plain(cell))  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        return False
    return 0 <= value <= 255 and value == int(value)


def _hint(cell: object) -> str:
    try:
        value = float(_plain(cell))  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        return ""
    return "; grey levels are whole numbers: scale them first" if value == value and abs(value) <= 255 else ""
