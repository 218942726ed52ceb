"""Give a table of answers the labels and images of a data set: by content, by name, or by row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data import Dataset
from misread.data.content import image_hashes
from misread.errors import AnswersError
from misread.evaluation.answers import Answers

__all__ = ["answers_on"]


def answers_on(answers: Answers, dataset: Dataset) -> tuple[Answers, NDArray[np.uint8]]:
    """Give a table the labels and images of a data set, by content, by name, or by row.

    Parameters
    ----------
    answers : Answers
        With hashes, with names that the data set knows, or with row numbers: of the test images where there are
        as many rows, or else of all.
    dataset : Dataset

    Returns
    -------
    Answers
        With hashes, and the labels of the data set.
    ndarray of uint8, shape (len(answers), height, width)

    Raises
    ------
    AnswersError
        If an answer is of no image of the data set, or its classes are others.
    """
    parts = [part for part in (dataset.test, dataset.train) if len(part)]
    images = np.concatenate([part.images for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    hashes = image_hashes(images)
    if answers.hashes is not None:
        rows = _rows_of(answers.hashes, hashes, answers.names, dataset.name)
    else:
        rows = _rows_by_number(answers, dataset, len(images))
    unknown = [name for name in dataset.class_names if name not in answers.class_names]
    names = (*answers.class_names, *unknown)
    codes = np.array([names.index(name) for name in dataset.class_names], np.int64)
    if unknown and len(unknown) == len(dataset.class_names):
        raise AnswersError(
            f"the answers are of the classes {', '.join(answers.class_names[:8])}, {dataset.name} has "
            f"{', '.join(dataset.class_names[:8])}; none is in both"
        )
    return answers.with_classes(names).labelled(codes[labels[rows]], hashes[rows]), images[rows]


def _rows_of(keys: NDArray[Any], known: NDArray[Any], names: NDArray[np.str_], where: str) -> NDArray[np.intp]:
    order = np.argsort(known, kind="stable")
    places = np.minimum(np.searchsorted(known, keys, sorter=order), len(known) - 1)
    rows = order[places]
    missing = np.flatnonzero(known[rows] != keys)
    if len(missing):
        raise AnswersError(
            f"row {missing[0]}: {str(names[missing[0]])!r} is no image of {where}; {len(missing):,} of "
            f"{len(keys):,} are not"
        )
    return rows


def _rows_by_number(answers: Answers, dataset: Dataset, n_images: int) -> NDArray[np.intp]:
    n_test = len(dataset.test)
    try:
        numbers = answers.names.astype(np.int64)
    except ValueError:
        raise AnswersError(
            f"the names of the answers, such as {str(answers.names[0])!r}, are no row numbers of {dataset.name}; "
            "give a column 'index' with the row of each image, or a column 'hash'"
        ) from None
    limit = n_test if n_test and len(answers) <= n_test else n_images
    wrong = np.flatnonzero((numbers < 0) | (numbers >= limit))
    if len(wrong):
        raise AnswersError(
            f"row {wrong[0]}: there is no image {numbers[wrong[0]]} among the {limit:,} of {dataset.name}"
        )
    return numbers.astype(np.intp)
