"""NumPy files: an NPZ archive, or NPY files side by side. Nothing is unpickled."""

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from misread.data.assemble import assemble
from misread.data.dataset import Dataset
from misread.data.idx import MAX_BYTES
from misread.data.making import Reading, make_images
from misread.errors import DataError, FormatError

__all__ = ["SUFFIXES", "read_arrays"]

SUFFIXES = frozenset({".npy", ".npz"})

_WHOLE = (("images", "labels"), ("x", "y"), ("X", "y"), ("data", "target"))
_SPLIT = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("X_train", "y_train", "X_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
)
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
_WRONG_HEADER = (MemoryError, RecursionError, SyntaxError, TypeError, ValueError, tokenize.TokenError)
_DEFLATE_LIMIT = 1032
_CHUNK = 1 << 20
_LUMA = np.array([19_595, 38_470, 7_471], np.uint32)


@dataclass(frozen=True)
class _Member:
    """One NPY file, alone or inside an archive, with the bytes it can hold at most."""

    where: str
    archive: Path | None
    path: str
    size: int


def read_arrays(path: Path, reading: Reading) -> Dataset:
    """Read an NPZ archive, or the NPY files of a folder (given the folder or one of them).

    The arrays are called ``x_train, y_train, x_test, y_test`` or ``images, labels`` (or ``x, y``). Images have
    shape (n, h, w), (n, h, w, 1), (n, h, w, 3) or (n, h * w) with h = w, integers 0..255, or floats that are whole
    or within 0..1. Labels have shape (n,), integers or text.

    Raises
    ------
    DataError
        If the arrays are not there or are not these.
    """
    try:
        members = _archive_members(path) if path.suffix.lower() == ".npz" else _folder_members(path)
        return _read(path, members, reading)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; whatever zipfile and its decompressors raise on a damaged one is a FormatError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _DAMAGED as error:
        raise FormatError(f"{path}: not a readable NPZ archive ({type(error).__name__}: {error})") from error


def _archive_members(path: Path) -> dict[str, _Member]:
    with _opened(path) as archive:
        members = {}
        for info in archive.infolist():
            most = min(info.file_size, (info.compress_size + 64) * _DEFLATE_LIMIT)
            name = info.filename.removesuffix(".npy")
            members[name] = _Member(f"{path}: {name}", path, info.filename, most)
    return members


def _folder_members(path: Path) -> dict[str, _Member]:
    folder = path if path.is_dir() else path.parent
    return {
        file.stem: _Member(str(file), None, str(file), file.stat().st_size)
        for file in sorted(folder.glob("*.npy"))
    }


def _read(path: Path, members: Mapping[str, _Member], reading: Reading) -> Dataset:
    notes: list[str] = []
    groups = [names for names in (*_SPLIT, *_WHOLE) if all(name in members for name in names)]
    if not groups:
        raise FormatError(
            f"{path}: holds {', '.join(sorted(members)) or 'no arrays'}; expected x_train, y_train, x_test and "
            "y_test, or images and labels"
        )
    names = groups[0]
    images = [_as_grey(_load(members[name]), members[name], notes) for name in names[::2]]
    labels = [_labels(members[name], len(part)) for name, part in zip(names[1::2], images, strict=True)]
    if len({part.shape[1:] for part in images}) > 1 and not (reading.size or reading.fit == "mnist"):
        shapes = " and ".join(str(part.shape[1:]) for part in images)
        raise FormatError(f"{path}: training and test images have different shapes, {shapes}; give a --size")
    is_test = None if len(images) == 1 else np.repeat([False, True], [len(part) for part in images])
    together, made = make_images(images, reading)
    flat = [label for part in labels for label in part]
    return assemble(path.resolve().stem, together, flat, is_test, f"arrays in {path}", notes, made=made)


