"""The data sets known by name: what they hold, where they are had, and the hashes that prove it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["CATALOGUE", "Entry", "NamedFile", "names"]

_DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class NamedFile:
    """One IDX file of a named set; mirrors recompress, so the hash and size are of the decompressed bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Entry:
    """What is known about a named data set before it is loaded.

    `files` are the training images, training labels, test images and test labels, in this order, or none for
    a set that comes with a library. `folders` are the places inside a data folder where they may lie.
    """

    name: str
    description: str
    licence: str
    class_names: tuple[str, ...]
    n_train: int
    n_test: int
    shape: tuple[int, int]
    files: tuple[NamedFile, ...] = ()
    folders: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()


def _idx_files(train_images: str, train_labels: str, test_images: str, test_labels: str) -> tuple[NamedFile, ...]:
    return (
        NamedFile("train-images-idx3-ubyte", train_images, 47_040_016),
        NamedFile("train-labels-idx1-ubyte", train_labels, 60_008),
        NamedFile("t10k-images-idx3-ubyte", test_images, 7_840_016),
        NamedFile("t10k-labels-idx1-ubyte", test_labels, 10_008),
    )


_ENTRIES = (
    Entry(
        name="digits",
        description="handwritten digits (UCI optical recognition, the test part, as scikit-learn has it)",
        licence="CC BY 4.0",
        class_names=_DIGITS,
        n_train=1_437,
        n_test=360,
        shape=(8, 8),
    ),
    Entry(
        name="mnist",
        description="handwritten digits (LeCun, Cortes and Burges)",
        licence="CC BY-SA 3.0",
        class_names=_DIGITS,
        n_train=60_000,
        n_test=10_000,
        shape=(28, 28),
        files=_idx_files(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        folders=("mnist", "MNIST/raw"),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
    ),
    Entry(
        name="fashion-mnist",
        description="photographs of clothes (Zalando Research)",
        licence="MIT",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        n_train=60_000,
        n_test=10_000,
        shape=(28, 28),
        files=_idx_files(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        folders=("fashion-mnist", "FashionMNIST/raw"),
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
    ),
)

CATALOGUE: Mapping[str, Entry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every named data set, by name."""


def names() -> tuple[str, ...]:
    """Return the names of the data sets of the catalogue."""
    return tuple(CATALOGUE)
