"""A model's answers as a table: of images that it is asked about, and of those it was asked while it was trained.

In a model file, images are known by the hash of their content and by their row among the training images; their
names stay at home.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.bundle.budget import Store
from misread.bundle.manifest import Manifest
from misread.bundle.model import Bundle
from misread.bundle.parts import Put, expect
from misread.bundle.readings import Evidence, Readings
from misread.data.dataset import named_by_row
from misread.errors import AnswersError, ModelFileError
from misread.evaluation.answers import Answers
from misread.evaluation.responses import boundary, gives_shares
from misread.evaluation.scores import boundary_of, class_table, first_yes

__all__ = [
    "MOST_SCORES",
    "answers_node",
    "are_written",
    "as_answers",
    "evidence_of",
    "named_by_row",
    "read_answers",
    "read_evidence",
]

MOST_SCORES = 2**23
"""Scores that are kept, 64 MiB of them; of more, such as of a thousand classes, only the answers are."""
ROW_BYTES = 300
"""Memory that a row of answers takes beside its scores."""


def as_answers(bundle: Bundle, said: Readings, y: ArrayLike, **more: Any) -> Answers:
    """What a classifier or detector said of images whose labels are known, as a table.

    Parameters
    ----------
    bundle : Bundle
    said : Readings
        What its `answer` gave.
    y : array-like of shape (n,)
        Codes of the model's classes; of a detector, whether an image is of its class.
    **more
        Other parameters of `Answers`, such as `names` and `hashes`.

    Returns
    -------
    Answers
        By the model's operating point; a detector without one has the threshold that it answers by.
    """
    manifest = bundle.manifest
    point, own = manifest.operating_point, boundary(bundle.estimator)
    names, scores = manifest.classes, said.scores
    threshold = None if point is None else point.threshold
    if manifest.task == "detector":
        names, scores = (f"not {manifest.positive}", str(manifest.positive)), class_table(scores[:, 0], own)
        threshold = first_yes(own) if threshold is None else threshold
    return Answers(
        names,
        said.labels.astype(np.int64),
        np.asarray(y).astype(np.int64),
        scores,
        "votes" if gives_shares(bundle.estimator) else "decision_function",
        **{
            "asked": "test",
            "positive": manifest.positive,
            "threshold": threshold,
            "refused": said.refused,
            **more,
        },
    )


def evidence_of(answers: Answers) -> Evidence:
    """What operating points are chosen by: a detector's scores, or how certain a classifier is.

    Raises
    ------
    AnswersError
        If only the answers are known.
    """
    if answers.positive is not None:
        return Evidence(answers.labels == 1, answers.positive_scores)
    return Evidence(answers.right, answers.certainties)


def read_evidence(node: Any, arrays: Store) -> Evidence | None:
    """Scores that stand in a model file by themselves.

    Raises
    ------
    ModelFileError
        If they are no numbers.
    """
    if node is None:
        return None
    truth, scores = arrays(node["truth"]), arrays(node["scores"])
    expect(truth.dtype == bool and scores.dtype == np.float64 and truth.shape == scores.shape, "scores")
    expect(truth.ndim == 1 and np.isfinite(scores).all(), "scores that are no numbers")
    return Evidence(truth, scores)


def answers_node(answers: Answers | None, seen: NDArray[np.uint64] | None, put: Put) -> dict[str, Any] | None:
    """Held-out answers as a part of a model file's document.

    Parameters
    ----------
    answers : Answers or None
        Called by `misread.data.dataset.named_by_row`.
    seen : ndarray of uint64 or None
        Hashes of the training images in their order; those of the answers are not written again if they are these.
    put : callable
        Keeps an array by its name.
    """
    if answers is None:
        return None
    rows = np.array([int(name.rpartition("/")[2]) for name in answers.names.tolist()], np.int32)
    codes = np.min_scalar_type(len(answers.class_names) - 1)
    in_seen = seen is not None and len(rows) and rows.max() < len(seen) and (seen[rows] == answers.hashes).all()
    arrays: dict[str, NDArray[Any] | None] = {
        "labels": answers.labels.astype(codes),
        "predictions": answers.predictions.astype(codes),
        "rows": None if np.array_equal(rows, np.arange(len(rows))) else rows,
        "folds": answers.folds.astype(np.int32) if (answers.folds >= 0).any() else None,
        "hashes": None if in_seen or answers.hashes is None else answers.hashes.view(np.int64),
        "scores": _smallest(answers),
    }
    asked = str(answers.asked[0]) if len(answers) else "held_out"
    named = {key: None if array is None else put(f"answers.{key}", array) for key, array in arrays.items()}
    return {"asked": asked, "scale": answers.scale, **named}


def are_written(answers: Answers) -> bool:
    """Whether the scores of these answers go into a model file, so that what follows from them need not."""
    return answers.scores is not None and answers.scores.size <= MOST_SCORES


def _smallest(answers: Answers) -> NDArray[Any] | None:
    """The scores in as few bytes as hold them exactly; of a detector those of the class that it detects."""
    if not are_written(answers):
        return None
    scores = answers.needed_scores if answers.positive is None else answers.positive_scores
    with np.errstate(over="ignore"):
        single = scores.astype(np.float32)
    return single if np.array_equal(single, scores) else scores


def read_answers(node: Any, manifest: Manifest, seen: NDArray[np.uint64] | None, arrays: Store) -> Answers | None:
    """The answers that `answers_node` wrote.

    Raises
    ------
    ModelFileError
        If they make no sense, or take more memory than is left.
    """
    if node is None:
        return None
    is_detector = manifest.task == "detector"
    expect(is_detector or manifest.task == "classification", f"answers of a model for {manifest.task}")
    names = (f"not {manifest.positive}", str(manifest.positive)) if is_detector else manifest.classes
    held: dict[str, Any] = {
        key: None if node[key] is None else arrays(node[key])
        for key in ("labels", "predictions", "rows", "folds", "hashes", "scores")
    }
    predictions, scores = held["predictions"], held["scores"]
    expect(predictions is not None and predictions.ndim == 1, "answers")
    expect(held["labels"] is not None and isinstance(node["asked"], str), "answers without labels")
    n = len(predictions)
    arrays.budget.spend(n * ROW_BYTES, f"for {n:,} held-out answers")
    rows = np.arange(n) if held["rows"] is None else held["rows"]
    expect(rows.shape == (n,) and rows.dtype.kind == "i" and (not n or rows.min() >= 0), "rows of the answers")
    hashes = held["hashes"]
    if hashes is None:
        expect(seen is not None and (not n or rows.max() < len(seen)), "answers without hashes")
        hashes = np.empty(0, np.int64) if seen is None else seen[rows]
    expect(hashes.dtype in (np.int64, np.uint64), "hashes of the answers")
    if scores is not None:
        expect(
            scores.dtype in (np.float32, np.float64) and scores.ndim == 2 - is_detector, "scores of the answers"
        )
        arrays.budget.spend(16 * scores.size, "for the scores of its held-out answers")
        expect(node["scale"] in ("decision_function", "votes"), "answers by unknown scores")
        scores = class_table(scores, boundary_of(node["scale"])) if is_detector else scores
    try:
        return Answers(
            names,
            predictions,
            held["labels"],
            scores,
            node["scale"],
            asked=node["asked"],
            folds=held["folds"],
            names=named_by_row("train", rows),
            hashes=hashes.view(np.uint64),
            positive=manifest.positive,
        )
    except AnswersError as error:
        raise ModelFileError(f"its held-out answers make no sense: {error}") from error
