"""A table that was opened, before it is asked what its columns mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from misread.errors import ParameterError

__all__ = ["Grid", "Row", "shown"]

Row = Sequence[object]


@dataclass(frozen=True)
class Grid:
    """Rows of as many cells as there are columns, numbered as in the file.

    `header` is None where nothing tells what the columns are called. `sample` are the first rows, `ends` gives
    the first and the last cell of every row. `class_names` are those that a file states for columns of codes,
    `pictures` the columns that hold image files by their type, and `lists` those of lists, which are not read.
    `numbered` are the positions of the file's own columns, where one of them was cut into several. `n_rows` is
    None where only reading tells, and `at_once` is the memory that reading takes beside the rows that are kept.
    """

    path: Path
    header: tuple[str, ...] | None
    width: int
    sample: tuple[tuple[int, Row], ...]
    rows: Callable[[], Iterator[tuple[int, Row]]]
    ends: Callable[[], Iterator[tuple[object, object]]]
    n_rows: int | None = None
    at_once: int = 0
    class_names: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    pictures: frozenset[int] = frozenset()
    lists: frozenset[int] = frozenset()
    truths: frozenset[int] = frozenset()
    said: tuple[str, ...] = ()
    numbered: tuple[int, ...] = ()

    def title(self, index: int) -> str:
        """What to call a column."""
        if self.header is not None:
            return f"column {self.header[index]!r}"
        ends = {0: "the first column", self.width - 1: f"the last column ({self.width})"}
        return ends.get(index, f"column {index + 1}")

    def column(self, wanted: str | int, option: str) -> int:
        """The position of a column by its name, its number (from 1), ``first`` or ``last``.

        Raises
        ------
        ParameterError
            If there is none of this name, or more than one.
        """
        text = str(wanted)
        names = self.header or ()
        for same in ([i for i, name in enumerate(names) if name == text], self._named(text)):
            if len(same) > 1:
                places = " and ".join(str(i + 1) for i in same)
                raise ParameterError(
                    f"{option} {text}: columns {places} have this name; give the number of the one that is meant"
                )
            if same:
                return same[0]
        numbered = self.numbered or range(self.width)
        number = {"first": 1, "last": len(numbered)}.get(
            text, int(text) if text.isascii() and text.isdigit() else 0
        )
        if 1 <= number <= len(numbered):
            return numbered[number - 1]
        known = f"columns: {shown(names)}; " if names else ""
        raise ParameterError(
            f"{option} {text}: {self.path} has no such column; {known}expected a name, a number from 1 to "
            f"{len(numbered)}, first or last"
        )

    def _named(self, text: str) -> list[int]:
        return [i for i, name in enumerate(self.header or ()) if name.strip().lower() == text.strip().lower()]


def shown(names: Sequence[str]) -> str:
    """The first names, for a message."""
    return ", ".join(name[:60] for name in names[:8]) + (", ..." if len(names) > 8 else "")
