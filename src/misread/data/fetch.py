"""Find the files of a named data set on this machine, or download them: verified and atomic.

Downloads use requests (which pooch brings along) for its certificates and proxies.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pooch
import requests
from numpy.typing import NDArray

from misread.data.catalogue import Entry, NamedFile
from misread.data.readers.idx import idx_sha256, read_idx
from misread.errors import DataError, DownloadError, FormatError
from misread.files import part_of

__all__ = [
    "Progress",
    "download",
    "fetch",
    "find",
    "read_verified",
    "search_folders",
    "spellings",
    "target_folder",
]

Progress = Callable[[str, int, int], None]
"""Told what is under way, how much of it is done and how much there is in all."""

_SYSTEM_FOLDER = Path("/usr/share/datasets")
_ROUNDS = 3
_BACKOFF = 1.0
_LONGEST_WAIT = 20.0
_TIMEOUT = (10.0, 20.0)
_PATIENCE = 30.0
_SLOWEST = 1024
_CHUNK = 1 << 16
_HEADERS = {"Accept-Encoding": "identity"}


class _TryLaterError(Exception):
    """The mirror may well answer when asked again."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class _GiveUpError(Exception):
    """The mirror does not have the file."""


def search_folders(data_dir: str | os.PathLike[str] | None = None) -> tuple[Path, ...]:
    """Return the folders that are searched, in order.

    They are `data_dir`, the one named by ``MISREAD_DATA``, the user's cache and the system's.
    """
    chosen = [Path(folder).expanduser() for folder in (data_dir, os.environ.get("MISREAD_DATA")) if folder]
    return (*chosen, Path(pooch.os_cache("misread")), _SYSTEM_FOLDER)


