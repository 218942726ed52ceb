"""Suspects that look alike and are taken for the same thing: a person can judge them together."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from misread.data import Split

if TYPE_CHECKING:
    from misread.recipes.suspects import Suspects

__all__ = ["grouped"]

FEWEST, MOST = 3, 12
LIKELY = 0.5
"""Above this chance a label is wrong more likely than not."""
_SAMPLE = 60


def grouped(positions: NDArray[np.int64], every: Split, suspects: "Suspects") -> tuple[tuple[int, ...], ...]:
    """Put positions on screens: each alone, or with others that carry the same label and are taken for the same.

    A group is the most doubtful image and those that are nearest to it, as far as they are nearer than half of all
    pairs of images of the class that they are taken for.

    Parameters
    ----------
    positions : ndarray of int64
        In the order in which they are to be looked at.
    every : Split
        All images.
    suspects : Suspects

    Returns
    -------
    tuple of tuple of int
    """
    found = suspects.labels
    row_of = {place: row for row, place in enumerate(found.index.tolist())}
    cells: dict[tuple[int, int], list[int]] = {}
    for place in positions.tolist():
        row = row_of.get(place)
        if row is not None and found.chance[row] > LIKELY:
            cells.setdefault((int(found.given[row]), int(found.suggested[row])), []).append(place)
    of_leader: dict[int, tuple[int, ...]] = {}
    for (_, suggested), members in cells.items():
        if len(members) >= FEWEST:
            _share_out(members, every, _usual_distance(every, suggested), of_leader)
    followers = {place for group in of_leader.values() for place in group[1:]}
    return tuple(of_leader.get(place, (place,)) for place in positions.tolist() if place not in followers)


def _share_out(members: list[int], every: Split, usual: float, of_leader: dict[int, tuple[int, ...]]) -> None:
    rows = every.X[members].astype(np.float64)
    left = np.arange(len(members))
    while len(left) >= FEWEST:
        squares = ((rows[left] - rows[left[0]]) ** 2).sum(axis=1)
        near = np.argsort(squares, kind="stable")[:MOST]
        near = near[np.sqrt(squares[near]) <= usual]
        if len(near) < FEWEST:
            left = left[1:]
            continue
        group = np.sort(near)  # as doubtful as they are
        of_leader[members[left[0]]] = tuple(members[one] for one in left[group].tolist())
        left = np.delete(left, near)


def _usual_distance(every: Split, code: int) -> float:
    """The median distance of two images of a class, by some of them."""
    own = np.flatnonzero(every.labels == code)
    some = every.X[own[:: max(1, len(own) // _SAMPLE)]].astype(np.float64)
    if len(some) < 2:
        return 0.0
    squares = (some**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * some @ some.T, 0))
    return float(np.median(distances[np.triu_indices(len(some), 1)]))
