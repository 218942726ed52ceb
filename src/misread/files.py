"""Files: written whole or not at all, read if they are ordinary and of bounded size."""

import errno
import glob
import hashlib
import os
import stat
import sys
import tempfile
import time
import uuid
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from misread.errors import FormatError, MisreadError, OutputError

if sys.platform != "win32":
    import fcntl

__all__ = [
    "appending",
    "atomic_write",
    "open_regular",
    "open_zip",
    "part_of",
    "read_regular",
    "sha256_of",
    "writable_folder",
]

_TRIES = 10
_PATIENCE = 10.0
"""Seconds in which another process that appends to a file should be done."""
_SILENCE = 1.0
"""Seconds after which it is said that it is waited for."""
_PIECE = 2**20


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
            with part.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
    except OSError as error:
        raise _explained(error, path) from error


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """An empty file beside `path` to write to and to move there; what is not moved is gone when the block ends.

    What killed processes left of the same file is removed first. Every writer holds a lock on its own part, which
    dies with it; nothing here waits for anybody's.
    """
    _remove_abandoned(path)
    part, handle = _held_part(path)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def _held_part(path: Path) -> tuple[Path, int | None]:
    """A new part, locked so that no other process takes it for abandoned."""
    for _ in range(_TRIES):
        part = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}.part"
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        if sys.platform == "win32":  # has no such lock, and moves no open file
            os.close(handle)
            return part, None
        if _lock(handle) is not False and os.fstat(handle).st_nlink:
            return part, handle
        os.close(handle)  # somebody who tidied up was quicker than our lock
    raise OSError(errno.EBUSY, "other processes take away what is being written")


def _remove_abandoned(path: Path) -> None:
    if sys.platform == "win32":
        return
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError):  # it is gone already, or another user's
            handle = os.open(part, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if _lock(handle):
                    part.unlink()
            finally:
                os.close(handle)


def _lock(handle: int) -> bool | None:
    """Lock an open file without waiting; False if another has it, None where the file system knows no locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextmanager
def appending(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file, created where it is missing, to read it and to add to its end; others that append wait.

    What was added is on the disk when the block ends; a block that fails leaves the file as it was.

    Raises
    ------
    OutputError
        If the file cannot be written, is no ordinary one, or another process does not let go of it.
    """
    path = Path(path)
    try:
        with _held_file(path) as stream:
            before = os.fstat(stream.fileno()).st_size
            try:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            except BaseException:
                os.ftruncate(stream.fileno(), before)
                raise
    except OSError as error:
        raise _explained(error, path) from error


def _held_file(path: Path) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    until, said = time.monotonic() + _PATIENCE, False
    while True:
        handle, there = os.open(path, flags, 0o666), False
        try:
            _check_regular(os.fstat(handle), path, None, OutputError)
            there = _lock(handle) is not False and os.path.samestat(os.fstat(handle), os.stat(path))
            if there:
                return os.fdopen(handle, "r+b", buffering=0)
        except FileNotFoundError:  # somebody has put another file in its place
            there = False
        finally:
            if not there:
                os.close(handle)
        if time.monotonic() > until:
            raise OSError(errno.EBUSY, "another program is writing to it")
        if not said and time.monotonic() > until - _PATIENCE + _SILENCE:
            warnings.warn(f"waiting for another program that is writing to {path}", stacklevel=5)
            said = True
        time.sleep(0.02)


def open_regular(
    path: str | os.PathLike[str], most: int | None = None, error: type[MisreadError] = FormatError
) -> BinaryIO:
    """Open an ordinary file for reading; pipes and devices, which may never begin or end, are not waited for.

    Parameters
    ----------
    path : path
    most : int, optional
        Bytes that the file may have.
    error : subclass of MisreadError
        What to raise when it is something else or larger.

    Raises
    ------
    MisreadError
        Of the class `error`.
    OSError
        If there is no such file, it is a folder, or it may not be read.
    """
    _check_regular(os.stat(path), path, most, error)
    nonblocking = getattr(os, "O_NONBLOCK", 0)
    stream = open(path, "rb", opener=lambda name, flags: os.open(name, flags | nonblocking))  # noqa: SIM115
    try:
        _check_regular(os.fstat(stream.fileno()), path, most, error)  # it may have been exchanged
    except BaseException:
        stream.close()
        raise
    return stream


def read_regular(path: str | os.PathLike[str], most: int, error: type[MisreadError] = FormatError) -> bytes:
    """Read an ordinary file of at most `most` bytes; see `open_regular`."""
    with open_regular(path, most, error) as stream:
        content = stream.read(min(most, os.fstat(stream.fileno()).st_size) + 1)  # which sets that much aside
        while len(content) <= most and (more := stream.read(_PIECE)):
            content += more
    if len(content) > most:  # some files of the system have no size and no end
        raise error(f"{path} has more than the {most:,} bytes that are read of such a file")
    return content


@contextmanager
def open_zip(
    path: str | os.PathLike[str],
    most: int | None = None,
    error: type[MisreadError] = FormatError,
    *,
    most_directory: int = 2**24,
) -> Iterator[zipfile.ZipFile]:
    """Open an ordinary file as a ZIP; see `open_regular`.

    `zipfile` reads the whole directory and makes objects ten times its size, so that has a limit of its own.

    Raises
    ------
    MisreadError
        Of the class `error`, also for a directory of more than `most_directory` bytes.
    zipfile.BadZipFile
        If it is no ZIP.
    """
    with open_regular(path, most, error) as stream:
        bounded = _BoundedReads(stream, most_directory, error(f"{path} lists far too many parts; refused"))
        with zipfile.ZipFile(cast(BinaryIO, bounded)) as archive:
            bounded.most = None
            yield archive


class _BoundedReads:
    """A file of which at most so many bytes are read at once, until `most` is None."""

    def __init__(self, stream: BinaryIO, most: int, error: MisreadError) -> None:
        self._stream, self.most, self._error = stream, cast("int | None", most), error

    def read(self, size: int = -1) -> bytes:
        left = os.fstat(self._stream.fileno()).st_size - self._stream.tell()
        if self.most is not None and (left if size < 0 else size) > self.most:
            raise self._error
        return self._stream.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _check_regular(
    status: os.stat_result, path: str | os.PathLike[str], most: int | None, error: type[MisreadError]
) -> None:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))
        kind = next((name for test, name in kinds if test(mode)), "device")
        raise error(f"{path} is a {kind}, expected an ordinary file; copy what it gives into a file first")
    if most is not None and status.st_size > most:
        raise error(f"{path} has {status.st_size:,} bytes, at most {most:,} are read of such a file")


def sha256_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