def target_folder(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that downloads go to: the first of `search_folders`."""
    return search_folders(data_dir)[0]


def find(entry: Entry, data_dir: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """Return the files of a named set that lie on this machine, by their catalogue name.

    A file may be plain or gzip-compressed, and may be spelt ``train-images.idx3-ubyte``.
    """
    found = {}
    for file in entry.files:
        folders = (folder / inner for folder in search_folders(data_dir) for inner in entry.folders)
        paths = (folder / spelling for folder in folders for spelling in spellings(file.name))
        path = next((path for path in paths if path.is_file()), None)
        if path is not None:
            found[file.name] = path
    return found


def spellings(name: str) -> tuple[str, ...]:
    """Return the file names under which an IDX file is known in the wild."""
    dotted = name.replace("-idx", ".idx")
    return name, f"{name}.gz", dotted, f"{dotted}.gz"


def fetch(
    entry: Entry, data_dir: str | os.PathLike[str] | None = None, progress: Progress | None = None
) -> dict[str, Path]:
    """Return the path of every file of a named set, downloading those that are not on this machine.

    Parameters
    ----------
    entry : Entry
        The set.
    data_dir : path, optional
        Searched first, and where downloads go; otherwise ``MISREAD_DATA`` or the user's cache.
    progress : callable, optional
        Called with the file name, the bytes received and the bytes expected (at most).

    Raises
    ------
    DownloadError
        If no mirror gave a missing file.
    DataError
        If the folder cannot be written.
    """
    paths = find(entry, data_dir)
    folder = target_folder(data_dir) / entry.folders[0] if entry.folders else None
    for file in entry.files:
        if file.name not in paths and folder is not None:
            paths[file.name] = download(file, _mirrors(entry), folder, progress)
    return paths


def read_verified(path: Path, file: NamedFile) -> NDArray[np.uint8]:
    """Read an IDX file that must be exactly the catalogue's.

    Raises
    ------
    FormatError
        If it is not.
    """
    array = read_idx(path, ndim=3 if "images" in file.name else 1, max_bytes=file.size)
    actual = idx_sha256(array)
    if actual != file.sha256:
        raise FormatError(
            f"{path}: not the published {file.name}: the decompressed bytes have sha256 {actual}, "
            f"expected {file.sha256}"
        )
    return array


def _mirrors(entry: Entry) -> tuple[str, ...]:
    own = [base.strip() for base in os.environ.get("MISREAD_MIRRORS", "").split(",") if base.strip()]
    return tuple(base.rstrip("/") + "/" for base in own or entry.mirrors)


def download(file: NamedFile, mirrors: Sequence[str], folder: Path, progress: Progress | None = None) -> Path:
    """Download one file of a named set into `folder`.

    Mirrors are asked in turn, up to three times each with growing pauses; one that has the wrong file or none
    is not asked again. The file comes under a temporary name, is verified, then moved into place, so that
    nobody ever sees a part of it and two processes may fetch it at once.

    Raises
    ------
    DownloadError
        If no mirror gave the verified file; the message lists what each one answered.
    DataError
        If the folder cannot be written.
    """
    answers: dict[str, str] = {}
    alive = list(mirrors)
    try:
        for attempt in range(_ROUNDS):
            wait = 0.0
            for base in tuple(alive):
                try:
                    return _download_from(f"{base}{file.name}.gz", file, folder, progress)
                except _TryLaterError as error:
                    answers[base] = str(error)
                    wait = max(wait, error.wait)
                except _GiveUpError as error:
                    answers[base] = str(error)
                    alive.remove(base)
            if not alive or attempt == _ROUNDS - 1:
                break
            time.sleep(min(max(wait, _BACKOFF * 2**attempt), _LONGEST_WAIT))
    except OSError as error:
        raise DataError(
            f"{folder}: cannot keep {file.name} there: {error.strerror or error}; choose another folder with "
            "--data-dir or MISREAD_DATA"
        ) from error
    told = "; ".join(f"{base} {answer}" for base, answer in answers.items()) or "none is known"
    raise DownloadError(
        f"no mirror gave {file.name} ({told}); put the file, plain or .gz, into {folder} by hand, "
        "or name other mirrors in MISREAD_MIRRORS"
    )


def _download_from(url: str, file: NamedFile, folder: Path, progress: Progress | None) -> Path:
    with _answer(url, file) as (response, expected):
        folder.mkdir(parents=True, exist_ok=True)
        with part_of(folder / file.name) as part:
            with part.open("wb") as target:
                _copy(response, target.write, _most(file), lambda done: _tell(progress, file, done, expected))
                received = target.tell()
                os.fsync(target.fileno())
            if expected and received != expected:
                raise _TryLaterError(f"sent {received:,} of {expected:,} bytes, then stopped")
            path = folder / f"{file.name}{_suffix_of(part, file)}"
            part.replace(path)
    return path


@contextmanager
def _answer(url: str, file: NamedFile) -> Iterator[tuple[requests.Response, int]]:
    """What `url` answers, not decoded, and how many bytes it says it will send (0 if it does not)."""
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT, headers=_HEADERS) as response:
            _check_status(response)
            expected = _content_length(response)
            if expected > _most(file):
                raise _GiveUpError(f"would send {expected:,} bytes; the file has at most {_most(file):,}")
            yield response, expected
    except requests.RequestException as error:
        raise _TryLaterError(_plain(error)) from error


def _most(file: NamedFile) -> int:
    """The most bytes that the file can have, packed or not."""
    return file.size + file.size // 1000 + 4096


def _suffix_of(part: Path, file: NamedFile) -> str:
    """The ending that a verified download deserves: it may come packed or not."""
    try:
        read_verified(part, file)
    except FormatError as error:
        raise _GiveUpError(f"sent something else ({str(error).removeprefix(f'{part}: ')})") from error
    with part.open("rb") as stream:
        return ".gz" if stream.read(2) == b"\x1f\x8b" else ""


def _tell(progress: Progress | None, file: NamedFile, done: int, expected: int) -> None:
    if progress is not None:
        progress(file.name, done, expected or file.size)


def _copy(
    response: requests.Response, write: Callable[[bytes], int], most: int, tell: Callable[[int], None]
) -> None:
    start = time.monotonic()
    received = 0
    while True:
        try:
            chunk = response.raw.read1(_CHUNK)
        except Exception as error:  # urllib3 has no common base for what a broken connection raises
            raise _TryLaterError(f"broke off after {received:,} bytes ({_plain(error)})") from error
        if not chunk:
            return
        received += len(chunk)
        if received > most:
            raise _GiveUpError(f"sent more than {most:,} bytes")
        elapsed = time.monotonic() - start
        if elapsed > _PATIENCE and received < _SLOWEST * elapsed:
            raise _TryLaterError(f"too slow, {received:,} bytes in {elapsed:.0f} s")
        write(chunk)
        tell(received)


def _check_status(response: requests.Response) -> None:
    status = f"HTTP {response.status_code} {response.reason or ''}".strip()
    if response.status_code >= 500 or response.status_code in (408, 425, 429):
        after = response.headers.get("Retry-After", "")
        raise _TryLaterError(status, wait=float(after) if after.isdecimal() else 0.0)
    if response.status_code != 200:
        raise _GiveUpError(status)


def _content_length(response: requests.Response) -> int:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else 0


def _plain(error: Exception) -> str:
    """Return the innermost reason of a network error, which the outer ones wrap in their own words."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return f"{type(inner).__name__}: {inner}"
