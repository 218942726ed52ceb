"""Who wrote the images: in a column, on a level of folders, in QMNIST's label files; kept apart in the split."""

import csv
import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from misread import load
from misread.data import Dataset, Split
from misread.data.groups import grouped_test, in_both
from misread.data.readers.idx import write_idx
from misread.errors import DataError, ParameterError

RNG = np.random.default_rng(0)
N = 120
IMAGES = RNG.integers(0, 256, (N, 5, 5), np.uint8)
LABELS = np.arange(N) % 3
WRITERS = np.array([f"w{k}" for k in np.arange(N) // 10 % 12])


def table(path, *, writers=WRITERS, header=True, column="writer"):
    with open(path, "w", newline="") as stream:
        out = csv.writer(stream)
        if header:
            out.writerow(["label", column, *[f"p{k}" for k in range(25)]])
        for image, label, writer in zip(IMAGES, LABELS, writers, strict=True):
            out.writerow(["abc"[label], writer, *image.ravel()])
    return path


def apart(dataset: Dataset) -> bool:
    return not set(dataset.train.groups) & set(dataset.test.groups)


def test_column_of_a_table(tmp_path):
    found = load(table(tmp_path / "t.csv"), group_column="Writer")
    assert "group in column 'writer'" in found.layout
    assert found.shape == (5, 5)
    assert apart(found)
    assert len(found.test)
    assert set(found.train.labels) == set(found.test.labels) == {0, 1, 2}
    assert "whole groups" in found.source
    assert found.loaded["group_column"] == "Writer"
    who = dict(zip(found.train.names.tolist(), found.train.groups.tolist(), strict=True))
    assert all(writer == WRITERS[int(name.rpartition(":")[2]) - 2] for name, writer in who.items())


def test_another_size_leaves_the_split_and_numbers_are_read_as_such(tmp_path):
    path = table(tmp_path / "t.csv", writers=[f"{k}.0" for k in np.arange(N) // 10])
    plain, larger = load(path, group_column=2), load(path, group_column="2", size=8)
    assert set(plain.train.groups) | set(plain.test.groups) == {str(k) for k in range(12)}
    assert larger.test.names.tolist() == plain.test.names.tolist()


def test_a_split_that_is_given_stays_and_is_told_where_it_mixes(tmp_path):
    path = tmp_path / "t.csv"
    rows = [["label", "split", "who", *[f"p{k}" for k in range(25)]]]
    parts = ["test" if k % 10 == 0 else "train" for k in range(N)]
    rows += [["abc"[a], b, c, *d.ravel()] for a, b, c, d in zip(LABELS, parts, WRITERS, IMAGES, strict=True)]
    path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    found = load(path, group_column="who")
    assert len(found.test) == 12
    assert any(note.startswith("12 of 12 groups have both") for note in found.notes)


@pytest.mark.parametrize(
    ("change", "asked", "words"),
    [
        ({}, "nobody", "no such column"),
        ({}, "label", "holds the label"),
        ({"writers": ["", *WRITERS[1:]]}, "writer", "row 2 has no group in column 'writer'"),
        ({"writers": [7, "nan", *[8] * (N - 2)]}, "writer", "row 3 has no group"),
        ({"writers": [7, "-", *[8] * (N - 2)]}, "writer", "row 3 has no group"),
        ({"writers": ["one"] * N}, "writer", "all 120 images are of one group, 'one'"),
    ],
)
def test_bad_columns_in_one_line(tmp_path, change, asked, words):
    with pytest.raises((DataError, ParameterError), match=words) as caught:
        load(table(tmp_path / "t.csv", **change), group_column=asked)
    assert "\n" not in str(caught.value)


def folders(root, pattern):
    for k in range(N):
        path = root / pattern.format(label="abc"[LABELS[k]], who=WRITERS[k]) / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(IMAGES[k]).save(path)
    return root


@pytest.mark.parametrize(("level", "pattern"), [(1, "{who}/{label}"), (2, "{label}/{who}")])
def test_level_of_folders(tmp_path, level, pattern):
    found = load(folders(tmp_path / "photos", pattern), group_level=level)
    assert found.class_names == ("a", "b", "c")
    assert len(found.train) + len(found.test) == N
    assert set(found.train.groups) | set(found.test.groups) == set(WRITERS)
    assert apart(found)
    for name, who in zip(found.train.names.tolist(), found.train.groups.tolist(), strict=True):
        assert name.split("/")[level - 1] == who


def test_levels_below_train_and_test(tmp_path):
    for part in ("train", "test"):
        folders(tmp_path / "photos" / part, "{label}/{who}")
    found = load(tmp_path / "photos", group_level=2)
    assert len(found.train) == len(found.test) == N
    assert any("12 of 12 groups" in note for note in found.notes)


def test_options_that_would_do_nothing_are_refused(tmp_path):
    photos = folders(tmp_path / "photos", "{label}")
    with pytest.raises(ParameterError, match=r"--group-column is for tables.*--group-level"):
        load(photos, group_column="writer")
    with pytest.raises(ParameterError, match="--group-level is for folders"):
        load(table(tmp_path / "t.csv"), group_level=1)
    with pytest.raises(ParameterError, match="--group-column is for tables"):
        load("digits", group_column="writer")
    with pytest.raises(ParameterError, match="group_level must be 1"):
        load(photos, group_level=3)
    with pytest.raises(DataError, match="CLASS/GROUP/image files"):
        load(photos, group_level=2)


def extended(labels, writers, series):
    rows = np.zeros((len(labels), 8), np.int64)
    rows[:, 0], rows[:, 1], rows[:, 2] = labels, series, writers
    return rows


def written(path, rows):
    if path.name.endswith(".tsv.gz"):
        text = "\n".join("\t".join(map(str, row)) for row in rows.tolist())
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_bytes(gzip.compress(struct.pack(">III", 0x0C02, len(rows), 8) + rows.astype(">i4").tobytes()))


def qmnist(folder, *, binary=True, plain=False, more=0):
    """Made-up images in the layout of QMNIST: even writers are employees, odd ones students, from 2100 on."""
    folder.mkdir()
    for part, first, n in (("train", 0, 80), ("test", 80, 40)):
        own = slice(first, first + n)
        who = np.array([int(one[1:]) for one in WRITERS[own]])
        series = np.where(who % 2, 4, 1)
        who = np.where(who % 2, 2100 + who, who)
        prefix = "" if plain else "qmnist-"
        named = part if not plain or part == "train" else "t10k"
        write_idx(folder / f"{prefix}{named}-images-idx3-ubyte.gz", IMAGES[own])
        if plain:
            write_idx(folder / f"{named}-labels-idx1-ubyte", LABELS[own])
        rows = extended(LABELS[own], who, series)
        rows = np.concatenate([rows, rows[:more]])
        written(folder / f"qmnist-{part}-labels{'-idx2-int.gz' if binary else '.tsv.gz'}", rows)
    return folder


@pytest.mark.parametrize("binary", [True, False])
def test_qmnist(tmp_path, binary):
    folder = qmnist(tmp_path / "q", binary=binary)
    plain = load(folder)
    assert plain.train.labels.tolist() == LABELS[:80].tolist()
    assert plain.test.labels.tolist() == LABELS[80:].tolist()
    assert plain.train.groups is None
    found = load(folder, group_column="writer")
    assert found.train.groups[0] == "writer 0"
    assert "writer 2101" in found.train.groups
    assert set(load(folder, group_column="hsf").train.groups) == {"hsf_1", "hsf_4"}
    assert set(load(folder, group_column="half").test.groups) == {"employees", "students"}
    with pytest.raises(ParameterError, match="tell writer, hsf, half"):
        load(folder, group_column="colour")


def test_mnist_with_the_label_files_of_qmnist_beside(tmp_path):
    folder = qmnist(tmp_path / "m", plain=True, more=20)
    assert load(folder).train.groups is None
    assert len(set(load(folder, group_column="writer").train.groups)) == 8
    rows = extended((LABELS[:80] + 1) % 3, np.zeros(80), np.zeros(80))
    written(folder / "qmnist-train-labels-idx2-int.gz", rows)
    with pytest.raises(DataError, match="are not those of the 80 images"):
        load(folder, group_column="writer")
    (folder / "qmnist-train-labels-idx2-int.gz").unlink()
    with pytest.raises(DataError, match=r"put QMNIST.s qmnist-train-labels-idx2-int\.gz"):
        load(folder, group_column="writer")


def test_hostile_label_files(tmp_path):
    folder = qmnist(tmp_path / "q")
    path = folder / "qmnist-train-labels-idx2-int.gz"
    for content, words in (
        (struct.pack(">III", 0x0C02, 2**31, 8), "holds 80 images but"),
        (struct.pack(">III", 0x0C02, 80, 3) + bytes(80 * 3 * 4), "3 columns"),
        (struct.pack(">III", 0x0C02, 80, 8) + bytes(5), "truncated"),
        (struct.pack(">III", 0x0802, 80, 8), "type code"),
        (b"nonsense", "not an IDX file"),
    ):
        path.write_bytes(gzip.compress(content))
        with pytest.raises(DataError, match=words):
            load(folder, group_column="writer")
    path.unlink()
    table = folder / "qmnist-train-labels.tsv"
    for text, words in (("1\t2\n", "row 1 has 2"), ("", "no rows"), ("a\nb\n", "row 2 holds 'b'")):
        table.write_text(text)
        with pytest.raises(DataError, match=words):
            load(folder, group_column="writer")


def test_split_carries_groups():
    split = Split(IMAGES, LABELS, groups=WRITERS)
    assert split.take(slice(3, 5)).groups.tolist() == WRITERS[3:5].tolist()
    with pytest.raises(DataError, match="need groups of shape"):
        Split(IMAGES, LABELS, groups=WRITERS[1:])
    with pytest.raises(DataError, match="image 1 has no group"):
        Split(IMAGES, LABELS, groups=["x", " ", *["x"] * (N - 2)])


def test_test_groups_stay_when_others_come_and_every_class_is_on_both_sides():
    rng = np.random.default_rng(1)
    for n_groups in (2, 5, 40, 300):
        groups = np.array([f"g{k}" for k in rng.integers(0, n_groups, 3_000)])
        codes = rng.integers(0, 7, 3_000)
        chosen = grouped_test(codes, groups, 0.2)
        assert not set(groups[chosen]) & set(groups[~chosen])
        assert len(np.unique(codes[~chosen])) == 7
        if n_groups > 2:
            assert 0.1 <= chosen.mean() <= 0.35
            assert len(np.unique(codes[chosen])) == 7
        again = np.concatenate([groups, np.repeat("another", 50)])
        later = grouped_test(np.concatenate([codes, np.arange(50) % 7]), again, 0.2)
        if n_groups >= 40:
            assert (later[:3_000] == chosen).all()


def test_groups_of_one_class_each():
    groups = np.repeat([f"thing {k}" for k in range(50)], 6)
    codes = np.repeat(np.arange(50) % 5, 6)
    chosen = grouped_test(codes, groups, 0.2)
    assert set(codes[chosen]) == set(codes[~chosen]) == set(range(5))


def test_in_both_is_silent_where_none_is():
    assert in_both(np.array(["a"]), np.array(["b"])) == []
