"""Decode one image file to grey levels, refusing what is not an image or is too large to be one."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from misread.errors import FormatError
from misread.files import read_regular
from misread.images.bombs import promised_pixels
from misread.images.colour import thumbnail
from misread.images.sharing import InFlight, quiet_tiff

__all__ = ["FORMATS", "MAX_PIXELS", "SUFFIXES", "read_colours", "read_grey", "read_to_show"]

FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})

MAX_PIXELS = 2**26
"""Images of more pixels (8192x8192; a telephone's 50 megapixels are less) are refused before they are decoded."""

MAX_BYTES = 2**29
"""Larger files are not read: an image of the most pixels, with three colours in 16 bits, is smaller."""

_PIXELS, _BYTES = InFlight(2**24), InFlight(2**27)
"""What all threads decode, and keep of files, at a time. Decoding takes up to 25 bytes a pixel: 0.4 GiB together,
or 1.6 GiB for one of the largest images."""

_DRAFT = (1024, 1024)
_STRIP = 2**20
_SMALL = (64, 64)
_EXIF_ORIENTATION = 0x0112
_NEW_SUBFILE_TYPE = 254
_BITS_PER_SAMPLE = 258
_REDUCED_OR_MASK = 0b101
_MOST_PAGES = 1_000
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings an image of each EXIF orientation upright."""
_DEEP_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})


def read_grey(source: Path | BinaryIO, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Decode an image file.

    Colours become their luma (ITU-R 601), 16-bit levels are brought to 8 bits, the EXIF orientation is applied.
    Transparent parts become white behind dark ink and black behind light ink. Large JPEG files are decoded at
    a fraction of their size, at least 1024 pixels a side.

    Parameters
    ----------
    source : path or binary file
        A BMP, JPEG, PNG, TIFF or WebP file, recognised by its content.
    max_pixels : int
        The most pixels it may have.

    Returns
    -------
    ndarray of uint8, shape (height, width)

    Raises
    ------
    FormatError
        With the reason (and not the name) if it is not such a file, is damaged or too large, or holds several
        pictures.
    """
    with _opened(source, max_pixels) as image:
        if image.format == "JPEG":
            image.draft("L", _DRAFT)
        image.load()  # which turns a TIFF file itself, and takes the orientation out of its EXIF
        orientation = _orientation(image)
        grey = _grey(image)
    return np.ascontiguousarray(_turned(grey, orientation))


def read_colours(source: Path | BinaryIO) -> NDArray[np.uint8] | None:
    """Decode an image file to a small picture in colour (`misread.images.colour.thumbnail`); None if it is grey.

    Raises
    ------
    FormatError
        As `read_grey` does.
    """
    with _opened(source, MAX_PIXELS) as image:
        if image.mode in ("1", "F", "L", "LA") or image.mode in _DEEP_MODES:
            return None
        if image.format == "JPEG":
            image.draft("RGB", _SMALL)
        how = Image.Resampling.NEAREST if image.mode in ("P", "PA") else Image.Resampling.BOX
        small = image.resize(_SMALL, how).convert("RGBA")
        return thumbnail(np.asarray(Image.alpha_composite(Image.new("RGBA", _SMALL, "white"), small))[..., :3])


@contextmanager
def _opened(source: Path | BinaryIO, max_pixels: int) -> Iterator[Image.Image]:
    """Open a file for decoding; whatever is wrong with it is a FormatError."""
    try:
        with _BYTES.of(source.stat().st_size if isinstance(source, Path) else 0):
            content = _content(source)
            promised = promised_pixels(content)
            if promised > max_pixels:  # before a decoder sets memory aside for them
                raise FormatError(f"too large; at most {max_pixels:,} pixels are decoded")
            if content[:2] in (b"II", b"MM"):
                quiet_tiff()
            with _PIXELS.of(promised), Image.open(io.BytesIO(content), formats=FORMATS) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise FormatError(f"{width}x{height} pixels; at most {max_pixels:,} pixels are decoded")
                _refuse_frames(image)
                yield image
    except FormatError:
        raise
    except UnidentifiedImageError as error:
        raise FormatError(f"not an image in one of the formats {', '.join(FORMATS)}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FormatError(f"too large; at most {max_pixels:,} pixels are decoded") from error
    except OSError as error:
        raise FormatError(error.strerror or str(error)) from error
    except Exception as error:  # decoders raise whatever they like on damaged files
        raise FormatError(f"cannot be decoded ({type(error).__name__}: {error})") from error


def _refuse_frames(image: Image.Image) -> None:
    """Refuse a file of several pictures, none of which is the one; smaller versions of the first do not count."""
    n_frames = 1
    if image.format == "TIFF":
        n_frames = _n_pages(image)
    elif image.format in ("PNG", "WEBP"):
        n_frames = getattr(image, "n_frames", 1)
    if n_frames > 1:
        what = "pages" if image.format == "TIFF" else "frames of an animation"
        more = " or more" if n_frames >= _MOST_PAGES else ""
        raise FormatError(f"{n_frames:,}{more} {what} in one file; save each as a file of its own")


def _n_pages(image: Image.Image) -> int:
    """How many pages a TIFF has that are no reduced version or mask of another, and can be found."""
    n_pages = 1
    for index in range(1, _MOST_PAGES):
        try:
            image.seek(index)
        except Exception:  # there is none, or what is said of it is damaged
            break
        n_pages += not getattr(image, "tag_v2", {}).get(_NEW_SUBFILE_TYPE, 0) & _REDUCED_OR_MASK
    image.seek(0)
    return n_pages


def _content(source: Path | BinaryIO) -> bytes:
    if isinstance(source, Path):
        try:
            return read_regular(source, MAX_BYTES)
        except FormatError as error:
            raise FormatError(str(error).removeprefix(f"{source} ")) from error
    content = source.read()
    if len(content) > MAX_BYTES:
        raise FormatError(f"more than the {MAX_BYTES:,} bytes that an image may have")
    return content


def _grey(image: Image.Image) -> NDArray[np.uint8]:
    is_wide = 32 in getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, ())
    if image.mode == "F" or is_wide:
        kind = "floating-point pixels" if image.mode == "F" else "pixels of 32 bits"
        raise FormatError(f"{kind} have no fixed white; save it with 8 or 16 bits")
    if image.mode in _DEEP_MODES:
        return _from_16_bits(np.asarray(image))
    if "A" in image.getbands() or "transparency" in image.info:
        return _on_paper(image)
    return np.asarray(image if image.mode == "L" else image.convert("L"))


def _orientation(image: Image.Image) -> object:
    """The orientation that the EXIF says; a broken EXIF says nothing, and the pixels are still good."""
    try:
        return image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # its parser raises whatever it likes on damaged metadata
        return 1


def _strips(height: int, width: int) -> Iterator[slice]:
    """Rows of about a million pixels at a time, so that wider numbers never take much memory."""
    n_rows = max(1, _STRIP // width)
    return (slice(top, min(top + n_rows, height)) for top in range(0, height, n_rows))


def _from_16_bits(levels: NDArray[np.integer]) -> NDArray[np.uint8]:
    lowest, highest = int(levels.min()), int(levels.max())
    if lowest < 0 or highest > 65_535:
        raise FormatError(f"levels from {lowest} to {highest} do not fit in 16 bits")
    grey = np.empty(levels.shape, np.uint8)
    for rows in _strips(*levels.shape):
        grey[rows] = (levels[rows].astype(np.uint32) + 128) // 257
    return grey


def _on_paper(image: Image.Image) -> NDArray[np.uint8]:
    width, height = image.size
    opacity = ink = 0
    for rows in _strips(height, width):
        luma, alpha = _luma_alpha(image, rows)
        opacity += int(alpha.sum())
        ink += int((luma * alpha).sum())
    paper = 255 if opacity == 0 or ink < 128 * opacity else 0
    grey = np.empty((height, width), np.uint8)
    for rows in _strips(height, width):
        luma, alpha = _luma_alpha(image, rows)
        grey[rows] = (luma * alpha + paper * (255 - alpha) + 127) // 255
    return grey


def _luma_alpha(image: Image.Image, rows: slice) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    strip = image.crop((0, rows.start, image.width, rows.stop))
    levels = np.asarray(strip.convert("RGBA").convert("LA")).astype(np.uint32)
    return levels[..., 0], levels[..., 1]


def _turned(grey: NDArray[np.uint8], orientation: object) -> NDArray[np.uint8]:
    """Apply an EXIF orientation, 1 to 8; anything else is taken for 1."""
    match orientation:
        case 2:
            return grey[:, ::-1]
        case 3:
            return grey[::-1, ::-1]
        case 4:
            return grey[::-1]
        case 5:
            return grey.T
        case 6:
            return np.rot90(grey, -1)
        case 7:
            return grey[::-1, ::-1].T
        case 8:
            return np.rot90(grey)
        case _:
            return grey


def read_to_show(source: Path | BinaryIO, side: int) -> Image.Image:
    """Decode an image file for a person to look at: in its colours, the right way up, no larger than `side`.

    Raises
    ------
    FormatError
        As `read_grey` does.
    """
    with _opened(source, MAX_PIXELS) as image:
        if image.format == "JPEG":
            image.draft("RGB", (side, side))
        image.load()
        turn = _TURNS.get(_orientation(image))  # type: ignore[call-overload]
        if image.mode in _DEEP_MODES or image.mode == "F":
            shown = Image.fromarray(_grey(image))
        elif "A" in image.getbands() or "transparency" in image.info:
            over = image.convert("RGBA")
            shown = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
        else:
            shown = image.convert("L" if image.mode in ("1", "L") else "RGB")
            if shown.mode == "L" and shown.getextrema() == (0, 1):  # black and white
                shown = shown.point(lambda level: 255 * level)
        shown.thumbnail((side, side))
        return shown if turn is None else shown.transpose(turn)
