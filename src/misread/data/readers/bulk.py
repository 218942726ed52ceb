"""Read many image files into one array: in threads, in bounded memory, every unreadable file named."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from misread.data.content import image_hashes
from misread.data.making import Made, Reading
from misread.data.memory import for_images
from misread.errors import DataError, FormatError
from misread.images.colour import Colours, look_at
from misread.images.fit import DEFAULT_SIZE, check_fit, crops, fit_image
from misread.images.picture import read_colours, read_grey

__all__ = ["OWN_SIDE", "Held", "Pictures", "Reading", "read_pictures"]

OWN_SIDE = 64
"""Images that all have one size keep it when no size is asked for, up to this many pixels a side."""

_CHUNK = 256
_NAMED = 10
_MANY = 0.1

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Held:
    """An image file that a table holds, and what to call it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Pictures:
    """Images of one size and how they were made; `kept` are the positions of the files that could be read."""

    images: NDArray[np.uint8]
    kept: NDArray[np.intp]
    made: Made
    notes: tuple[str, ...]


class _SizesDifferError(Exception):
    """An image is not of the size that the first one has."""


def read_pictures(files: Sequence[Path | Held], root: Path, reading: Reading) -> Pictures:
    """Read image files, in order, and bring them to one size.

    Parameters
    ----------
    files : sequence of Path or Held
        At least one.
    root : Path
        The folder that names in messages are relative to.
    reading : Reading
        Size, fit and what to do with files that cannot be read.

    Raises
    ------
    DataError
        With ``on_error="stop"`` if a file cannot be read; always if none can.
    """
    shape = None if reading.size is not None or crops(reading.fit) else _own_shape(files)
    if shape is not None:
        try:
            return _read_all(files, root, reading, shape, exact=True)
        except _SizesDifferError:
            pass
    shape = check_fit(reading.size or DEFAULT_SIZE, reading.fit)
    pictures = _read_all(files, root, reading, shape, exact=False)
    if reading.size is not None:
        return pictures
    said = f"images were brought to {DEFAULT_SIZE}x{DEFAULT_SIZE} pixels (fit {reading.fit})"
    return replace(pictures, notes=(said, *pictures.notes))


def _own_shape(files: Sequence[Path | Held]) -> tuple[int, int] | None:
    """Return the shape of the first readable image if it is small."""
    for file in files:
        try:
            height, width = _grey(file).shape
        except FormatError:
            continue
        return (height, width) if max(height, width) <= OWN_SIDE else None
    return None


def _read_all(
    files: Sequence[Path | Held],
    root: Path,
    reading: Reading,
    shape: tuple[int, int],
    exact: bool,
    binary: bool = False,
) -> Pictures:
    height, width = shape
    reading.require(for_images(len(files), *shape), f"{root}: {len(files):,} images of {height}x{width}")
    images, hashes = np.empty((len(files), *shape), np.uint8), np.empty(len(files), np.uint64)
    changed, brightest = np.zeros(len(files), bool), np.zeros(len(files), np.uint8)
    failures: dict[int, tuple[str, str]] = {}

    def read_chunk(start: int) -> dict[int, tuple[str, str]]:
        failed = {}
        for index in range(start, min(start + _CHUNK, len(files))):
            try:
                grey = _grey(files[index])
            except FormatError as error:
                failed[index] = (_relative(files[index], root), str(error))
                continue
            if exact and grey.shape != shape:
                raise _SizesDifferError
            hashes[index], changed[index] = image_hashes(grey[None])[0], grey.shape != shape
            brightest[index] = grey.max()
            images[index] = fit_image(grey, shape, reading.fit, reading.invert, binary)
        return failed

    starts = range(0, len(files), _CHUNK)
    for start, failed in zip(starts, _in_threads(read_chunk, starts), strict=True):
        failures.update(failed)
        if failures and reading.on_error == "stop":
            raise DataError(_unreadable([*failures.values()]))
        if reading.progress is not None:
            reading.progress("reading images", min(start + _CHUNK, len(files)), len(files))
    if len(failures) == len(files):
        raise DataError(f"none of the {len(files):,} images can be read: {_unreadable([*failures.values()])}")
    if brightest.max() == 1 and not binary:  # which is known of a set when all of it is read
        return _read_all(files, root, reading, shape, exact, binary=True)
    kept = np.array([index for index in range(len(files)) if index not in failures], np.intp)
    notes = (*(f"skipped {name}: {reason}" for name, reason in failures.values()), *_says_of_levels(brightest))
    names = np.array([_relative(files[index], root) for index in kept], np.str_)
    made = reading.made(hashes[kept], bool(changed[kept].any()))
    made = replace(made, names=names, colours=_colours(files, kept), binary=binary)
    return Pictures(images[kept] if failures else images, kept, made, notes)


def _says_of_levels(brightest: NDArray[np.uint8]) -> list[str]:
    """Whether levels 0 and 1 were taken for black and white, or are nearly black beside others."""
    n_binary = int(np.count_nonzero(brightest == 1))
    if n_binary and brightest.max() == 1:
        return ["levels 0 and 1 were multiplied by 255"]
    if n_binary <= _MANY * len(brightest):
        return []
    return [
        f"{n_binary:,} of {len(brightest):,} pictures have no levels but 0 and 1 of 255, nearly black beside the "
        "others; if they are black and white, scale them alike"
    ]


def _colours(files: Sequence[Path | Held], kept: NDArray[np.intp]) -> Colours | None:
    """Look again at some of the files that could be read, for their colours."""

    def small(chosen: NDArray[np.intp]) -> list[NDArray[np.uint8] | None]:
        return list(_in_threads(lambda index: read_colours(_source(files[index])), kept[chosen].tolist()))

    return look_at(len(kept), small)


def _in_threads(work: Callable[[int], Answer], items: Iterable[int]) -> Iterator[Answer]:
    """Map in threads, in order; when the consumer stops, what has not begun is dropped."""
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _unreadable(failures: Sequence[tuple[str, str]]) -> str:
    """The first files that could not be read, each reason said once."""
    of: dict[str, list[str]] = {}
    for name, reason in failures:
        of.setdefault(reason, []).append(name)
    said = [f"{_some(names)}: {reason}" for reason, names in islice(of.items(), _NAMED)]
    more = f"; and {len(of) - len(said)} more reasons" if len(of) > len(said) else ""
    return f"{'; '.join(said)}{more} (--on-error skip leaves such files out, naming each)"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])}{f' and {rest:,} more' if rest > 0 else ''}"


def _grey(file: Path | Held) -> NDArray[np.uint8]:
    return read_grey(_source(file))


def _source(file: Path | Held) -> Path | BytesIO:
    return BytesIO(file.content) if isinstance(file, Held) else file


def _relative(file: Path | Held, root: Path) -> str:
    if isinstance(file, Held):
        return file.name
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
