"""Train a model so that it can be trusted: fitted once, judged on unseen images, kept with the evidence."""

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from misread.bundle import Bundle, Manifest
from misread.bundle.answers import evidence_of
from misread.data import Dataset, load
from misread.data.content import image_hashes
from misread.data.labels import Labels
from misread.data.summary import summarise
from misread.errors import ParameterError
from misread.evaluation.answers import Answers
from misread.fitting.answers import held_out_answers
from misread.fitting.enough import N_FOLDS, check_both_answers, check_counts, fewer_neighbours
from misread.fitting.folds import folds_by_class
from misread.fitting.hold_out import Fitted, fit_and_hold_out
from misread.fitting.out_of_fold import OutOfFold
from misread.fitting.prepare import prepared
from misread.fitting.refusing import naming_what_is_refused
from misread.images.fit import fitted_already
from misread.models import KNeighborsClassifier
from misread.models.augmented import DeformedCopiesClassifier
from misread.recipes.chances import calibration_of, chances_apart
from misread.recipes.evaluate import judge
from misread.recipes.grouped import mixed_metrics, nameless
from misread.recipes.metrics import metrics_of, multilabel_metrics
from misread.recipes.operating import check_aim, choose_threshold, scores_in_words
from misread.recipes.unlike import REJECT_RATE, check_reject_rate, telling_unlike
from misread.results.provenance import packages_behind, versions_of
from misread.tasks import Task, Wanted, class_name, make_task

__all__ = ["Stage", "bundled", "manifest_of", "train"]

_MOST_NOTES = 50
N_EXAMPLES = 5_000

Stage = Callable[[str], None]


def train(
    model: str | BaseEstimator,
    data: Dataset | str | os.PathLike[str] = "digits",
    *,
    positive: str | int | None = None,
    labels: Labels | None = None,
    denoise: bool = False,
    precision: float | None = None,
    recall: float | None = None,
    confidence: float | None = None,
    reject_rate: float = REJECT_RATE,
    params: Mapping[str, Any] | None = None,
    seed: int = 42,
    fit: str | None = None,
    augment: bool = False,
    command: str = "",
    on_stage: Stage = lambda stage: None,
    **reading: Any,
) -> Bundle:
    """Train a model on the training images of a data set and judge it on the test images.

    Thresholds are chosen on scores of training images that were held out: in folds, or, where a model holds out
    enough by itself (networks, edge kernels), on these, which spares training it once more for every fold.

    Parameters
    ----------
    model : str or estimator
        A name of the zoo, or any scikit-learn classifier; it is cloned.
    data : Dataset, name or path
    positive : str or int, optional
        Name of the class to detect (5 is "5"); all classes are told apart by default.
    labels : Labels, optional
        Several yes-or-no labels to learn instead.
    denoise : bool
        Learn to take noise out of images instead.
    precision, recall : float in (0, 1], optional
        Choose an operating point that reaches this on held-out scores. For a classifier, precision is the
        share of right ones among the answers that it is sure of.
    confidence : float in (0, 1), optional
        Have the lower bound of the precision reach it, instead of the plain share.
    reject_rate : float from 0 to below 0.5, default 0.01
        The share of held-out images that it may call unlike all that it learnt; 0: it calls none so.
    params : mapping, optional
        Parameters of a model of the zoo that differ from its own.
    seed : int, default 42
        Random state of a model of the zoo, and of the noise.
    fit : {'stretch', 'pad', 'mnist'}, optional
        How new images are brought to the size of the training images: as these were, where their set says so;
        where they came as they are, by 'stretch', or by 'mnist' if that changes none of them, as is so with MNIST.
    augment : bool
        Learn from four bent copies of every training image as well: turned, slanted, stretched and moved at
        random. Held-out images are never bent. Models that learn from bent copies anyway are trained as ever.
    command : str
        What to write down as the command that trained the model.
    on_stage : callable of str
        Told what starts.
    **reading
        How a name or path is read, such as `size` and `invert`: see `misread.load`. New images are treated alike.

    Returns
    -------
    Bundle
        To ask, or to `misread.bundle.save`.

    Raises
    ------
    ParameterError
        If the parameters do not fit together or to the data, or the operating point cannot be reached.
    DataError
        If the data cannot be had.

    Examples
    --------
    >>> import misread
    >>> model = misread.train("sgd", "digits", positive=5, precision=0.95)
    >>> model.manifest.metrics["test"]["operating_point"]["verdict"]
    'held within sampling error'
    """
    dataset = _loaded(data, fit, reading)
    positive = None if positive is None else class_name(dataset, positive)
    task = make_task(dataset, Wanted(positive, labels, denoise), seed)
    aim = {"precision": precision, "recall": recall, "confidence": confidence}
    has_aim = any(value is not None for value in aim.values())
    check_reject_rate(reject_rate)
    if has_aim:
        check_aim(task.name, **aim)
    estimator, name, params = _checked(model, dataset, task, params, seed, labels)
    if augment:
        estimator = _augmented(estimator, name, task, seed, dataset.shape)
    with naming_what_is_refused(name):
        fitted = _fit(estimator, dataset, task, on_stage)
    if isinstance(fitted.estimator, DeformedCopiesClassifier):
        fitted = replace(fitted, estimator=fitted.estimator.estimator_)  # the copies are not needed any more
    answers, point = None, None
    if fitted.held_out is not None:
        _say_what_disagrees(name, fitted.held_out)
    if task.name in ("classification", "detector"):
        answers = held_out_answers(fitted, dataset.train, dataset.class_names, positive)
    if answers is not None and has_aim:
        evidence = evidence_of(answers)
        words = scores_in_words(evidence, _described(dataset))
        point = choose_threshold(evidence, task.name, chosen_on=words, **aim)
    training = {
        "seed": seed,
        "fit": fit,
        "labels": None if labels is None else labels.as_json(),
        "reject_rate": None if denoise else reject_rate,
        "augment": augment or None,
    }
    manifest = manifest_of(
        dataset,
        task.name,
        name,
        fitted.estimator,
        fit=fit,
        params=params,
        positive=positive,
        outputs=labels.names if labels else (),
        operating_point=point,
        command=command,
        training=training,
    )
    bundle = bundled(manifest, fitted.estimator, dataset, answers, reject_rate)
    before = dataset.corrected.original if dataset.corrected is not None and dataset.corrected.of_tests else None
    as_given = None if before is None or denoise else make_task(before, Wanted(positive, labels), seed)
    bundle = _measured(bundle, task, fitted, dataset, on_stage, as_given)
    return _beside_mixed(bundle, estimator, task, fitted, dataset, on_stage)


