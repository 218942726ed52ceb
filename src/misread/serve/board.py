"""What the processes of one server have counted, written down where each of them can add it up."""

import json
import os
import sys
import tempfile
import zlib

from misread.serve.metrics import Counts, added_up, lasting

__all__ = ["Board", "Place"]

_PLACE = 1 << 16
_HEAD = 16
_TRIES = 5


class Board:
    """A file without a name, with a place for each process; only its owner writes there.

    Parameters
    ----------
    count : int
        Processes.
    handle : int, optional
        Of the file, in a process that it was handed on to; by default a new one.
    """

    def __init__(self, count: int, handle: int | None = None) -> None:
        self.count = count
        self.handle = _made(count * _PLACE) if handle is None else handle

    def write(self, place: int, counts: Counts) -> None:
        """Write down what the process at this place has counted."""
        content = json.dumps(counts).encode()
        if len(content) <= _PLACE - _HEAD:  # names come from our own tables: it always is
            head = b"%08x%08x" % (len(content), zlib.crc32(content))
            os.pwrite(self.handle, head + content, place * _PLACE)

    def read(self, place: int) -> Counts:
        """What stands at a place; nothing where nothing does."""
        for _ in range(_TRIES):  # its owner may write just now
            content = os.pread(self.handle, _PLACE, place * _PLACE)
            head = content[:_HEAD]
            if not head.strip(b"\0"):
                break
            size, check = int(head[:8], 16), int(head[8:], 16)
            if zlib.crc32(content[_HEAD : _HEAD + size]) == check:
                return dict(json.loads(content[_HEAD : _HEAD + size]))
        return {}

    def retire(self, place: int) -> None:
        """Keep of a process that ended what it has counted, and not what it held."""
        self.write(place, lasting(self.read(place)))

    def together(self) -> Counts:
        """All places, added up."""
        return added_up([self.read(place) for place in range(self.count)])

    def close(self) -> None:
        """Close the file, which is gone when all have."""
        os.close(self.handle)


def _made(size: int) -> int:
    if sys.platform == "linux":  # in memory: a container may have no folder to write to
        handle = os.memfd_create("misread-serve")
    else:
        with tempfile.TemporaryFile() as stream:
            handle = os.dup(stream.fileno())
    os.ftruncate(handle, size)
    return handle


class Place:
    """The place of one process, which goes on from what another has counted there.

    Parameters
    ----------
    board : Board
    number : int
        From 0.
    """

    def __init__(self, board: Board, number: int) -> None:
        self._board, self._number = board, number
        self._before = lasting(board.read(number))

    def write(self, counts: Counts) -> None:
        """Write down what this process has counted."""
        self._board.write(self._number, added_up([self._before, counts]))

    def together(self) -> Counts:
        """What all processes have counted."""
        return self._board.together()
