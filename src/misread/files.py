"""Files that are either whole or not there."""

import errno
import glob
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from misread.errors import OutputError

if sys.platform != "win32":
    import fcntl

__all__ = ["atomic_write", "part_of", "writable_folder"]


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` and move it into place when the block ends well.

    Readers see the old file or the new one, never a part. A block that fails leaves nothing behind, and what a
    killed process left of the same file is removed.

    Raises
    ------
    OutputError
        If the file cannot be written: no permission, no such folder, disk full.
    """
    path = Path(path)
    try:
        with part_of(path) as part:
            with part.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
    except OSError as error:
        raise _explained(error, path) from error


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to and to move there; what is not moved is gone when the block ends.

    What killed processes left of the same file is removed first.
    """
    part = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}.part"
    with _free_of_abandoned(path):
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _free_of_abandoned(path: Path) -> Iterator[None]:
    """Remove what killed processes left of `path`, and keep others from taking this process for one of them.

    Writers share a lock on the folder, which dies with them: who can have it alone knows that none is left.
    """
    if sys.platform == "win32":  # has no such lock: what was left stays
        yield
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # others write here just now, or the file system knows no locks
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
                part.unlink()
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_SH)
        yield
    finally:
        os.close(folder)


def writable_folder(path: str | os.PathLike[str]) -> Path:
    """Create the folder `path` where it is missing and make sure that files can be written there.

    Raises
    ------
    OutputError
        If it cannot be created or written to.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _explained(error, folder) from error
    return folder


def _explained(error: OSError, path: Path) -> OutputError:
    remedy = "free some space or choose another folder" if error.errno == errno.ENOSPC else "choose another folder"
    return OutputError(f"cannot write {path}: {error.strerror or error}; {remedy}")
