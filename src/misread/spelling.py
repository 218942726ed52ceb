"""What somebody may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean"]

_ALIKE = 0.6
_MOST = 10_000


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Words for the end of an error message: the known name that is most like `word`, or nothing.

    Examples
    --------
    >>> did_you_mean("kmn", ["sgd", "knn", "forest"])
    '; did you mean knn?'
    >>> did_you_mean("zebra", ["sgd", "knn", "forest"])
    ''
    """
    lower = {name.lower(): name for name in list(known)[:_MOST]}
    close = get_close_matches(word.lower()[:100], lower, n=1, cutoff=_ALIKE)
    return f"; did you mean {lower[close[0]]}?" if close else ""
