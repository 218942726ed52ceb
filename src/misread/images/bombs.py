"""What an image file promises, by its structure and before anything is decoded: pixels, or work without end.

Pixels bound the work of decoding only when a file says each of them once. A progressive JPEG goes over all of them
in every scan, a TIFF may keep one strip under a thousand names, and all metadata is a chance to ask for more.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import NoReturn

from misread.errors import FormatError

__all__ = ["promised_pixels"]

MAX_PASSES = 2**31
"""Pixels times scans of a JPEG: 32 scans of the largest image, where ten are usual; about two seconds of work."""

_MAX_SEGMENTS = 4_096
_MAX_TEXTS = 64
_MAX_DIRECTORIES = 1_000
_MAX_TAGS = 2**16
_PER_CHUNK = 1_024
_FEW_CHUNKS = 1_024
_MAX_OVERLAP = 4
_SPARE_PIXELS = 2**20
_MAX_RLE = 2**22
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xdd\xe0-\xef\xfe]")  # of segments, and the end; never in a scan's data
_UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WIDTH, _HEIGHT, _COMPRESSION, _OFFSETS, _SAMPLES, _ROWS = 256, 257, 259, 273, 277, 278
_TILE_WIDTH, _TILE_HEIGHT, _TILES = 322, 323, 324
_MAX_SAMPLES = 6
_TIFF_JPEG = (6, 7)


def promised_pixels(content: bytes) -> int:
    r"""Count the pixels that a file promises, and refuse one whose decoding takes far longer than they do.

    Parameters
    ----------
    content : bytes
        A whole file.

    Returns
    -------
    int
        0 of a file in no known format, or without a whole header.

    Raises
    ------
    FormatError
        With the reason, of a small file that takes long or much memory.

    Examples
    --------
    >>> promised_pixels(b"not an image")
    0
    >>> promised_pixels(b"\xff\xd8" + b"\xff\xe5\x00\x02" * 5_000)
    Traceback (most recent call last):
    misread.errors.FormatError: a JPEG of more than 4,096 segments; save it anew with an image editor
    """
    for start, count in _COUNTS.items():
        if content.startswith(start):
            return count(content)
    return 0


def _refuse(what: str) -> NoReturn:
    raise FormatError(f"{what}; save it anew with an image editor")


# --- JPEG ---------------------------------------------------------------------------------------------------


def _jpeg_pixels(content: bytes) -> int:
    pixels = scans = 0
    exif = []
    for count, (marker, body) in enumerate(_segments(content)):
        if count >= _MAX_SEGMENTS:
            _refuse(f"a JPEG of more than {_MAX_SEGMENTS:,} segments")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and len(body) >= 5:
            pixels = max(pixels, int.from_bytes(body[1:3]) * int.from_bytes(body[3:5]))
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif.append(body[6:])
        elif marker == 0xDA:
            scans += 1
            if scans * pixels > MAX_PASSES:
                _refuse(f"a JPEG that goes over {pixels:,} pixels in {scans} scans or more")
    _check_directory(b"".join(exif))
    return pixels


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The segments of a JPEG with their markers; what follows a scan's header is skipped, as a decoder does."""
    at = 2
    while (found := _MARKER.search(content, at)) is not None:
        marker, at = content[found.end() - 1], found.end()
        if marker == 0xD9 or at + 2 > len(content):
            return
        length = int.from_bytes(content[at : at + 2])
        yield marker, content[at + 2 : at + length]
        at += max(length, 2)


# --- PNG ----------------------------------------------------------------------------------------------------


def _png_pixels(content: bytes) -> int:
    chunks = texts = 0
    most = _FEW_CHUNKS + len(content) // _PER_CHUNK
    at = 8
    while at + 8 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        chunks += 1
        texts += kind in (b"zTXt", b"iTXt", b"iCCP")
        if chunks > most or texts > _MAX_TEXTS:
            _refuse(
                f"a PNG of {'too many compressed texts' if texts > _MAX_TEXTS else f'{chunks:,} chunks or more'}"
            )
        if kind == b"eXIf":
            _check_directory(content[at + 8 : at + 8 + length])
        if kind == b"IEND":
            break
        at += 12 + length
    return int.from_bytes(content[16:20]) * int.from_bytes(content[20:24])


# --- TIFF, and EXIF, which is a TIFF without an image ---------------------------------------------------------

Tags = dict[int, tuple[int, int | None]]


def _check_directory(exif: bytes) -> None:
    """Refuse metadata that names the same bytes again and again: reading it may take a million times its size."""
    _directory(exif.removeprefix(b"Exif\0\0"))


