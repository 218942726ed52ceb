"""Text that goes into CSV files: no spreadsheet may take it for a formula, whichever separator it cuts at."""

import re

__all__ = ["inert", "original"]

_FORMULA = r"""
    (?=[\s"'\0\u200b\ufeff]*                     # what a spreadsheet skips, and our own mark
       [=+\-@\uff1d\uff0b\uff0d\uff20])
    (?![+-](?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?:$|[,;|\t\r\n]))  # but a mere number is none
"""
_BEGIN = r"(^|[,;|\t\r\n])"
_BARE = re.compile(_BEGIN + _FORMULA, re.VERBOSE)
_MARKED = re.compile(_BEGIN + "'" + _FORMULA, re.VERBOSE)


def inert(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet would compute.

    Spreadsheets cut lines at the separator of the user's country, so that a formula may begin inside of a cell,
    too.

    Examples
    --------
    >>> inert("=1+1"), inert("a;=1+1"), inert("-1"), inert("T-shirt")
    ("'=1+1", "a;'=1+1", '-1', 'T-shirt')
    """
    return _BARE.sub(r"\1'", text)


def original(text: str) -> str:
    """Take away what `inert` has put there.

    Examples
    --------
    >>> original(inert("=1+1"))
    '=1+1'
    """
    return _MARKED.sub(r"\1", text)