def _load(member: _Member) -> NDArray[np.generic]:
    """Read one NPY file, checking its header against the bytes there are before reserving memory."""
    if member.archive is None:
        with Path(member.path).open("rb") as stream:
            return _parse(stream, member)
    with _opened(member.archive) as archive, archive.open(member.path) as stream:
        return _parse(cast("BinaryIO", stream), member)


def _parse(stream: BinaryIO, member: _Member) -> NDArray[np.generic]:
    try:
        version = npy.read_magic(stream)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read_header(stream)
    except _WRONG_HEADER as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise FormatError(f"{member.where}: not a readable NPY array ({reason})") from error
    if dtype.hasobject or dtype.kind not in "buifUS":
        raise FormatError(f"{member.where}: holds {dtype}; only numbers and text are read, never objects")
    promised = math.prod(shape) * dtype.itemsize
    if min(shape, default=1) < 1 or promised > min(member.size, 8 * MAX_BYTES):
        raise FormatError(f"{member.where}: shape {shape} of {dtype} is empty or more than the file can hold")
    buffer = bytearray()
    while len(buffer) < promised:
        chunk = stream.read(min(_CHUNK, promised - len(buffer)))
        if not chunk:
            raise FormatError(f"{member.where}: truncated, {len(buffer):,} of {promised:,} bytes")
        buffer += chunk
    flat: NDArray[np.generic] = np.frombuffer(buffer, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _as_grey(values: NDArray[np.generic], member: _Member, notes: list[str]) -> NDArray[np.uint8]:
    levels = _as_levels(values, member, notes)
    side = math.isqrt(levels.shape[1]) if levels.ndim == 2 else 0
    if levels.ndim == 2 and side * side == levels.shape[1]:
        return levels.reshape(-1, side, side)
    if levels.ndim == 4 and levels.shape[3] == 1:
        return levels[..., 0]
    if levels.ndim == 4 and levels.shape[3] == 3:
        return np.stack([((image @ _LUMA + 0x8000) >> 16).astype(np.uint8) for image in levels])
    if levels.ndim == 3:
        return levels
    raise FormatError(
        f"{member.where}: images of shape {values.shape}; expected (n, h, w), (n, h, w, 1), (n, h, w, 3) "
        "or square (n, h * w)"
    )


def _as_levels(values: NDArray[np.generic], member: _Member, notes: list[str]) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return cast("NDArray[np.uint8]", values)
    if values.dtype.kind not in "buif":
        raise FormatError(f"{member.where}: holds {values.dtype}; images must be numbers")
    numbers = cast("NDArray[np.floating]", values)
    lowest, highest = numbers.min(), numbers.max()
    if not (lowest >= 0 and highest <= 255):
        raise FormatError(f"{member.where}: levels run from {lowest} to {highest}; expected 0 to 255 (or 0 to 1)")
    if values.dtype.kind != "f" or all(bool((part == np.floor(part)).all()) for part in numbers):
        return numbers.astype(np.uint8)
    if highest > 1:
        raise FormatError(f"{member.where}: levels are neither whole numbers 0 to 255 nor within 0 to 1")
    notes.append(f"{member.where}: levels 0 to 1 were multiplied by 255")
    scaled = np.empty(numbers.shape, np.uint8)
    for target, part in zip(scaled, numbers, strict=True):
        target[...] = np.rint(part * 255.0)
    return scaled


def _labels(member: _Member, n_images: int) -> list[str]:
    values = _load(member)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (n_images,):
        raise FormatError(
            f"{member.where}: shape {values.shape}, expected one label for each of {n_images:,} images"
        )
    if values.dtype.kind == "f":
        whole = np.nan_to_num(cast("NDArray[np.floating]", values), nan=0.5)
        if not np.array_equal(whole, np.floor(whole)) or np.abs(whole).max() > 2**31:
            raise FormatError(f"{member.where}: labels must be whole numbers or text")
        values = whole.astype(np.int64)
    if values.dtype.kind == "S":
        return [text.decode("utf-8", "replace") for text in values.tolist()]
    return [str(value) for value in values.tolist()]
