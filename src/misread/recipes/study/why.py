"""Why images were misread, asked of the models of the folds while they are there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.why import explain
from misread.tasks import Task

__all__ = ["asking_why", "why_arrays"]


def asking_why(task: Task, shape: tuple[int, int]) -> Any:
    """What `out_of_fold` is to do besides: `explain`, with positions among all training images."""

    def ask(
        fitted: Any, train: NDArray[np.intp], test: NDArray[np.intp], predictions: NDArray[Any]
    ) -> dict[str, NDArray[Any]]:
        found = explain(fitted, task.X_train[test], task.y_train[test], predictions, shape)
        for name, among in (("rows", test), ("neighbors", train)):
            if name in found:
                found[name] = among[found[name]]
        return found

    return ask


def why_arrays(name: str, found: Sequence[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """What the folds found, as `NAME.why.*`: weights with an axis for the folds, the rest one below the other."""
    joined: dict[str, NDArray[Any]] = {}
    for what in found[0] if found else ():
        parts = [one[what] for one in found]
        if what == "weights" and len({part.shape for part in parts}) > 1:
            return {}  # a fold did not see every class
        joined[f"{name}.why.{what}"] = np.stack(parts) if what == "weights" else np.concatenate(parts)
    return joined
