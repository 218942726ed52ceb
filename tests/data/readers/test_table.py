"""Tables: what columns mean, exact pixels, and file names that try to leave the folder."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from misread.data import load
from misread.data.readers.table import columnar, text
from misread.errors import DataError, FormatError, MissingExtraError
from misread.tasks import numeric_classes

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 3, 3), dtype=np.uint8)
LABELS = [f"l{index % 2}" for index in range(20)]


def write(path, header, rows, delimiter=","):
    lines = ([delimiter.join(header)] if header else []) + [delimiter.join(map(str, row)) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(labels=LABELS):
    return [[label, *image.ravel()] for label, image in zip(labels, PIXELS, strict=True)]


HEADER = ["label", *(f"p{index}" for index in range(9))]


def whole(dataset):
    """All images of a set whose split was chosen, back in the order of their first pixel."""
    images = np.concatenate([dataset.train.images, dataset.test.images])
    return images[np.lexsort(images.reshape(len(images), -1).T[::-1])]


EXPECTED = PIXELS[np.lexsort(PIXELS.reshape(20, -1).T[::-1])]


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("csv", ";"), ("csv", "\t"), ("tsv", "\t")])
def test_pixel_columns(tmp_path, suffix, delimiter):
    dataset = load(write(tmp_path / f"t.{suffix}", HEADER, rows(), delimiter))
    np.testing.assert_array_equal(whole(dataset), EXPECTED)
    assert dataset.class_names == ("l0", "l1")
    assert dataset.name == "t"


def test_without_a_header_the_label_is_first(tmp_path):
    dataset = load(
        write(tmp_path / "t.csv", None, rows([index % 2 + 9 for index in range(20)])), label_column="first"
    )
    np.testing.assert_array_equal(whole(dataset), EXPECTED)
    assert dataset.class_names == ("9", "10")


def test_a_label_column_anywhere_and_a_split_column(tmp_path):
    header = [*HEADER[1:5], "Class", *HEADER[5:], "split"]
    mixed = [
        [*image.ravel()[:4], label, *image.ravel()[4:], "test" if index >= 15 else "train"]
        for index, (label, image) in enumerate(zip(LABELS, PIXELS, strict=True))
    ]
    dataset = load(write(tmp_path / "t.csv", header, mixed))
    np.testing.assert_array_equal(dataset.train.images, PIXELS[:15])
    np.testing.assert_array_equal(dataset.test.images, PIXELS[15:])


def test_a_byte_order_mark_and_whole_floats(tmp_path):
    path = write(
        tmp_path / "t.csv",
        HEADER,
        [[f"{index % 2}.0", *[f"{v}.0" for v in image.ravel()]] for index, image in enumerate(PIXELS)],
    )
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    dataset = load(path)
    np.testing.assert_array_equal(whole(dataset), EXPECTED)
    assert dataset.class_names == ("0", "1")


def test_size_is_applied(tmp_path):
    assert load(write(tmp_path / "t.csv", HEADER, rows()), size=7).shape == (7, 7)


@pytest.mark.parametrize(
    ("header", "lines", "message"),
    [
        (HEADER, [["a", *[0] * 8]], "row 2 has only 9 columns"),
        (HEADER, [["a", *[0] * 8, 256]], "row 2, column 10 .'p8'.: '256' is not a pixel"),
        (HEADER, [["a", *[0] * 8, -1]], "'-1' is not a pixel"),
        (HEADER, [["a", *[0] * 8, 1.5]], "'1.5' is not a pixel"),
        (HEADER, [["a", *[0] * 8, "nan"]], "'nan' is not a pixel"),
        (HEADER, [["a", *[0] * 8, "inf"]], "'inf' is not a pixel"),
        (HEADER, [["a", *[0] * 8, ""]], "'' is not a pixel"),
        (HEADER, [["", *[0] * 9]], "row 2 has no label"),
        (HEADER, [], "no rows"),
        (HEADER[:-1], [["a", *[0] * 8]], "8 pixel columns are not a square image"),
        (["kind", *HEADER[1:]], [["a", *[0] * 9]], "no label column; call it one of label"),
        ([*HEADER, "split"], [["a", *[0] * 9, "0"]], "must be train, test or validation, not '0'"),
    ],
)
def test_refuses(tmp_path, header, lines, message):
    with pytest.raises(FormatError, match=message):
        load(write(tmp_path / "t.csv", header, lines))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"\0\0\0", b'label,a\n"', b"label," + b"x" * 300_000])
def test_not_a_table(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError):
        load(tmp_path / "t.csv")


def picture_table(folder, names, labels=None, **columns):
    labels = labels or [f"l{index % 2}" for index in range(len(names))]
    return write(
        folder / "t.csv", ["file", "label", *columns], list(zip(names, labels, *columns.values(), strict=True))
    )


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "inside"
    (folder / "images").mkdir(parents=True)
    for index, image in enumerate(PIXELS):
        Image.fromarray(image).save(folder / "images" / f"{index}.png")
    Image.fromarray(PIXELS[0]).save(tmp_path / "secret.png")
    return folder


def test_file_names(pictures):
    names = [f"images/{index}.png" for index in range(20)]
    splits = ["train"] * 12 + ["test"] * 8
    dataset = load(picture_table(pictures, names, split=splits))
    np.testing.assert_array_equal(dataset.train.images, PIXELS[:12])
    np.testing.assert_array_equal(dataset.test.images, PIXELS[12:])


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "images/../../secret.png",
        "/etc/passwd",
        "C:\\secret.png",
        "..\\secret.png",
        "\\\\host\\x.png",
        "link.png",
        "linked/secret.png",
        "",
    ],
)
def test_names_that_leave_the_folder(pictures, name):
    (pictures / "link.png").symlink_to(pictures.parent / "secret.png")
    (pictures / "linked").symlink_to(pictures.parent)
    path = picture_table(pictures, ["images/0.png", "images/1.png", name])
    with pytest.raises(DataError, match=r"row 4: .*(leaves|link out|no file name)"):
        load(path)
    dataset = load(path, on_error="skip")
    assert len(dataset.train) + len(dataset.test) == 2
    assert any(note.startswith("skipped t.csv, row 4") for note in dataset.notes)


def test_missing_pictures_are_named(pictures):
    path = picture_table(pictures, ["images/0.png", "images/1.png", "images/none.png"])
    with pytest.raises(DataError, match=r"images/none.png: No such file"):
        load(path)
    assert "images/none.png" in " ".join(load(path, on_error="skip").notes)


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"label": LABELS, **{f"p{index}": PIXELS.reshape(20, 9)[:, index] for index in range(9)}}
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    np.testing.assert_array_equal(whole(load(path)), EXPECTED)
    assert load(path).sha256 == load(write(tmp_path / "t.csv", HEADER, rows())).sha256
    content = path.read_bytes()
    for damaged in (b"", b"PAR1", content[:-20], content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"Parquet|damaged"):
            load(path)


def encoded(image) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["struct", "without paths", "plain bytes", "paths only"])
def test_parquet_that_holds_its_pictures(pictures, kind):
    """As Hugging Face writes them."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    cells = {
        "struct": [{"bytes": encoded(image), "path": f"{index}.png"} for index, image in enumerate(PIXELS)],
        "without paths": [{"bytes": encoded(image), "path": None} for image in PIXELS],
        "plain bytes": [encoded(image) for image in PIXELS],
        "paths only": [{"bytes": None, "path": f"images/{index}.png"} for index in range(20)],
    }[kind]
    parquet.write_table(pyarrow.table({"image": cells, "label": LABELS}), pictures / "t.parquet")
    dataset = load(pictures / "t.parquet")
    np.testing.assert_array_equal(whole(dataset), EXPECTED)
    assert dataset.sha256 == load(picture_table(pictures, [f"images/{index}.png" for index in range(20)])).sha256


