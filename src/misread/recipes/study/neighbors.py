"""Step 7 of the study: nearest neighbours, tuned and given more data, past 97%."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data import memory
from misread.fitting.out_of_fold import out_of_fold
from misread.images.transforms import shifted_copies
from misread.models import KNeighborsClassifier, KNeighborsClassifierCV
from misread.models.neighbors_votes import neighbor_weights, vote_shares
from misread.recipes.study.layout import nearly_the_same
from misread.recipes.study.multiclass import held_out_arrays
from misread.recipes.study.step import Context, Outcome
from misread.recipes.study.why import asking_why
from misread.tasks import Task, classification, leading_images

__all__ = ["run_knn", "run_knn_augmented", "run_knn_held_out", "run_knn_test", "why_no_copies", "why_no_test"]

N_GRID_IMAGES = 10_000
N_FOLDS = 5
N_COPIES = 4
MOST_CHANGED = 60
"""Images that the shifted copies mended, and that they broke, each."""
BASELINE: dict[str, Any] = {"n_neighbors": 5, "weights": "uniform"}


def why_no_test(context: Context) -> str | None:
    """Accuracy is measured on test images."""
    return None if len(context.dataset.test) else "the data set has no test images"


def why_no_copies(context: Context) -> str | None:
    """Shifted copies are measured on test images, and take five times the memory of the training images."""
    needed, limit = (1 + N_COPIES) * context.dataset.train.images.nbytes, memory.most_memory()
    if needed <= limit:
        return why_no_test(context)
    return (
        f"the copies take {memory.in_words(needed)} of memory, and {memory.in_words(limit)} is the limit; allow "
        f"more with {memory.VARIABLE}={memory.enough(needed)}"
    )


def run_knn(context: Context) -> Outcome:
    """A grid over k and weights on training images."""
    task = classification(context.dataset)
    chosen = leading_images(task.y_train, N_GRID_IMAGES)
    n_folds = min(N_FOLDS, int(np.bincount(task.y_train[chosen]).max()))
    grid = KNeighborsClassifierCV(n_neighbors=(3, 4, 5, 6), weights=("uniform", "distance"), cv=n_folds)
    grid.fit(task.X_train[chosen], task.y_train[chosen])
    values = {
        "knn.best_params": dict(grid.best_params_),
        "knn.best_score": float(grid.best_score_),
        "knn.grid_scores": [
            {**params, "mean_accuracy": float(score)}
            for params, score in zip(grid.cv_results_["params"], grid.cv_results_["mean_test_score"], strict=True)
        ],
    }
    return Outcome(values)


def run_knn_held_out(context: Context) -> Outcome:
    """The winner asked about every training image while it is held out, in the folds of the other models."""
    task = classification(context.dataset)
    model = KNeighborsClassifier(**context.done["knn"].values["knn.best_params"])
    why = asking_why(task, context.dataset.shape)
    held_out = out_of_fold(model, task.X_train, task.y_train, side_by_side=False, also=why)
    return Outcome({"knn.cv_accuracy": held_out.fold_accuracies.tolist()}, held_out_arrays("knn", held_out))


def run_knn_test(context: Context) -> Outcome:
    """The baseline and the winner on the test images, from one search."""
    task = classification(context.dataset)
    best = context.done["knn"].values["knn.best_params"]
    found = _test_neighbors(task, task.X_train, task.y_train, [BASELINE, best])
    (baseline, _), (tuned, scores) = _votes(found, task.y_train, [BASELINE, best])
    values = {"knn.baseline_accuracy": _accuracy(baseline, task), "knn.tuned_accuracy": _accuracy(tuned, task)}
    arrays = {
        "knn.baseline_predictions": baseline,
        "knn.tuned_predictions": tuned,
        "knn.test_scores": scores,
        "knn.test_predictions": tuned,
        "copies.pairs": nearly_the_same(task.X_test, found[1][:, 0], found[2][:, 0]),
    }
    return Outcome(values, arrays)


def run_knn_augmented(context: Context) -> Outcome:
    """The winner with four shifted copies of every training image."""
    task = classification(context.dataset)
    images = shifted_copies(context.dataset.train.images)
    best = context.done["knn"].values["knn.best_params"]
    X, y = images.reshape(len(images), -1), np.tile(task.y_train, 5)
    ((predictions, _),) = _votes(_test_neighbors(task, X, y, [best]), y, [best])
    before, after = (
        context.done["knn_test"].arrays["knn.tuned_predictions"] == task.y_test,
        predictions == task.y_test,
    )
    changed = np.sort(
        np.concatenate([np.flatnonzero(one)[:MOST_CHANGED] for one in (after & ~before, before & ~after)])
    )
    arrays = {
        "knn.augmented_predictions": predictions,
        "knn.changed": changed,
        "knn.changed_images": np.array(context.dataset.test.images[changed]),
    }
    return Outcome({"knn.augmented_accuracy": _accuracy(predictions, task)}, arrays)


def _accuracy(predictions: NDArray[np.int64], task: Task) -> float:
    return float(np.mean(predictions == task.y_test))


def _test_neighbors(
    task: Task, X: NDArray[np.uint8], y: NDArray[np.int64], settings: list[dict[str, Any]]
) -> tuple[KNeighborsClassifier, NDArray[np.float64], NDArray[np.int64]]:
    """The model, and distances and positions of as many neighbours of each test image as any setting asks for."""
    model = KNeighborsClassifier(max(setting["n_neighbors"] for setting in settings)).fit(X, y)
    return model, *model.kneighbors(task.X_test)


def _votes(
    found: tuple[KNeighborsClassifier, NDArray[np.float64], NDArray[np.int64]],
    y: NDArray[np.int64],
    settings: list[dict[str, Any]],
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """What each setting answers for the test images, and its scores, all from one search."""
    model, distances, indices = found
    answers = []
    for setting in settings:
        k, weights = setting["n_neighbors"], setting["weights"]
        shares = vote_shares(y[indices[:, :k]], neighbor_weights(distances[:, :k], weights), int(y.max()) + 1)
        scores = shares[:, 1] - 0.5 if shares.shape[1] == 2 else shares
        answers.append((model.vote(distances[:, :k], indices[:, :k], weights), scores))
    return answers
