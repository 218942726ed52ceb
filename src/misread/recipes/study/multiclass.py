"""Steps 3 and 4 of the study: all classes at once, and where the errors go."""

from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from misread.analysis.confusion import by_column, by_row, confusion_counts, errors_only
from misread.analysis.pairs import most_confused_classes
from misread.evaluation.responses import boundary, responses
from misread.fitting.out_of_fold import OutOfFold, out_of_fold
from misread.models import SGDClassifier
from misread.models.pixels import set_shape
from misread.models.scaling import fit_scaler
from misread.models.zoo import make
from misread.recipes.study.asked import asked_about
from misread.recipes.study.step import Context, Outcome
from misread.recipes.study.why import asking_why, why_arrays
from misread.results.names import OPENED, title_of
from misread.tasks import Task, classification, leading_images

__all__ = [
    "held_out_arrays",
    "run_best",
    "run_chosen",
    "run_duels",
    "run_errors",
    "run_one_vs_rest",
    "run_sgd_raw",
    "run_sgd_scaled",
    "run_sgd_scaled_in_fold",
]

N_SVC_IMAGES = 2_000
BLOCK_SIDE = 5


def run_duels(context: Context) -> Outcome:
    """An SVC decides by a duel between each pair of classes."""
    task = classification(context.dataset)
    chosen = leading_images(task.y_train, N_SVC_IMAGES)
    model = SVC(random_state=context.seed).fit(task.X_train[chosen], task.y_train[chosen])
    first = task.X_train[:1]
    scores = model.decision_function(first)[0]
    model.decision_function_shape = "ovo"
    values = {
        "duels.prediction": context.dataset.class_names[model.predict(first)[0]],
        "duels.scores": scores.tolist(),
        "duels.pairwise_scores": np.ravel(model.decision_function(first)).tolist(),
        "duels.classes": [context.dataset.class_names[code] for code in model.classes_],
    }
    asked = asked_about(context, chosen)
    arrays: dict[str, Any] = {"duels.asked_images": asked.images, "duels.asked_labels": asked.labels}
    if len(asked.labels):
        arrays["duels.asked_predictions"] = model.predict(asked.X)
    return Outcome(values, arrays)


def run_one_vs_rest(context: Context) -> Outcome:
    """The same SVC, forced to one model per class."""
    task = classification(context.dataset)
    model = OneVsRestClassifier(SVC(random_state=context.seed))
    chosen = leading_images(task.y_train, N_SVC_IMAGES)
    model.fit(task.X_train[chosen], task.y_train[chosen])
    values = {
        "one_vs_rest.prediction": context.dataset.class_names[model.predict(task.X_train[:1])[0]],
        "one_vs_rest.n_estimators": len(model.estimators_),
    }
    asked = asked_about(context, chosen)
    if not len(asked.labels):
        return Outcome(values)
    return Outcome(values, {"one_vs_rest.asked_predictions": model.predict(asked.X)})


def _held_out(context: Context, task: Task, model: Any) -> OutOfFold:
    why = asking_why(task, context.dataset.shape)
    return out_of_fold(model, task.X_train, task.y_train, side_by_side=False, also=why)


def run_sgd_raw(context: Context) -> Outcome:
    """SGD on raw pixels, one against all."""
    task = classification(context.dataset)
    model = SGDClassifier(random_state=context.seed)
    held_out = _held_out(context, task, model)
    scores, predictions = responses(model.fit(task.X_train, task.y_train), task.X_train[:1])
    values = {
        "sgd_raw.first_prediction": context.dataset.class_names[predictions[0]],
        "sgd_raw.first_scores": np.ravel(scores).tolist(),
        "sgd_raw.cv_accuracy": held_out.fold_accuracies.tolist(),
    }
    return Outcome(values, held_out_arrays("sgd_raw", held_out) | _test_arrays("sgd_raw", model, task))


def run_sgd_scaled(context: Context) -> Outcome:
    """SGD on pixels standardised as the notebook does it: the scaler has seen the held-out images."""
    task = classification(context.dataset)
    scaler = fit_scaler(StandardScaler(), task.X_train)
    model = SGDClassifier(random_state=context.seed, scaler=FrozenEstimator(scaler))
    held_out = _held_out(context, task, model)
    arrays = held_out_arrays("sgd_scaled", held_out)
    if len(task.X_test):
        arrays |= _test_arrays("sgd_scaled", model.fit(task.X_train, task.y_train), task)
    return Outcome({"sgd_scaled.cv_accuracy": held_out.fold_accuracies.tolist()}, arrays)


