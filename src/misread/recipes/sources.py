"""Answers from wherever they are: a model file that is asked, a run folder, a table."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle, Manifest
from misread.bundle import load as load_bundle
from misread.bundle.answers import as_answers
from misread.data import Dataset, load
from misread.errors import AnswersError, ParameterError
from misread.evaluation.answer_checks import OneClassError
from misread.evaluation.answers import Answers
from misread.evaluation.scores import HALF, class_table
from misread.recipes.alike import reading_alike
from misread.recipes.attach import answers_on
from misread.recipes.evaluate import unseen_images
from misread.results.answers import answers_of
from misread.results.study import StudyResult, reading_run

__all__ = [
    "LoadAlike",
    "Model",
    "Source",
    "ask_bundle",
    "asked_here",
    "held_out_source",
    "read_alike",
    "read_answers",
    "source_of",
]

TABLES = (".csv", ".tsv", ".parquet", ".npz")

LoadAlike = Callable[[Manifest], Dataset]
"""Reads the data set to be judged on the way a model's own images were read."""


@dataclass(frozen=True, eq=False)
class Source:
    """Answers, and what is known of who gave them.

    Attributes
    ----------
    title : str
        What the model is called.
    answers : Answers
    images : ndarray of uint8, shape (n, height, width), or None
        What was read, one image a row.
    rows : ndarray of int64, shape (m,), or None
        Which rows `images` are of, where not of all.
    probabilities : ndarray of shape (n, n_classes), or None
        Calibrated, where the model gives such.
    promise : dict or None
        Aim and target of the operating point.
    microseconds, n_bytes : float or None
        Of an answer, and of the file.
    remarks : tuple of str
        What is to be said.
    """

    title: str
    answers: Answers
    images: NDArray[np.uint8] | None = None
    rows: NDArray[np.int64] | None = None
    probabilities: NDArray[np.float64] | None = None
    promise: dict[str, Any] | None = None
    microseconds: float | None = None
    n_bytes: int | None = None
    remarks: tuple[str, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)


Model = Bundle | Answers | Source | str | os.PathLike[str]
"""What has answers: a model or its file, a table of answers or its file, a run folder."""


def read_alike(data: Dataset | str | os.PathLike[str]) -> LoadAlike:
    """Reads a name or path the way a model's own images were read; as it is where there is no model."""

    def read(manifest: Manifest) -> Dataset:
        if isinstance(data, Dataset):
            return data
        if not manifest.model:
            return load(data)
        return load(data, **reading_alike(manifest, data))

    return read


def ask_bundle(
    bundle: Bundle, dataset: Dataset, *, every: bool = False, title: str = "", n_bytes: int | None = None
) -> Source:
    """Ask a model about the images of a data set that it has not seen.

    Parameters
    ----------
    bundle : Bundle
        A classifier or detector.
    dataset : Dataset
        Its images prepared as the model's were.
    every : bool
        Ask about the training images of the data set, too.
    title : str
        What to call the model.
    n_bytes : int, optional
        Of its file.

    Raises
    ------
    ParameterError
        If the model gives no classes, or there is nothing to ask it.
    """
    manifest = bundle.manifest
    if manifest.task not in ("classification", "detector"):
        raise ParameterError(f"a model for {manifest.task} gives no classes to compare")
    images = unseen_images(bundle, dataset, every)
    test = images.test
    start = perf_counter()
    said = bundle.answer(test.images)
    seconds = perf_counter() - start
    answers = as_answers(
        bundle,
        said,
        test.labels if manifest.positive is None else test.labels == manifest.classes.index(manifest.positive),
        names=test.names,
        hashes=test.hashes,
        provenance={**manifest.provenance, "data": dataset.sha256},
    )
    return Source(
        title or manifest.model,
        answers,
        images=test.images,
        probabilities=_a_column_each(said.probabilities),
        promise=_promise(manifest),
        microseconds=1e6 * seconds / len(test),
        n_bytes=n_bytes,
        remarks=(*images.notes, *_by_labels_before(bundle, dataset, every, title or manifest.model, answers)),
        manifest=manifest.as_json(),
    )


def _by_labels_before(
    bundle: Bundle, dataset: Dataset, every: bool, title: str, answers: Answers
) -> Iterator[str]:
    """What a model reads right by the labels before correction, where those of the judged images are others."""
    corrected = dataset.corrected
    if corrected is None or not (corrected.of_tests or (every and corrected.train.changed)):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said of the corrected images
        before = ask_bundle(bundle, corrected.original, every=every, title=title).answers
    yield (
        f"labels of the images asked about were corrected: {title} reads {answers.right.mean():.2%} right by the "
        f"corrected labels, {before.right.mean():.2%} of {len(before):,} by the labels before"
    )


