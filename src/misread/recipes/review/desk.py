"""The desk at which reviewers sit: who looks at what, what they say, what is next."""

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from misread.data.corrections import NONE, RIGHT, UNCLEAR, WITHDRAWN, WRONG, Correction, Decision, now
from misread.data.words import composed
from misread.errors import ParameterError
from misread.recipes.review.progress import (
    CONFIRMED,
    RELABELLED,
    TAKEN_OUT,
    UNSEEN,
    UNTOLD,
    Progress,
    progress_of,
)
from misread.recipes.review.queue import Review
from misread.recipes.review.verdicts import Verdicts

__all__ = ["SKIP", "Desk", "Said", "Screen"]

SKIP = "skip"
Screen = tuple[int, ...]
_ABSENT = 120.0
"""Seconds without a word after which what somebody had on the table is for others."""
_JUMP = 4
_MOST_REVIEWERS = 64


@dataclass(frozen=True)
class Said:
    """One verdict: of the image at a position, and the label that it should have where that is another."""

    place: int
    verdict: str
    label: str = ""


@dataclass
class _Reviewer:
    heard: float
    table: set[int] = field(default_factory=set)
    shares: tuple[int, int] = (0, 1)


class Desk:
    """A review in progress; used by one thread at a time.

    Parameters
    ----------
    review : Review
    verdicts : Verdicts
        What was said already, and where it is written down.
    by : str
        Who reviews here.
    """

    def __init__(self, review: Review, verdicts: Verdicts, by: str = "") -> None:
        self.review, self.verdicts, self.by = review, verdicts, by
        self._states = np.full(len(review.images), UNSEEN, np.int8)
        self._reviewers: dict[str, _Reviewer] = {}
        self._later: list[Screen] = []
        self._skipped: set[int] = set()
        self._namesake = False
        self._next = 0
        self._read()

    def _read(self) -> None:
        """Take over all that the file says."""
        for place in range(len(self._states)):
            self._set(place)
        self._next = 0

    def _set(self, place: int) -> None:
        found = self.verdicts.said(int(self.review.hashes[place]))
        self._states[place] = UNSEEN if found is None else self._state(found, place)

    def _state(self, found: Decision, place: int) -> int:
        given, last = self.review.given(place), found.last
        if not given:
            return {UNCLEAR: UNTOLD}.get(last.verdict, CONFIRMED if last.outcome else TAKEN_OUT)
        if last.outcome == given:
            return CONFIRMED
        if not {given, ""} & found.givens:
            return UNSEEN  # it was said of a copy with another label
        return RELABELLED if last.outcome else UNTOLD if last.verdict == UNCLEAR else TAKEN_OUT

    @cached_property
    def _copies(self) -> dict[int, list[int]]:
        """All positions of each content that occurs more than once."""
        values, first, counts = np.unique(self.review.hashes, return_inverse=True, return_counts=True)
        found: dict[int, list[int]] = {}
        for place in np.flatnonzero(counts[first] > 1).tolist():
            found.setdefault(int(values[first[place]]), []).append(place)
        return found

    def refresh(self) -> None:
        """Notice what others have written."""
        if self.verdicts.refresh():
            self._others_wrote()

    def _others_wrote(self) -> None:
        self._namesake = len(self._at_work()) == 1
        self._read()

    def _at_work(self) -> list[str]:
        return sorted(self.verdicts.at_work() | {self.by})

    @property
    def _share(self) -> tuple[int, int]:
        """Which share of the screens is for this desk, and how many there are: others sit elsewhere."""
        names = self._at_work()
        return names.index(self.by), len(names)

    def elsewhere(self, reviewer: str) -> bool:
        """Whether what is on the table should be given back, for others have begun to work, or have ended."""
        own = self._hear(reviewer)
        return own.shares != self._share

    def arrive(self, reviewer: str) -> None:
        """Begin with an empty table, after a page was opened or loaded again."""
        self.leave(reviewer)
        self._hear(reviewer)

    def leave(self, reviewer: str) -> None:
        """Give what somebody had on the table to others."""
        self._reviewers.pop(reviewer, None)

    def _hear(self, reviewer: str) -> _Reviewer:
        at = time.monotonic()
        for name in [name for name, one in self._reviewers.items() if at - one.heard > _ABSENT]:
            del self._reviewers[name]
        if reviewer not in self._reviewers and len(self._reviewers) >= _MOST_REVIEWERS:
            raise ParameterError(f"{_MOST_REVIEWERS} pages are open already; close one")
        found = self._reviewers.setdefault(reviewer, _Reviewer(at))
        found.heard = at
        return found

    def following(self, reviewer: str, count: int) -> list[Screen]:
        """What to look at next, which is then on this reviewer's table and on nobody else's."""
        self.refresh()
        own = self._hear(reviewer)
        own.shares = self._share
        taken = set().union(*(one.table for one in self._reviewers.values()))
        found: list[Screen] = []
        for screen in self._open(taken, count):
            found.append(screen)
            own.table.update(screen)
        return found

    def _open(self, taken: set[int], count: int) -> list[Screen]:
        """Screens with what nobody has judged or has on the table; what was skipped comes last."""
        screens = self.review.screens
        while self._next < len(screens) and all(self._states[place] != UNSEEN for place in screens[self._next]):
            self._next += 1
        found: list[Screen] = []
        rank, count_of = self._share
        numbers = list(range(self._next, len(screens)))
        numbers.sort(key=lambda number: number % count_of != rank)  # own ones first, in their order
        if self._namesake:  # somebody of the same name begins with the first: so do not
            jump = min(count * random.randrange(_JUMP), len(numbers))
            numbers = numbers[jump:] + numbers[:jump]
        for number in numbers:
            left = self._left(screens[number], taken | self._skipped)
            if left:
                found.append(left)
            if len(found) == count:
                return found
        for screen in self._later:
            left = self._left(screen, taken)
            if left and len(found) < count:
                found.append(left)
        return found

    def _left(self, screen: Screen, taken: set[int]) -> Screen:
        return tuple(place for place in screen if self._states[place] == UNSEEN and place not in taken)

    def record(self, reviewer: str, said: Sequence[Said]) -> None:
        """Write down verdicts; they are on the disk afterwards.

        Raises
        ------
        ParameterError
            If one makes no sense.
        MisreadError
            If they cannot be written.
        """
        own = self._hear(reviewer)
        skipped = [one.place for one in said if one.verdict == SKIP]
        rows = [self._line(one) for one in said if one.verdict != SKIP]
        if rows:
            self._write(rows, [one.place for one in said if one.verdict != SKIP])
        if skipped:
            self._skipped.update(skipped)
            self._later.append(tuple(skipped))
        own.table.difference_update(one.place for one in said)

    def withdraw(self, reviewer: str, places: Iterable[int]) -> None:
        """Take back the last verdict that was given here on each; it is on this reviewer's table again."""
        own, places = self._hear(reviewer), list(places)
        judged = [place for place in places if self._states[self._checked(place)] != UNSEEN]
        if judged:
            self._write([self._about(place, "", WITHDRAWN) for place in judged], judged)
        self._skipped.difference_update(places)
        self._later = [screen for screen in self._later if not set(screen) & set(places)]
        own.table.update(places)
        self._next = 0

    def _write(self, rows: list[Correction], places: list[int]) -> None:
        if self.verdicts.add(rows):
            self._others_wrote()
            return
        for place in places:
            for one in self._copies.get(int(self.review.hashes[place]), [place]):
                self._set(one)

    def _checked(self, place: int) -> int:
        if not 0 <= place < len(self._states):
            raise ParameterError(f"there is no image {place}; there are {len(self._states):,}")
        return place

    def _line(self, said: Said) -> Correction:
        given = self.review.given(self._checked(said.place))
        label = composed(said.label)
        if said.verdict in (UNCLEAR, NONE):
            return self._about(said.place, "", said.verdict)
        if said.verdict not in (RIGHT, WRONG):
            raise ParameterError(
                f"a verdict is right, wrong, unclear, none of the classes or skip, not {said.verdict!r}"
            )
        label = label or given if said.verdict == RIGHT else label
        if label not in self.review.class_names:
            raise ParameterError(
                f"there is no class {label[:80]!r}; known are {', '.join(self.review.class_names[:20])}"
            )
        return self._about(said.place, label, RIGHT if label == given or not given else WRONG)

    def _about(self, place: int, label: str, verdict: str) -> Correction:
        review = self.review
        return Correction(
            int(review.hashes[place]),
            str(review.names[place]),
            review.given(place),
            label,
            verdict,
            now(),
            self.by,
        )

    def gone(self, places: Iterable[int]) -> list[int]:
        """Which of these were judged meanwhile, by others."""
        return [place for place in places if 0 <= place < len(self._states) and self._states[place] != UNSEEN]

    def progress(self) -> Progress:
        """How far the review is."""
        review = self.review
        chance: NDArray[np.float64] | None = None
        if review.chance is not None:
            chance = np.array(
                [
                    review.chance[review.rank[place]] if place in review.rank else 0.0
                    for place in review.positions.tolist()
                ]
            )
        return progress_of(self._states[review.positions], review.order, review.labelled, chance)
