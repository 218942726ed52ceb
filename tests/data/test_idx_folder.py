"""Own IDX files by path: read as they are, and published sets recognised."""

import numpy as np
import pytest

from misread.data import load
from misread.data.idx import write_idx
from misread.errors import FormatError


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
