"""Text for a terminal: names of classes, files and folders come from anywhere, and must not steer it."""

import typer
from rich.text import Text

__all__ = ["cell", "clean", "say", "told_apart"]


def clean(text: str) -> str:
    """Give one line in which what cannot be printed is a question mark.

    That is what would steer a terminal, and what stands for the bytes of a file name that are no UTF-8.
    """
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text)


def say(line: str, *, aside: bool = False) -> None:
    """Print a cleaned line on standard output, or on standard error for what is not the answer."""
    typer.echo(clean(line), err=aside)


def cell(text: str, style: str = "") -> Text:
    """A cleaned text for a table, whose brackets are no markup."""
    return Text(clean(text), style=style)


def told_apart(value: float, bound: float) -> tuple[str, str]:
    """Write two numbers in three digits, or in as many more as it takes to see that they differ.

    Examples
    --------
    >>> told_apart(0.4, 1250.2), told_apart(0.91234, 0.91236)
    (('0.4', '1250'), ('0.9123', '0.9124'))
    """
    for digits in range(3, 16):
        one, other = (f"{float(f'{number:.{digits}g}'):.15g}" for number in (value, bound))
        if one != other:
            return one, other
    return repr(value), repr(bound)
