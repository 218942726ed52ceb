"""The container of a model file: a ZIP with one JSON document and plain arrays, read as if it were hostile."""

import io
import json
import os
import re
import zipfile
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite, prod
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from misread.bundle.budget import Budget, Store
from misread.bundle.texts import checked_texts, printable
from misread.errors import MisreadError, ModelFileError
from misread.files import atomic_write, open_zip

__all__ = [
    "array_header",
    "check_members",
    "content_of",
    "plain_array",
    "read_archive",
    "read_document",
    "read_npz",
    "reading",
    "write_archive",
]

DOCUMENT = "manifest.json"
MEMBER = re.compile(r"[a-z0-9_.]{1,80}\.npy", re.ASCII)
MAX_MEMBERS = 100_000
MAX_DOCUMENT_BYTES = 16 * 2**20
MAX_BYTES = 4 * 2**30
FREE_BYTES = 64 * 2**20
MAX_FILE_BYTES = MAX_BYTES + 256 * 2**20
JSON_BYTES = 24
"""Memory that a byte of JSON can take, at most."""
MAX_RATIO = 200
MAX_HEADER_BYTES = 2**16 + 16
HEADER_BYTES = 256
DTYPES = frozenset(["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"])


def write_archive(path: str | os.PathLike[str], document: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the document and the arrays to `path`, whole or not at all.

    Arrays are compressed, unless that makes the whole so small that `read_archive` would take it for a bomb.

    Raises
    ------
    ModelFileError
        If it is more than `read_archive` would read.
    OutputError
        If the file cannot be written.
    """
    content = json.dumps(checked_texts(document), indent=1, allow_nan=False).encode()
    plain = {name: np.asarray(array) for name, array in arrays.items()}
    _check_readable(content, plain)
    with atomic_write(path) as stream:
        members = _write(stream, content, plain, frozenset())
        if sum(member.file_size for member in members) > _most(stream.tell()):
            stream.seek(0)
            stream.truncate()
            dense = {one.filename for one in members if one.file_size > MAX_RATIO // 2 * one.compress_size}
            _write(stream, content, plain, frozenset(dense))


def _write(
    stream: IO[bytes], content: bytes, arrays: Mapping[str, NDArray[Any]], stored: frozenset[str]
) -> list[zipfile.ZipInfo]:
    """Write the members, those of `stored` uncompressed."""
    with zipfile.ZipFile(stream, "w") as archive:
        _add(archive, DOCUMENT, content, stored)
        for name, array in arrays.items():
            buffer = io.BytesIO()
            npy.write_array(buffer, array, allow_pickle=False)
            _add(archive, f"{name}.npy", buffer.getbuffer(), stored)
        return archive.infolist()


def _check_readable(content: bytes, arrays: Mapping[str, NDArray[Any]]) -> None:
    if len(content) > MAX_DOCUMENT_BYTES:
        raise ModelFileError(
            f"the description of this model takes {len(content):,} bytes, a model file has at most "
            f"{MAX_DOCUMENT_BYTES:,} bytes for it; use fewer classes or parts"
        )
    if len(arrays) + 1 > MAX_MEMBERS:
        raise ModelFileError(
            f"this model has {len(arrays) + 1:,} parts, at most {MAX_MEMBERS:,} fit into a model file; "
            "use fewer classes or parts"
        )
    n_bytes = len(content) + sum(array.nbytes + HEADER_BYTES for array in arrays.values())
    if n_bytes > MAX_BYTES:
        raise ModelFileError(
            f"this model takes {n_bytes:,} bytes, at most {MAX_BYTES:,} fit into a model file; use a smaller one"
        )
    for name, array in arrays.items():
        if not MEMBER.fullmatch(f"{name}.npy") or array.dtype.str not in DTYPES:
            raise ModelFileError(
                f"this model has an array of {array.dtype} with the name {name[:80]!r}; a model file holds "
                "numbers (bool, int, float32, float64) of parts not nested deep: use class codes for labels"
            )


def read_archive(path: str | os.PathLike[str], most_memory: int | str | None = None) -> tuple[Any, Store]:
    """Read what `write_archive` wrote; every array is a plain, writable copy in memory.

    Parameters
    ----------
    path : path
    most_memory : int or str, optional
        How much memory the model may take, see `Budget`.

    Raises
    ------
    ModelFileError
        If the file is not there, is damaged, or is not such an archive. Nothing is ever unpacked to disk.
    """
    with _opened(path) as (archive, members, n_bytes):
        budget = Budget(n_bytes, most_memory)
        document = _document(archive, members.pop(DOCUMENT), budget)
        budget.spend(sum(member.file_size for member in members.values()), "for its arrays")
        contents = ((name, content_of(archive, member)) for name, member in members.items())
        arrays = {name.removesuffix(".npy"): plain_array(content) for name, content in contents}
        return document, Store(arrays, budget)


def read_document(path: str | os.PathLike[str], most_memory: int | str | None = None) -> Any:
    """Read the JSON document alone.

    Raises
    ------
    ModelFileError
        As `read_archive`.
    """
    with _opened(path) as (archive, members, n_bytes):
        return _document(archive, members[DOCUMENT], Budget(n_bytes, most_memory))


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo], int]]:
    """A model file as an archive whose members have names that a model file has, and its size."""
    with reading(path), open_zip(path, MAX_FILE_BYTES, ModelFileError) as archive:
        n_bytes = os.stat(path).st_size
        members = {member.filename: member for member in check_members(archive, n_bytes)}
        if DOCUMENT not in members:
            raise ModelFileError(f"{path} is not a model file: it has no {DOCUMENT}; give a .misread file")
        strange = [name for name in members if name != DOCUMENT and not MEMBER.fullmatch(name)]
        if strange:
            raise ModelFileError(f"{path} holds {strange[0][:80]!a}, which no model file does; refused")
        yield archive, members, n_bytes


def _document(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> Any:
    if member.file_size > MAX_DOCUMENT_BYTES:
        raise ModelFileError(f"its {DOCUMENT} is larger than {MAX_DOCUMENT_BYTES:,} bytes; refused")
    budget.spend(JSON_BYTES * member.file_size, f"for its {DOCUMENT}")
    return checked_texts(json.loads(content_of(archive, member), parse_constant=_finite, parse_float=_finite))


def read_npz(path: str | os.PathLike[str], error: type[MisreadError] = ModelFileError) -> dict[str, NDArray[Any]]:
    """Read what `numpy.savez` wrote of numbers and texts; nothing is larger than it says, nothing is run.

    Raises
    ------
    MisreadError
        Of the class `error`, if it is no ordinary file or too large. Others mean a damaged or crafted one.
    """
    with open_zip(path, MAX_FILE_BYTES, error) as archive:
        members = check_members(archive, os.stat(path).st_size)
        return {
            member.filename.removesuffix(".npy"): plain_array(content_of(archive, member), _ANY_KIND)
            for member in members
        }


class _AnyKind:
    """The kinds of arrays that have a fixed size in bytes."""

    def __contains__(self, kind: object) -> bool:
        return np.dtype(str(kind)).kind in "biufU"


_ANY_KIND = _AnyKind()


def check_members(archive: zipfile.ZipFile, compressed_bytes: int) -> list[zipfile.ZipInfo]:
    """Check what a ZIP promises before any of it is unpacked: how many, how large, which methods.

    Raises
    ------
    ModelFileError
        If it promises more than any model needs.
    """
    members = archive.infolist()
    names = {member.filename for member in members}
    if len(members) > MAX_MEMBERS or len(names) < len(members):
        raise ModelFileError(
            f"expected at most {MAX_MEMBERS:,} parts with distinct names, got {len(members)}; refused"
        )
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & 1:
            raise ModelFileError(f"{member.filename[:80]!a} is encrypted or packed in an unusual way; refused")
    total = sum(member.file_size for member in members)
    limit = _most(compressed_bytes)
    if total > limit:
        raise ModelFileError(
            f"it would unpack to {total:,} bytes, more than the {limit:,} allowed for {compressed_bytes:,}; "
            "refused as a decompression bomb"
        )
    return members


def _most(compressed_bytes: int) -> int:
    """How many bytes may come out of a file of that size."""
    return min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * compressed_bytes))


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn whatever goes wrong while a file from anywhere is read into one `ModelFileError` that names it."""
    try:
        yield
    except ModelFileError as error:
        if str(path) in str(error):
            raise
        raise ModelFileError(f"{path}: {printable(str(error))}") from error
    except MisreadError:
        raise
    except FileNotFoundError as error:
        raise ModelFileError(
            f"there is no file {path}; `misread train MODEL DATA --out FILE` writes one"
        ) from error
    except (IsADirectoryError, PermissionError) as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}; give a .misread file") from error
    except zipfile.BadZipFile as error:
        reason = printable(str(error)[:200])
        raise ModelFileError(
            f"{path} is not a model file, or a truncated or damaged one ({reason}); give a .misread file"
        ) from error
    except Exception as error:  # a hostile file can make a parser raise anything
        reason = printable(f"{type(error).__name__}: {error}"[:200])
        raise ModelFileError(f"{path} is damaged and cannot be read ({reason}); train or copy it again") from error


