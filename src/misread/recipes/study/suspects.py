"""Model error or label error? Labels that the out-of-fold scores contradict, and the images nearest to them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.suspects import find_suspects, neighbor_verdicts, suspect_scores
from misread.evaluation.calibration import class_probabilities
from misread.models import KNeighborsClassifier
from misread.recipes.study.step import Context, Outcome
from misread.tasks import classification

__all__ = ["run_suspects", "why_too_few_neighbors"]

N_SUSPECTS = 400
N_NEIGHBORS = 10


def why_too_few_neighbors(context: Context) -> str | None:
    """The vote of the nearest images needs some."""
    return (
        None if len(context.dataset.train) > N_NEIGHBORS else f"there are no {N_NEIGHBORS} other training images"
    )


def run_suspects(context: Context) -> Outcome:
    """Confident learning on the out-of-fold scores of the opened model, checked by the nearest training images."""
    task = classification(context.dataset)
    probabilities = class_probabilities(task.y_train, context.opened("scores"))
    found = find_suspects(task.y_train, probabilities, limit=N_SUSPECTS)
    neighbors = nearest_others(task.X_train, task.y_train, found.index)
    neighbor_labels = task.y_train[neighbors]
    scores = suspect_scores(found.self_confidence, found.suggested, neighbor_labels)
    verdicts = neighbor_verdicts(found.given, found.suggested, neighbor_labels)
    order = np.argsort(-scores, kind="stable")
    arrays = {
        "suspects.index": found.index[order],
        "suspects.given": found.given[order],
        "suspects.suggested": found.suggested[order],
        "suspects.score": scores[order],
        "suspects.self_confidence": found.self_confidence[order],
        "suspects.suggested_confidence": found.suggested_confidence[order],
        "suspects.verdict": verdicts[order],
        "suspects.neighbors": neighbors[order],
    }
    counts = {name: int(np.count_nonzero(verdicts == name)) for name in ("label error", "unclear", "model error")}
    return Outcome({"suspects.verdicts": counts}, arrays)


def nearest_others(X: NDArray[Any], y: NDArray[Any], index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of the nearest other images to each of `index`, nearest first, shape (len(index), N_NEIGHBORS)."""
    if not len(index):
        return np.empty((0, N_NEIGHBORS), np.int64)
    model = KNeighborsClassifier(n_neighbors=N_NEIGHBORS + 1).fit(X, y)
    found = np.asarray(model.kneighbors(X[index], return_distance=False), np.int64)
    found_self = found == index[:, None]
    found_self[~found_self.any(axis=1), -1] = True
    return found[~found_self].reshape(len(index), N_NEIGHBORS)
