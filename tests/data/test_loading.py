"""load(): the one door to every data set."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

import misread.data
from misread.data import Dataset, load, loading, names
from misread.data.catalogue import CATALOGUE
from misread.data.readers.idx import write_idx
from misread.errors import DataError, FormatError, ParameterError


@pytest.fixture
def tiny_folder(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "CATALOGUE", {"tiny": tiny.entry})
    (tmp_path / "tiny").mkdir()
    for name, array in tiny.arrays.items():
        write_idx(tmp_path / "tiny" / f"{name}.gz", array)
    return tmp_path


def test_public_names_are_sorted():
    assert list(misread.data.__all__) == sorted(misread.data.__all__)
    assert names() == ("digits", "mnist", "fashion-mnist")


def test_digits_are_the_default_and_embedded():
    digits = load()
    bunch = load_digits()
    assert (len(digits.train), len(digits.test), digits.shape) == (1437, 360, (8, 8))
    together = np.concatenate([digits.train.X, digits.test.X])
    np.testing.assert_array_equal(together, bunch.data * 15)
    np.testing.assert_array_equal(np.concatenate([digits.train.labels, digits.test.labels]), bunch.target)
    assert digits.class_names == tuple("0123456789")


def test_a_named_set(tiny, tiny_folder):
    dataset = load("tiny", data_dir=tiny_folder)
    assert isinstance(dataset, Dataset)
    np.testing.assert_array_equal(dataset.train.images, tiny.arrays["train-images-idx3-ubyte"])
    np.testing.assert_array_equal(dataset.test.labels, tiny.arrays["t10k-labels-idx1-ubyte"])
    assert str(tiny_folder / "tiny") in dataset.source


def test_storage_does_not_change_the_hash(tiny, tiny_folder, tmp_path):
    plain = tmp_path / "plain"
    (plain / "Tiny" / "raw").mkdir(parents=True)
    for name, array in tiny.arrays.items():
        write_idx(plain / "Tiny" / "raw" / name.replace("-idx", ".idx"), array)
    assert load("tiny", data_dir=plain).sha256 == load("tiny", data_dir=tiny_folder).sha256


def test_a_changed_local_file_is_refused_with_advice(tiny, tiny_folder):
    name = "t10k-labels-idx1-ubyte"
    write_idx(tiny_folder / "tiny" / f"{name}.gz", tiny.arrays[name][::-1])
    with pytest.raises(FormatError, match=r"remove the file.*path of its folder"):
        load("tiny", data_dir=tiny_folder)


def test_without_download(tiny, tiny_folder):
    (tiny_folder / "tiny" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte not found; try: misread data fetch tiny"):
        load("tiny", data_dir=tiny_folder, download=False)


def test_an_unknown_name():
    with pytest.raises(ParameterError, match="did you mean mnist"):
        load("minst")
    with pytest.raises(ParameterError, match="known are digits"):
        load("")


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "x" * 5_000, "./" + "y/" * 5_000])
def test_a_path_that_cannot_be_looked_for(name):
    with pytest.raises(DataError, match="cannot be looked for") as caught:
        load(name)
    assert len(str(caught.value)) < 400


def test_the_catalogue_is_complete():
    for entry in CATALOGUE.values():
        assert len(entry.class_names) == len(set(entry.class_names)) == 10
        assert len(entry.files) in (0, 4)
        for file, n in zip(entry.files, (entry.n_train, entry.n_train, entry.n_test, entry.n_test), strict=False):
            pixels = entry.shape[0] * entry.shape[1] if "images" in file.name else 1
            assert file.size == n * pixels + (16 if "images" in file.name else 8)
            assert len(bytes.fromhex(file.sha256)) == 32


@pytest.mark.mnist
def test_mnist_is_the_published_one(mnist_folder):
    mnist = load("mnist", data_dir=mnist_folder)
    assert (len(mnist.train), len(mnist.test), mnist.shape) == (60_000, 10_000, (28, 28))
    assert mnist.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(mnist.train.labels).tolist()[5] == 5421
    assert mnist.sha256 == "21a377cdc7b0f5e3709ea273b7156ce441a8e7a368fe5a9546fe097a2250ea29"
