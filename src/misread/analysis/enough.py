"""Whether there are enough images, in words."""

from collections.abc import Mapping
from typing import Any

from misread.analysis.words import share

__all__ = ["enough_in_words"]

_HARDLY = 0.9


def enough_in_words(found: Mapping[str, Any], model: str) -> str:
    """What a learning curve says: the error now, that with twice as many images, and whether that is surely less.

    Examples
    --------
    >>> found = {
    ...     "asked": 500,
    ...     "measured": [{"n": 1_000, "error": 0.06}],
    ...     "twice": {"n": 2_000, "error": 0.04, "low": 0.02, "high": 0.058},
    ... }
    >>> enough_in_words(found, "knn").split(". ")[0]
    'More images would help'
    """
    last, twice = found["measured"][-1], found["twice"]
    if twice["high"] < last["error"]:
        verdict = "More images would help"
    elif twice["error"] > _HARDLY * last["error"]:
        verdict = "More images of this kind would hardly help"
    else:
        verdict = "More images are likely to help, but too few were asked about to be sure"
    now, then = share(last["error"], 2), share(twice["error"], 2)
    low, high = share(twice["low"], 2), share(twice["high"], 2)
    return (
        f"{verdict}. With {last['n']:,}, {model} misreads {now} of {found['asked']:,} others; with "
        f"{twice['n']:,}, twice as many, it is expected to misread {then}, and of so many between {low} and "
        f"{high} (95%)."
    )
