"""NumPy files: an NPZ archive, or NPY files side by side. Nothing is unpickled."""

import lzma
import math
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from misread.data.assemble import assemble
from misread.data.dataset import Dataset
from misread.data.making import Reading, make_images
from misread.data.words import LYING, is_emnist, printable
from misread.errors import DataError, FormatError
from misread.files import open_regular, open_zip
from misread.images.colour import Colours, look_at, thumbnail
from misread.images.fit import crops
from misread.images.levels import as_levels

__all__ = ["SUFFIXES", "image_files", "named_arrays", "read_arrays", "read_unlabelled"]

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
MAPPED_FROM = 1 << 26
"""Bytes from which a file of grey levels stays on the disk, and is mapped."""
_ROWS = 1 << 12
_DEFLATE_LIMIT = 1032
_CHUNK = 1 << 20
_MOST_DIRECTORY = 1 << 21
_PER_IMAGE = 100
_NAMED = 8
_LETTERS = 200
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
    shape (n, h, w), (n, h, w, 1), (n, h, w, 3), (n, 1, h, w), (n, 3, h, w) or (n, h * w) with h = w; levels as
    `misread.images.levels.as_levels` takes them. Labels have shape (n,), integers or text.

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
        with open_zip(path, error=DataError, most_directory=_MOST_DIRECTORY) as archive:
            yield archive
    except _DAMAGED as error:
        reason = f"{type(error).__name__}: {printable(str(error))[:_LETTERS]}"
        raise FormatError(f"{path}: not a readable NPZ archive ({reason})") from error


def _archive_members(path: Path) -> dict[str, _Member]:
    with _opened(path) as archive:
        members = {}
        for info in archive.infolist():
            most = min(info.file_size, (info.compress_size + 64) * _DEFLATE_LIMIT)
            name = info.filename.removesuffix(".npy")
            members[name] = _Member(f"{path}: {printable(name[:_LETTERS])}", path, info.filename, most)
    return members


def _folder_members(path: Path) -> dict[str, _Member]:
    folder = path if path.is_dir() else path.parent
    return {
        file.stem: _Member(str(file), None, str(file), file.stat().st_size)
        for file in sorted(folder.glob("*.npy"))
    }


def _read(path: Path, members: Mapping[str, _Member], reading: Reading) -> Dataset:
    groups = [names for names in (*_SPLIT, *_WHOLE) if all(name in members for name in names)]
    if not groups:
        raise FormatError(
            f"{path}: holds {_shown(members) or 'no arrays'}; expected x_train, y_train, x_test and "
            "y_test, or images and labels"
        )
    names = groups[0]
    chosen = [members[name] for name in names]
    _require(path, chosen, reading, stay=len(names) > 2)
    numbers = {member.where: _load(member) for member in chosen[::2]}
    levels, notes = as_levels(numbers)
    colours = [_in_colour(part) for part in levels]
    images = [_as_grey(part, member) for part, member in zip(levels, chosen[::2], strict=True)]
    labels = [_labels(member, len(part)) for member, part in zip(chosen[1::2], images, strict=True)]
    if len({part.shape[1:] for part in images}) > 1 and not (reading.size or crops(reading.fit)):
        shapes = " and ".join(str(part.shape[1:]) for part in images)
        raise FormatError(f"{path}: training and test images have different shapes, {shapes}; give a --size")
    parts, made = make_images(images, reading)
    called = [f"{name}/{row}" for name, part in zip(names[::2], images, strict=True) for row in range(len(part))]
    made = replace(made, names=np.array(called, np.str_), colours=_colours(colours))
    flat = [label for part in labels for label in part]
    notes += [LYING] * is_emnist(path.stem)
    if others := sorted(members.keys() - set(names)):
        notes.append(f"not used: {_shown(others)}")
    return assemble(path.resolve().stem, parts, flat, None, f"arrays in {path}", notes, made=made)


def _shown(names: Iterable[str]) -> str:
    """The first of the names that an archive gives, which may be anything, for a message."""
    first = sorted(names)
    more = ", ..." if len(first) > _NAMED else ""
    return ", ".join(printable(name[:_LETTERS]) for name in first[:_NAMED]) + more


def image_files(folder: Path) -> list[Path]:
    """The NPY files of a folder that hold images by their names; all of them where no name says so."""
    files = sorted(folder.glob("*.npy"))
    known = {name for group in (*_SPLIT, *_WHOLE) for name in group[::2]}
    return [file for file in files if file.stem in known] or files


