"""Images on which there is nothing to read: a model would answer them, too, and be as sure as of any other."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["contrasts", "faintest"]

_FAINTEST = 8


def contrasts(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Grey levels between the darkest and the lightest pixel of each image, shape (n, height, width).

    Examples
    --------
    >>> contrasts(np.array([[[7, 7]], [[0, 255]]], np.uint8)).tolist()
    [0, 255]
    """
    levels = images.reshape(len(images), -1)
    return levels.max(axis=1).astype(np.int64) - levels.min(axis=1)


def faintest(examples: NDArray[np.uint8], labels: NDArray[np.int64]) -> int:
    """The contrast from which on there is something to read, going by training images and their classes.

    8 grey levels, or less where half the images of a class have less: such a class is of blank squares, or all
    images are faint, as those with levels 0 and 1 are.

    Examples
    --------
    >>> written, empty = np.eye(4, dtype=np.uint8) * 255, np.zeros((4, 4), np.uint8)
    >>> faintest(np.stack([written, written]), np.array([0, 1]))
    8
    >>> faintest(np.stack([written, empty]), np.array([0, 1]))
    0
    """
    found = contrasts(examples)
    usual = (int(np.median(found[labels == label])) for label in np.unique(labels))
    return min(_FAINTEST, *usual)