def _add(archive: zipfile.ZipFile, name: str, content: bytes | memoryview, stored: frozenset[str]) -> None:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
    info.file_size = len(content)
    with archive.open(info, "w") as member:
        member.write(content)


def content_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytearray:
    """A member as it says that it is: neither longer nor shorter."""
    content = bytearray(member.file_size)
    with archive.open(member) as stream:
        _fill(stream, content)
        if stream.read(1):
            raise ModelFileError(f"{member.filename[:80]!a} is longer than it says; refused")
    return content


def _fill(stream: IO[bytes], content: bytearray) -> None:
    filled, view = 0, memoryview(content)
    while filled < len(content):
        block = stream.read(min(2**20, len(content) - filled))
        if not block:
            raise EOFError("a part ends too early")
        view[filled : filled + len(block)] = block
        filled += len(block)


def plain_array(content: bytearray, kinds: Container[str] = DTYPES) -> NDArray[Any]:
    """Read .npy content: a plain dtype of our list, exactly as long as its header says."""
    shape, fortran_order, dtype, start = array_header(content)
    if dtype.str not in kinds or start % npy.ARRAY_ALIGN:
        raise ModelFileError(f"an array of {dtype} and shape {shape} is not stored as it should be; refused")
    values = np.frombuffer(content, dtype, offset=start)
    return values.reshape(shape[::-1]).T if fortran_order else values.reshape(shape)


def array_header(content: bytearray | bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order and kind of .npy content that is as long as they say, and where the numbers start.

    Raises
    ------
    ModelFileError
        If it is not, or would be large but for a dimension of nothing.
    """
    stream = io.BytesIO(content[:MAX_HEADER_BYTES])
    if npy.read_magic(stream) != (1, 0):
        raise ModelFileError("an array is of an unknown version; refused")
    shape, fortran_order, dtype = npy.read_array_header_1_0(stream)
    start = stream.tell()
    fits = min(shape, default=0) >= 0 and len(content) - start == prod(shape) * dtype.itemsize
    if dtype.hasobject or not fits or dtype.itemsize * prod(max(1, side) for side in shape) > MAX_BYTES:
        raise ModelFileError(f"an array of {dtype} and shape {shape} is not stored as it should be; refused")
    return shape, fortran_order, dtype, start


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ModelFileError(f"its {DOCUMENT} holds {text[:40]}, which is no finite number; refused")
    return value
