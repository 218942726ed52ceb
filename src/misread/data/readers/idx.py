"""IDX files, the format of MNIST: a short big-endian header, then unsigned bytes; plain or gzip-compressed.

The file is never trusted. The header is checked before memory is reserved, a compressed stream is read no
further than the header promised, and whatever is wrong ends in `FormatError`.
"""

import gzip
import hashlib
import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from misread.errors import DataError, FormatError
from misread.files import open_regular

__all__ = [
    "MAX_BYTES",
    "idx_header",
    "idx_sha256",
    "idx_shape",
    "read_idx",
    "read_idx_rows",
    "read_text",
    "write_idx",
]

MAX_BYTES = 2**31
"""No IDX file may promise more bytes of pixels or labels than this (2 GiB)."""

_GZIP_MAGIC = b"\x1f\x8b"
_DEFLATE_LIMIT = 1032
"""A deflate stream grows at most this many times when decompressed (zlib's technical notes)."""

_UBYTE = 0x08
_INT = 0x0C
_TYPES = {_UBYTE: "unsigned bytes", _INT: "32-bit integers"}
_CHUNK = 1 << 20
_KINDS = {1: "labels", 2: "rows of numbers", 3: "images"}


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_idx(path: str | os.PathLike[str], *, ndim: int, max_bytes: int = MAX_BYTES) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes.

    Parameters
    ----------
    path : path
        The file. Compression is recognised by the content, not by the name.
    ndim : {1, 3}
        What the file must hold: 1 for labels, 3 for images.
    max_bytes : int
        The most bytes the header may promise.

    Returns
    -------
    ndarray of uint8
        Shape (n,) or (n, height, width).

    Raises
    ------
    FormatError
        If the file is not such a file, complete and nothing more.
    DataError
        If it cannot be opened or read.
    """
    path = Path(path)
    with _opened(path) as (stream, most):
        return _read(stream, path, ndim, max_bytes, most)


def read_idx_rows(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> NDArray[np.int32]:
    """Read an IDX file of rows of 32-bit integers, such as QMNIST's labels; raises as `read_idx` does."""
    path = Path(path)
    with _opened(path) as (stream, most):
        flat = _read(stream, path, 2, max_bytes, most, _INT)
    return flat.view(">i4").astype(np.int32).reshape(len(flat), -1)


def read_text(path: str | os.PathLike[str], *, max_bytes: int) -> str:
    """Read a small file of text, plain or compressed.

    Raises
    ------
    FormatError
        If it is larger than `max_bytes`, or no text.
    DataError
        If it cannot be opened or read.
    """
    path = Path(path)
    with _opened(path) as (stream, _):
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise FormatError(f"{path}: more than {max_bytes:,} bytes of text; the limit here")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not text in UTF-8 ({error.reason} at byte {error.start})") from error


def idx_shape(path: str | os.PathLike[str], *, ndim: int) -> tuple[int, ...]:
    """Return the shape that an IDX file promises, without reading further; raises as `read_idx` does."""
    path = Path(path)
    with _opened(path) as (stream, _):
        return _read_shape(stream, path, ndim, _INT if ndim == 2 else _UBYTE)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[_Readable, int]]:
    """The content of a file, plain or compressed, and how many bytes it can have at most."""
    try:
        with open_regular(path, error=DataError) as raw:
            size = os.fstat(raw.fileno()).st_size
            compressed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            if not compressed:
                yield raw, size
                return
            with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                yield stream, size * _DEFLATE_LIMIT
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(f"{path}: the gzip stream is truncated or corrupt ({error})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read(
    stream: _Readable, path: Path, ndim: int, max_bytes: int, most: int, kind: int = _UBYTE
) -> NDArray[np.uint8]:
    """The bytes of an array, the last axis as many times longer as a number takes bytes."""
    shape = _read_shape(stream, path, ndim, kind)
    shape = (*shape[:-1], shape[-1] * (4 if kind == _INT else 1))
    promised = math.prod(shape)
    if promised > max_bytes:
        raise FormatError(f"{path}: the header promises {promised:,} bytes; the limit here is {max_bytes:,}")
    if promised > most:
        raise FormatError(f"{path}: the header promises {promised:,} bytes, more than the file can hold")
    array = np.empty(promised, np.uint8)
    filled = _fill(stream, array.data)
    if filled < promised:
        raise FormatError(f"{path}: truncated, {filled:,} of the {promised:,} bytes that the header promises")
    if stream.read(1):
        raise FormatError(f"{path}: holds more than the {promised:,} bytes that its header promises")
    return array.reshape(shape)


def _read_shape(stream: _Readable, path: Path, ndim: int, kind: int = _UBYTE) -> tuple[int, ...]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise FormatError(f"{path}: not an IDX file (it begins with {magic!r}, not with two zero bytes)")
    if magic[2] != kind:
        wanted = f"{_TYPES[kind]} (0x{kind:02x})"
        raise FormatError(f"{path}: IDX type code 0x{magic[2]:02x}; only {wanted} are read")
    if magic[3] != ndim:
        held = _KINDS.get(magic[3], f"an array of {magic[3]} dimensions")
        raise FormatError(f"{path}: holds {held}, expected {_KINDS[ndim]}; are the files swapped?")
    packed = stream.read(4 * ndim)
    if len(packed) < 4 * ndim:
        raise FormatError(f"{path}: truncated inside its header")
    shape = struct.unpack(f">{ndim}I", packed)
    if 0 in shape:
        raise FormatError(f"{path}: holds no {_KINDS[ndim]} (shape {shape})")
    return shape


def _fill(stream: _Readable, target: memoryview) -> int:
    filled = 0
    while filled < len(target):
        chunk = stream.read(min(_CHUNK, len(target) - filled))
        if not chunk:
            break
        target[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
    return filled


def idx_header(shape: tuple[int, ...]) -> bytes:
    """Return the IDX header of an unsigned-byte array of this shape."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, _UBYTE, len(shape), *shape)


def idx_sha256(array: NDArray[np.uint8]) -> str:
    """Return the sha256 of the (uncompressed) IDX file that holds this array."""
    digest = hashlib.sha256(idx_header(array.shape))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def write_idx(path: str | os.PathLike[str], array: NDArray[np.uint8]) -> None:
    """Write an array of uint8 as an IDX file, gzip-compressed when the name ends in ``.gz``."""
    path = Path(path)
    content = idx_header(array.shape) + np.ascontiguousarray(array, dtype=np.uint8).tobytes()
    path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)
