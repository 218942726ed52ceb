"""Text that goes into CSV files: no spreadsheet may take it for a formula, whichever separator it cuts at."""

import re

__all__ = ["inert"]

_FORMULA = re.compile(
    r"""(^|[,;|\t\r\n])                # where a cell may begin, for one separator or another
        (?=[\s"\0\u200b\ufeff]*        # what a spreadsheet skips
           [=+\-@\uff1d\uff0b\uff0d\uff20]
        )
        (?![+-](?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?:$|[,;|\t\r\n]))  # but a mere number stays one
    """,
    re.VERBOSE,
)


def inert(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet would compute.

    Spreadsheets cut lines at the separator of the user's country, so that a formula may begin inside of a cell,
    too.

    Examples
    --------
    >>> inert("=1+1"), inert("a;=1+1"), inert("-1"), inert("T-shirt")
    ("'=1+1", "a;'=1+1", '-1', 'T-shirt')
    """
    return _FORMULA.sub(r"\1'", text)
