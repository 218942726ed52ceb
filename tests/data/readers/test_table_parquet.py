"""Parquet tables: labels of every type, pictures inside, Hugging Face's shards, and files that unfold."""

import io
import json

import numpy as np
import pytest
from digit_tables import FLAT, LABELS, NAMES, PIXELS, N, same_digits
from PIL import Image

from misread.data import load
from misread.data.making import Reading
from misread.data.readers.table import columnar
from misread.errors import DataError, FormatError, ParameterError


def encoded(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def parquet_table(path, **columns):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(columns), path)
    return path


@pytest.mark.parametrize(("name", "lists"), [("image", PIXELS), ("image", FLAT), ("pixels", FLAT)])
def test_lists_of_pixels_are_not_read_and_what_is_instead_is_said(tmp_path, name, lists):
    path = parquet_table(tmp_path / "lists.parquet", label=LABELS, **{name: lists.tolist()})
    with pytest.raises(FormatError, match=f"column '{name}' holds lists.*a column for each pixel.*NPZ"):
        load(path)


def pixel_columns():
    return dict(zip(NAMES, FLAT.T, strict=True))


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.astype(float),
        LABELS.astype(np.int8),
        [str(label) for label in LABELS],
        [str(label).encode() for label in LABELS],
        [f"{label}.0" for label in LABELS],
    ],
)
def test_parquet_labels_of_every_type(tmp_path, labels):
    assert same_digits(load(parquet_table(tmp_path / "t.parquet", label=labels, **pixel_columns())))


def test_parquet_categories_and_truth_values(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    words = pyarrow.array([f"digit {label}" for label in LABELS]).dictionary_encode()
    dataset = load(parquet_table(tmp_path / "t.parquet", label=words, **pixel_columns()))
    assert same_digits(dataset, tuple(f"digit {label}" for label in range(10)))
    black = {name: values > 8 for name, values in pixel_columns().items()}
    dataset = load(parquet_table(tmp_path / "t.parquet", label=LABELS > 4, **black))
    assert dataset.class_names == ("False", "True")
    assert set(np.unique(dataset.train.images)) == {0, 255}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([*LABELS[:7].astype(float), np.nan, *LABELS[8:].astype(float)], "row 8 has no label"),
        ([*map(int, LABELS[:7]), None, *map(int, LABELS[8:])], "row 8 has no label"),
        ([[1, 0]] * N, "row 1 the label is a list"),
        ([{"a": 1}] * N, "row 1 the label is a dict"),
        ([b"\xff\xfe"] * N, "row 1 the label is 2 bytes that are no text"),
        ([float("inf")] * N, "row 1 the label inf is no class"),
        (list(np.arange(N)), "60 rows have 60 different labels"),
    ],
)
def test_parquet_labels_that_are_none(tmp_path, labels, message):
    with pytest.raises(FormatError, match=message):
        load(parquet_table(tmp_path / "t.parquet", label=labels, **pixel_columns()))


def hugging_face(path, chosen, labels=None, image="image", names=("zero", "one", *"23456789"), feature=None):
    """A file as `datasets` writes it."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    cells = [{"bytes": encoded(PIXELS[index]), "path": None} for index in chosen]
    labels = [int(LABELS[index]) for index in chosen] if labels is None else labels
    table = pyarrow.table({image: cells, "label": pyarrow.array(labels, pyarrow.int64())})
    features = {image: {"_type": "Image"}, "label": feature or {"names": list(names), "_type": "ClassLabel"}}
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path)
    return path


HF_NAMES = (*"23456789", "one", "zero")


@pytest.mark.parametrize("folder", ["", "data", "cifar10"])
@pytest.mark.parametrize("image", ["image", "img", "photo"])
def test_hugging_face_shards(tmp_path, folder, image):
    where = tmp_path / "set" / folder
    hugging_face(where / "train-00000-of-00002.parquet", range(25), image=image)
    hugging_face(where / "train-00001-of-00002.parquet", range(25, 40), image=image)
    hugging_face(where / "test-00000-of-00001.parquet", range(40, N), image=image)
    dataset = load(tmp_path / "set")
    assert (len(dataset.train), len(dataset.test)) == (40, 20)
    assert dataset.class_names == HF_NAMES
    np.testing.assert_array_equal(dataset.train.images, PIXELS[:40])
    named = ["zero", "one", *"23456789"]
    assert [HF_NAMES[code] for code in dataset.test.labels] == [named[label] for label in LABELS[40:]]
    assert dataset.layout == (
        f"label in column 'label', image files held in column {image!r}; class names from Hugging Face's metadata"
    )


def test_a_shard_that_is_missing(tmp_path):
    hugging_face(tmp_path / "set" / "train-00001-of-00002.parquet", range(30))
    with pytest.raises(FormatError, match=r"train-00000-of-00002.parquet is missing; 1 of 2 parts are there"):
        load(tmp_path / "set")


def test_validation_files(tmp_path):
    for split, chosen in (("train", range(40)), ("validation", range(40, N))):
        hugging_face(tmp_path / "set" / f"{split}-00000-of-00001.parquet", chosen)
    dataset = load(tmp_path / "set")
    assert len(dataset.test) == 20
    assert any("validation are the test images" in note for note in dataset.notes)
    hugging_face(tmp_path / "set" / "test-00000-of-00001.parquet", range(30, 40))
    dataset = load(tmp_path / "set")
    assert (len(dataset.train), len(dataset.test)) == (40, 10)
    assert any(note.startswith("not read: validation-00000") for note in dataset.notes)


def test_hugging_face_codes_without_a_name(tmp_path):
    path = hugging_face(tmp_path / "t.parquet", range(N), labels=[-1] * N)
    with pytest.raises(FormatError, match="row 1 the label -1 is none of the 10 classes"):
        load(path)


@pytest.mark.parametrize(
    "feature",
    [
        {"_type": "ClassLabel", "names": [1, 2]},
        {"_type": "ClassLabel", "names": ["a", "a"]},
        {"_type": "ClassLabel", "names": ["\u00e9", "e\u0301"]},
    ],
)
def test_hugging_face_metadata_that_is_odd(tmp_path, feature):
    dataset = load(hugging_face(tmp_path / "t.parquet", range(N), feature=feature))
    assert same_digits(dataset)
    assert "metadata is not understood" in dataset.layout


def test_two_columns_of_classes(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    columns = {"image": [encoded(image) for image in PIXELS], "label": LABELS, "coarse_label": LABELS % 2}
    path = parquet_table(tmp_path / "t.parquet", **columns)
    assert same_digits(load(path))
    assert load(path, label_column="coarse_label").class_names == ("0", "1")
    assert pyarrow


def test_parquet_that_unfolds(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    codes = pyarrow.array(np.zeros(3_000_000, np.int8))
    fold = {name: pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(["7"])) for name in ["label", *NAMES]}
    parquet.write_table(pyarrow.table(fold), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"3,000,000 images of 64 pixels would take about .*--most-memory"):
        load(tmp_path / "t.parquet", most_memory="500M")


def test_parquet_of_pictures_that_unfolds(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    picture = encoded(PIXELS[0]) + bytes(100_000)
    codes = pyarrow.array(np.zeros(5_000, np.int16))
    images = pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array([picture]))
    table = pyarrow.table({"image": images, "label": ["a", "b"] * 2_500})
    parquet.write_table(table, tmp_path / "t.parquet", compression="zstd")
    with pytest.raises(DataError, match=r"would take about .*--most-memory"):
        load(tmp_path / "t.parquet", most_memory="100M")


def test_groups_of_rows_that_were_read_are_let_go(tmp_path, monkeypatch):
    """Pyarrow keeps all of them by itself: a file took half as much again as the limit."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    noise = np.random.default_rng(0).bytes(24_000_000)
    table = pyarrow.table({"image": [noise[at : at + 100_000] for at in range(0, len(noise), 100_000)]})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=10)
    del table
    monkeypatch.setattr(columnar, "_BYTES", 2**20)
    before, most = pyarrow.total_allocated_bytes(), 0
    for piece in columnar.pieces_of(tmp_path / "t.parquet", Reading()):
        most = max(most, pyarrow.total_allocated_bytes() - before)
        del piece
    assert most / len(noise) < 0.5


