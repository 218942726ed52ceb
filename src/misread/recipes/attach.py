"""Give a table of answers the labels and images of a data set: by content, by name, or by row."""

import warnings
from dataclasses import replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data import Dataset, Split, joined
from misread.data.words import composed
from misread.errors import AnswersError
from misread.evaluation.answer_checks import check_each_once
from misread.evaluation.answers import Answers
from misread.evaluation.paired import in_both

__all__ = ["answers_on", "rows_on"]


def answers_on(answers: Answers, dataset: Dataset) -> tuple[Answers, NDArray[np.uint8]]:
    """Give a table the labels and images of a data set, by content, by name, or by row.

    A warning says which images have no answer, and which classes only one of the two knows.

    Parameters
    ----------
    answers : Answers
        With hashes, with names that the data set knows, or with row numbers: of the test images where there are
        as many rows, or else of all.
    dataset : Dataset

    Returns
    -------
    Answers
        With hashes, and the labels of the data set; without those of images that corrections have left out.
    ndarray of uint8, shape (len(answers), height, width)

    Raises
    ------
    AnswersError
        If an answer is of no image of the data set, two are of one image, or its classes are others.
    """
    rows = rows_on(answers, dataset)
    if (rows < 0).any():
        answers, rows = answers.take(rows >= 0), rows[rows >= 0]
    unknown = [name for name in dataset.class_names if name not in answers.class_names]
    names = (*answers.class_names, *unknown)
    codes = np.array([names.index(name) for name in dataset.class_names], np.int64)
    if unknown and len(unknown) == len(dataset.class_names):
        raise AnswersError(
            f"the answers are of the classes {', '.join(answers.class_names[:8])}, {dataset.name} has "
            f"{', '.join(dataset.class_names[:8])}; none is in both"
        )
    found = _every(dataset).take(rows)
    _say_what_is_missing(answers, dataset, rows)
    _say_what_is_unknown(answers, dataset, found)
    labelled = answers.with_classes(names).labelled(codes[found.labels], found.hashes)
    groups = labelled.groups if found.groups is None else found.groups
    return replace(labelled, names=found.names, groups=groups), found.images


def _say_what_is_missing(answers: Answers, dataset: Dataset, rows: NDArray[np.intp]) -> None:
    """Warn of images without an answer, unless it was chosen, while a model was trained, which are asked about."""
    n_test, n = len(dataset.test), len(dataset.test) + len(dataset.train)
    first, end = (0 if (rows < n_test).any() else n_test), (n if (rows >= n_test).any() else n_test)
    without = np.setdiff1d(np.arange(first, end), rows)
    if len(without) and (answers.asked == "elsewhere").any():
        which = "test " if end == n_test else "training " if first else ""
        warnings.warn(
            f"{len(without):,} of the {end - first:,} {which}images of {dataset.name} have no answer, such as "
            f"{str(_every(dataset).names[without[0]])!r}; all numbers are of the others",
            stacklevel=3,
        )


def _say_what_is_unknown(answers: Answers, dataset: Dataset, found: Split) -> None:
    """Warn of answers that are no class of the data, and of classes that have no scores."""
    strange = [code for code, name in enumerate(answers.class_names) if name not in dataset.class_names]
    rows = np.flatnonzero(np.isin(answers.predictions, strange))
    if len(rows):
        name = answers.class_names[answers.predictions[rows[0]]]
        warnings.warn(
            f"row {rows[0]}: the answer {name!r} is no class of {dataset.name}; {len(rows):,} of {len(answers):,} "
            "answers are none, and count as misread",
            stacklevel=3,
        )
    for code, name in enumerate(dataset.class_names):
        n = int(np.count_nonzero(found.labels == code))
        if n and answers.scores is not None and name not in answers.class_names:
            warnings.warn(
                f"the answers have no scores of the class {name!r}; its {n:,} images count as misread",
                stacklevel=3,
            )


def rows_on(answers: Answers, dataset: Dataset) -> NDArray[np.intp]:
    """Which image of a data set each answer is of, its test images counted first; see `answers_on`.

    Answers are of the data as it came: -1 stands for an image that corrections have left out.
    """
    if dataset.corrected is not None:
        original, kept = dataset.corrected.original, dataset.corrected.rows
        places = np.concatenate([kept["test"], kept["train"] + len(original.test)])
        now = np.full(len(original.test) + len(original.train), -1, np.intp)
        now[places] = np.arange(len(places))
        return now[rows_on(answers, original)]
    every = _every(dataset)
    if answers.hashes is not None:
        return _rows_of(answers.hashes, every.hashes, answers.names, dataset.name)
    if np.char.isdecimal(answers.names).all():
        return _rows_by_number(answers, dataset, len(every))
    return _rows_by_name(answers.names, every.names, dataset.name)


def _every(dataset: Dataset) -> Split:
    return joined([part for part in (dataset.test, dataset.train) if len(part)])


def _rows_of(keys: NDArray[Any], known: NDArray[Any], names: NDArray[np.str_], where: str) -> NDArray[np.intp]:
    """Where each key is known; the k-th copy of an image is the k-th that is known."""
    answered, rows = in_both(keys, known)
    if len(answered) < len(keys):
        missing = np.flatnonzero(~np.isin(keys, known))
        if len(missing):
            raise AnswersError(
                f"row {missing[0]}: {str(names[missing[0]])!r} is no image of {where}; {len(missing):,} of "
                f"{len(keys):,} are not"
            )
        check_each_once(keys, names)
    return rows


def _rows_by_name(names: NDArray[np.str_], known: NDArray[np.str_], where: str) -> NDArray[np.intp]:
    """By the whole name or, where that finds nothing, by the file's own name if no two have the same."""
    names, known = (np.array([composed(name) for name in some.tolist()], np.str_) for some in (names, known))
    if not np.isin(names, known).any():
        ends = np.array([PurePosixPath(name).name for name in known.tolist()], np.str_)
        own = np.array([PureWindowsPath(name).name for name in names.tolist()], np.str_)
        if len(np.unique(ends)) == len(ends) and np.isin(own, ends).any():
            return _rows_of(own, ends, names, where)
    return _rows_of(names, known, names, where)


def _rows_by_number(answers: Answers, dataset: Dataset, n_images: int) -> NDArray[np.intp]:
    n_test = len(dataset.test)
    numbers = answers.names.astype(np.int64)
    limit = n_test if n_test and len(answers) <= n_test else n_images
    wrong = np.flatnonzero((numbers < 0) | (numbers >= limit))
    if len(wrong):
        raise AnswersError(
            f"row {wrong[0]}: there is no image {numbers[wrong[0]]} among the {limit:,} of {dataset.name}"
        )
    check_each_once(numbers, answers.names)
    return numbers.astype(np.intp)
