"""The file of corrections as reviewers share it: every verdict is in it at once, those of others are noticed."""

import getpass
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from misread.data.corrections import Correction, Corrections, Decision, append_corrections

__all__ = ["Verdicts", "who"]

_Key = int | str
_BUSY = timedelta(minutes=10)
"""Who has written within this time is taken to be still at work."""


class Verdicts:
    """What has been said of images, by anybody.

    Parameters
    ----------
    path : path
        The file of corrections; it need not be there yet.
    hash_of : mapping of str to int
        Hashes of names, for lines without.

    Raises
    ------
    FormatError
        If the file cannot be understood.
    """

    def __init__(self, path: Path, hash_of: dict[str, int]) -> None:
        self.path = path
        self._hash_of = hash_of
        self._size = 0
        self._lines: dict[_Key, list[Correction]] = {}
        self._decisions: dict[_Key, Decision] = {}
        self._heard: dict[str, datetime] = {}
        self.refresh()

    def refresh(self) -> bool:
        """Read the file again where it has grown; whether it had."""
        try:
            size = os.stat(self.path).st_size
        except FileNotFoundError:
            size = 0
        if size == self._size:
            return False
        self._size = size
        self._lines = {}
        if size:
            self._keep(Corrections.read(self.path).rows)
        return True

    def _keep(self, rows: Iterable[Correction]) -> None:
        touched: dict[_Key, list[Correction]] = {}
        for one in rows:
            key = self._hash_of.get(one.name, one.name) if one.hash is None else one.hash
            touched[key] = self._lines.setdefault(key, [])
            touched[key].append(one)
            self._heard[one.by] = max(one.time, self._heard.get(one.by, one.time))
        if len(touched) == len(self._lines):
            self._decisions = {}
        for key, some in touched.items():
            found = Corrections(tuple(some)).decisions(self._hash_of).get(key)
            if found is None:
                self._decisions.pop(key, None)
            else:
                self._decisions[key] = found

    def said(self, value: int) -> Decision | None:
        """What counts of the image with this hash."""
        return self._decisions.get(value)

    def at_work(self) -> set[str]:
        """The names of those who have written lately."""
        return {by for by, when in self._heard.items() if datetime.now(UTC) - when < _BUSY}

    def add(self, rows: list[Correction]) -> bool:
        """Write lines, which are on the disk afterwards; whether others had written some meanwhile.

        Raises
        ------
        MisreadError
            If they cannot be written; nothing of them is, then.
        """
        before, after = append_corrections(self.path, rows)
        if before != self._size:
            self._size = -1
            return self.refresh()
        self._size = after
        self._keep(rows)
        return False


def who() -> str:
    """The name of the user, as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
