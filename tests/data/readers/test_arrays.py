"""NPZ and NPY: shapes and types that are read, and files that lie."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misread.data import load
from misread.data.readers import arrays as reader
from misread.errors import DataError, FormatError

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (20, 4, 4), dtype=np.uint8)
Y = np.arange(20) % 3
SPLIT = {"x_train": X[:15], "y_train": Y[:15], "x_test": X[15:], "y_test": Y[15:]}


def saved(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def test_keras_names(tmp_path):
    dataset = load(saved(tmp_path / "set.npz", **SPLIT))
    np.testing.assert_array_equal(dataset.train.images, X[:15])
    np.testing.assert_array_equal(dataset.test.images, X[15:])
    np.testing.assert_array_equal(dataset.test.labels, Y[15:])
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.name == "set"


def test_names_in_an_archive_are_shown_and_not_obeyed(tmp_path):
    arrays = {f"\x1b[31m{index}{'x' * 300}": X for index in range(60)}
    with pytest.raises(FormatError, match=r"holds \\x1b\[31m0x+, .*, \.\.\.; expected") as refused:
        load(saved(tmp_path / "set.npz", **arrays))
    assert len(str(refused.value)) < 2_500
    assert str(refused.value).isprintable()


def test_arrays_that_are_not_used_are_said(tmp_path):
    dataset = load(saved(tmp_path / "set.npz", **SPLIT, val_images=X, val_labels=Y))
    assert "not used: val_images, val_labels" in dataset.notes


@pytest.mark.parametrize(
    "values",
    [
        X,
        X.reshape(20, 16),
        X[..., None],
        np.repeat(X[..., None], 3, axis=-1),
        X.astype(np.int64),
        X.astype(np.float32),
        np.asfortranarray(X),
        X.astype(">u2"),
        X[:, None],
        np.repeat(X[:, None], 3, axis=1),
        X.reshape(20, 1, 16),
    ],
    ids=range(11),
)
def test_images_of_many_kinds(tmp_path, values):
    kinds = {**SPLIT, "x_train": values[:15], "x_test": values[15:]}
    assert load(saved(tmp_path / "set.npz", **kinds)).sha256 == load(saved(tmp_path / "plain.npz", **SPLIT)).sha256


def test_fractions_become_levels_and_it_is_said(tmp_path):
    dataset = load(saved(tmp_path / "set.npz", **{**SPLIT, "x_train": X[:15] / 255, "x_test": X[15:] / 255}))
    np.testing.assert_array_equal(dataset.train.images, X[:15])
    assert any("multiplied by 255" in note for note in dataset.notes)


WHITE = X > 100


@pytest.mark.parametrize("train", [WHITE, WHITE.astype(float), WHITE.astype(np.uint8)], ids=range(3))
@pytest.mark.parametrize("test", [WHITE, WHITE.astype(float), WHITE.astype(np.uint8)], ids=range(3))
def test_black_and_white_in_any_form(tmp_path, train, test):
    dataset = load(saved(tmp_path / "set.npz", **{**SPLIT, "x_train": train[:15], "x_test": test[15:]}))
    np.testing.assert_array_equal(dataset.train.images, WHITE[:15] * np.uint8(255))
    np.testing.assert_array_equal(dataset.test.images, WHITE[15:] * np.uint8(255))
    assert "multiplied by 255" in dataset.notes[0]


def test_one_scale_for_training_and_test(tmp_path):
    """Fractions in the one and, by chance, only 0.0 and 1.0 in the other."""
    shares = {**SPLIT, "x_train": X[:15] / 255, "x_test": WHITE[15:].astype(float)}
    dataset = load(saved(tmp_path / "shares.npz", **shares))
    np.testing.assert_array_equal(dataset.train.images, X[:15])
    assert dataset.test.images.max() == 255


@pytest.mark.parametrize("kind", [np.uint8, int, float])
@pytest.mark.parametrize("split", ["x_train", "x_test"])
def test_black_and_white_beside_grey_levels(tmp_path, split, kind):
    """It would be nearly black."""
    white = WHITE[:15] if split == "x_train" else WHITE[15:]
    dark = {**SPLIT, split: white.astype(kind)}
    with pytest.raises(FormatError, match=rf"{split}: levels are 0 and 1, but those of .* go to \d+; scale both"):
        load(saved(tmp_path / "dark.npz", **dark))


def test_labels_that_are_no_text(tmp_path):
    codes = np.array([0x61, 0x11_0000] * 10, "<u4").view("<U1")
    with pytest.raises(FormatError, match="a label holds what is no character"):
        load(saved(tmp_path / "set.npz", images=X, labels=codes))
    ends = np.array([b"\xe8", b"\xe9"] * 10)
    assert load(saved(tmp_path / "set.npz", images=X, labels=ends)).class_names == ("\\xe8", "\\xe9")


def test_what_unfolds_is_refused_before(tmp_path):
    """A kilobyte of zeros for each megabyte promised."""
    path = saved(tmp_path / "set.npz", images=np.zeros((3_000, 50, 50)), labels=np.arange(3_000) % 3)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"set.npz: what its arrays hold would take about .*--most-memory"):
        load(path, most_memory="20M")
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
    assert load(path, most_memory="100M").shape == (50, 50)


def test_emnist_is_said_to_lie_on_its_side(tmp_path):
    assert any("lie on their side" in note for note in load(saved(tmp_path / "emnist_letters.npz", **SPLIT)).notes)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.where(Y == 0, "cat", "dog"), ("cat", "dog")),
        (np.array([b"b", b"a"])[np.minimum(Y, 1)], ("a", "b")),
        (Y * 5 + 5, ("5", "10", "15")),
        (Y.astype(float), ("0", "1", "2")),
        (Y.reshape(-1, 1), ("0", "1", "2")),
    ],
    ids=range(5),
)
def test_labels_of_many_kinds(tmp_path, labels, names):
    assert load(saved(tmp_path / "set.npz", images=X, labels=labels)).class_names == names


def test_npy_files_side_by_side(tmp_path):
    np.save(tmp_path / "images.npy", X)
    np.save(tmp_path / "labels.npy", Y)
    assert load(tmp_path).sha256 == load(tmp_path / "images.npy").sha256
    assert len(load(tmp_path).test) in range(3, 7)


def test_size(tmp_path):
    assert load(saved(tmp_path / "set.npz", **SPLIT), size=6, fit="pad").shape == (6, 6)
    assert load(saved(tmp_path / "set.npz", **SPLIT), fit="mnist").shape == (28, 28)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": X}, "holds a; expected x_train"),
        ({"images": X - 300.0, "labels": Y}, "levels run from"),
        ({"images": X + 300.0, "labels": Y}, "levels run from"),
        ({"images": X + 0.5, "labels": Y}, "levels run|neither whole"),
        ({"images": X * 0.5, "labels": Y}, "neither whole"),
        ({"images": X * np.nan, "labels": Y}, "levels run from nan"),
        ({"images": X.reshape(20, 2, 8, 1, 1), "labels": Y}, "images of shape"),
        ({"images": X.reshape(20, 2, 2, 4), "labels": Y}, "images of shape"),
        ({"images": X[:, 0, :3], "labels": Y}, "images of shape"),
        ({"images": X, "labels": Y[:5]}, "one label for each of 20"),
        ({"images": X, "labels": np.eye(3)[Y]}, r"labels\.argmax\(axis=1\)"),
        ({"images": X, "labels": np.where(Y == 0, "", "dog")}, "label of image 1 is empty"),
        ({"images": X[:, 0, 0] / 255, "labels": Y}, r"shape \(20,\), but images have pixels"),
        ({"images": X[0, 0, 0] / 255, "labels": Y}, r"shape \(\) is empty"),
        ({**SPLIT, "x_train": X[:15] / 255}, "x_train: levels are fractions of 1, but those of .*x_test go to"),
        ({"images": X, "labels": Y + 0.5}, "whole numbers or text"),
        ({"images": X, "labels": Y * np.nan}, "whole numbers or text"),
        ({"images": X.astype(str), "labels": Y}, "images must be numbers"),
        ({"images": X.astype(complex), "labels": Y}, "only numbers and text"),
        ({"images": X[:0], "labels": Y[:0]}, "empty"),
        ({**SPLIT, "x_test": X[15:, :2]}, "different shapes"),
        ({**SPLIT, "x_test": X[15:, 0]}, "different shapes"),
    ],
    ids=range(22),
)
def test_refuses(tmp_path, arrays, message):
    with pytest.raises(FormatError, match=message):
        load(saved(tmp_path / "set.npz", **arrays))


class Planted:
    def __reduce__(self):
        return exec, ("raise SystemExit('code from the file was run')",)


def test_nothing_is_unpickled(tmp_path):
    planted = np.array([Planted()] * 20, dtype=object)
    for arrays in ({"images": planted, "labels": Y}, {"images": X, "labels": planted}):
        np.savez(tmp_path / "set.npz", **arrays)
        with pytest.raises(FormatError, match="never objects"):
            load(tmp_path / "set.npz")


def npy_header(shape, dtype="|u1") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        npy_header((4_000_000_000, 28, 28)) + b"x",
        npy_header((10**30,)) + b"x",
        npy_header((3, 28, 28)) + b"x",
        npy_header((-1, 28, 28)) + b"x",
        npy_header((True,)) + b"x",
        npy_header((20, True)) + b"x" * 20,
        npy_header((20, 4, 4), "<U0") + b"x" * 320,
        npy_header((20, 4, 4), "|V1") + b"x" * 320,
        npy_header((20, 4, 4), "|O") + b"x" * 320,
        b"\x93NUMPY\x09\x00",
        b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65_535,
        b"",
    ],
    ids=range(12),
)
@pytest.mark.parametrize("packed", [False, True])
def test_headers_that_lie(tmp_path, content, packed):
    np.save(tmp_path / "labels.npy", Y)
    (tmp_path / "images.npy").write_bytes(content)
    path = tmp_path
    if packed:
        path = tmp_path / "set.npz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("images.npy", "labels.npy"):
                archive.write(tmp_path / name, name)
    tracemalloc.start()
    with pytest.raises(FormatError):
        load(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "damage", [(b"(20, 4, 4)", b"(20, 4, 4 "), (b"'shape'", b"'shape "), (b"{'descr'", b"(((((((((")]
)
def test_a_damaged_header(tmp_path, damage):
    np.save(tmp_path / "images.npy", X)
    np.save(tmp_path / "labels.npy", Y)
    content = (tmp_path / "images.npy").read_bytes()
    (tmp_path / "images.npy").write_bytes(content.replace(*damage))
    with pytest.raises(FormatError, match=r"images.npy: not a readable NPY array"):
        load(tmp_path)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_archives_give_our_error_or_a_set(tmp_path_factory, data):
    stream = io.BytesIO()
    np.savez_compressed(stream, images=X, labels=Y)
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 2] = data.draw(st.binary(min_size=0, max_size=3))
    path = tmp_path_factory.mktemp("npz") / "set.npz"
    path.write_bytes(content)
    try:
        load(path)
    except DataError:
        return


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A folder of NPY files that are taken for large ones, of 8 MB of images."""
    monkeypatch.setattr(reader, "MAPPED_FROM", 2**20)
    images = RNG.integers(0, 256, (10_000, 28, 28), dtype=np.uint8)
    labels = np.arange(len(images)) % 3
    for name, values in {"x_train": images, "y_train": labels, "x_test": images[:2_000] + 1}.items():
        np.save(tmp_path / f"{name}.npy", values)
    np.save(tmp_path / "y_test.npy", labels[:2_000])
    return tmp_path, images


