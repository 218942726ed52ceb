"""What a split that mixes groups would have promised: the same model held out once more, regardless of them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.evaluation.groups import difference_between_splits
from misread.fitting.enough import N_FOLDS
from misread.fitting.folds import folds_regardless
from misread.fitting.hold_out import Fitted
from misread.fitting.out_of_fold import OutOfFold, out_of_fold
from misread.recipes.metrics import share
from misread.tasks import Task

__all__ = ["mixed_metrics", "nameless"]


def nameless(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics without the names of groups, which may be those of people.

    Examples
    --------
    >>> nameless({"n": 9, "groups": {"n": 2, "worst": [{"name": "ann"}]}})
    {'n': 9, 'groups': {'n': 2}}
    """
    if "groups" not in metrics:
        return dict(metrics)
    return {**metrics, "groups": {name: value for name, value in metrics["groups"].items() if name != "worst"}}


def mixed_metrics(
    estimator: Any,
    task: Task,
    fitted: Fitted,
    labels: NDArray[np.int64],
    groups: NDArray[np.str_],
    on_stage: Callable[[str], None] = lambda stage: None,
) -> dict[str, Any]:
    """How many answers are right in folds that mix groups, beside those where whole groups were held out.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    task : Task
    fitted : Fitted
        With answers to all training images, held out in whole groups; a model that holds images out by itself
        would have to be trained once more, and is not: nothing is measured then.
    labels : ndarray of shape (n,)
        Class codes of the training images.
    groups : ndarray of str, shape (n,)
    on_stage : callable of str
        Told what starts.
    """
    held = fitted.held_out
    if held is None or len(held.y) < len(labels):
        return {}
    on_stage(f"Held-out answers in {N_FOLDS} folds that mix groups, to compare")
    folds = folds_regardless(labels, N_FOLDS)
    other = out_of_fold(estimator, task.X_train, task.y_train, cv=folds, scores=False)
    mixed, apart = _right(other), _right(held)
    more, low, high = difference_between_splits(mixed, apart, groups)
    return {
        "accuracy": share(int(mixed.sum()), len(mixed)),
        "apart": share(int(apart.sum()), len(apart)),
        "difference": {"value": more, "low": low, "high": high},
    }


def _right(held: OutOfFold) -> NDArray[np.bool_]:
    """Which answers are right; of several labels, all of them."""
    right = np.asarray(held.y == held.predictions, bool)
    return np.asarray(right.all(axis=1)) if right.ndim > 1 else right
