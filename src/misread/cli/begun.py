"""A long run of answers: what has come is kept in a file, and the same command goes on where another ended."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from misread.cli.words import say
from misread.data.asked import Asked
from misread.errors import OutputError
from misread.files import appending, open_regular

__all__ = ["Begun"]

_MOST_IN_MEMORY = 4096
_SECONDS = 10.0
"""After which answers are put away; shorter runs keep nothing."""


class Begun:
    """The answers of a run, in the order of its images; with a target, beside it until they are written there.

    Parameters
    ----------
    target : path, optional
        The table that they are for: they are kept in a file of this name and `.unfinished`. Without one all are
        kept in memory.
    about : callable
        What the answers depend on (the model, how images are read); asked only when something is kept.
    """

    def __init__(self, target: Path | None, about: Callable[[], Mapping[str, Any]]) -> None:
        self._path = None if target is None else target.with_name(f"{target.name}.unfinished")
        self._about = about
        self._new: list[dict[str, Any]] = []
        self._size = 0
        self._last = time.monotonic()
        self.count = 0

    def rest_of(self, images: Iterator[Asked]) -> Iterator[Asked]:
        """The images that an earlier run did not come to.

        Raises
        ------
        OutputError
            If that run was about others, or by another model.
        """
        if self._path is None or not self._path.exists():
            return images
        for name in (str(answer["image"]) for answer in self._kept()):
            asked = next(images, None)
            if asked is None or asked.name != name:
                raise self._other(f"image {self.count + 1:,} was {name}, not {asked.name if asked else 'missing'}")
            self.count += 1
        with appending(self._path) as stream:  # without the line that was being written when it was ended
            stream.truncate(self._size)
        if self.count:
            say(f"note: going on after {self.count:,} answers in {self._path}", aside=True, hang=6)
        return images

    def add(self, answers: Sequence[dict[str, Any]]) -> None:
        """Take some more."""
        self._new += answers
        self.count += len(answers)
        if self._path and (len(self._new) >= _MOST_IN_MEMORY or time.monotonic() - self._last > _SECONDS):
            self._put_away(self._path)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self._size:
            yield from self._kept()
        yield from self._new

    def remove(self) -> None:
        """Once they are where they belong."""
        if self._size and self._path:
            self._path.unlink(missing_ok=True)

    def _put_away(self, path: Path) -> None:
        lines = b"".join(json.dumps(answer).encode() + b"\n" for answer in self._new)
        with appending(path) as stream:
            if stream.seek(0, 2) != self._size:
                raise OutputError(
                    f"{path} is being written by another run, too; end one of them, or give another --out"
                )
            if not self._size:
                lines = json.dumps(self._about()).encode() + b"\n" + lines
            stream.write(lines)
        self._size += len(lines)
        self._new.clear()
        self._last = time.monotonic()

    def _kept(self) -> Iterator[dict[str, Any]]:
        """What is in the file, up to where its last whole line ends; that place becomes the size."""
        assert self._path is not None
        size = 0
        with open_regular(self._path, error=OutputError) as stream:
            for number, line in enumerate(stream):
                if not line.endswith(b"\n"):
                    break
                try:
                    document = json.loads(line)
                    if number:
                        _ = document["image"]
                except (ValueError, KeyError, TypeError, RecursionError):
                    raise self._other(f"its line {number + 1:,} is damaged") from None
                if number:
                    yield document
                elif document != self._about():
                    raise self._other("by another model, or read in another way")
                size += len(line)
        self._size = size

    def _other(self, why: str) -> OutputError:
        return OutputError(f"{self._path} holds answers of another run ({why}); delete it to begin anew")
