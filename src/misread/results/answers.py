"""The table of answers that a run folder holds, of a study or of one model that was judged."""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from misread.errors import AnswersError
from misread.evaluation.answers import Answers
from misread.evaluation.scores import boundary_of, class_table
from misread.results.names import opened_in, title_of
from misread.results.study import StudyResult

__all__ = ["answers_of", "arrays_of"]


def answers_of(result: StudyResult) -> Answers:
    """What the judged model said, or that whose errors a study opens.

    Raises
    ------
    AnswersError
        If the result holds no answers of a model that tells classes apart or detects one.

    Examples
    --------
    >>> import misread
    >>> answers_of(misread.judge(["cat", "dog"], [[0.9, 0.1], [0.7, 0.3]]))
    <Answers: 2 images, probabilities of 2 classes, 50.00% right>
    """
    return _of_one_model(result) if "model" in result.manifest else _of_study(result)


def arrays_of(answers: Answers) -> dict[str, NDArray[Any]]:
    """A table of answers as arrays of a result, of which `answers_of` makes it again."""
    arrays: dict[str, NDArray[Any]] = {
        "labels.test": answers.labels,
        "model.predictions": answers.predictions,
        "model.names": answers.names,
    }
    if answers.hashes is not None:
        arrays["model.hashes"] = answers.hashes
    if answers.groups is not None:
        arrays["model.groups"] = answers.groups
    if answers.refused.any():
        arrays["model.refused"] = answers.refused
    if answers.scores is not None:
        arrays["model.scores"] = answers.scores if answers.positive is None else answers.positive_scores[:, None]
    return arrays


def _of_one_model(result: StudyResult) -> Answers:
    arrays, model = result.arrays, result.manifest["model"]
    if model["task"] not in ("classification", "detector"):
        raise AnswersError(f"a model for {model['task']} gives no classes to compare")
    names, positive = tuple(result.class_names), result.manifest.get("positive") or None
    labels, scores = arrays["labels.test"], arrays.get("model.scores")
    scale: Any = model.get("scale") or "decision_function"
    if positive is not None:
        labels = labels == names.index(positive)
        names = (f"not {positive}", positive)
        if scores is not None:
            scores = class_table(scores[:, 0], boundary_of(scale))
    return Answers(
        names,
        arrays["model.predictions"].astype(np.int64),
        labels.astype(np.int64),
        scores,
        scale,
        asked=cast(Any, "elsewhere" if "judged" in result.manifest else "test"),
        names=arrays.get("model.names", cast(Any, None)),
        hashes=arrays.get("model.hashes"),
        groups=arrays.get("model.groups"),
        refused=arrays.get("model.refused", cast(Any, None)),
        positive=positive,
        provenance={"model": model["model"]},
    )


def _of_study(result: StudyResult) -> Answers:
    arrays = result.arrays
    key = opened_in(result.values, arrays)
    if key is None:
        raise AnswersError("the study holds no answers of a model that tells classes apart")
    scores, folds = arrays.get(f"{key}.scores"), arrays.get(f"{key}.folds")
    return Answers(
        tuple(result.class_names),
        arrays[f"{key}.predictions"],
        arrays["labels.train"],
        None if scores is None else class_table(scores),
        "decision_function",
        asked=cast(Any, "out_of_fold"),
        folds=cast(Any, None if folds is None else folds.astype(np.int64)),
        names=arrays.get("names.train", cast(Any, None)),
        hashes=arrays.get("hashes.train"),
        provenance={"model": title_of(key, result.values)},
    )