def _directory(content: bytes) -> Tags:
    """Number and value of every tag in the first directory; no value where there are several.

    A decoder reads the tags of those that follow, too, to find out which are smaller versions of the first.
    """
    if len(content) < 8 or content[:2] not in (b"II", b"MM"):
        return {}
    order = "<" if content[:2] == b"II" else ">"
    big = 43 in (content[2], content[3])
    start = _number(content[8:16] if big else content[4:8], order)
    first: Tags | None = None
    named, seen = 0, {0}
    left = _MAX_TAGS
    while start not in seen and len(seen) <= _MAX_DIRECTORIES:
        seen.add(start)
        n_tags = _number(content[start : start + (8 if big else 2)], order)
        start += 8 if big else 2
        n_tags = max(0, min(n_tags, (len(content) - start) // (20 if big else 12)))
        left -= n_tags
        if left < 0:
            _refuse(f"more than {_MAX_TAGS:,} tags")
        tags, some, start = _tags(content, start, n_tags, order, big)
        first, named = tags if first is None else first, named + some
        if named > len(content):
            _refuse("tags that name more bytes than the file has")
    return first or {}


def _tags(content: bytes, start: int, n_tags: int, order: str, big: bool) -> tuple[Tags, int, int]:
    """So many tags from `start` on, how many bytes they name, and where the next directory is."""
    entry, size = (f"{order}HHQ", 20) if big else (f"{order}HHI", 12)
    field = size - struct.calcsize(entry)
    tags: Tags = {}
    named = 0
    end = start + size * n_tags
    for at in range(start, end, size):
        tag, kind, count = struct.unpack_from(entry, content, at)
        unit = _UNITS.get(kind, 0)
        named += unit * count if unit * count > field else 0
        if named > len(content):
            _refuse("tags that name more bytes than the file has")
        value = content[at + size - field : at + size - field + unit]
        tags.setdefault(tag, (count, _number(value, order) if count == 1 else None))
    return tags, named, _number(content[end : end + field], order)


def _number(content: bytes, order: str) -> int:
    return int.from_bytes(content, "little" if order == "<" else "big")


def _tiff_pixels(content: bytes) -> int:
    tags = _directory(content)

    def value(tag: int, default: int) -> int:
        return tags.get(tag, (0, None))[1] or default

    width, height = value(_WIDTH, 0), value(_HEIGHT, 0)
    if _TILES in tags:
        pieces, area = tags[_TILES][0], value(_TILE_WIDTH, 0) * value(_TILE_HEIGHT, 0)
    else:
        pieces, area = tags.get(_OFFSETS, (0, 0))[0], width * min(value(_ROWS, height), height)
    samples = min(value(_SAMPLES, 1), _MAX_SAMPLES)
    if pieces * area > _MAX_OVERLAP * samples * width * height + _SPARE_PIXELS:
        _refuse(f"a TIFF of {width}x{height} pixels in {pieces:,} pieces of {area:,}")
    if value(_COMPRESSION, 1) in _TIFF_JPEG and area * content.count(b"\xff\xda") > MAX_PASSES:
        _refuse(f"a TIFF of JPEG strips that go over {area:,} pixels again and again")
    return width * height


# --- BMP and WebP -------------------------------------------------------------------------------------------


def _bmp_pixels(content: bytes) -> int:
    head = content[14:34].ljust(20, b"\0")
    if head[0] == 12:
        width, height = struct.unpack_from("<HH", head, 4)
        return int(width * height)
    width, height = (abs(side) for side in struct.unpack_from("<ii", head, 4))
    runs = int.from_bytes(head[16:20], "little") in (1, 2)
    if runs and (width * height > _MAX_RLE or len(content) > 4 * width * height + _SPARE_PIXELS):
        _refuse(f"a run-length coded BMP of {width}x{height} pixels in {len(content):,} bytes")
    return int(width * height)


def _webp_pixels(content: bytes) -> int:
    pixels, at = 0, 12
    for _ in range(_MAX_SEGMENTS):
        if at + 8 > len(content):
            return pixels
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if kind == b"EXIF":
            _check_directory(content[at + 8 : at + 8 + length])
        pixels = max(pixels, _webp_frame(kind, content[at + 8 : at + 18]))
        at += 8 + length + length % 2
    _refuse(f"a WebP of more than {_MAX_SEGMENTS:,} chunks")


def _webp_frame(kind: bytes, head: bytes) -> int:
    """Count the pixels by the header of a chunk that holds an image, or tells of it."""
    number = int.from_bytes(head.ljust(10, b"\0"), "little")
    if kind == b"VP8X":
        return ((number >> 32 & 0xFFFFFF) + 1) * ((number >> 56 & 0xFFFFFF) + 1)
    if kind == b"VP8L":
        return ((number >> 8 & 0x3FFF) + 1) * ((number >> 22 & 0x3FFF) + 1)
    return (number >> 48 & 0x3FFF) * (number >> 64 & 0x3FFF) if kind == b"VP8 " else 0


_COUNTS: dict[bytes, Callable[[bytes], int]] = {
    b"\xff\xd8": _jpeg_pixels,
    b"\x89PNG": _png_pixels,
    b"II": _tiff_pixels,
    b"MM": _tiff_pixels,
    b"BM": _bmp_pixels,
    b"RIFF": _webp_pixels,
}