def _loaded(data: Dataset | str | os.PathLike[str], fit: str | None, reading: Mapping[str, Any]) -> Dataset:
    """The data set; one that is loaded already says itself how it was."""
    if not isinstance(data, Dataset):
        return load(data, fit=fit or "stretch", **reading)
    if reading:
        raise ParameterError(f"{data.name} is loaded already: give {sorted(reading)[0]} to misread.load")
    if fit and data.fit and fit != data.fit:
        raise ParameterError(f"the images of {data.name} were fitted by {data.fit!r}, not {fit!r}; leave out fit")
    return data


def _checked(
    model: str | BaseEstimator,
    dataset: Dataset,
    task: Task,
    params: Mapping[str, Any] | None,
    seed: int,
    labels: Labels | None,
) -> tuple[Any, str, dict[str, Any]]:
    """The unfitted estimator, its name and parameters, after all that can be refused before anything is fitted."""
    params = dict(params or {})
    if model == "knn" and "n_neighbors" not in params:
        params |= fewer_neighbours(len(dataset.train), task.name)
    estimator, name = prepared(model, task, seed, params, dataset.shape)
    if task.name != "denoising":
        check_counts(dataset)
    if labels is not None:
        check_both_answers(labels.names, task.y_train)
    return estimator, name, params


def _augmented(estimator: Any, name: str, task: Task, seed: int, shape: tuple[int, int]) -> Any:
    """The estimator given bent copies, too, where it does not make such itself."""
    if task.name not in ("classification", "detector"):
        raise ParameterError(f"a model for {task.name} is not trained on bent copies; leave out --augment")
    if "deformation" in estimator.get_params() or hasattr(type(estimator), "POSES"):
        warnings.warn(f"{name} learns from bent copies anyway; --augment changes nothing", stacklevel=3)
        return estimator
    return DeformedCopiesClassifier(estimator, shape, random_state=seed)


def _fit(estimator: Any, dataset: Dataset, task: Task, on_stage: Stage) -> Fitted:
    """Fit, and ask about held-out images where there is an answer to judge."""
    if task.name == "denoising":
        on_stage(f"Fitting on {len(task.X_train):,} images")
        return Fitted(estimator.fit(task.X_train, task.y_train), None, np.empty(0, np.intp), 0.0)
    groups = dataset.train.groups
    folds = folds_by_class(dataset.train.labels, N_FOLDS, groups)
    return fit_and_hold_out(
        estimator, task.X_train, task.y_train, folds=folds, task=task.name, groups=groups, on_stage=on_stage
    )


def _measured(
    bundle: Bundle, task: Task, fitted: Fitted, dataset: Dataset, on_stage: Stage, as_given: Task | None
) -> Bundle:
    """The bundle with what it is worth on held-out images, and on the test images where there are any.

    Where labels of test images were corrected, `as_given` has them as they were.
    """
    metrics, groups = {}, dataset.train.groups
    if fitted.held_out is not None:
        who = None if groups is None else groups[fitted.rows]
        metrics["out_of_fold"] = nameless(_held_out_metrics(bundle, fitted.held_out, who))
    if len(task.X_test):
        on_stage(f"Testing on {len(task.X_test):,} images")
        judged = judge(bundle, task, dataset.test.groups)
        bundle = replace(bundle, tested=None if judged.answers is None else evidence_of(judged.answers))
        metrics["test"] = nameless(judged.metrics)
        if as_given is not None:
            metrics["test_as_given"] = judge(bundle, as_given).metrics
    return replace(bundle, manifest=replace(bundle.manifest, metrics=metrics))


