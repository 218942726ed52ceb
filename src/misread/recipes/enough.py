"""Whether more images would help: the learning curve of a model, and where it leads, as plain values."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from misread.data import Split
from misread.evaluation.intervals import clopper_pearson
from misread.fitting.learning import measure_learning

__all__ = ["learning_of"]

_FARTHEST = 4
_POINTS = 9


def learning_of(
    estimator: Any, train: Split, seed: int = 42, on_stage: Callable[[str], None] = lambda stage: None
) -> dict[str, Any]:
    """Measure the learning curve of a model on training images alone, and follow it further.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    train : Split
    seed : int
    on_stage : callable of str
        Told what starts.

    Returns
    -------
    dict
        `asked`, how many images were asked about; `measured`, the share of misread ones at each size with its
        exact interval; `twice`, what is expected of twice the largest size; and `further`, of sizes up to four
        times that.

    Raises
    ------
    ParameterError
        If there are too few images.
    """
    curve = measure_learning(estimator, train.X, train.labels, seed=seed, groups=train.groups, on_stage=on_stage)
    low, high = clopper_pearson(curve.errors, curve.asked)
    last = int(curve.sizes[-1])
    sizes = np.unique(np.geomspace(last, _FARTHEST * last, _POINTS).round().astype(int)).tolist()
    columns = (curve.sizes, curve.shares, low, high)
    return {
        "asked": int(curve.asked[-1]),
        "measured": [
            {"n": int(n), "error": float(error), "low": float(least), "high": float(most)}
            for n, error, least, most in zip(*columns, strict=True)
        ],
        "twice": asdict(curve.predict(2 * last)),
        "further": [asdict(curve.predict(n)) for n in sizes],
    }
