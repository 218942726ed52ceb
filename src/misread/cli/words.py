"""The one place that prints: names of classes, files and folders come from anywhere and must not steer a terminal.

What is printed here is free of control characters, has no markup, fits the encoding of the stream that it goes to,
and is wrapped between words at the width of the terminal. Nothing else in `misread.cli` prints.
"""

import json
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from typing import Any, TextIO

from rich.cells import cell_len

__all__ = ["clean", "encodable", "noted", "print_json", "say", "terminal_width", "told_apart", "under_way"]

UNLIMITED = 100_000
"""Width of what is no terminal: lines of a file or pipe are as long as they are."""
_under_way: list[str] = []
_SILENT = (DeprecationWarning, ImportWarning, PendingDeprecationWarning, ResourceWarning)


def clean(text: str) -> str:
    """Give one line in which what cannot be printed is a question mark.

    That is what would steer a terminal, and what stands for the bytes of a file name that are no UTF-8.
    """
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text)


def encodable(text: str, stream: TextIO) -> str:
    r"""Write letters that the stream's encoding lacks as their code, such as ``\u4e94``."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def terminal_width(stream: TextIO) -> int:
    """Columns that a line may have: those of the terminal, or what COLUMNS says."""
    told = os.environ.get("COLUMNS", "")
    if told.isascii() and told.isdigit() and 0 < int(told) < UNLIMITED:
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or UNLIMITED
    except (AttributeError, OSError, ValueError):
        return UNLIMITED


def say(line: str, *, aside: bool = False, hang: int = 0, whole: bool = False) -> None:
    """Print one cleaned line.

    Parameters
    ----------
    line : str
    aside : bool
        On standard error, for what is not the answer.
    hang : int
        By how much the lines are indented that it is wrapped to.
    whole : bool
        Do not wrap it, for what will be copied: paths and commands.
    """
    stream = sys.stderr if aside else sys.stdout
    text = encodable(clean(line), stream)
    print(text if whole else _wrapped(text, terminal_width(stream), hang), file=stream, flush=True)


def _wrapped(text: str, width: int, hang: int) -> str:
    lines, line = [], ""
    for word in re.findall(r"\s*\S+", text):
        if line.strip() and cell_len(line + word) > width:
            lines.append(line)
            line = " " * hang + word.lstrip()
        else:
            line += word
    return "\n".join([*lines, line])


def print_json(document: Any) -> None:
    """Print one JSON document on standard output, in ASCII; numbers that JSON lacks (infinity, NaN) are null."""
    print(json.dumps(_finite(document), indent=1, allow_nan=False), flush=True)


def _finite(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _finite(value) for name, value in node.items()}
    if isinstance(node, list | tuple):
        return [_finite(value) for value in node]
    return None if isinstance(node, float) and not isfinite(node) else node


def under_way(title: str | None) -> None:
    """Say which step is running, for the notes that come of it; None when it has ended."""
    _under_way[:] = [] if title is None else [title]


@contextmanager
def noted() -> Iterator[None]:
    """Say each warning of a library once, as one line on standard error."""
    told: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        text = str(message)
        if text not in told:
            told.add(text)
            about = f"{_under_way[-1]}: " if _under_way else ""
            say(f"note: {about}{text}", aside=True, hang=6)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for category in _SILENT:
            warnings.simplefilter("ignore", category)
        warnings.filterwarnings(
            "ignore", module=r"PIL\."
        )  # one for each odd tag of a file, thousands in a crafted one
        warnings.showwarning = show
        yield


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