def test_large_arrays_stay_on_the_disk(large):
    path, images = large
    tracemalloc.start()
    dataset = load(path, most_memory="4M")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(dataset.train.images, images)
    assert peak < images.nbytes
    with pytest.raises(ValueError, match="read-only"):
        dataset.train.images[0] = 0


@pytest.mark.parametrize("options", [{"invert": True}, {"size": 14}, {"fit": "mnist"}])
def test_what_has_to_be_made_from_large_arrays_needs_memory(large, options):
    with pytest.raises(DataError, match="--most-memory"):
        load(large[0], most_memory="4M", **options)


def test_large_arrays_are_read_as_small_ones_are(large, monkeypatch):
    mapped = load(large[0])
    monkeypatch.setattr(reader, "MAPPED_FROM", 2**40)
    read = load(large[0])
    assert mapped.sha256 == read.sha256
    np.testing.assert_array_equal(mapped.test.hashes, read.test.hashes)
    np.testing.assert_array_equal(mapped.test.names, read.test.names)


def test_large_arrays_of_one_part_take_what_the_parts_do(large):
    path, images = large
    for name in ("x_test", "y_test"):
        (path / f"{name}.npy").unlink()
    (path / "x_train.npy").rename(path / "x.npy")
    (path / "y_train.npy").rename(path / "y.npy")
    with pytest.raises(DataError, match="--most-memory"):
        load(path, most_memory="4M")
    dataset = load(path)
    assert len(dataset.train) + len(dataset.test) == len(images)


def test_large_arrays_in_black_and_white_are_scaled(large):
    path, images = large
    np.save(path / "x_train.npy", images // 128)
    np.save(path / "x_test.npy", images[:2_000] // 128)
    dataset = load(path)
    np.testing.assert_array_equal(dataset.train.images, images // 128 * np.uint8(255))
