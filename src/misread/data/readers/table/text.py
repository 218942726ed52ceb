"""CSV and its kin: which separator, whether there is a header, and rows that all have as many cells."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from misread.data.readers.bulk import Reading
from misread.data.readers.table.grid import Grid
from misread.data.readers.table.words import (
    FILES,
    INDEXES,
    LABELS,
    SPLITS,
    counts_up,
    is_file_name,
    is_list,
    is_missing,
    is_number,
    normal,
)
from misread.errors import DataError, FormatError
from misread.files import open_regular

__all__ = ["open_text"]

_LONGEST_LINE = 2**26
_LONG_LINE = 2**16
_PER_CELL = 400
_SAMPLE_ROWS = 200
_SAMPLE_LETTERS = 2**21
_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "spaces"}
_LOOKED_AT = 50
_NUMBERS = re.compile(r"\s*[\d.,eE+-]+(?:\s+[\d.,eE+-]+)+\s*", re.ASCII)
_SPARSE = re.compile(r"\s*[+-]?[\d.]+(?:\s+\d+:[\d.eE+-]+)+\s*", re.ASCII)
_EXCEL = re.compile(r"sep=.\s*", re.IGNORECASE)
"""The line by which Excel is told the separator; what the rows themselves say is asked, and agrees with it."""
_KNOWN = frozenset((*LABELS, *FILES, *SPLITS, *INDEXES)) - {""}

TextRow = list[str]


def open_text(path: Path, reading: Reading) -> Grid:
    """Look at the beginning of a table of text.

    Raises
    ------
    DataError
        If it is no table, or its first rows have not as many cells as the header.
    """
    lines = list(_beginning(path, reading))
    if any(_SPARSE.fullmatch(line) for line in lines[:_LOOKED_AT]):
        raise FormatError(
            f"{path}: looks like LIBSVM's sparse format, which is not read; "
            "sklearn.datasets.load_svmlight_file reads it: write images and labels to an NPZ file"
        )
    first, second = (*lines[:2], "", "")[:2]
    if first.startswith("#") and (second.startswith("#") or not _is_header_of(first, second)):
        raise FormatError(
            f"{path}: begins with a comment ({first.strip()[:60]!r}); expected a header or a row: "
            "take out the lines before it that begin with #"
        )
    separator = (
        "\t" if path.suffix.lower() == ".tsv" and any("\t" in line for line in lines) else _separator(lines)
    )
    numbered = list(islice(_numbered(iter(lines), separator), _SAMPLE_ROWS))
    if not numbered:
        raise FormatError(f"{path}: there are no rows")
    has_header = reading.header == "first" if reading.header else _has_header(numbered)
    header, rows = (_names(numbered[0][1]), numbered[1:]) if has_header else (None, numbered)
    if not rows:
        raise FormatError(f"{path}: there are no rows below the header")
    width = len(rows[0][1])
    cut: tuple[int, int | None] = (0, None)
    said: list[str] = []
    if header is not None and width == len(header) + 1 and len(rows) > 1:
        cut, remark = _one_more(rows, width)
        said += [remark] if remark else []
    width = len(range(width)[slice(*cut)])
    if header is not None and len(header) == width and counts_up(header[1:]) and not header[0].strip():
        cut, header, width = (1, None), header[1:], width - 1
        said.append("the first column, which has no name, is left out")
    expected = width if header is None else len(header)
    said += ["no header"] if header is None else []
    if header is not None and counts_up(header):
        header, said = None, [*said, "the columns are only counted"]

    def all_rows() -> Iterator[tuple[int, TextRow]]:
        with _opened(path) as stream:
            numbered = _numbered(_lines(path, stream, reading), separator, strict=True)
            for number, row in islice(numbered, int(has_header), None):
                row = row[slice(*cut)]
                if len(row) != expected:
                    raise FormatError(_uneven(path, number, len(row), expected, separator, has_header))
                yield number, row

    names = tuple(header) if header is not None else None
    sample = tuple(islice(all_rows(), len(rows)))

    def ends() -> Iterator[tuple[object, object]]:
        if has_header:
            return ((row[0], row[-1]) for _, row in all_rows())
        return _ends(path, separator, reading)

    return Grid(path, names, expected, sample, all_rows, ends, said=tuple(said))


def _is_header_of(line: str, row: str) -> bool:
    """Whether a line may be the header of the row below it: as many cells, cut at something, or one less."""
    cuts = (None if one == " " else one for one in _SEPARATORS)  # columns may be lined up by several spaces
    return any(1 < len(row.split(cut)) <= len(line.lstrip("#").split(cut)) + 1 for cut in cuts)


def _opened(path: Path) -> TextIO:
    return io.TextIOWrapper(open_regular(path, error=DataError), encoding="utf-8-sig", newline="")


def _lines(path: Path, stream: TextIO, reading: Reading) -> Iterator[str]:
    """The lines, none longer than a row can be: what a row takes is known before it is cut into cells."""
    is_first = True
    while line := stream.readline(_LONGEST_LINE + 1):
        if is_first and _EXCEL.fullmatch(line):
            line = "\n"
        is_first = False
        if len(line) > _LONGEST_LINE:
            raise FormatError(f"{path}: no line ends within {_LONGEST_LINE:,} characters; expected rows on lines")
        if len(line) > _LONG_LINE:
            n_cells = 1 + max(line.count(separator) for separator in _SEPARATORS)
            reading.require(n_cells * _PER_CELL + 4 * len(line), f"{path}: a line of {n_cells:,} cells")
        yield line


def _beginning(path: Path, reading: Reading) -> Iterator[str]:
    with _opened(path) as stream:
        letters = 0
        for index, line in enumerate(_lines(path, stream, reading)):
            yield line
            letters += len(line)
            if index >= 2 and letters > _SAMPLE_LETTERS:
                return


def _numbered(lines: Iterator[str], separator: str, strict: bool = False) -> Iterator[tuple[int, TextRow]]:
    """The rows in which something stands, with the number of the line on which each ends.

    Spreadsheets end in rows of separators alone.
    """
    if separator == " ":
        lines = (line.strip(" \r\n") + "\n" for line in lines)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator == " ", strict=strict)
    return ((reader.line_num, row) for row in reader if any(map(str.strip, row)))


def _separator(lines: Sequence[str]) -> str:
    """What cuts the first lines into equally many cells that need no further cutting."""

    def fitness(separator: str) -> float:
        rows = [row for _, row in islice(_numbered(iter(lines), separator), _LOOKED_AT)]
        widths = [len(row) for row in rows]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
        if usual < 2:
            return 0.0
        cells = [cell for row in rows for cell in (row[:_LOOKED_AT] + row[_LOOKED_AT:][-_LOOKED_AT:])]
        whole = sum(_is_whole(cell, separator) for cell in cells)
        return widths.count(usual) / len(widths) * whole / len(cells)

    first = ""
    for line in lines:
        first += line
        if first.strip() and first.count('"') % 2 == 0:  # no cell goes on in the next line
            break
    return max((one for one in _SEPARATORS if one in first), key=fitness, default=",")


def _is_whole(cell: str, separator: str) -> bool:
    """Whether a cell holds no other separator, but for the comma of a decimal number."""
    if is_number(cell) and not (separator == "," and "," in cell):
        return True
    return not (any(other in cell for other in "\t,;|" if other != separator) or _NUMBERS.fullmatch(cell))


def _has_header(numbered: Sequence[tuple[int, TextRow]]) -> bool:
    first, rest = _names(numbered[0][1]), [row for _, row in numbered[1:]]
    if (
        any(normal(cell) in _KNOWN for cell in first)
        or counts_up(first)
        or (not first[0] and counts_up(first[1:]))
    ):
        return True
    if not rest:
        return not all(is_number(cell) for cell in first[1:])
    shift = max(0, len(rest[0]) - len(first))
    for index, cell in enumerate(first):
        below = [row[index + shift] for row in rest if index + shift < len(row)]
        if not below or is_missing(cell):
            continue
        if not is_number(cell) and all(is_number(one) or is_missing(one) for one in below):
            return True
        if any(not looks_so(cell) and all(map(looks_so, below)) for looks_so in (is_file_name, is_list)):
            return True
    return False


def _names(cells: TextRow) -> TextRow:
    """The names of a header, which NumPy puts behind a number sign."""
    names = [cell.strip() for cell in cells]
    if names[0] == "#" and len(names) > 1:
        return names[1:]
    return [names[0].removeprefix("#").strip(), *names[1:]]


def _one_more(rows: Sequence[tuple[int, TextRow]], width: int) -> tuple[tuple[int, int | None], str]:
    """What to cut off where all rows have one cell more than the header: R's row names, or an empty last cell."""
    cells = [row for _, row in rows]
    if any(len(row) != width for row in cells):
        return (0, None), ""
    if all(not row[-1].strip() for row in cells):
        return (0, -1), "nothing stands behind the last separator"
    if len({row[0] for row in cells}) == len(cells):
        return (1, None), "the first cell of each row, which the header does not name, is its name and left out"
    return (0, None), ""


def _uneven(path: Path, number: int, n_cells: int, expected: int, separator: str, has_header: bool) -> str:
    said = "the header" if has_header else "the first row"
    few = "only " if n_cells < expected else ""
    return (
        f"{path}: row {number} has {few}{n_cells} columns, {said} {expected}; cells are cut at "
        f"{_SEPARATORS[separator]}: is one too many or missing there, or inside a cell without quotes?"
    )


def _ends(path: Path, separator: str, reading: Reading) -> Iterator[tuple[str, str]]:
    """The first and the last cell of every row, without cutting up what is between where that is safe."""
    with _opened(path) as stream:
        for line in _lines(path, stream, reading):
            text = line.strip(" \r\n" if separator == " " else "\r\n")
            if '"' in text:
                row = next(csv.reader([text], delimiter=separator, skipinitialspace=separator == " "))
                yield row[0], row[-1]
            elif text.strip(f"{separator} "):
                yield text.partition(separator)[0], text.rpartition(separator)[2]
