"""How far a review is, how much is expected to be left, and when one may stop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misread.evaluation.intervals import clopper_pearson

__all__ = [
    "AMISS",
    "CONFIRMED",
    "RELABELLED",
    "TAKEN_OUT",
    "UNSEEN",
    "UNTOLD",
    "Progress",
    "progress_of",
    "share_in_words",
    "stop_in_words",
]

UNSEEN, CONFIRMED, RELABELLED, UNTOLD, TAKEN_OUT = range(5)
"""What was said of an image: nothing, right, wrong, cannot be told, none of the classes."""
AMISS = (RELABELLED, TAKEN_OUT)
CONFIDENCE = 0.95
_FIRST_LOOK = 50
_GROWTH = 1.5


@dataclass(frozen=True)
class Progress:
    """How far a review is.

    Attributes
    ----------
    seen, total : int
        Images that were judged, and that there are to be judged.
    words : str
        The same, with what was found and is expected.
    stop : str
        Whether one may stop, and why; or the estimate that a random order is for.
    may_stop : bool
    """

    seen: int
    total: int
    words: str
    stop: str = ""
    may_stop: bool = False


def progress_of(
    states: NDArray[np.int8], order: str, labelled: bool, chance: NDArray[np.float64] | None = None
) -> Progress:
    """How far a review is.

    Parameters
    ----------
    states : ndarray of int8, shape (n,)
        What was said of each image, in the order of the review.
    order : str
        Of the review.
    labelled : bool
        Whether there are labels to be judged.
    chance : ndarray of shape (n,), optional
        Calibrated, that each label is wrong.
    """
    seen, total = int(np.count_nonzero(states != UNSEEN)), len(states)
    if not labelled:
        done = int(np.count_nonzero(states == CONFIRMED))
        return Progress(seen, total, f"Seen {seen:,} of {total:,}: {done:,} labelled.")
    wrong = int(np.isin(states, AMISS).sum())
    words = f"Seen {seen:,} of {total:,}: {wrong:,} wrong"
    if chance is not None and seen < total:
        words += f", about {chance[states == UNSEEN].sum():,.0f} more expected"
    prefix = first_seen(states)
    if order == "random":
        return Progress(seen, total, f"{words}.", share_in_words(states[:prefix], total))
    stop, may_stop = stop_in_words(states[:prefix], total) if seen < total else ("All are seen.", True)
    return Progress(seen, total, f"{words}.", stop, may_stop)


def first_seen(states: NDArray[np.int8]) -> int:
    """How many from the first on were judged, without a gap."""
    gaps = np.flatnonzero(states == UNSEEN)
    return int(gaps[0]) if len(gaps) else len(states)


def share_in_words(states: NDArray[np.int8], total: int) -> str:
    """How many labels are wrong, by the first images of a random order; exact once all were seen."""
    n, wrong = len(states), int(np.isin(states, AMISS).sum())
    if n == 0:
        return "Nothing can be said yet of all labels."
    untold = int(np.count_nonzero(states == UNTOLD))
    aside = f"; {untold:,} cannot be told and count as right" if untold else ""
    if n == total:
        return f"All labels were seen: {wrong:,} of {total:,} ({_share(wrong / n)}) are wrong{aside}."
    low, high = (float(end) for end in clopper_pearson(wrong, n, confidence=CONFIDENCE))
    return (
        f"Of all {total:,} labels an estimated {_share(wrong / n)} are wrong ({_share(low)} to {_share(high)} "
        f"with {CONFIDENCE:.0%} confidence), by the first {n:,} in random order{aside}."
    )


def stop_in_words(states: NDArray[np.int8], total: int) -> tuple[str, bool]:
    """Whether one may stop, by the last stretch of what was seen, the most doubtful first.

    The stretches end at fixed places (50, 100, 150, 225, ...), and the bounds of all of them together hold with
    95% confidence, however often one looks: that of stretch i holds with 1 - 0.05 / (i (i + 1)). What is less
    doubtful is taken to be wrong no more often than the last stretch.

    Parameters
    ----------
    states : ndarray of int8
        Of the first images without a gap.
    total : int
        Images that there are to be judged.
    """
    number, start, end = _stretch(len(states))
    if not number:
        return f"After the first {_FIRST_LOOK} there is a bound on how many wrong labels are left.", False
    wrong = int(np.isin(states[start:end], AMISS).sum())
    tail = (1 - CONFIDENCE) / (number * (number + 1))
    high = float(clopper_pearson(wrong, end - start, confidence=1 - 2 * tail)[1])
    left = total - len(states)
    most = int(high * left)
    bound = (
        f"{'None' if not wrong else f'{wrong:,}'} of the {end - start:,} up to number {end:,} "
        f"{'was' if wrong < 2 else 'were'} wrong: of the {left:,} left, which are less doubtful, at most {most:,} "
        f"are, with {CONFIDENCE:.0%} confidence."
    )
    return (f"You may stop here. {bound}", True) if not wrong else (bound, False)


def _stretch(n_seen: int) -> tuple[int, int, int]:
    """Number, start and end of the last whole stretch; number 0 where there is none yet."""
    number, start, end = 0, 0, 0
    following = _FIRST_LOOK
    while following <= n_seen:
        number, start, end = number + 1, end, following
        following = max(end + _FIRST_LOOK, int(_GROWTH * end))
    return number, start, end


def _share(share: float) -> str:
    return f"{share:.2%}" if share < 0.1 else f"{share:.1%}"
