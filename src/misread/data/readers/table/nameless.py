"""Tables without a header: which column is the label, told by what stands in the columns, or asked for."""

import math
from collections import Counter
from collections.abc import Sequence

from misread.data.readers.table.grid import Grid
from misread.data.readers.table.labels import settled
from misread.data.readers.table.words import is_file_name, is_missing, is_number
from misread.errors import FormatError

__all__ = ["FEWEST_PIXELS", "guess_roles", "names_files"]

FEWEST_PIXELS = 25
"""Below so many columns that nobody named, a table holds no pixels."""
_FEWEST_ROWS = 4
_MOST_CLASSES = 10_000
_EVEN = 0.6
_BACKGROUND = 0.8
_ASK = "say which column is the label with --label-column first, last or its number"


def guess_roles(grid: Grid, label: int | None, file: int | None) -> tuple[int, int | None]:
    """Tell the columns of labels and of file names (None: there are pixels).

    Raises
    ------
    FormatError
        With the reason and the remedy, where more than one column could be the label, or none.
    """
    if grid.width < 2:
        raise FormatError(
            "has one column, or cells are separated by something unknown; expected a label and pixels"
        )
    columns = [[row[i] for _, row in grid.sample] for i in range(grid.width)] if grid.width < 32 else None
    if file is None:
        file = _file(grid, columns, label)
    if file is not None:
        return (label if label is not None else _beside(grid, file)), file
    return (label if label is not None else _label_of_pixels(grid)), None


def _file(grid: Grid, columns: Sequence[Sequence[object]] | None, label: int | None) -> int | None:
    found = [i for i, cells in enumerate(columns or ()) if i != label and names_files(cells)]
    if len(found) > 1:
        raise FormatError(
            f"no header, and {' and '.join(grid.title(i) for i in found)} name files; say which with --path-column"
        )
    return found[0] if found else None


def names_files(cells: Sequence[object]) -> bool:
    """Whether at least half of some cells are names of image files."""
    return 2 * sum(map(is_file_name, cells)) >= len(cells)


def _beside(grid: Grid, file: int) -> int:
    others = [i for i in range(grid.width) if i != file]
    if len(others) == 1:
        return others[0]
    raise FormatError(
        f"no header, files named in {grid.title(file)}, and {len(others)} other columns; {_ASK} (boxes are not "
        "cut out: whole pictures are read)"
    )


def _label_of_pixels(grid: Grid) -> int:
    text = [i for i in range(grid.width) if _is_text([row[i] for _, row in grid.sample])]
    if len(text) > 1:
        raise FormatError(
            f"no header, and {' and '.join(grid.title(i) for i in text[:3])} hold text, such as "
            f"{str(grid.sample[0][1][text[0]])[:40]!r}; expected one label and pixels "
            f"0..255; {_ASK}, or give --header first"
        )
    if grid.width - 1 < FEWEST_PIXELS:
        raise FormatError(
            f"no header, and {grid.width} columns are hardly a label and the pixels of an image; if they are, "
            f"{_ASK}"
        )
    if text:
        return text[0]
    _check_one_hot(grid)
    first, last = (_counts(grid, which) for which in (0, 1))
    likely = [_is_label(counts) for counts in (first, last)]
    if all(likely):
        shares = [_largest(counts) for counts in (first, last)]
        likely = [shares[i] <= _EVEN and shares[1 - i] >= _BACKGROUND for i in (0, 1)]
    if sum(likely) != 1:
        raise FormatError(
            f"no header, and the label may be the first column ({_said(first)}) or the last "
            f"({_said(last)}); {_ASK}"
        )
    return 0 if likely[0] else grid.width - 1


def _check_one_hot(grid: Grid) -> None:
    """Say so where the columns that are too many for a square are one-hot, as in UCI's semeion."""
    n_classes = grid.width - math.isqrt(grid.width) ** 2
    for place, cut in (("first", slice(n_classes)), ("last", slice(grid.width - n_classes, None))):
        codes = [sorted(map(_number, row[cut])) for _, row in grid.sample]
        if n_classes > 1 and all(code == [0] * (n_classes - 1) + [1] for code in codes):
            raise FormatError(
                f"no header, and the {place} {n_classes} columns hold a single 1 in each row, as one-hot labels; "
                f"expected one label: write the number of the 1, 0 to {n_classes - 1}, into one column instead"
            )


def _number(cell: object) -> float:
    return float(str(cell).replace(",", ".")) if is_number(cell) else math.nan


def _is_text(cells: Sequence[object]) -> bool:
    words = [cell for cell in cells if not is_missing(cell)]
    return 2 * sum(not is_number(cell) for cell in words) > len(words)


def _counts(grid: Grid, which: int) -> Counter[str]:
    """How often each value stands in the first (0) or last (1) column; given up where they are no classes."""
    counts: Counter[str] = Counter()
    for ends in grid.ends():
        counts[str(ends[which]).strip()] += 1
        if len(counts) > _MOST_CLASSES:
            break
    named: Counter[str] = Counter()
    for text, name in zip(counts, settled(list(counts)), strict=True):
        named[name] += counts[text]
    return named


def _is_label(counts: Counter[str]) -> bool:
    """Whether these may be classes: a few whole numbers near each other, each more than once on average."""
    n_rows = counts.total()
    if n_rows < _FEWEST_ROWS or not 2 <= len(counts) <= min(n_rows / 2, _MOST_CLASSES):
        return False
    codes = [int(text) for text in counts if text.lstrip("+-").isdigit()]
    return len(codes) == len(counts) and max(codes) - min(codes) <= 4 * len(codes) and _largest(counts) < 0.9


def _largest(counts: Counter[str]) -> float:
    return counts.most_common(1)[0][1] / counts.total() if counts else 1.0


def _said(counts: Counter[str]) -> str:
    if len(counts) > 8:
        return f"{len(counts):,} values from {min(counts)[:12]!r} to {max(counts)[:12]!r}"
    return f"values {', '.join(sorted(text[:12] for text in counts))}"
