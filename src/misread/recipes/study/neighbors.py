"""Step 7 of the study: nearest neighbours, tuned and given more data, past 97%."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.images.transforms import shifted_copies
from misread.models import KNeighborsClassifier, KNeighborsClassifierCV
from misread.recipes.study.step import Context, Outcome
from misread.tasks import Task, classification, leading_images

__all__ = ["run_knn", "run_knn_augmented", "why_no_test"]

N_GRID_IMAGES = 10_000
N_FOLDS = 5
BASELINE: dict[str, Any] = {"n_neighbors": 5, "weights": "uniform"}


def why_no_test(context: Context) -> str | None:
    """Accuracy is measured on test images."""
    return None if len(context.dataset.test) else "the data set has no test images"


def run_knn(context: Context) -> Outcome:
    """A grid over k and weights on training images; then the baseline and the winner on the test images."""
    task = classification(context.dataset)
    chosen = leading_images(task.y_train, N_GRID_IMAGES)
    n_folds = min(N_FOLDS, int(np.bincount(task.y_train[chosen]).max()))
    grid = KNeighborsClassifierCV(n_neighbors=(3, 4, 5, 6), weights=("uniform", "distance"), cv=n_folds)
    grid.fit(task.X_train[chosen], task.y_train[chosen])
    best = dict(grid.best_params_)
    baseline, tuned = _test_predictions(task, task.X_train, task.y_train, [BASELINE, best])
    values = {
        "knn.baseline_accuracy": _accuracy(baseline, task),
        "knn.best_params": best,
        "knn.best_score": float(grid.best_score_),
        "knn.grid_scores": [
            {**params, "mean_accuracy": float(score)}
            for params, score in zip(grid.cv_results_["params"], grid.cv_results_["mean_test_score"], strict=True)
        ],
        "knn.tuned_accuracy": _accuracy(tuned, task),
    }
    return Outcome(values, {"knn.baseline_predictions": baseline, "knn.tuned_predictions": tuned})


def run_knn_augmented(context: Context) -> Outcome:
    """The winner with four shifted copies of every training image."""
    task = classification(context.dataset)
    images = shifted_copies(context.dataset.train.images)
    best = context.done["knn"].values["knn.best_params"]
    X, y = images.reshape(len(images), -1), np.tile(task.y_train, 5)
    (predictions,) = _test_predictions(task, X, y, [best])
    return Outcome(
        {"knn.augmented_accuracy": _accuracy(predictions, task)}, {"knn.augmented_predictions": predictions}
    )


def _accuracy(predictions: NDArray[np.int64], task: Task) -> float:
    return float(np.mean(predictions == task.y_test))


def _test_predictions(
    task: Task, X: NDArray[np.uint8], y: NDArray[np.int64], settings: list[dict[str, Any]]
) -> list[NDArray[np.int64]]:
    """What each setting predicts for the test images, all from one search."""
    model = KNeighborsClassifier(max(setting["n_neighbors"] for setting in settings)).fit(X, y)
    distances, indices = model.kneighbors(task.X_test)
    return [
        model.vote(
            distances[:, : setting["n_neighbors"]], indices[:, : setting["n_neighbors"]], setting["weights"]
        )
        for setting in settings
    ]
