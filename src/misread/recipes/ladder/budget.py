"""How long something may take, as people say it."""

import re
from math import isfinite

from misread.errors import ParameterError

__all__ = ["in_seconds"]

_UNITS = {"s": 1, "m": 60, "h": 3600}


def in_seconds(budget: float | str) -> float:
    """Read a time: a number of seconds, or text such as 90s, 10m or 1h; text without a unit is in seconds.

    Raises
    ------
    ParameterError
        If it is neither, or not more than 0.

    Examples
    --------
    >>> in_seconds("10m"), in_seconds("20"), in_seconds(1.5)
    (600.0, 20.0, 1.5)
    """
    if isinstance(budget, int | float) and not isinstance(budget, bool):
        seconds = float(budget)
    else:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(budget).strip(), re.ASCII)
        seconds = float(found[1]) * _UNITS[found[2] or "s"] if found else 0.0
    if not seconds > 0 or not isfinite(seconds):
        raise ParameterError(
            f"expected a time of more than 0, such as 90s, 10m or 1h, got {budget!r}; a number alone is in seconds"
        )
    return seconds
