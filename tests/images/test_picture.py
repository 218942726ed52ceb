"""Decoding: every format and pixel kind, orientation, transparency, and files that are not what they claim."""

import io
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, TiffImagePlugin

from misread.errors import FormatError
from misread.images.picture import FORMATS, read_grey

GREY = np.random.default_rng(0).integers(0, 256, (9, 7), dtype=np.uint8)


def encoded(image: Image.Image, form: str, **options) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, format=form, **options)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"JPEG"}))
def test_lossless_formats_are_exact(form):
    options = {"lossless": True} if form == "WEBP" else {}
    np.testing.assert_array_equal(read_grey(encoded(Image.fromarray(GREY), form, **options)), GREY)


def test_jpeg_is_close():
    smooth = np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)
    actual = read_grey(encoded(Image.fromarray(smooth), "JPEG", quality=95)).astype(int)
    assert np.abs(actual - smooth).max() < 6


def test_grey_stored_as_colour_stays_exact():
    for mode in ("RGB", "RGBA", "P", "LA"):
        np.testing.assert_array_equal(read_grey(encoded(Image.fromarray(GREY).convert(mode), "PNG")), GREY)


def test_colour_becomes_luma():
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_array_equal(read_grey(encoded(Image.fromarray(rgb), "PNG")), [[76, 150, 29]])


def test_black_and_white():
    image = Image.fromarray(GREY).convert("1", dither=Image.Dither.NONE)
    np.testing.assert_array_equal(read_grey(encoded(image, "PNG")), np.where(GREY > 127, 255, 0))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits(form):
    levels = np.array([[0, 128, 129, 257, 32_768, 65_535]], np.uint16)
    np.testing.assert_array_equal(read_grey(encoded(Image.fromarray(levels), form)), [[0, 0, 1, 1, 128, 255]])
    spread = GREY.astype(np.uint16) * 257
    np.testing.assert_array_equal(read_grey(encoded(Image.fromarray(spread), form)), GREY)


def test_what_sixteen_bits_cannot_hold():
    """Nobody knows what is white: grey levels to 255, as NumPy's int32 holds them, would be nearly black."""
    for image in (Image.new("F", (2, 2)), Image.new("I", (2, 2), 70_000), Image.new("I", (2, 2), 200)):
        with pytest.raises(FormatError, match=r"(floating-point pixels|pixels of 32 bits) have no fixed white"):
            read_grey(encoded(image, "TIFF"))


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_transparent_parts_are_paper(ink, paper):
    la = np.zeros((2, 2, 2), np.uint8)
    la[..., 0] = [[ink, ink], [100, 200]]
    la[..., 1] = [[255, 255], [0, 0]]
    np.testing.assert_array_equal(read_grey(encoded(Image.fromarray(la), "PNG")), [[ink, ink], [paper, paper]])


def test_all_transparent_is_blank_paper():
    assert (read_grey(encoded(Image.new("RGBA", (3, 3)), "PNG")) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for form, options in (("PNG", {}), ("TIFF", {}), ("JPEG", {"quality": 100})):
        stream = encoded(Image.fromarray(GREY), form, exif=exif, **options)
        actual = read_grey(stream)
        stream.seek(0)
        with Image.open(stream) as image:
            expected = np.asarray(ImageOps.exif_transpose(image))
        np.testing.assert_array_equal(actual, expected)
        assert actual.flags.c_contiguous


def test_a_large_jpeg_is_decoded_small():
    grey = read_grey(encoded(Image.new("RGB", (4032, 3024), (255, 255, 255)), "JPEG"))
    assert grey.shape == (1512, 2016)
    assert (grey == 255).all()


def test_a_telephones_fifty_megapixels():
    grey = read_grey(encoded(Image.new("L", (8192, 6144), 200), "JPEG"))
    assert grey.shape == (1536, 2048)
    assert (grey == 200).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0junk", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff"]
)
def test_a_broken_exif_leaves_a_good_image(form, exif):
    smooth = np.linspace(0, 255, 64 * 48).reshape(64, 48).astype(np.uint8)
    grey = read_grey(encoded(Image.fromarray(smooth), form, exif=exif, quality=95))
    assert np.abs(grey.astype(int) - smooth).max() < 16