def source_of(
    what: Model,
    load_alike: LoadAlike | None,
    *,
    every: bool = False,
    most_memory: str | int | None = None,
) -> Source:
    """Read or ask for answers.

    Parameters
    ----------
    what : Bundle, Answers or path
        A model or its file, which is asked about the data or, without data, gives its own held-out answers; a
        table of answers or its file; or a run folder.
    load_alike : callable of Manifest to Dataset, or None
        Gives the data as the model takes it; None where there is no data.
    every : bool
        Ask a model about all images of the data that it has not seen.
    most_memory : str or int, optional
        How much memory reading a table or a model may take.

    Raises
    ------
    MisreadError
        If it is none of these, or a model has neither data to be asked about nor answers in its file.
    """
    if isinstance(what, Source):
        return what
    if isinstance(what, Answers):
        return _of_table(str(what.provenance.get("model", "a table of answers")), what, load_alike)
    if isinstance(what, Bundle):
        bundle, title, n_bytes = what, what.manifest.model, None
    else:
        path = Path(what)
        if path.is_dir():
            return _of_run(path)
        if path.suffix.lower() in TABLES:
            return _of_table(path.stem, _read_table(path, load_alike, most_memory), load_alike)
        bundle, title, n_bytes = load_bundle(path, most_memory=most_memory), path.stem, path.stat().st_size
    if load_alike is None:
        return held_out_source(bundle, title=title, n_bytes=n_bytes)
    return ask_bundle(bundle, load_alike(bundle.manifest), every=every, title=title, n_bytes=n_bytes)


def read_answers(
    path: Path, load_alike: LoadAlike | None, most_memory: str | int | None = None
) -> tuple[Answers, Manifest]:
    """Answers that somebody wrote down: a table, or what a model file keeps; and how their images are to be read.

    Raises
    ------
    MisreadError
        If they cannot be read, or a model file keeps none.
    """
    if path.suffix.lower() == ".misread":
        bundle = load_bundle(path, most_memory=most_memory)
        return held_out_source(bundle, title=path.stem).answers, bundle.manifest
    answers = _read_table(path, load_alike, most_memory)
    return answers, _as_it_is(answers.class_names)


def held_out_source(bundle: Bundle, *, title: str = "", n_bytes: int | None = None) -> Source:
    """The answers that a model file keeps, of training images that were held out; it is asked nothing.

    Raises
    ------
    ParameterError
        If it keeps none.
    """
    answers, manifest, title = bundle.answers, bundle.manifest, title or bundle.manifest.model
    if answers is None:
        raise ParameterError(
            f"{title} keeps no held-out answers (it gives no classes, or is of an earlier misread): "
            "give the data that it is to be asked about (check: DATA; compare: --data DATA)"
        )
    told = f"{title} is judged by its answers to {len(answers):,} held-out training images"
    return Source(
        title, answers, promise=_promise(manifest), n_bytes=n_bytes, remarks=(told,), manifest=manifest.as_json()
    )


def _a_column_each(table: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Probabilities of every class; a detector gives one column, of its yes."""
    return class_table(table[:, 0], HALF) if table is not None and table.shape[1] == 1 else table


def _promise(manifest: Manifest) -> dict[str, Any] | None:
    point = manifest.operating_point
    return None if point is None else {"aim": point.aim, "target": point.target}


def asked_here(sources: Sequence[Source]) -> bool:
    """Whether all were asked here, about the same data, so that a name is enough to know an image by."""
    return len(sources) > 1 and all(source.microseconds is not None for source in sources)


def _of_table(title: str, answers: Answers, load_alike: LoadAlike | None) -> Source:
    if load_alike is None:
        return Source(title, answers)
    labelled, images = answers_on(answers, load_alike(_as_it_is(answers.class_names)))
    return Source(title, labelled, images=images)


def _read_table(path: Path, load_alike: LoadAlike | None, most_memory: str | int | None) -> Answers:
    """A table of answers; where all are one class, the others are those of the data."""
    try:
        return Answers.read(path, most_memory=most_memory)
    except OneClassError:
        if load_alike is None:
            raise
        names = load_alike(_as_it_is(())).class_names
        return Answers.read(path, class_names=names, most_memory=most_memory)


def _as_it_is(class_names: tuple[str, ...]) -> Manifest:
    """Stands for a model that takes images as they are."""
    return Manifest(task="classification", model="", classes=class_names, image_size=(0, 0))


def _of_run(folder: Path) -> Source:
    """The answers in a run folder, with the images that it shows."""
    result = StudyResult.load(folder)
    with reading_run(folder):
        try:
            answers = answers_of(result)
        except AnswersError as error:
            raise AnswersError(f"{folder}: {error}") from error
    title = f"{folder.name}: {answers.provenance['model']}"
    images, rows = result.arrays.get("gallery.images"), result.arrays.get("gallery.index")
    return Source(title, answers, images=images, rows=rows)
