"""Judge a trained model on images that it has not seen."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.why import explain
from misread.bundle import Bundle, Evidence
from misread.data import Dataset, Split
from misread.data.corrected import Corrected
from misread.data.labels import Labels
from misread.data.words import composed
from misread.errors import ParameterError
from misread.evaluation.chances import uncalibrated
from misread.evaluation.responses import boundary, gives_shares
from misread.evaluation.scores import first_yes, leads
from misread.recipes.metrics import (
    chance_metrics,
    classifier_metrics,
    detector_metrics,
    multilabel_metrics,
    point_metrics,
    share,
)
from misread.recipes.operating import verdict
from misread.recipes.pictured import gallery_arrays
from misread.recipes.study import StudyResult
from misread.recipes.unseen import as_trained, judging_images
from misread.tasks import Task, Wanted, make_task

__all__ = ["Judged", "evaluate", "judge", "unseen_images"]

N_CLEANED = 1_000
NEIGHBORS_SHOWN = 3
MOST_NEIGHBORS = 2_000


@dataclass(frozen=True, eq=False)
class Judged:
    """What was found on the test images of a task.

    Attributes
    ----------
    metrics : dict
        Plain values; shares with exact intervals.
    evidence : Evidence or None
        For the operating point.
    arrays : dict of str to ndarray
        Scores and predictions, or cleaned images.
    """

    metrics: dict[str, Any]
    evidence: Evidence | None
    arrays: dict[str, NDArray[Any]]


def judge(bundle: Bundle, task: Task) -> Judged:
    """Ask a model about the test images of a task and count what is right."""
    manifest = bundle.manifest
    images = task.X_test.reshape(len(task.X_test), *manifest.image_size)
    if task.name == "denoising":
        return _judge_denoising(bundle, images[:N_CLEANED], task.y_test[:N_CLEANED])
    answers = bundle.answer(images)
    arrays = {"scores": answers.scores, "predictions": answers.labels}
    if task.name == "multilabel":
        labels = answers.labels.astype(np.int64)
        return Judged(multilabel_metrics(task.y_test, labels, manifest.outputs), None, arrays)
    point = manifest.operating_point
    if task.name == "detector":
        evidence = Evidence(task.y_test.astype(bool), answers.scores[:, 0])
        metrics = detector_metrics(evidence, answers.labels)
    else:
        evidence = Evidence(answers.labels == task.y_test, leads(answers.scores, answers.labels))
        metrics = classifier_metrics(task.y_test, answers.labels, evidence, manifest.classes, point)
        if answers.unlike is not None:
            metrics["unlike"] = share(int(np.count_nonzero(answers.unlike)), len(task.y_test))
        if len(manifest.classes) > 1:
            before = uncalibrated(answers.scores, gives_shares(bundle.estimator))
            metrics["chances"] = chance_metrics(task.y_test, answers.labels, before, answers.probabilities)
    if point is not None:
        metrics["operating_point"] = verdict(point_metrics(evidence, point, task.name), point)
    return Judged(metrics, evidence, arrays)


def evaluate(
    bundle: Bundle, dataset: Dataset, *, labels: Labels | None = None, every: bool = False
) -> StudyResult:
    """Judge a model on the test images of a data set.

    Images that the model was trained on are left out with a warning, except for copies of them among the test
    images of the very set it was trained on.

    Parameters
    ----------
    bundle : Bundle
    dataset : Dataset
        Of the model's image size; classes are matched by name.
    labels : Labels, optional
        What a model of several labels is to be judged by.
    every : bool
        Judge on the training images of `dataset` too: for a set that the model has not seen.

    Returns
    -------
    StudyResult
        Values are named `model.*`. Arrays, all that `misread.report.write_report` needs: `labels.test`, class
        codes of the model; `model.scores` and `model.predictions` of the test images; `model.held_out.truth` and
        `model.held_out.scores`, the out-of-fold evidence in the model file; `gallery.index` and `gallery.images`,
        misread test images and a fair sample of the others. The manifest holds that of the model as `model`, and
        as `threshold` the score from which a detector says yes.

    Raises
    ------
    ParameterError
        If the data set does not fit the model, has no test images, or holds what the model was trained on.
    """
    images = unseen_images(bundle, dataset, every)
    wanted = Wanted(bundle.manifest.positive, labels, bundle.manifest.task == "denoising")
    if bundle.manifest.task == "multilabel" and labels is None:
        raise ParameterError("this model gives several labels; say what is right with --labels FILE")
    if labels is not None and labels.names != bundle.manifest.outputs:
        raise ParameterError(f"the model's labels are {bundle.manifest.outputs}, the file's are {labels.names}")
    task = make_task(images, wanted, seed=42)
    judged = judge(bundle, task)
    manifest: dict[str, Any] = {
        "dataset": {
            "name": dataset.name,
            "sha256": dataset.sha256,
            "source": "; ".join((dataset.source, *images.notes)),
            "class_names": list(images.class_names),
            "n_train": 0,
            "n_test": len(images.test),
            "shape": list(images.shape),
        },
        "positive": bundle.manifest.positive or "",
        "model": bundle.manifest.as_json(),
        "threshold": _own_threshold(bundle),
        "versions": dict(bundle.manifest.versions),
    }
    values = {f"model.{name}": value for name, value in judged.metrics.items()}
    if dataset.corrected is not None:
        manifest["dataset"]["corrections"] = dataset.corrected.as_json()
        values |= _as_given(bundle, dataset.corrected, wanted, every)
    return StudyResult(
        values=values,
        arrays={
            "labels.test": images.test.labels,
            "model.names": images.test.names,
            "model.hashes": images.test.hashes,
            **{f"model.{name}": array for name, array in judged.arrays.items()},
            **_pictured(bundle, images, task, judged),
        },
        manifest=manifest,
    )


def _as_given(bundle: Bundle, corrected: Corrected, wanted: Wanted, every: bool) -> dict[str, Any]:
    """The same numbers by the labels before correction, where they are others."""
    if wanted.denoise or not (corrected.of_tests or (every and corrected.train.changed)):
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said of the corrected images
        images = unseen_images(bundle, corrected.original, every)
    return {"model.as_given": judge(bundle, make_task(images, wanted, seed=42)).metrics}


def _own_threshold(bundle: Bundle) -> float | None:
    """From which score on a detector says yes."""
    if bundle.manifest.task != "detector":
        return None
    point = bundle.manifest.operating_point
    return first_yes(boundary(bundle.estimator)) if point is None else point.threshold


def _pictured(bundle: Bundle, images: Dataset, task: Task, judged: Judged) -> dict[str, NDArray[Any]]:
    """What a report shows besides the answers: images, and the scores that a threshold may be chosen on."""
    if task.name not in ("classification", "detector"):
        return {}
    answers = judged.arrays
    arrays = gallery_arrays(
        images.test.images, task.y_test, answers["predictions"], answers["scores"], _own_threshold(bundle)
    )
    if task.name == "classification":
        arrays |= _why(bundle, task, answers["predictions"], images.shape)
    if bundle.held_out is not None:
        arrays["model.held_out.truth"] = bundle.held_out.truth
        arrays["model.held_out.scores"] = bundle.held_out.scores
    return arrays


def _why(bundle: Bundle, task: Task, predictions: NDArray[Any], shape: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """Why test images were misread, and the training images that say so."""
    found = explain(bundle.estimator, task.X_test, task.y_test, predictions.astype(np.int64), shape)
    if "weights" in found:
        found["weights"] = found["weights"][None]
    if "neighbors" in found:
        index = np.unique(found["neighbors"][:, :NEIGHBORS_SHOWN])[:MOST_NEIGHBORS]
        found |= {"index": index, "images": bundle.estimator._fit_X[index].reshape(-1, *shape)}
        found["labels"] = bundle.estimator.classes_[bundle.estimator._y[index]].astype(np.int64)
    return {f"model.why.{name}": array for name, array in found.items()}


def unseen_images(bundle: Bundle, dataset: Dataset, every: bool) -> Dataset:
    """The images to judge on as the test images of a data set with the model's classes."""
    manifest = bundle.manifest
    dataset = as_trained(bundle, dataset)
    if dataset.shape != manifest.image_size:
        raise ParameterError(
            f"the model takes images of {manifest.image_size}, {dataset.name} has {dataset.shape}"
        )
    known = [composed(name) for name in manifest.classes]
    unknown = [name for name in dataset.class_names if name not in known]
    if unknown:
        raise ParameterError(
            f"{dataset.name} has the class {unknown[0]!r}, which the model does not know; "
            f"it knows {', '.join(manifest.classes[:20])}"
        )
    codes = np.array([known.index(name) for name in dataset.class_names], np.int64)
    judged, remark = judging_images(bundle, dataset, every)
    if remark:
        warnings.warn(remark, stacklevel=3)
    test = replace(judged, labels=codes[judged.labels])
    train = Split(bundle.example_images[:1], bundle.example_labels[:1])
    notes = (remark,) if remark else ()
    return Dataset(dataset.name, train, test, manifest.classes, dataset.source, dataset.licence, notes)


def _judge_denoising(bundle: Bundle, noisy: NDArray[np.uint8], true: NDArray[np.uint8]) -> Judged:
    cleaned = bundle.denoise(noisy)
    true = true.reshape(noisy.shape)
    metrics = {
        "n": len(noisy),
        "noisy_pixel_error": _pixel_error(noisy, true),
        "clean_pixel_error": _pixel_error(cleaned, true),
    }
    return Judged(metrics, None, {"noisy": noisy[:100], "cleaned": cleaned[:100], "true": true[:100]})


def _pixel_error(images: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    return float(np.abs(images.astype(np.int64) - true).mean())
