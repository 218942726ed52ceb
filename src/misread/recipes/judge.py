"""Judge a table of answers, whoever made it: the result is the same kind that our own models get."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.analysis.doubted import chances_of_doubts
from misread.analysis.doubts import N_NEIGHBORS, doubt_labels
from misread.data.dataset import Corrected
from misread.errors import AnswersError
from misread.evaluation.answers import Answers
from misread.evaluation.calibration import class_probabilities
from misread.evaluation.scores import boundary_of, class_table, first_yes, unlike_scores
from misread.recipes.chances import chances_of
from misread.recipes.metrics import metrics_of
from misread.recipes.pictured import gallery_of
from misread.results.answers import arrays_of
from misread.results.provenance import made_by
from misread.results.study import StudyResult

__all__ = ["as_grey", "judge_answers"]

MOST_CLASSES = 2_000
"""Of which every two are counted and shown: 28 MB of results, half of what a report reads."""


def judge_answers(
    answers: Answers,
    images: NDArray[np.uint8] | None = None,
    *,
    model: str = "your model",
    source: str = "a table of answers",
    positive: str | None = None,
    corrected: Corrected | None = None,
) -> StudyResult:
    """Judge a table of answers.

    Parameters
    ----------
    answers : Answers
        Rows without a label are left out.
    images : ndarray of uint8, shape (n, height, width), optional
        One for each row.
    model, source : str
        What the model and the data are called.
    positive : str, optional
        Judge how this one class is told from the others.
    corrected : Corrected, optional
        What corrections changed in the labels; the numbers by those before are given, too, as `model.as_given`.

    Raises
    ------
    AnswersError
        If no row has a label, or `positive` is no class.
    """
    known = answers.is_labelled
    if not known.any():
        raise AnswersError("no row has a label; add a column 'label', or the images with their labels (--data)")
    if not known.all():
        source += f"; {np.count_nonzero(~known):,} rows without a label are left out"
        answers, images = answers.take(known), None if images is None else images[known]
    given = None if corrected is None else _labelled_before(answers, corrected)
    if positive is not None:
        answers = answers.as_detector(positive)
        given = None if given is None else given.as_detector(positive)
    if len(answers.class_names) > MOST_CLASSES:
        raise AnswersError(
            f"{len(answers.class_names):,} classes are more than the {MOST_CLASSES:,} that are judged against "
            "each other; choose one (--positive), or ask about all at once (misread check --accuracy)"
        )
    if answers.positive is not None and answers.threshold is None:
        answers = replace(answers, threshold=first_yes(boundary_of(answers.scale or "probabilities")))
    if answers.scores is not None and (unlike := unlike_scores(answers.scores, answers.predictions)).any():
        warnings.warn(
            f"row {np.flatnonzero(unlike)[0]}: the answer is not the class with the best score, as in "
            f"{np.count_nonzero(unlike):,} of {len(answers):,} rows; what is answered counts",
            stacklevel=2,
        )
    values: dict[str, Any] = {f"model.{name}": value for name, value in metrics_of(answers).items()}
    chances = chances_of(answers)
    values |= {"model.chances": chances} if chances else {}
    arrays = arrays_of(answers)
    if given is not None and (given.labels != answers.labels).any():
        values["model.as_given"] = metrics_of(given)
    if images is not None:
        _check_count(images, len(answers))
        doubts, doubted = _doubts(answers, images)
        arrays |= doubts
        values |= doubted
        arrays |= gallery_of(answers, images, doubts)
    manifest = {
        "dataset": {
            "name": source.split(";")[0],
            "sha256": str(answers.provenance.get("sha256", "")),
            "source": source,
            "class_names": list(answers.class_names),
            "n_train": 0,
            "n_test": len(answers),
            "shape": [] if images is None else list(images.shape[1:]),
            **({} if corrected is None else {"corrections": corrected.as_json()}),
        },
        "positive": answers.positive or "",
        "model": {
            "model": model,
            "task": "classification" if answers.positive is None else "detector",
            "operating_point": None,
            "dataset": {},
            "scale": answers.scale,
        },
        "judged": "answers",
        "threshold": None if answers.positive is None else answers.threshold,
        **made_by(),
    }
    return StudyResult(values=values, arrays=arrays, manifest=manifest)


def _labelled_before(answers: Answers, corrected: Corrected) -> Answers:
    """The same answers, of images of a corrected data set, with the labels that they had before."""
    original = corrected.original
    codes = [answers.class_names.index(name) for name in original.class_names]
    label_of = {
        name: codes[label]
        for split in (original.train, original.test)
        for name, label in zip(split.names.tolist(), split.labels.tolist(), strict=True)
    }
    return answers.labelled(np.array([label_of[name] for name in answers.names.tolist()], np.int64))


def _doubts(answers: Answers, images: NDArray[np.uint8]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Doubtful labels, where there are scores to doubt them by and images enough to ask."""
    if answers.scores is None or len(answers) <= N_NEIGHBORS:
        return {}, {}
    table = answers.scores
    if answers.scale != "probabilities":
        table = class_probabilities(answers.labels, table)
    X = images.reshape(len(images), -1)
    return chances_of_doubts(
        doubt_labels(X, answers.labels, table), X, answers.labels, class_table(answers.scores)
    )


def as_grey(images: ArrayLike, n: int) -> NDArray[np.uint8]:
    """Images of 8 bits and shape (n, height, width), of arrays as frameworks have them.

    Raises
    ------
    AnswersError
        If there are not n of them, of one grey channel.
    """
    array = np.asarray(images)
    if array.ndim == 4 and 1 in (array.shape[1], array.shape[3]):
        array = array[:, 0] if array.shape[1] == 1 else array[..., 0]
    if array.ndim == 2 and int(array.shape[1] ** 0.5) ** 2 == array.shape[1]:
        side = int(array.shape[1] ** 0.5)
        array = array.reshape(len(array), side, side)
    if array.ndim != 3:
        raise AnswersError(f"images must have shape (n, height, width), got {array.shape}")
    _check_count(array, n)
    if array.dtype == np.uint8:
        return array
    low, high = float(np.min(array)), float(np.max(array))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise AnswersError("images hold values that are no numbers")
    if low >= 0 and high <= 255 and high > 1:
        return np.rint(array).astype(np.uint8)
    return np.rint((array - low) * (255 / ((high - low) or 1))).astype(np.uint8)


def _check_count(images: NDArray[Any], n: int) -> None:
    if len(images) != n:
        raise AnswersError(f"{len(images):,} images for {n:,} answers; give an image for each row")
