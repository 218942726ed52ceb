"""What a person should know of a data set before training on it: counts, imbalance, duplicates, leakage."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misread.data.dataset import Dataset, Split

__all__ = ["ClassCount", "Duplicates", "Summary", "summarise"]

_TINY = 10
_CHUNK = 2**12
_IMBALANCED = 3.0


@dataclass(frozen=True)
class ClassCount:
    """How many images of a class there are."""

    name: str
    train: int
    test: int


@dataclass(frozen=True)
class Duplicates:
    """How many images are exact copies, pixel by pixel, of an earlier one.

    `train` and `test` count copies within each split, `across` the test images that are also training images
    (leakage), `moved` those that are training images at another place of the frame, and `conflicting` the images
    that have a copy with another label.
    """

    train: int
    test: int
    across: int
    conflicting: int
    moved: int = 0


@dataclass(frozen=True)
class Summary:
    """A data set described; `findings` are plain sentences, none when all is well.

    `imbalance` is the size of the largest class of the training images over that of the smallest; `groups` is how
    many groups the training images are of, and the test images, where that is known.
    """

    name: str
    shape: tuple[int, int]
    train: int
    test: int
    classes: tuple[ClassCount, ...]
    imbalance: float | None
    duplicates: Duplicates
    sha256: str
    source: str
    layout: str
    licence: str
    notes: tuple[str, ...]
    findings: tuple[str, ...]
    groups: tuple[int, int] | None = None


def summarise(dataset: Dataset) -> Summary:
    """Describe a data set.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    Summary
    """
    n_classes = len(dataset.class_names)
    counts = [np.bincount(split.labels, minlength=n_classes).tolist() for split in (dataset.train, dataset.test)]
    classes = tuple(ClassCount(*row) for row in zip(dataset.class_names, *counts, strict=True))
    duplicates = _duplicates(dataset)
    smallest = min(counts[0])
    imbalance = max(counts[0]) / smallest if smallest else None
    return Summary(
        name=dataset.name,
        shape=dataset.shape,
        train=len(dataset.train),
        test=len(dataset.test),
        classes=classes,
        imbalance=imbalance,
        duplicates=duplicates,
        sha256=dataset.sha256,
        source=dataset.source,
        layout=dataset.layout,
        licence=dataset.licence,
        notes=dataset.notes,
        findings=(*_class_findings(classes, imbalance), *_duplicate_findings(duplicates)),
        groups=_groups(dataset),
    )


def _groups(dataset: Dataset) -> tuple[int, int] | None:
    train, test = dataset.train.groups, dataset.test.groups
    return None if train is None else (len(np.unique(train)), 0 if test is None else len(np.unique(test)))


def _duplicates(dataset: Dataset) -> Duplicates:
    train, test = (_digests(split) for split in (dataset.train, dataset.test))
    distinct_train = np.unique(train)
    digests, labels = (
        np.concatenate([train, test]),
        np.concatenate([dataset.train.labels, dataset.test.labels]),
    )
    return Duplicates(
        train=len(train) - len(distinct_train),
        test=len(test) - len(np.unique(test)),
        across=int((is_same := np.isin(test, distinct_train)).sum()),
        moved=int((_moved(dataset) & ~is_same).sum()),
        conflicting=_conflicting(digests, labels),
    )


def _digests(split: Split) -> NDArray[np.bytes_]:
    """One 16-byte digest per image, as hexadecimal text (bytes of NumPy would lose zeros at the end)."""
    return np.array([hashlib.blake2b(row, digest_size=16).hexdigest() for row in split.X], dtype="S32")


def _moved(dataset: Dataset) -> NDArray[np.bool_]:
    """Which test images are training images, but for where their ink lies in the frame."""
    train, test = dataset.train, dataset.test
    weights = [_weights(split) for split in (train, test)]  # which moving leaves as they are
    likely = np.flatnonzero(np.isin(weights[1], weights[0]))
    among = np.flatnonzero(np.isin(weights[0], weights[1]))
    known = {_in_the_corner(train.images[index]) for index in among}
    moved = np.zeros(len(test), np.bool_)
    moved[likely] = [_in_the_corner(test.images[index]) in known for index in likely]
    return moved


def _weights(split: Split) -> NDArray[np.uint64]:
    """The sum of the squared levels of each image."""
    starts = range(0, len(split), _CHUNK)
    parts = [np.square(split.X[start : start + _CHUNK], dtype=np.uint32).sum(axis=1) for start in starts]
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def _in_the_corner(image: NDArray[np.uint8]) -> bytes:
    """The digest of an image whose ink, all that is not as its first pixel, is moved up and left to the rim."""
    ink = image != image[0, 0]
    moved = np.roll(image, (-ink.any(axis=1).argmax(), -ink.any(axis=0).argmax()), (0, 1))
    return hashlib.blake2b(moved.tobytes(), digest_size=16).digest()


def _conflicting(digests: NDArray[np.bytes_], labels: NDArray[np.int64]) -> int:
    _, group = np.unique(digests, return_inverse=True)
    n_groups = int(group.max()) + 1
    lowest, highest = np.full(n_groups, np.iinfo(np.int64).max), np.full(n_groups, -1)
    np.minimum.at(lowest, group, labels)
    np.maximum.at(highest, group, labels)
    return int((lowest != highest)[group].sum())


def _class_findings(classes: tuple[ClassCount, ...], imbalance: float | None) -> list[str]:
    found = []
    tiny = [f"{one.name} ({one.train})" for one in classes if one.train < _TINY]
    if tiny:
        found.append(f"classes with fewer than {_TINY} training images: {', '.join(tiny)}")
    if imbalance is not None and imbalance >= _IMBALANCED:
        found.append(f"the largest class has {imbalance:.1f} times the training images of the smallest")
    return found


def _duplicate_findings(duplicates: Duplicates) -> list[str]:
    found = []
    if n := duplicates.across:
        what = "test image is also a training image" if n == 1 else "test images are also training images"
        found.append(f"leakage: {n:,} {what}, pixel by pixel")
    if n := duplicates.moved:
        what = "test image is a training image that was" if n == 1 else "test images are training images that were"
        found.append(f"leakage: {n:,} {what} moved in the frame")
    for split, n in (("training", duplicates.train), ("test", duplicates.test)):
        if n:
            what = "image is an exact copy of another" if n == 1 else "images are exact copies of others"
            found.append(f"{n:,} {split} {what}")
    if n := duplicates.conflicting:
        found.append(f"{n:,} images have an exact copy with another label")
    return found
