"""How much memory reading may take: told before it is taken, refused above a limit that can be raised."""

import os
import re

from misread.errors import DataError, MisreadError, ParameterError

__all__ = ["DEFAULT", "VARIABLE", "as_bytes", "enough", "for_images", "in_words", "most_memory", "require"]

DEFAULT = 2**31
"""What a data set may take unless more is allowed: 2 GiB, 35 times MNIST."""

VARIABLE = "MISREAD_MOST_MEMORY"
"""The environment variable that sets another limit, such as ``8G``."""

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_AMOUNT = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*([kmgt]?)(?:i?b)?\s*", re.IGNORECASE | re.ASCII)


def most_memory(given: str | int | None = None) -> int:
    """Return the limit in bytes: the one that is given, else the environment's, else `DEFAULT`.

    Raises
    ------
    ParameterError
        If it is no amount of memory.

    Examples
    --------
    >>> most_memory("1.5G")
    1610612736
    """
    return as_bytes(given if given is not None else os.environ.get(VARIABLE) or DEFAULT)


def as_bytes(amount: str | int) -> int:
    """Return an amount such as ``"8G"``, ``"500 MB"`` or ``1000`` in bytes; units are powers of 1,024.

    Raises
    ------
    ParameterError
        If it is not such an amount, or none.
    """
    found = _AMOUNT.fullmatch(str(amount)) if not isinstance(amount, bool) else None
    n_bytes = int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if n_bytes < 1:
        raise ParameterError(f"expected an amount of memory such as 500M or 8G, got {amount!r}")
    return n_bytes


def for_images(n_images: int, height: int, width: int) -> int:
    """How much a set of images takes while it is read: the pixels twice, since parts become a whole."""
    return 2 * n_images * height * width


def require(n_bytes: int, what: str, most: int, error: type[MisreadError] = DataError) -> None:
    """Refuse what needs more memory than `most`, before it is taken.

    Parameters
    ----------
    n_bytes : int
        How much it needs.
    what : str
        What needs it, for the message: a file, and what is in it.
    most : int
        The limit, see `most_memory`.
    error : type of MisreadError
        What to raise.

    Raises
    ------
    DataError
        Or `error`, saying how much it needs and how to allow it.
    """
    if n_bytes > most:
        limit = enough(n_bytes)
        raise error(
            f"{what} would take about {in_words(n_bytes)} of memory, and {in_words(most)} is the limit; if it "
            f"should be so large, allow more with --most-memory {limit} (or {VARIABLE}={limit})"
        )


def in_words(n_bytes: int) -> str:
    """An amount of memory for people.

    Examples
    --------
    >>> in_words(2**31)
    '2.0 GiB'
    """
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB")):
        if n_bytes >= 1024**power:
            return f"{n_bytes / 1024**power:,.1f} {unit}"
    return f"{n_bytes:,} bytes"


def enough(n_bytes: int) -> str:
    """A limit that allows so many bytes, as it is written on the command line.

    Examples
    --------
    >>> enough(5 * 2**30 + 1)
    '6G'
    """
    return f"{-(-n_bytes // 2**30):d}G" if n_bytes > 2**30 else f"{-(-n_bytes // 2**20):d}M"
