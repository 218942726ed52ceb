"""Columns of pixels by their names: pixel0, pixel1, ... or 1x1, 1x2, ...; how they lie in the image."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from misread.data.readers.table.words import FILES, INDEXES, normal
from misread.errors import FormatError

__all__ = ["Pixels", "pixels_among"]

_TWO = re.compile(r"(\D*)(\d{1,7})(\D+)(\d{1,7})(\D*)", re.ASCII)
_ONE = re.compile(r"(.*?)(\d{1,9})(\D*)", re.ASCII | re.DOTALL)
_FEWEST = 4
_FEWEST_UNNAMED = 16
_COLUMN_FIRST = re.compile(
    r"(?:.*[^a-z])?(?:x|c|col|column)[^a-z]*\d+[^a-z]*(?:y|r|row)[^a-z]*\d.*", re.IGNORECASE
)
_ROW_FIRST = re.compile(r"(?:.*[^a-z])?(?:y|r|row)[^a-z]*\d+[^a-z]*(?:x|c|col|column)[^a-z]*\d.*", re.IGNORECASE)

Kind = tuple[str, ...]


@dataclass(frozen=True)
class Pixels:
    """The columns that are pixels, row by row of an image of this shape, and what to say of them."""

    columns: tuple[int, ...]
    shape: tuple[int, int]
    said: tuple[str, ...] = ()


def pixels_among(header: Sequence[str], columns: Sequence[int]) -> Pixels:
    """Find the pixels among columns that are nothing else.

    Names with numbers tell them, and their order; other columns beside them are left out. Without such names
    all columns are pixels but those that are called as an index is.

    Raises
    ------
    FormatError
        With the reason alone, if they make no image, or more than one.
    """
    two = [_TWO.fullmatch(header[i]) for i in columns]
    kinds: Counter[Kind] = Counter((m[1], m[3], m[5]) for m in two if m)
    found = _most(kinds, len(columns))
    if found is not None:
        members = {
            i: (int(m[2]), int(m[4]))
            for i, m in zip(columns, two, strict=True)
            if m and _kind(m, 1, 3, 5) == found
        }
        if len({first for first, _ in members.values()}) > 1:
            return _with_rest(_grid(header, members), header, columns)
        return _with_rest(_line(header, {i: second for i, (_, second) in members.items()}), header, columns)
    one = [_ONE.fullmatch(header[i]) for i in columns]
    found = _most(Counter((m[1], m[3]) for m in one if m), len(columns))
    if found is not None:
        numbers = {i: int(m[2]) for i, m in zip(columns, one, strict=True) if m and _kind(m, 1, 3) == found}
        return _with_rest(_line(header, numbers), header, columns)
    rest = tuple(i for i in columns if normal(header[i]) not in INDEXES)
    shape = _square(len(rest), f", and no column is called one of {', '.join(FILES)}")
    if len(rest) < _FEWEST_UNNAMED:
        raise FormatError(
            f"columns {', '.join(repr(header[i]) for i in rest[:4])}, ... are hardly the pixels of an image; name "
            "pixel columns with numbers: pixel0, pixel1, ..., row by row"
        )
    return _with_rest(Pixels(rest, shape), header, columns)


def _kind(found: re.Match[str], *groups: int) -> Kind:
    return tuple(found[group] for group in groups)


def _most(kinds: Counter[Kind], n_columns: int) -> Kind | None:
    """The kind of name that more than half of the columns have."""
    for kind, number in kinds.most_common(1):
        if number >= _FEWEST and 2 * number > n_columns:
            return kind
    return None


def _line(header: Sequence[str], numbers: dict[int, int]) -> Pixels:
    """Pixels with one number each, which tells their order."""
    ordered = sorted(numbers, key=numbers.__getitem__)
    again = next((after for before, after in pairwise(ordered) if numbers[before] == numbers[after]), None)
    if again is not None:
        raise FormatError(f"two columns are the pixel {header[again]!r}; rename or remove one")
    for before, after in pairwise(ordered):
        if numbers[before] + 1 != numbers[after]:
            raise FormatError(
                f"no column lies between the pixels {header[before]!r} and {header[after]!r}; is one missing?"
            )
    shape = _square(len(ordered), "; give them names with row and column, such as 1x1, if the image is none")
    said = () if ordered == sorted(ordered) else ("pixels in the order of their numbers, not of the columns",)
    return Pixels(tuple(ordered), shape, said)


def _grid(header: Sequence[str], places: dict[int, tuple[int, int]]) -> Pixels:
    """Pixels with two numbers each, row and column."""
    in_file = [header[i] for i in sorted(places)]
    column_first, row_first = (all(map(one.fullmatch, in_file)) for one in (_COLUMN_FIRST, _ROW_FIRST))
    firsts = [places[i][0] for i in sorted(places)]
    if not (column_first or row_first) and sum(map(int.__ne__, firsts, firsts[1:])) > len(set(firsts)) - 1:
        raise FormatError(
            f"columns run from {in_file[0]!r} over {in_file[1]!r}: which number is the row? "
            "Name them r0c0, r0c1, ..."
        )
    if column_first:
        places = {i: (row, column) for i, (column, row) in places.items()}
    ordered = sorted(places, key=places.__getitem__)
    rows, columns = (sorted({place[axis] for place in places.values()}) for axis in (0, 1))
    whole = [
        (row, column) for row in range(rows[0], rows[-1] + 1) for column in range(columns[0], columns[-1] + 1)
    ]
    if len(whole) != len(ordered) or [places[i] for i in ordered] != whole:
        raise FormatError(
            f"{len(ordered):,} pixel columns from {in_file[0]!r} to {in_file[-1]!r} do not fill an image of "
            f"{len(rows)} rows and {len(columns)} columns; is one missing or there twice?"
        )
    said = () if ordered == sorted(ordered) else ("pixels in the order of their names, not of the columns",)
    return Pixels(tuple(ordered), (len(rows), len(columns)), said)


def _square(number: int, remedy: str) -> tuple[int, int]:
    side = math.isqrt(number)
    third = math.isqrt(number // 3)
    if 3 * third * third == number > 3:
        remedy = f", but three times {third}x{third}: colours; make them grey first"
    if number < _FEWEST:
        raise FormatError(
            f"{number or 'no'} column{'s' * (number != 1)} can hardly be the pixels of an image{remedy}"
        )
    if side * side != number or side < 2:
        raise FormatError(f"{number:,} pixel columns are not a square image{remedy}")
    return side, side


def _with_rest(pixels: Pixels, header: Sequence[str], columns: Sequence[int]) -> Pixels:
    """Say which columns are left out."""
    chosen = set(pixels.columns)
    rest = [header[i] for i in columns if i not in chosen]
    if not rest:
        return pixels
    said = f"not used: {', '.join(repr(name) for name in rest[:6])}{', ...' * (len(rest) > 6)}"
    return Pixels(pixels.columns, pixels.shape, (*pixels.said, said))