def run_sgd_scaled_in_fold(context: Context) -> Outcome:
    """The clean way: the scaler is fitted inside each fold."""
    task = classification(context.dataset)
    model = SGDClassifier(random_state=context.seed, scaler=StandardScaler())
    held_out = out_of_fold(model, task.X_train, task.y_train, side_by_side=False)
    values = {"sgd_scaled_in_fold.cv_accuracy": held_out.fold_accuracies.tolist()}
    return Outcome(values, {"sgd_scaled_in_fold.predictions": held_out.predictions})


def run_chosen(context: Context) -> Outcome:
    """Any model of the zoo, judged like the others."""
    task = classification(context.dataset)
    model = set_shape(make(context.model, seed=context.seed), context.dataset.shape)
    held_out = _held_out(context, task, model)
    values = {"chosen.model": context.model, "chosen.cv_accuracy": held_out.fold_accuracies.tolist()}
    arrays = held_out_arrays("chosen", held_out)
    if len(task.X_test):
        arrays |= _test_arrays("chosen", model.fit(task.X_train, task.y_train), task)
        values["chosen.test_accuracy"] = float(np.mean(arrays["chosen.test_predictions"] == task.y_test))
    return Outcome(values, arrays)


def run_best(context: Context) -> Outcome:
    """The hero of the report: the model that was asked for, or that which reads most held-out images right."""
    labels = context.dataset.train.labels
    done = {name: array for one in context.done.values() for name, array in one.arrays.items()}
    chosen = context.done["chosen"].values if "chosen" in context.done else {}
    accuracy = {
        name: float(np.mean(done[f"{name}.predictions"] == labels))
        for name in OPENED
        if f"{name}.predictions" in done
    }
    best = "chosen" if chosen else max(accuracy, key=accuracy.__getitem__)
    return Outcome(
        {"best.step": best, "best.model": title_of(best, chosen), "best.held_out_accuracy": accuracy[best]}
    )


def run_errors(context: Context) -> Outcome:
    """Where the errors of the scaled linear model go: four matrices, and the images of its most confused pair."""
    task = classification(context.dataset)
    predictions = context.done["sgd_scaled"].arrays["sgd_scaled.predictions"]
    counts = confusion_counts(task.y_train, predictions, len(context.dataset.class_names))
    errors = errors_only(counts)
    values = {
        "errors.confusion": counts.tolist(),
        "errors.by_row": by_row(counts).tolist(),
        "errors.only_by_row": by_row(errors).tolist(),
        "errors.only_by_column": by_column(errors).tolist(),
    }
    return Outcome(values, _pair_blocks(context, task, predictions, np.array(most_confused_classes(counts))))


def _pair_blocks(context: Context, task: Task, predictions: np.ndarray, pair: np.ndarray) -> dict[str, np.ndarray]:
    """The first 5x5 images of true a / b by predicted a / b."""
    images = context.dataset.train.images
    blocks = np.zeros((2, 2, BLOCK_SIDE**2, *context.dataset.shape), np.uint8)
    for row, true in enumerate(pair):
        for column, predicted in enumerate(pair):
            chosen = np.flatnonzero((task.y_train == true) & (predictions == predicted))[: BLOCK_SIDE**2]
            blocks[row, column, : len(chosen)] = images[chosen]
    return {"errors.pair": pair, "errors.pair_images": blocks}


def held_out_arrays(name: str, held_out: OutOfFold) -> dict[str, Any]:
    """Scores, answers and folds; one column of scores says the second class above 0, whatever it came as."""
    return {
        f"{name}.scores": _above_zero(held_out.scores, held_out.boundaries),
        f"{name}.predictions": held_out.predictions,
        f"{name}.folds": held_out.folds,
        **why_arrays(name, held_out.also),
    }


def _test_arrays(name: str, fitted: Any, task: Task) -> dict[str, Any]:
    """The same of the test images, where there are any."""
    if not len(task.X_test):
        return {}
    scores, predictions = responses(fitted, task.X_test)
    return {
        f"{name}.test_scores": _above_zero(scores, boundary(fitted)),
        f"{name}.test_predictions": predictions,
    }


def _above_zero(scores: np.ndarray, limits: Any) -> np.ndarray:
    return scores if scores.ndim > 1 else scores - limits
