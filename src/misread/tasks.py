"""What to predict: each task turns a data set into the X and y of training and test."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data import Dataset
from misread.data.transforms import add_noise
from misread.data.words import composed, printable
from misread.errors import ParameterError
from misread.spelling import did_you_mean

__all__ = [
    "Task",
    "class_code",
    "class_name",
    "classification",
    "denoising",
    "detector",
    "leading_images",
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


def multilabel(dataset: Dataset) -> Task:
    """Is the digit large (7 or more), and is it odd? y has those two columns, 0 or 1.

    Raises
    ------
    ParameterError
        If the class names are not numbers.
    """
    numbers = numeric_classes(dataset)
    if numbers is None:
        raise ParameterError(f"large and odd need classes that are numbers, got {dataset.class_names[0]!r}")
    labels = np.column_stack([numbers >= 7, numbers % 2 == 1]).astype(np.int64)
    train, test = dataset.train, dataset.test
    return Task("multilabel", train.X, labels[train.labels], test.X, labels[test.labels])


def denoising(dataset: Dataset, seed: int = 42) -> Task:
    """What did the image look like before noise of 0 to 99 was added to each pixel? y holds the clean pixels."""
    train, test = dataset.train, dataset.test
    noisy_train, noisy_test = add_noise(train.X, test.X, seed=seed)
    return Task("denoising", noisy_train, train.X, noisy_test, test.X)


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
