"""Small files that would take for ever, or all memory, are refused at once; odd but honest ones are read."""

import io
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from misread.errors import FormatError
from misread.images.bombs import promised_pixels
from misread.images.picture import read_grey

GREY = np.random.default_rng(0).integers(0, 256, (40, 50), dtype=np.uint8)


def saved(form: str, image: Image.Image | None = None, **options) -> bytes:
    stream = io.BytesIO()
    (image or Image.fromarray(GREY)).save(stream, form, **options)
    return stream.getvalue()


# --- JPEG ---------------------------------------------------------------------------------------------------


def many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan is there again and again; those of one colour are 100 bytes each."""
    content = saved("JPEG", Image.new("L", (side, side), 128), progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * scans + content[-2:]


def segments(count: int) -> bytes:
    content = saved("JPEG")
    return content[:2] + b"\xff\xe5\0\2" * count + content[2:]


# --- PNG ----------------------------------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_with(extra: bytes) -> bytes:
    content = saved("PNG")
    return content[:33] + extra + content[33:]


MEGABYTE = zlib.compress(bytes(2**20 - 100), 9)


# --- TIFF and EXIF ------------------------------------------------------------------------------------------


def directory(tags: dict[int, tuple[int, int, int]], content: bytes = b"") -> bytes:
    """A TIFF of one directory; what a tag is at is counted from the end of the directory if below 0."""
    end = 8 + 2 + 12 * len(tags) + 4
    entries = [
        struct.pack("<HHII", tag, kind, count, value if value >= 0 else end - value - 1)
        for tag, (kind, count, value) in sorted(tags.items())
    ]
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(entries) + bytes(4) + content


def tiff_with(content: bytes, **changed: tuple[int, int, int]) -> bytes:
    names = {
        "width": 256,
        "height": 257,
        "bits": 258,
        "compression": 259,
        "offsets": 273,
        "rows": 278,
        "counts": 279,
    }
    names |= {"tile_width": 322, "tile_height": 323, "tiles": 324, "tile_counts": 325}
    usual = {"width": (4, 1, 50), "height": (4, 1, 40), "bits": (3, 1, 8), "compression": (3, 1, 1)}
    return directory(
        {262: (3, 1, 1), 277: (3, 1, 1)} | {names[name]: tag for name, tag in (usual | changed).items()}, content
    )


def same_strip(times: int) -> bytes:
    """Half the image under a thousand names."""
    pixels = bytes(8_192 * 1_024)
    offsets = struct.pack("<I", 8) * times
    changed = {
        "width": (4, 1, 8_192),
        "height": (4, 1, 8_192),
        "bits": (3, 1, 1),
        "rows": (4, 1, 4_096),
        "offsets": (4, times, -1 - len(pixels)),
        "counts": (4, times, -1 - len(pixels)),
    }
    return tiff_with(pixels + offsets, **changed)


def many_names(size: int) -> bytes:
    """Metadata of 5,000 tags that all are the same bytes."""
    return directory(dict.fromkeys(range(1_000, 6_000), (1, size, 8)), bytes(size))


def directories(count: int, size: int) -> bytes:
    """A picture, and further directories whose 1,000 tags all are the same bytes."""
    picture = {256: (4, 1, 50), 257: (4, 1, 40), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 273: (4, 1, 8)}
    picture |= {277: (3, 1, 1), 278: (4, 1, 40), 279: (4, 1, 2_000)}
    content = b"II*\0" + struct.pack("<I", 8 + size) + bytes(size)
    for tags in [picture, *[dict.fromkeys(range(1_000, 2_000), (1, size, 8)) | picture] * count]:
        entries = b"".join(struct.pack("<HHII", tag, *rest) for tag, rest in sorted(tags.items()))
        content += struct.pack("<H", len(tags)) + entries + struct.pack("<I", len(content) + 2 + len(entries) + 4)
    return content[:-4] + bytes(4)


def overlapping(count: int) -> bytes:
    """Directories of 60,000 tags each, all in the same 720 kB: each begins inside another."""
    picture = directories(0, 0)
    entry = struct.pack("<HHHH", 60_000, 1, 1, 0) + bytes(4)
    content = bytearray(picture + entry * 60_100)
    starts = [len(picture) + 12 * number for number in range(count)]
    for here, following in zip(starts, [*starts[1:], 0], strict=True):
        content[here : here + 2] = struct.pack("<H", 60_000)
        end = here + 2 + 12 * 60_000
        content[end : end + 4] = struct.pack("<I", following)
    content[len(picture) - 4 : len(picture)] = struct.pack("<I", starts[0])
    return bytes(content)


def huge_tile(side: int) -> bytes:
    return tiff_with(
        MEGABYTE,
        compression=(3, 1, 8),
        tile_width=(4, 1, side),
        tile_height=(4, 1, side),
        tiles=(4, 1, -1),
        tile_counts=(4, 1, len(MEGABYTE)),
    )


# --- BMP ----------------------------------------------------------------------------------------------------


def run_lengths(width: int, height: int, content: bytes) -> bytes:
    palette = b"".join(bytes((level, 0, level, 0)) for level in range(256))
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(content), 0, 0, 256, 0)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(content), 0, 0, start) + header + palette + content


BOMBS = {
    "a JPEG of 2,000 scans": many_scans(2_048, 2_000),
    "a JPEG of a million segments": segments(1_000_000),
    "a JPEG whose EXIF names bytes again": saved("JPEG", exif=b"Exif\0\0" + many_names(900)[:65_000]),
    "a PNG of a million chunks": png_with(chunk(b"abCd", b"") * 1_000_000),
    "a PNG of a million pieces": png_with(chunk(b"IDAT", b"") * 1_000_000),
    "a PNG of a thousand profiles": png_with(chunk(b"iCCP", b"x\0\0" + MEGABYTE) * 1_000),
    "a PNG of a thousand texts": png_with(chunk(b"zTXt", b"x\0\0" + MEGABYTE) * 1_000),
    "a PNG whose EXIF names bytes again": png_with(chunk(b"eXIf", many_names(900_000))),
    "a WebP whose EXIF names bytes again": saved("WEBP", exif=b"Exif\0\0" + many_names(900_000)),
    "a TIFF whose tags name bytes again": many_names(900_000),
    "a TIFF of 50 directories that name bytes again": directories(50, 500_000),
    "a TIFF of 90 directories in the same place": overlapping(90),
    "a TIFF of one strip a thousand times": same_strip(1_000),
    "a TIFF of a huge tile": huge_tile(60_000),
    "a TIFF of a JPEG of 2,000 scans": tiff_with(
        many_scans(2_048, 2_000),
        width=(4, 1, 2_048),
        height=(4, 1, 2_048),
        compression=(3, 1, 7),
        rows=(4, 1, 2_048),
        offsets=(4, 1, -1),
        counts=(4, 1, 100_000),
    ),
    "a run-length BMP of 60 million pixels": run_lengths(60_000, 1_000, b"\0\0" * 500),
    "a run-length BMP of nothing": run_lengths(8, 8, b"\xff\1" * 1_000_000),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_at_once(content):
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(FormatError, match="save it anew"):
        read_grey(io.BytesIO(content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - started < 2
    assert peak < 3 * len(content) + 2**20


def test_smaller_versions_of_the_picture_are_no_bomb():
    smaller = [Image.fromarray(GREY[::step, ::step]) for step in (2, 4, 8)]
    content = saved("TIFF", save_all=True, append_images=smaller, tiffinfo={254: 1, 270: "x" * 500})
    np.testing.assert_array_equal(read_grey(io.BytesIO(content)), GREY)


@pytest.mark.parametrize("before", [b"\xff\x05", b"\xff\xf1", b"\xff\xd0", b"\xff\xff", b"\xff\x01"])
def test_scans_do_not_hide_behind_markers_that_a_decoder_skips(before):
    content = many_scans(2_048, 2_000)
    start = content.index(b"\xff\xda") + 20
    with pytest.raises(FormatError, match="scans"):
        promised_pixels(content[:start] + before + b"\xff\xff" + content[start:])


def test_folders_do_not_hang_on_a_bomb(tmp_path):
    (tmp_path / "x.jpg").write_bytes(BOMBS["a JPEG of 2,000 scans"])
    with pytest.raises(FormatError, match="scans"):
        read_grey(tmp_path / "x.jpg")


HONEST = {
    "progressive": ("JPEG", {"progressive": True, "quality": 100}),
    "restarts": ("JPEG", {"restart_marker_blocks": 1, "quality": 100}),
    "interlaced": ("PNG", {"interlace": 1}),
    "one row a strip": ("TIFF", {"tiffinfo": {278: 1}}),
    "LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "JPEG in TIFF": ("TIFF", {"compression": "jpeg", "quality": 100}),
    "big TIFF": ("TIFF", {"big_tiff": True}),
    "profile": ("PNG", {"icc_profile": b"x" * 3_000}),
    "lossless": ("WEBP", {"lossless": True, "icc_profile": b"x" * 3_000}),
}


@pytest.mark.parametrize(("form", "options"), HONEST.values(), ids=HONEST)
def test_what_cameras_and_editors_write_is_read(form, options):
    grey = read_grey(io.BytesIO(saved(form, **options)))
    assert np.abs(grey.astype(int) - GREY).max() <= (8 if "quality" in options else 0)


FORMS = {"BMP": {}, "PNG": {}, "JPEG": {}, "TIFF": {}, "WEBP": {}, "WEBP lossless": {"lossless": True}}
FORMS |= {"WEBP with more": {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}, "TIFF big": {"big_tiff": True}}
FORMS |= {"JPEG progressive": {"progressive": True}, "TIFF LZW": {"compression": "tiff_lzw"}}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (1_025, 16)])
def test_pixels_are_counted_without_decoding(form, shape):
    content = saved(form.split()[0], Image.new("RGB", shape), **FORMS[form])
    assert promised_pixels(content) == shape[0] * shape[1]


def test_a_webp_sets_no_memory_aside_for_pixels_that_are_too_many():
    content = saved("WEBP", Image.new("L", (16_000, 200)), lossless=True)
    with pytest.raises(FormatError, match="at most 3,000,000"):
        read_grey(io.BytesIO(content), max_pixels=3_000_000)


def test_run_lengths_are_read():
    rows = b"".join(bytes((50, level)) + b"\0\0" for level in range(40)) + b"\0\1"
    grey = read_grey(io.BytesIO(run_lengths(50, 40, rows)))
    assert grey.shape == (40, 50)


def test_the_scans_of_a_thumbnail_in_the_metadata_are_not_counted():
    """A telephone's photo holds another JPEG, and a large one is progressive."""
    thumbnail = many_scans(64, 40)
    content = saved("JPEG", Image.new("L", (8_000, 8_000)), progressive=True)
    promised_pixels(content[:2] + b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + content[2:])


@pytest.mark.parametrize("form", ["BMP", "JPEG", "PNG", "TIFF", "WEBP"])
def test_any_bytes_are_read_or_refused(form):
    """Every byte of a file, changed and cut off: no other error, and no endless loop."""
    content = saved(form, Image.fromarray(GREY[:6, :7]))
    rng = np.random.default_rng(1)
    for _ in range(2_000):
        changed = bytearray(content[: rng.integers(1, len(content) + 1)])
        changed[rng.integers(len(changed))] = rng.choice([0, 1, 2, 127, 255])
        try:
            promised_pixels(bytes(changed))
        except FormatError as error:
            assert "save it anew" in str(error)  # noqa: PT017
