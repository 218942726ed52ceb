"""What a fitted model, or its twins, said of images that were held out, as a table of answers to keep."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data import Split
from misread.data.dataset import named_by_row
from misread.evaluation.answers import Answers
from misread.evaluation.responses import gives_shares
from misread.evaluation.scores import boundary_of, class_table, leads, with_all_classes
from misread.fitting.hold_out import Fitted

__all__ = ["held_out_answers"]

ROUNDING = 1e-4
"""Share of the usual lead that is not worth twice the bytes."""


def held_out_answers(
    fitted: Fitted, train: Split, class_names: Sequence[str], positive: str | None = None
) -> Answers | None:
    """The held-out answers of a classifier or detector.

    Parameters
    ----------
    fitted : Fitted
    train : Split
        What it was fitted on.
    class_names : sequence of str
    positive : str, optional
        The class of a detector.

    Returns
    -------
    Answers or None
        None where no image was held out. The decision function of a classifier is rounded to single precision.
    """
    held, rows = fitted.held_out, fitted.rows
    if held is None:
        return None
    in_folds = bool(held.folds.any())
    more: dict[str, Any] = {
        "scale": "votes" if gives_shares(fitted.estimator) else "decision_function",
        "asked": "out_of_fold" if in_folds else "held_out",
        "folds": held.folds.astype(np.int64) if in_folds else None,
        "names": named_by_row("train", rows),
        "hashes": train.hashes[rows],
        "groups": None if train.groups is None else train.groups[rows],
        "positive": positive,
    }
    if positive is not None:
        table = class_table(held.scores, boundary_of(more["scale"]))
        names = (f"not {positive}", positive)
        return Answers(names, held.predictions.astype(np.int64), held.y.astype(np.int64), table, **more)
    table = with_all_classes(held.table, held.classes, len(class_names))
    if more["scale"] == "decision_function":
        table = _rounded(table, held.predictions)
    return Answers(tuple(class_names), held.predictions, held.y, table, **more)


def _rounded(table: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scores in single precision, unless that could change how far an answer is ahead."""
    with np.errstate(over="ignore"):
        rounded = table.astype(np.float32).astype(np.float64)
    error = np.abs(rounded - table).max()
    return rounded if error <= ROUNDING * np.median(np.abs(leads(table, codes))) else table