def _beside_mixed(
    bundle: Bundle, estimator: Any, task: Task, fitted: Fitted, dataset: Dataset, on_stage: Stage
) -> Bundle:
    """The bundle with what folds that mix groups would have promised, where there are any."""
    groups = dataset.train.groups
    if groups is None or fitted.held_out is None:
        return bundle
    mixed = mixed_metrics(estimator, task, fitted, dataset.train.labels, groups, on_stage)
    metrics = dict(bundle.manifest.metrics)
    held = metrics["out_of_fold"]
    metrics["out_of_fold"] = {**held, "groups": {**held["groups"], **({"mixed": mixed} if mixed else {})}}
    return replace(bundle, manifest=replace(bundle.manifest, metrics=metrics))


def manifest_of(
    dataset: Dataset,
    task: str,
    model: str,
    estimator: Any,
    *,
    fit: str | None = None,
    training: Mapping[str, Any] = MappingProxyType({}),
    **more: Any,
) -> Manifest:
    """What a model trained on a data set says of itself; `fit` counts where the set says nothing."""
    stated = dataset.fit or fit
    summary = summarise(dataset)
    notes = [*summary.notes[:_MOST_NOTES]]  # there may be one for each file that was left out
    if len(summary.notes) > _MOST_NOTES:
        notes.append(
            f"of {len(summary.notes):,} notes the first {_MOST_NOTES} are kept; misread data info gives all"
        )
    return Manifest(
        task=task,
        model=model,
        classes=dataset.class_names,
        image_size=dataset.shape,
        fit=stated or ("stretch" if task == "denoising" else _fit_of_others(dataset)),
        invert=dataset.invert,
        binary=dataset.binary,
        dataset={
            **_described(dataset),
            "fit": stated or "stretch",
            "warnings": [*notes, *summary.findings],
        },
        versions=versions_of(packages_behind(estimator)),
        training={**dataset.loaded, **{name: value for name, value in training.items() if value is not None}},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
    )


def _fit_of_others(dataset: Dataset) -> str:
    """How new images are made like those of a set that came as they are.

    As MNIST's were, if that fit changes none of them; then an image of the set is answered as ever, and a drawing
    is made like it.
    """
    made_so = all(fitted_already(split.images).all() for split in (dataset.train, dataset.test))
    return "mnist" if made_so and dataset.train.images.any() else "stretch"


def bundled(
    manifest: Manifest,
    estimator: Any,
    dataset: Dataset,
    answers: Answers | None,
    reject_rate: float = REJECT_RATE,
) -> Bundle:
    """A fitted estimator with its held-out answers, hashes of the training images, and some to explain it by."""
    train = dataset.train
    seen = train.hashes if train.source_hashes is None else image_hashes(train.images)
    evidence, calibration = None, None
    if answers is not None:
        evidence = evidence_of(answers)
        calibration = calibration_of(answers)
    examples = _examples(estimator, dataset)
    bundle = Bundle(manifest, estimator, *examples, evidence, seen=seen, kept=answers, calibration=calibration)
    return telling_unlike(bundle, train, reject_rate)


def _say_what_disagrees(name: str, held_out: OutOfFold) -> None:
    n, n_unlike = len(held_out.y), int(np.count_nonzero(held_out.unlike))
    if n_unlike:
        warnings.warn(
            f"{name} answers another class than its best score for {n_unlike:,} of {n:,} held-out images; what it "
            "answers counts, and its lead there is below 0",
            stacklevel=3,
        )


def _held_out_metrics(bundle: Bundle, held_out: OutOfFold, groups: NDArray[np.str_] | None) -> dict[str, Any]:
    answers, evidence, calibration = bundle.answers, bundle.held_out, bundle.calibration
    if answers is None or evidence is None:
        return multilabel_metrics(held_out.y, held_out.predictions, bundle.manifest.outputs, groups)
    if calibration is None or answers.positive is not None:
        return metrics_of(answers)
    chances = chances_apart(answers, calibration)
    return metrics_of(answers, chances, with_chances=True)


def _examples(estimator: Any, dataset: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images to explain answers with: all that a nearest-neighbour model has, else some of every class."""
    images, labels = dataset.train.images, dataset.train.labels
    if isinstance(estimator, KNeighborsClassifier) or len(images) <= N_EXAMPLES:
        return images, labels
    share = N_EXAMPLES / len(images)
    chosen = []
    for code in np.unique(labels):
        own = np.flatnonzero(labels == code)
        n_wanted = max(1, int(len(own) * share))
        chosen.append(own[np.linspace(0, len(own) - 1, n_wanted).astype(np.intp)])
    index = np.sort(np.concatenate(chosen))
    return images[index], labels[index]


def _described(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "source": dataset.source,
        "licence": dataset.licence,
        "n_train": len(dataset.train),
        "n_test": len(dataset.test),
        **({} if dataset.corrected is None else {"corrections": dataset.corrected.as_json()}),
    }
