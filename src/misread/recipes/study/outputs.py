"""Steps 5 and 6 of the study: several labels per image, and images as the answer."""

import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.multioutput import ClassifierChain
from sklearn.svm import SVC

from misread.fitting.out_of_fold import out_of_fold
from misread.models import KNeighborsClassifier
from misread.recipes.study.asked import asked_about
from misread.recipes.study.step import Context, Outcome
from misread.tasks import Task, classification, denoising, large_and_odd, leading_images, multilabel

__all__ = ["run_chain", "run_denoise", "run_multilabel", "why_no_numbers"]

N_CHAIN_IMAGES = 2_000
N_CLEANED = 100
N_FOLDS = 3


def why_no_numbers(context: Context) -> str | None:
    """Large and odd are said of numbers only, and need some of each."""
    labels = large_and_odd(context.dataset)
    if labels is None:
        return "the classes are not numbers, so 'large' and 'odd' mean nothing"
    if any(len(set(column)) < 2 for column in zip(*labels.of_class.values(), strict=True)):
        return "the classes are not both large and small, or not both odd and even"
    return None


def run_multilabel(context: Context) -> Outcome:
    """Nearest neighbours answer two questions at once: is it large, is it odd?"""
    task = _task(context)
    model = KNeighborsClassifier()
    held_out = out_of_fold(model, task.X_train, task.y_train, cv=_folds(context), scores=False, side_by_side=False)
    first = model.fit(task.X_train, task.y_train).predict(task.X_train[:1])[0]
    values = {
        "multilabel.first_prediction": first.astype(bool).tolist(),
        "multilabel.f1_macro": f1_score(task.y_train, held_out.predictions, average="macro"),
        "multilabel.f1_weighted": f1_score(task.y_train, held_out.predictions, average="weighted"),
    }
    return Outcome(values, {"multilabel.predictions": held_out.predictions, "multilabel.folds": held_out.folds})


def _task(context: Context) -> Task:
    labels = large_and_odd(context.dataset)
    assert labels is not None  # or the step is skipped
    return multilabel(context.dataset, labels)


def _folds(context: Context) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three runs of images, as the notebook has them; the same share of every class where one would miss some."""
    labels = context.dataset.train.labels
    splits = list(KFold(N_FOLDS).split(labels))
    if all(len(np.unique(labels[train])) == len(np.unique(labels)) for train, _ in splits):
        return splits
    return list(StratifiedKFold(N_FOLDS).split(labels, labels))


def run_chain(context: Context) -> Outcome:
    """A chain of SVCs, the second of which sees what the first answered."""
    task = _task(context)
    model = ClassifierChain(SVC(), cv=3, random_state=context.seed)
    chosen = leading_images(context.dataset.train.labels, N_CHAIN_IMAGES)
    model.fit(task.X_train[chosen], task.y_train[chosen])
    asked = asked_about(context, chosen)
    arrays = {"multilabel.asked_labels": asked.labels}
    if len(asked.labels):
        arrays["multilabel.chain_asked_predictions"] = model.predict(asked.X).astype(bool)
    return Outcome({"multilabel.chain_prediction": model.predict(task.X_train[:1])[0].tolist()}, arrays)


def run_denoise(context: Context) -> Outcome:
    """Nearest neighbours vote on every pixel of the clean image."""
    task = denoising(context.dataset, context.seed)
    model = KNeighborsClassifier().fit(task.X_train, task.y_train)
    noisy, true = task.X_test[:N_CLEANED], task.y_test[:N_CLEANED]
    cleaned = model.predict(noisy)
    values = {
        "denoise.noisy_pixel_error": _pixel_error(noisy, true),
        "denoise.clean_pixel_error": _pixel_error(cleaned, true),
    }
    readable = classification(context.dataset)
    reader = KNeighborsClassifier().fit(readable.X_train, readable.y_train)
    labels = readable.y_test[:N_CLEANED]
    for name, seen in (("noisy", noisy), ("clean", cleaned), ("true", true)):
        read = reader.predict(np.clip(seen, 0, 255).astype(np.uint8))
        values[f"denoise.{name}_accuracy"] = float(np.mean(read == labels))
    shape = (len(noisy), *context.dataset.shape)
    arrays = {
        "denoise.noisy": noisy.reshape(shape),
        "denoise.cleaned": cleaned.astype(np.uint8).reshape(shape),
        "denoise.true": true.reshape(shape),
    }
    return Outcome(values, arrays)


def _pixel_error(images: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(images.astype(np.int64) - true).mean())
