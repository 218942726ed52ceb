"""Own IDX files by path: read as they are, and published sets recognised."""

import numpy as np
import pytest

from misread.data import load
from misread.data.readers.idx import write_idx
from misread.errors import DataError, FormatError


@pytest.fixture
def letters(tmp_path):
    rng = np.random.default_rng(0)
    for part, n in (("train", 12), ("test", 6)):
        write_idx(
            tmp_path / f"emnist-{part}-images-idx3-ubyte.gz", rng.integers(0, 256, (n, 5, 5), dtype=np.uint8)
        )
        write_idx(tmp_path / f"emnist-{part}-labels-idx1-ubyte", np.arange(1, n + 1, dtype=np.uint8) % 3 + 1)
    return tmp_path


def test_own_files(letters):
    dataset = load(letters)
    assert dataset.class_names == ("1", "2", "3")
    assert (len(dataset.train), len(dataset.test), dataset.shape) == (12, 6, (5, 5))
    assert load(letters / "emnist-train-images-idx3-ubyte.gz").sha256 == dataset.sha256
    assert load(letters, size=8).shape == (8, 8)


def test_names_are_words(tmp_path):
    """The latest training images are no test images."""
    rng = np.random.default_rng(1)
    write_idx(tmp_path / "latest-train-images-idx3-ubyte", rng.integers(0, 256, (20, 5, 5), dtype=np.uint8))
    write_idx(tmp_path / "latest-train-labels-idx1-ubyte", np.arange(20, dtype=np.uint8) % 2)
    assert "chosen for testing" in load(tmp_path).source
    write_idx(tmp_path / "latest-testing_images.idx3-ubyte", rng.integers(0, 256, (4, 5, 5), dtype=np.uint8))
    write_idx(tmp_path / "latest-testing_labels.idx1-ubyte", np.arange(4, dtype=np.uint8) % 2)
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (20, 4)


def test_emnist_is_turned_upright(letters):
    turned = load(letters)
    assert any("turned upright" in note for note in turned.notes)
    for path in sorted(letters.iterdir()):
        path.rename(letters / path.name.replace("emnist", "letters"))
    lying = load(letters)
    assert not any("upright" in note for note in lying.notes)
    np.testing.assert_array_equal(turned.train.images, lying.train.images.transpose(0, 2, 1))


def test_one_of_several_sets_in_a_folder(letters):
    """As EMNIST comes: six sets side by side; a file's path says which."""
    for path in sorted(letters.iterdir()):
        path.with_name(path.name.replace("emnist", "emnist-digits")).write_bytes(path.read_bytes())
    with pytest.raises(FormatError, match="give the path of one to read those that go with it"):
        load(letters)
    dataset = load(letters / "emnist-digits-train-images-idx3-ubyte.gz")
    assert (dataset.name, len(dataset.train), len(dataset.test)) == ("emnist-digits", 12, 6)


def test_black_and_white(tmp_path):
    white = np.arange(20 * 16).reshape(20, 4, 4).astype(np.uint8) % 3 % 2
    write_idx(tmp_path / "train-images-idx3-ubyte", white)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.arange(20, dtype=np.uint8) % 2)
    dataset = load(tmp_path)
    assert set(dataset.train.images.ravel()) == {0, 255}
    assert "multiplied by 255" in dataset.notes[0]


def test_what_unfolds_is_refused_before(tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", np.zeros((4_000, 100, 100), np.uint8))
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.zeros(4_000, np.uint8))
    with pytest.raises(DataError, match=r"what its IDX files hold would take about .*--most-memory"):
        load(tmp_path, most_memory="50M")
    with pytest.raises(DataError, match=r"4,000 images of 500x500 would take about"):
        load(tmp_path, most_memory="100M", size=500)
    assert len(load(tmp_path, most_memory="100M").train) == 4_000


def test_without_test_files(letters):
    for path in letters.glob("*test*"):
        path.unlink()
    assert "chosen for testing" in load(letters).source


def test_missing_and_ambiguous(letters):
    write_idx(letters / "other-train-labels-idx1-ubyte", np.zeros(12, np.uint8))
    with pytest.raises(FormatError, match=r"expected one file like train-labels.*found emnist-train.*other-train"):
        load(letters)
    for path in letters.glob("*labels*"):
        path.unlink()
    with pytest.raises(FormatError, match="found none"):
        load(letters)


def test_numbers_that_do_not_agree(letters):
    write_idx(letters / "emnist-train-labels-idx1-ubyte", np.zeros(11, np.uint8))
    with pytest.raises(FormatError, match=r"12 images but .* 11 labels"):
        load(letters)


@pytest.mark.mnist
def test_mnist_by_path_is_mnist(mnist_folder):
    by_path = load(mnist_folder / "mnist")
    assert by_path.sha256 == load("mnist", data_dir=mnist_folder).sha256
    assert by_path.name == "mnist"
