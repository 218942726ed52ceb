"""Learning curves: a model fitted on more and more of the training images, asked about others."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from misread.errors import ParameterError
from misread.evaluation.learning import LearningCurve
from misread.models.held_out import held_out_part

__all__ = ["measure_learning"]

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
ASKED = 0.2
_MOST_TIMES = 4


def measure_learning(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[np.int64],
    *,
    seed: int = 42,
    groups: NDArray[np.str_] | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> LearningCurve:
    """Fit clones on an eighth, a quarter, half and all of four fifths of the images; ask about the rest.

    Small parts are taken several times, so that they count as much.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    X : ndarray of shape (n, n_features)
    y : ndarray of int64, shape (n,)
    seed : int
        Of the choice of images.
    groups : ndarray of str, shape (n,), optional
        The images that are asked about are then of groups that none is learnt from.
    on_stage : callable of str
        Told what starts.

    Raises
    ------
    ParameterError
        If there are too few images.
    """
    rng = np.random.default_rng(seed)
    rest, held = held_out_part(np.unique(y, return_inverse=True)[1], ASKED, rng, groups)
    counts = np.bincount(np.unique(y[rest], return_inverse=True)[1])
    if not len(held) or counts.min() / 8 < 1:
        raise ParameterError(
            f"a learning curve needs ten training images of every class and a hundred in all, got {len(y)} with "
            f"{counts.min()} of the smallest class to learn from; add images first"
        )
    sizes, errors = [], []
    for share in SHARES:
        parts = _parts(y, rest, share, rng)
        on_stage(f"Learning from {len(parts[0]):,} images, {len(parts)} times")
        wrong = [np.count_nonzero(clone(estimator).fit(X[p], y[p]).predict(X[held]) != y[held]) for p in parts]
        sizes.append(len(parts[0]))
        errors.append(round(float(np.mean(wrong))))
    return LearningCurve.from_counts(sizes, errors, len(held))


def _parts(
    y: NDArray[np.int64], rest: NDArray[np.int64], share: float, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Disjoint parts of about that share, the same of every class."""
    times = min(_MOST_TIMES, round(1 / share))
    parts: list[list[NDArray[np.int64]]] = [[] for _ in range(times)]
    for code in np.unique(y[rest]):
        own = rng.permutation(rest[y[rest] == code])
        n = max(1, int(len(own) * share))
        for one, part in enumerate(parts):
            part.append(own[one * n : (one + 1) * n])
    return [np.sort(np.concatenate(part)) for part in parts]
