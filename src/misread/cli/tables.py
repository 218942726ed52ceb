"""Tables that fit: wrapped between words on a narrow terminal, a block for each row on one that is too narrow."""

import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from misread.cli.words import clean, encodable, say, terminal_width

__all__ = ["fits", "print_table"]

_GAP = 2
_WIDEST = 200
"""Characters of a line that somebody still reads, where no terminal says how many there may be."""


def print_table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = (), bold: Sequence[str] = ()
) -> None:
    """Print a table on standard output, complete at every width.

    Parameters
    ----------
    titles : sequence of str
    rows : sequence of sequences of str
        As many texts as there are titles; they may come from anywhere.
    numbers : sequence of str
        Titles of the columns that are aligned to the right.
    bold : sequence of str
        First cells that stand out.
    """
    cells = [[_shown(text) for text in row] for row in (titles, *rows)]
    widths = _widths(cells, terminal_width(sys.stdout))
    if widths is None:
        _print_blocks(titles, rows)
        return
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False)
    for title, text, width in zip(titles, cells[0], widths, strict=True):
        table.add_column(Text(text), width=width, justify="right" if title in numbers else "left")
    for row, shown in zip(rows, cells[1:], strict=True):
        first = Text(shown[0], style="bold" if row[0] in bold else "")
        table.add_row(first, *map(Text, shown[1:]))
    console = Console(file=sys.stdout, width=sum(widths) + _GAP * len(widths), highlight=False)
    with console.capture() as captured:
        console.print(table)
    lines = captured.get().removesuffix("\n").split("\n")
    print("\n".join(line.rstrip(" ") for line in lines))  # Rich before 14.3 pads the last column


def fits(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table needs no wrapping to be read."""
    cells = [[_shown(text) for text in row] for row in (titles, *rows)]
    return _total([max(map(cell_len, column)) for column in zip(*cells, strict=True)]) <= min(
        terminal_width(sys.stdout), _WIDEST
    )


def _print_blocks(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        say(row[0])
        for title, text in zip(titles[1:], row[1:], strict=True):
            if text:
                say(f"  {title}: {text}", hang=4)


def _widths(cells: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Widths of the columns, none less than its longest word; None where there is no room for these."""
    columns = list(zip(*cells, strict=True))
    wanted = [max(map(cell_len, column)) for column in columns]
    widths = [max(cell_len(word) for text in column for word in text.split() or [""]) for column in columns]
    left = room - _total(widths)
    if left < 0:
        return None
    by_need = sorted(range(len(columns)), key=lambda k: wanted[k] - widths[k])
    for rank, k in enumerate(by_need):
        given = min(wanted[k] - widths[k], left // (len(columns) - rank))
        widths[k] += given
        left -= given
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _shown(text: str) -> str:
    return encodable(clean(text), sys.stdout)
