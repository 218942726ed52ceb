"""What to predict: each task turns a data set into the X and y of training and test."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data import Dataset
from misread.data.labels import Labels
from misread.data.words import composed, printable
from misread.errors import ParameterError
from misread.images.transforms import add_noise
from misread.spelling import did_you_mean

__all__ = [
    "Task",
    "Wanted",
    "class_code",
    "class_name",
    "classification",
    "denoising",
    "detector",
    "large_and_odd",
    "large_and_odd_of",
    "leading_images",
    "make_task",
    "multilabel",
    "numeric_classes",
]


@dataclass(frozen=True, eq=False)
class Task:
    """One prediction problem, ready for any estimator.

    Attributes
    ----------
    name : str
    X_train, X_test : ndarray of shape (n, height * width)
        Pixels; `uint8` except for noisy ones.
    y_train, y_test : ndarray of shape (n,) or (n, n_outputs)
    """

    name: str
    X_train: NDArray[Any]
    y_train: NDArray[Any]
    X_test: NDArray[Any]
    y_test: NDArray[Any]


def classification(dataset: Dataset) -> Task:
    """Which class is it? y holds class codes, indices into `dataset.class_names`."""
    train, test = dataset.train, dataset.test
    return Task("classification", train.X, train.labels, test.X, test.labels)


def detector(dataset: Dataset, positive: str) -> Task:
    """Is it this class? y is True for the class named `positive`."""
    code = class_code(dataset, positive)
    train, test = dataset.train, dataset.test
    return Task("detector", train.X, train.labels == code, test.X, test.labels == code)


def multilabel(dataset: Dataset, labels: Labels) -> Task:
    """Which of several labels has it? y has a column for each, 0 or 1.

    Raises
    ------
    ParameterError
        If a class has no labels.
    """
    table = labels.table(dataset.class_names)
    train, test = dataset.train, dataset.test
    return Task("multilabel", train.X, table[train.labels], test.X, table[test.labels])


def large_and_odd(dataset: Dataset) -> Labels | None:
    """Is the digit large (7 or more), and is it odd? None when a class name is not a number of 64 bits."""
    if numeric_classes(dataset) is None:
        return None
    said = zip(dataset.class_names, large_and_odd_of(dataset.class_names).tolist(), strict=True)
    return Labels(("large", "odd"), {name: (large, odd) for name, (large, odd) in said})


def large_and_odd_of(names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether numbers, given by their names, are large (7 or more) and odd, shape (n, 2)."""
    numbers = np.array([int(name) for name in names], np.int64)
    return np.column_stack([numbers >= 7, numbers % 2 == 1])


def denoising(dataset: Dataset, seed: int = 42, *, as_images: bool = False) -> Task:
    """What did the image look like before noise of 0 to 99 was added to each pixel? y holds the clean pixels.

    Parameters
    ----------
    dataset : Dataset
    seed : int
    as_images : bool
        Cut the noisy pixels off at 255, so that they are an image; the study's go up to 354.
    """
    train, test = dataset.train, dataset.test
    noisy = add_noise(train.X, test.X, seed=seed)
    noisy_train, noisy_test = (np.minimum(one, 255).astype(np.uint8) if as_images else one for one in noisy)
    return Task("denoising", noisy_train, train.X, noisy_test, test.X)


@dataclass(frozen=True, eq=False)
class Wanted:
    """What to learn; at most one of the three, and all classes when there is none.

    Attributes
    ----------
    positive : str or None
        The class to detect.
    labels : Labels or None
    denoise : bool
        Take noise out of images.
    """

    positive: str | None = None
    labels: Labels | None = None
    denoise: bool = False

    def __post_init__(self) -> None:
        if (self.positive is not None) + (self.labels is not None) + self.denoise > 1:
            raise ParameterError("a model learns one thing: choose one of positive, labels and denoise")


def make_task(dataset: Dataset, wanted: Wanted, seed: int) -> Task:
    """What was asked for, of a data set; noise is cut off at 255, so that noisy images are images.

    Raises
    ------
    ParameterError
        If the class is unknown, or a class has no labels.
    """
    if wanted.positive is not None:
        return detector(dataset, wanted.positive)
    if wanted.labels is not None:
        return multilabel(dataset, wanted.labels)
    return denoising(dataset, seed, as_images=True) if wanted.denoise else classification(dataset)


def class_name(dataset: Dataset, wanted: object) -> str:
    """The name of a class that is given by name, or as the number that is its name.

    Raises
    ------
    ParameterError
        If there is no such class.

    Examples
    --------
    >>> from misread.data import load
    >>> class_name(load("digits"), 5)
    '5'
    """
    name = printable(composed(str(wanted)))
    class_code(dataset, name)
    return name


def class_code(dataset: Dataset, name: str) -> int:
    """Index of the class called `name`.

    Raises
    ------
    ParameterError
        If there is no such class.
    """
    name = composed(name)
    if name not in dataset.class_names:
        known = ", ".join(repr(known) for known in dataset.class_names[:20])
        raise ParameterError(
            f"{dataset.name} has no class {name!r}{did_you_mean(name, dataset.class_names)}; its classes are "
            f"{known}"
        )
    return dataset.class_names.index(name)


def numeric_classes(dataset: Dataset) -> NDArray[np.int64] | None:
    """The class names as integers, shape (n_classes,), or None when one of them is not a number of 64 bits."""
    try:
        return np.array([int(name) for name in dataset.class_names], np.int64)
    except (OverflowError, ValueError):
        return None


def leading_images(labels: NDArray[np.int64], n: int) -> NDArray[np.intp]:
    """Choose some training images to look at first.

    Parameters
    ----------
    labels : ndarray of shape (m,), class codes
    n : int
        About how many.

    Returns
    -------
    ndarray of intp, ascending
        The first n, as a notebook takes them; but where images came sorted by class, so that those hold not every
        class, as many spread evenly over each class.

    Examples
    --------
    >>> leading_images(np.array([0, 1, 1, 0, 1, 0]), 2)
    array([0, 1])
    >>> leading_images(np.array([0, 0, 0, 1, 1, 1]), 2)
    array([0, 3])
    """
    classes, counts = np.unique(labels, return_counts=True)
    if n >= len(labels) or len(np.unique(labels[:n])) == len(classes):
        return np.arange(min(n, len(labels)))
    chosen = []
    for code, count in zip(classes, counts, strict=True):
        wanted = min(count, max(1, round(n * count / len(labels))))
        chosen.append(np.flatnonzero(labels == code)[np.arange(wanted) * count // wanted])
    return np.sort(np.concatenate(chosen))
