"""Files that are either whole or not there."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from misread.errors import OutputError

__all__ = ["atomic_write", "writable_folder"]


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` and move it into place when the block ends well.

    Readers see the old file or the new one, never a part; a block that fails leaves nothing behind.

    Raises
    ------
    OutputError
        If the file cannot be written: no permission, no such folder, disk full.
    """
    path = Path(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


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