def test_parquet_with_pictures_that_cannot_be_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    cells = [{"bytes": encoded(image), "path": "a.png"} for image in PIXELS]
    cells[3], cells[5], cells[7] = {"bytes": b"junk", "path": "b.png"}, None, {"bytes": None, "path": None}
    parquet.write_table(pyarrow.table({"image": cells, "label": LABELS}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"row 6: no file name"):
        load(tmp_path / "t.parquet")
    dataset = load(tmp_path / "t.parquet", on_error="skip")
    assert len(dataset.train) + len(dataset.test) == 17
    assert any("row 4 (b.png): not an image" in note for note in dataset.notes)


@pytest.mark.parametrize("name", ["pipe.png", "folder.png", "."])
def test_what_is_no_file_does_not_hang(pictures, name):
    os.mkfifo(pictures / "pipe.png")
    (pictures / "folder.png").mkdir()
    path = picture_table(pictures, ["images/0.png", "images/1.png", name])
    with pytest.raises(DataError, match=r"row 4: .*not an image file"):
        load(path)
    assert len(load(path, on_error="skip").train) >= 1


def test_a_header_of_over_a_million_letters(tmp_path):
    names = [f"a_long_name_for_the_pixel_{index:06}_of_the_image" for index in range(160 * 160)]
    path = write(tmp_path / "t.csv", ["label", *names], [["a", *[7] * len(names)], ["b", *[9] * len(names)]])
    assert path.read_text().index("\n") > 1_000_000
    assert load(path).shape == (160, 160)


def test_a_line_that_does_not_end(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "_LONGEST_LINE", 1_000)
    (tmp_path / "t.csv").write_text("label," + "x," * 600)
    with pytest.raises(FormatError, match="no line ends within 1,000"):
        load(tmp_path / "t.csv")


def test_class_names_that_fit_in_no_integer(tmp_path):
    dataset = load(write(tmp_path / "t.csv", HEADER, rows([str(10**20 + index % 2) for index in range(20)])))
    assert dataset.class_names == (str(10**20), str(10**20 + 1))
    assert numeric_classes(dataset) is None


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setattr(columnar, "parquet", None)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(MissingExtraError, match=r"pip install 'misread\[parquet\]'"):
        load(tmp_path / "t.parquet")