def read_unlabelled(path: Path, reading: Reading) -> list[tuple[str, NDArray[np.uint8]]]:
    """The arrays of images in an NPZ archive, or of one NPY file, with what to call each.

    Raises
    ------
    DataError
        If there are none, or they cannot be read.
    """
    try:
        if path.suffix.lower() == ".npz":
            members = _archive_members(path)
            names = {name: None for group in (*_SPLIT, *_WHOLE) for name in group[::2] if name in members}
            chosen = [members[name] for name in names] or (list(members.values()) if len(members) == 1 else [])
        else:
            chosen = [_Member(str(path), None, str(path), path.stat().st_size)]
        if not chosen:
            raise FormatError(f"{path}: holds {_shown(members) or 'no arrays'}; expected images, x or x_test")
        _require(path, chosen, reading, stay=True)
        levels, _ = as_levels({member.where: _load(member) for member in chosen})
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return [(member.where, _as_grey(part, member)) for part, member in zip(levels, chosen, strict=True)]


def named_arrays(path: Path, reading: Reading) -> dict[str, NDArray[Any]]:
    """All arrays in an NPZ archive, whatever their shape.

    Raises
    ------
    DataError
        If it is damaged, holds objects, or is too large.
    """
    members = _archive_members(path)
    sizes = {}
    for name, member in members.items():
        with _stream(member) as stream:
            shape, _, dtype = _header(stream, member, any_shape=True)
        sizes[name] = (math.prod(shape) + 1) * (dtype.itemsize + 8)
    reading.require(sum(sizes.values()), f"{path}: what its arrays hold")
    arrays = {name: _load(member, any_shape=True) for name, member in members.items()}
    for name, array in arrays.items():
        if array.dtype.kind == "U" and array.size and _code_points(array).max() > sys.maxunicode:
            raise FormatError(f"{path}: {name} holds what is no character")
    return arrays


def _require(path: Path, members: Sequence[_Member], reading: Reading, *, stay: bool) -> None:
    """Have memory allowed for what the headers promise: the arrays, and grey levels made from them twice.

    What is mapped takes none where images `stay` as they are, and else what is made from it.
    """
    n_bytes = 0
    for member in members:
        with _stream(member) as stream:
            shape, _, dtype = _header(stream, member)
        per_pixel = dtype.itemsize + 2
        if _mapped(member) is not None:
            per_pixel = 0 if stay and 3 not in shape[1:] else 1
        n_bytes += math.prod(shape) * per_pixel + _PER_IMAGE * shape[0]
    reading.require(n_bytes, f"{path}: what its arrays hold")


@contextmanager
def _stream(member: _Member) -> Iterator[BinaryIO]:
    if member.archive is None:
        with open_regular(member.path, error=DataError) as stream:
            yield stream
    else:
        with _opened(member.archive) as archive, archive.open(member.path) as packed:
            yield cast("BinaryIO", packed)


