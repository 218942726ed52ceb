"""Judge a trained model on images that it has not seen."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from misread.analysis.why import explain
from misread.bundle import Bundle
from misread.bundle.answers import as_answers
from misread.bundle.asking import answer_all
from misread.bundle.watch import Watch
from misread.data import Dataset, Split
from misread.data.dataset import Corrected
from misread.data.labels import Labels
from misread.data.words import composed
from misread.errors import ParameterError
from misread.evaluation.answers import Answers
from misread.recipes.enough import learning_of
from misread.recipes.metrics import metrics_of, multilabel_metrics, promise_kept, share
from misread.recipes.pictured import gallery_of
from misread.recipes.unseen import as_trained, judging_images
from misread.results.answers import arrays_of
from misread.results.study import StudyResult
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
    answers : Answers or None
        Of a classifier or detector.
    arrays : dict of str to ndarray
        What the others said: scores and predictions of several labels, or cleaned images.
    """

    metrics: dict[str, Any]
    answers: Answers | None = None
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def judge(bundle: Bundle, task: Task, groups: NDArray[np.str_] | None = None) -> Judged:
    """Ask a model about the test images of a task and count what is right, in each of their groups, too."""
    manifest = bundle.manifest
    images = task.X_test.reshape(len(task.X_test), *manifest.image_size)
    if task.name == "denoising":
        return _judge_denoising(bundle, images[:N_CLEANED], task.y_test[:N_CLEANED])
    said = answer_all(bundle, images)
    if task.name == "multilabel":
        metrics = multilabel_metrics(task.y_test, said.labels.astype(np.int64), manifest.outputs, groups)
        return Judged(metrics, arrays={"model.scores": said.scores, "model.predictions": said.labels})
    answers = replace(as_answers(bundle, said, task.y_test), groups=groups)
    metrics = metrics_of(answers, said.probabilities, with_chances=True)
    if said.unlike is not None:
        metrics["unlike"] = share(int(np.count_nonzero(said.unlike)), len(answers))
    if manifest.operating_point is not None:
        metrics["operating_point"] = promise_kept(answers, manifest.operating_point)
    return Judged(metrics, answers)


def evaluate(
    bundle: Bundle,
    dataset: Dataset,
    *,
    labels: Labels | None = None,
    every: bool = False,
    enough: bool = False,
    on_stage: Callable[[str], None] = lambda stage: None,
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
    enough : bool
        Measure, too, how a model like this learns from more and more of the training images, which must be those
        that this one learnt from.
    on_stage : callable of str
        Told what starts.

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
    if enough:
        _check_learnt_from(bundle, dataset)
    images = unseen_images(bundle, dataset, every)
    wanted = Wanted(bundle.manifest.positive, labels, bundle.manifest.task == "denoising")
    if bundle.manifest.task == "multilabel" and labels is None:
        raise ParameterError("this model gives several labels; say what is right with --labels FILE")
    if labels is not None and labels.names != bundle.manifest.outputs:
        raise ParameterError(f"the model's labels are {bundle.manifest.outputs}, the file's are {labels.names}")
    task = make_task(images, wanted, seed=42)
    judged = judge(bundle, task, images.test.groups)
    _say_what_differs(bundle, images.test.images)
    answers, about = judged.answers, bundle.manifest.as_json()
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
        "model": about if answers is None else {**about, "scale": answers.scale},
        "threshold": None if answers is None or answers.positive is None else answers.threshold,
        "versions": dict(bundle.manifest.versions),
    }
    values = {f"model.{name}": value for name, value in judged.metrics.items()}
    if enough:
        seed = bundle.manifest.training.get("seed", 42)
        values["model.enough"] = learning_of(clone(bundle.estimator), dataset.train, seed, on_stage)
    if dataset.corrected is not None:
        manifest["dataset"]["corrections"] = dataset.corrected.as_json()
        values |= _as_given(bundle, dataset.corrected, wanted, every)
    return StudyResult(
        values=values,
        arrays={
            **judged.arrays,
            **({} if answers is None else arrays_of(answers) | _pictured(bundle, images, answers)),
            "labels.test": images.test.labels,
            "model.names": images.test.names,
            "model.hashes": images.test.hashes,
        },
        manifest=manifest,
    )


def _check_learnt_from(bundle: Bundle, dataset: Dataset) -> None:
    """A learning curve is that of the data a model learnt from."""
    manifest = bundle.manifest
    if manifest.task != "classification":
        raise ParameterError(
            f"--enough is for models that tell classes apart; this one is for {manifest.task}: leave it out"
        )
    if not dataset.is_described_by(manifest.dataset):
        raise ParameterError(
            f"--enough asks whether more training images would help, and the model learnt from "
            f"{manifest.dataset.get('name', 'others')}, not from these of {dataset.name}; give the data that it "
            "learnt from, or leave it out"
        )


def _as_given(bundle: Bundle, corrected: Corrected, wanted: Wanted, every: bool) -> dict[str, Any]:
    """The same numbers by the labels before correction, where they are others."""
    if wanted.denoise or not (corrected.of_tests or (every and corrected.train.changed)):
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said of the corrected images
        images = unseen_images(bundle, corrected.original, every)
    return {"model.as_given": judge(bundle, make_task(images, wanted, seed=42)).metrics}


def _say_what_differs(bundle: Bundle, images: NDArray[np.uint8]) -> None:
    """Warn of images that are, as a whole, not like those that the model was trained on."""
    if bundle.manifest.task == "denoising":
        return
    some = images[np.linspace(0, len(images) - 1, min(len(images), N_CLEANED)).astype(np.intp)]
    watch = Watch(bundle)
    watch.add(some, bundle.answer(some))
    said = watch.said()
    if said is not None:
        warnings.warn(said, stacklevel=4)


def _pictured(bundle: Bundle, images: Dataset, answers: Answers) -> dict[str, NDArray[Any]]:
    """What a report shows besides the answers: images, and the scores that a threshold may be chosen on."""
    arrays = gallery_of(answers, images.test.images)
    if answers.positive is None:
        arrays |= _why(bundle, images.test.X, answers, images.shape)
    if bundle.held_out is not None:
        arrays["model.held_out.truth"] = bundle.held_out.truth
        arrays["model.held_out.scores"] = bundle.held_out.scores
    return arrays


def _why(
    bundle: Bundle, X: NDArray[np.uint8], answers: Answers, shape: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    """Why test images were misread, and the training images that say so."""
    found = explain(bundle.estimator, X, answers.labels, answers.predictions, shape)
    if "weights" in found:
        found["weights"] = found["weights"][None]
    if "neighbors" in found:
        index = np.unique(found["neighbors"][:, :NEIGHBORS_SHOWN])[:MOST_NEIGHBORS]
        images, codes = bundle.estimator.learnt()
        found |= {"index": index, "images": images[index].reshape(-1, *shape)}
        found["labels"] = bundle.estimator.classes_[codes[index]].astype(np.int64)
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
    shown = {"noisy": noisy[:100], "cleaned": cleaned[:100], "true": true[:100]}
    return Judged(metrics, arrays={f"model.{name}": some for name, some in shown.items()})


def _pixel_error(images: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    return float(np.abs(images.astype(np.int64) - true).mean())