def test_transparency_in_strips_is_the_same_as_in_one_piece(monkeypatch):
    rng = np.random.default_rng(1)
    rgba = Image.fromarray(rng.integers(0, 256, (37, 23, 4), dtype=np.uint8))
    palette = rgba.quantize(16)
    for image in (rgba, palette, Image.fromarray(rng.integers(0, 65_536, (37, 23), dtype=np.uint16))):
        whole = read_grey(encoded(image, "PNG"))
        monkeypatch.setattr("misread.images.picture._STRIP", 100)
        np.testing.assert_array_equal(read_grey(encoded(image, "PNG")), whole)
        monkeypatch.undo()


def test_a_large_transparent_image_takes_little_more_than_itself():
    stream = encoded(Image.new("RGBA", (2_000, 2_000), (10, 20, 30, 40)), "PNG")
    tracemalloc.start()
    grey = read_grey(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * grey.nbytes


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("a.txt", "hello")
    return stream.getvalue()


PNG = encoded(Image.fromarray(GREY), "PNG").getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an image"),
        (archive(), "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (encoded(Image.fromarray(GREY), "GIF").getvalue(), "not an image"),
        (PNG[:60], "truncated|cannot be decoded|broken"),
        (PNG[:45] + b"junkjunk" + PNG[53:], "broken|decod|truncated"),
    ],
)
def test_what_is_not_an_image(content, reason):
    with pytest.raises(FormatError, match=reason):
        read_grey(io.BytesIO(content))


@pytest.mark.parametrize("side", [8_193, 12_000, 30_000])
def test_bombs_are_refused_before_they_are_decoded(side):
    """A PNG of a few bytes that promises 67 million, 144 million and 900 million pixels."""
    small = bytearray(encoded(Image.new("1", (8, 8)), "PNG").getvalue())
    small[16:24] = side.to_bytes(4, "big") * 2
    small[29:33] = zlib.crc32(bytes(small[12:29])).to_bytes(4, "big")
    with pytest.raises(FormatError, match="at most 67,108,864 pixels"):
        read_grey(io.BytesIO(bytes(small)))


def test_missing(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        read_grey(tmp_path / "none.png")
    with pytest.raises(FormatError, match="directory"):
        read_grey(tmp_path)


@settings(max_examples=300)
@given(data=st.data(), form=st.sampled_from(FORMATS))
def test_damaged_files_give_our_error_or_an_image(data, form):
    content = bytearray(encoded(Image.fromarray(GREY), form).getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 2] = data.draw(st.binary(min_size=1, max_size=3))
    try:
        grey = read_grey(io.BytesIO(bytes(content)))
    except FormatError:
        return
    assert grey.dtype == np.uint8
    assert grey.ndim == 2


def pages(kind: str, n: int, **options) -> io.BytesIO:
    frames = [Image.fromarray(np.full((6, 5), 40 * index, np.uint8)) for index in range(n)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)


@pytest.mark.parametrize(
    ("kind", "options", "what"),
    [("TIFF", {}, "pages"), ("PNG", {}, "frames"), ("WEBP", {"lossless": True}, "frames")],
)
def test_one_file_is_one_picture(kind, options, what):
    """Never silently the first."""
    with pytest.raises(FormatError, match=f"3 {what}.* in one file; save each as a file of its own"):
        read_grey(pages(kind, 3, **options))
    assert read_grey(pages(kind, 1, **options)).shape == (6, 5)


def test_a_preview_is_no_page():
    stream = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(stream) as writer:
        Image.fromarray(GREY).save(writer, format="TIFF")
        writer.newFrame()
        Image.fromarray(GREY[::2, ::2].copy()).save(writer, format="TIFF", tiffinfo={254: 1})
        writer.newFrame()
        stream.seek(0)
        np.testing.assert_array_equal(read_grey(stream), GREY)
