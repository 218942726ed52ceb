"""Whether there are enough training images: of every class, of every label, and for a vote."""

import math
import warnings

import numpy as np
from numpy.typing import NDArray

from misread.data import Dataset
from misread.errors import ParameterError
from misread.fitting.folds import check_groups
from misread.models import KNeighborsClassifier

__all__ = ["N_FOLDS", "check_both_answers", "check_counts", "fewer_neighbours"]

N_FOLDS = 3


def check_counts(dataset: Dataset) -> None:
    """Every fold needs some images of every class.

    Raises
    ------
    ParameterError
        If there are too few of a class, or fewer than two classes; or groups that cannot be held out.
    """
    counts = np.bincount(dataset.train.labels, minlength=len(dataset.class_names))
    present = np.flatnonzero(counts)
    if len(present) < 2:
        raise ParameterError(
            f"{dataset.name} has training images of one class; at least two are needed to tell apart"
        )
    fewest = present[counts[present].argmin()]
    if counts[fewest] < N_FOLDS:
        raise ParameterError(
            f"class {dataset.class_names[fewest]!r} has {counts[fewest]} training images, at least {N_FOLDS} are "
            "needed for scores on images that were held out; add images, or leave the class out"
        )
    if dataset.train.groups is not None:
        check_groups(dataset.train.labels, dataset.train.groups, N_FOLDS, dataset.class_names)


def check_both_answers(names: tuple[str, ...], y: NDArray[np.int64]) -> None:
    """A label that is the same for all training images cannot be learned.

    Parameters
    ----------
    names : tuple of str
    y : ndarray of shape (n, len(names)), 0 or 1

    Raises
    ------
    ParameterError
        Naming the label.
    """
    for name, column in zip(names, y.T, strict=True):
        if column.min() == column.max():
            raise ParameterError(
                f"the label {name!r} is {column[0]} for all {len(column):,} training images, so there is nothing "
                "to learn; leave it out, or add images of classes where it differs"
            )


def fewer_neighbours(n_images: int, task: str) -> dict[str, int]:
    """Let the nearest image alone decide where fewer images than would vote are learned; and say so.

    Parameters
    ----------
    n_images : int
        Of the training images.
    task : str
        All but denoising are learned in folds, too.

    Returns
    -------
    dict
        Parameters of a nearest-neighbour model to set; none where there are enough images.
    """
    least = n_images if task == "denoising" else n_images - math.ceil(n_images / N_FOLDS)
    voting = KNeighborsClassifier().n_neighbors
    if voting <= least:
        return {}
    warnings.warn(
        f"{n_images} training images are few: the nearest one alone decides (n_neighbors=1), not {voting}",
        stacklevel=3,
    )
    return {"n_neighbors": 1}