def _header(
    stream: BinaryIO, member: _Member, *, any_shape: bool = False
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of an NPY file: shape, order and type of an array that the bytes there can hold."""
    try:
        version = npy.read_magic(stream)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read_header(stream)
    except _WRONG_HEADER as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise FormatError(f"{member.where}: not a readable NPY array ({reason})") from error
    if dtype.hasobject or dtype.kind not in "buifUS" or not dtype.itemsize:
        raise FormatError(f"{member.where}: holds {dtype}; only numbers and text are read, never objects")
    least = 0 if any_shape else 1
    if (not shape and not any_shape) or any(type(side) is not int or side < least for side in shape):
        raise FormatError(f"{member.where}: shape {shape} is empty, or of no array of images or labels")
    if math.prod(shape) * dtype.itemsize > member.size:
        raise FormatError(f"{member.where}: shape {shape} of {dtype} is more than the file can hold")
    return shape, fortran, dtype


def _mapped(member: _Member) -> NDArray[np.uint8] | None:
    """A large file of grey levels as it lies on the disk; None where it has to be read."""
    if member.archive is not None or member.size < MAPPED_FROM:
        return None
    with _stream(member) as stream:
        shape, fortran, dtype = _header(stream, member)
        if fortran or dtype != np.uint8:
            return None
        levels = np.memmap(stream, np.uint8, "r", stream.tell(), shape)
    needs_no_scale = any(levels[start : start + _ROWS].max() > 1 for start in range(0, len(levels), _ROWS))
    return levels if needs_no_scale else None


def _load(member: _Member, *, any_shape: bool = False) -> NDArray[np.generic]:
    """Read one NPY file, checking its header against the bytes there are before reserving memory."""
    levels = None if any_shape else _mapped(member)
    if levels is not None:
        return levels
    with _stream(member) as stream:
        shape, fortran, dtype = _header(stream, member, any_shape=any_shape)
        promised = math.prod(shape) * dtype.itemsize
        buffer = bytearray()
        while len(buffer) < promised:
            chunk = stream.read(min(_CHUNK, promised - len(buffer)))
            if not chunk:
                raise FormatError(f"{member.where}: truncated, {len(buffer):,} of {promised:,} bytes")
            buffer += chunk
        flat: NDArray[np.generic] = np.frombuffer(buffer, dtype)
        return flat.reshape(shape, order="F" if fortran else "C")


def _as_grey(levels: NDArray[np.uint8], member: _Member) -> NDArray[np.uint8]:
    """Images of shape (n, h, w), whichever of the usual ways their axes come in."""
    if levels.ndim == 3 and 1 in levels.shape[1:] and math.isqrt(levels[0].size) ** 2 == levels[0].size:
        levels = levels.reshape(len(levels), -1)
    match levels.shape:
        case (n, pixels) if math.isqrt(pixels) ** 2 == pixels:
            return levels.reshape(n, math.isqrt(pixels), -1)
        case (_, _, _):
            return levels
        case (_, _, _, 1):
            return levels[..., 0]
        case (_, 1, _, _):
            return levels[:, 0]
    colours = _in_colour(levels)
    if colours is not None:
        return np.stack([((image @ _LUMA + 0x8000) >> 16).astype(np.uint8) for image in colours])
    raise FormatError(
        f"{member.where}: images of shape {levels.shape}; expected (n, h, w), (n, h, w, 1), (n, h, w, 3), "
        "(n, 1, h, w), (n, 3, h, w) or square (n, h * w)"
    )


def _in_colour(levels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Images of shape (n, h, w, 3), if their axes say that they are in colour."""
    match levels.shape:
        case (_, _, _, 1) | (_, 1, _, _):
            return None
        case (_, _, _, 3):
            return levels
        case (_, 3, _, _):
            return np.moveaxis(levels, 1, 3)
    return None


def _colours(parts: Sequence[NDArray[np.uint8] | None]) -> Colours | None:
    """Look at some of the images of all parts, for their colours."""
    coloured = [part for part in parts if part is not None]
    if len(coloured) < len(parts):
        return None
    ends = np.cumsum([len(part) for part in coloured])

    def small(chosen: NDArray[np.intp]) -> list[NDArray[np.uint8] | None]:
        which = np.searchsorted(ends, chosen, side="right")
        return [thumbnail(coloured[k][i - ends[k]]) for k, i in zip(which, chosen, strict=True)]

    return look_at(int(ends[-1]), small)


def _labels(member: _Member, n_images: int) -> list[str]:
    values = _load(member)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (n_images,):
        hint = "; give class numbers, such as labels.argmax(axis=1)" if values.shape[:1] == (n_images,) else ""
        raise FormatError(
            f"{member.where}: shape {values.shape}, expected one label for each of {n_images:,} images{hint}"
        )
    if values.dtype.kind == "f":
        whole = np.nan_to_num(cast("NDArray[np.floating]", values), nan=0.5)
        if not np.array_equal(whole, np.floor(whole)) or np.abs(whole).max() > 2**31:
            raise FormatError(f"{member.where}: labels must be whole numbers or text")
        values = whole.astype(np.int64)
    if values.dtype.kind == "b":
        values = values != 0
    if values.dtype.kind == "U" and _code_points(values).max() > sys.maxunicode:
        raise FormatError(f"{member.where}: a label holds what is no character")
    texts = [_text(value) for value in values.tolist()]
    if "" in texts:
        raise FormatError(f"{member.where}: the label of image {texts.index('') + 1:,} is empty")
    return texts


def _code_points(values: NDArray[np.generic]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(values).view(values.dtype.byteorder + "u4")


def _text(value: object) -> str:
    return (value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)).strip()