def test_what_reading_a_group_takes_counts(tmp_path):
    pictures = [encoded(PIXELS[i]) + np.random.default_rng(i).bytes(50_000) for i in range(20)]
    path = parquet_table(tmp_path / "t.parquet", image=pictures, label=["a", "b"] * 10)
    with pytest.raises(DataError, match=r"reading its 1\. group of rows would take about 3.8 MiB"):
        load(path, most_memory="3M")
    with pytest.raises(DataError, match=r"row \d+: reading it, and the image files up to here would take about 4"):
        load(path, most_memory="4M")
    assert len(load(path, most_memory="5M").train) < 20


@pytest.mark.parametrize("name", ["{}/0000.parquet", "default/{}/0000.parquet", "{}.parquet", "mnist_{}.parquet"])
def test_other_names_of_shards(tmp_path, name):
    hugging_face(tmp_path / "set" / name.format("train"), range(40))
    hugging_face(tmp_path / "set" / name.format("test"), range(40, N))
    dataset = load(tmp_path / "set")
    assert (len(dataset.train), len(dataset.test)) == (40, 20)


def test_several_tables_below_a_folder(tmp_path):
    for name in ("plain", "cropped"):
        hugging_face(tmp_path / "set" / name / "train-00000-of-00001.parquet", range(N))
    with pytest.raises(FormatError, match="cropped, plain each hold a table; give the path of one"):
        load(tmp_path / "set")
    assert len(load(tmp_path / "set" / "plain").class_names) == 10


def test_one_part_alone_is_told(tmp_path):
    alone = load(hugging_face(tmp_path / "train-00000-of-00002.parquet", range(N)))
    assert any("part of a table; give its folder" in note for note in alone.notes)
    whole = load(hugging_face(tmp_path / "train-00000-of-00001.parquet", range(N)))
    assert not any("part of a table" in note for note in whole.notes)


def test_a_header_is_for_text(tmp_path):
    with pytest.raises(ParameterError, match="--header is for CSV and TSV"):
        load(hugging_face(tmp_path / "t.parquet", range(N)), header="first")


def test_a_damaged_parquet_file_ends_in_a_sentence(tmp_path):
    path = hugging_face(tmp_path / "t.parquet", range(N))
    content, rng = path.read_bytes(), np.random.default_rng(0)
    said = []
    for _ in range(150):
        damaged = bytearray(content)
        for place in rng.integers(len(content) * 3 // 4, len(content) - 8, 3):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            load(path, on_error="skip")
        except DataError as error:
            said.append(str(error))
    assert said
    assert not any("\n" in one for one in said)


def test_parquet_whose_columns_are_only_counted(tmp_path):
    """As pandas writes what had no names."""
    columns = {str(index): values for index, values in enumerate([*FLAT.T, LABELS])}
    dataset = load(parquet_table(tmp_path / "t.parquet", **columns))
    assert same_digits(dataset)
    assert dataset.layout.startswith(
        "label in the last column (65), 64 pixels as 8x8; the columns are only counted"
    )
