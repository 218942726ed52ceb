"""The public calls: each reads what it is given, computes, and leaves results and a report where it is told to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from misread.bundle import Bundle
from misread.bundle import load as load_bundle
from misread.data import Dataset, load
from misread.errors import ParameterError
from misread.evaluation.answers import Answers
from misread.figures import draw_study
from misread.parallel import workers
from misread.recipes.attach import answers_on
from misread.recipes.check import Checked, check_source
from misread.recipes.compare import compare_sources
from misread.recipes.evaluate import evaluate as evaluate_bundle
from misread.recipes.judge import as_grey, judge_answers
from misread.recipes.sources import Model, asked_here, read_alike, source_of
from misread.recipes.stress import stress_bundle
from misread.recipes.study import StepEvent, StudyResult, run_steps
from misread.report import write_report
from misread.results.comparison import Comparison
from misread.results.stress import Stress

__all__ = ["check", "compare", "evaluate", "judge", "open_model", "run_study", "stress"]


def open_model(path: str | os.PathLike[str]) -> Bundle:
    """Read a model file; nothing in it is ever run.

    Parameters
    ----------
    path : path of a ``*.misread`` file

    Returns
    -------
    Bundle
        To ask with `answer`, to prepare images with `prepare`, and to write again with `misread.save`.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, hostile or of another version.

    Examples
    --------
    >>> import misread
    >>> misread.save(misread.train("sgd", "digits"), "digits.misread")
    >>> misread.open_model("digits.misread")
    <Bundle: sgd, classification, trained on digits>
    """
    return load_bundle(path)


def evaluate(
    model: Bundle | str | os.PathLike[str],
    data: Dataset | str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    every: bool = False,
    labels: Any = None,
    enough: bool = False,
) -> StudyResult:
    """Judge a model on the test images of a data set.

    Parameters
    ----------
    model : Bundle or path of a model file
    data : Dataset, name or path
        A name or path is read the way the model's own images were.
    out : path, optional
        Folder to leave the results and `report.html` in.
    every : bool
        Judge on all images that the model has not seen, not the test images alone.
    labels : Labels, optional
        What a model of several labels is to be judged by.
    enough : bool
        Measure, too, whether more images would help, on the data that the model learnt from: `model.enough`.

    Returns
    -------
    StudyResult
        `values` named `model.*`, shares with exact intervals.

    Raises
    ------
    MisreadError
        If the data does not fit the model or there is nothing to judge on.

    Examples
    --------
    >>> import misread
    >>> result = misread.evaluate(misread.train("knn", "digits"), "digits")
    >>> result.values["model.accuracy"]["of"]
    360
    """
    bundle = model if isinstance(model, Bundle) else load_bundle(model)
    dataset = read_alike(data)(bundle.manifest)
    return _kept(evaluate_bundle(bundle, dataset, labels=labels, every=every, enough=enough), out)


def judge(
    y_true: ArrayLike | None,
    scores_or_predictions: ArrayLike | Answers,
    out: str | os.PathLike[str] | None = None,
    *,
    data: Dataset | str | os.PathLike[str] | None = None,
    images: ArrayLike | None = None,
    class_names: Sequence[object] | None = None,
    names: ArrayLike | None = None,
    model: str = "your model",
    positive: str | None = None,
) -> StudyResult:
    """Judge the answers of any classifier, in any framework.

    Parameters
    ----------
    y_true : array-like of shape (n,), or None
        True classes, as names or as codes; pandas and PyTorch are understood. None where `data` or the table of
        answers says.
    scores_or_predictions : array-like of shape (n, n_classes) or (n,), or Answers
        Probabilities or other scores, or only the answers.
    out : path, optional
        Folder to leave the results and `report.html` in.
    data : Dataset, name or path, optional
        Where the images and their labels are: rows are found by content, by name or by number.
    images : array-like, shape (n, height, width), optional
        What was read, where `data` does not say; the report then shows it.
    class_names : sequence, optional
        Of the columns of scores, and of codes.
    names : array-like of shape (n,), optional
        What the images are called.
    model : str
        What the report calls the model.
    positive : str, optional
        Judge how this one class is told from the others.

    Returns
    -------
    StudyResult

    Raises
    ------
    AnswersError
        If a row makes no sense.

    Examples
    --------
    >>> import misread
    >>> result = misread.judge(["cat", "dog", "dog"], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    >>> result.values["model.accuracy"]["count"]
    2
    """
    if not isinstance(scores_or_predictions, Answers):
        more: dict[str, Any] = {} if names is None else {"names": names}
        answers = Answers.from_scores(y_true, scores_or_predictions, class_names=class_names, **more)
    elif y_true is None and class_names is None and names is None:
        answers = scores_or_predictions
    else:
        raise ParameterError("a table of answers says labels, classes and names itself; leave them out")
    pictures, source, corrected = None, "a table of answers", None
    if data is not None:
        dataset = data if isinstance(data, Dataset) else load(data)
        answers, pictures = answers_on(answers, dataset)
        source, corrected = dataset.name if isinstance(data, Dataset) else str(data), dataset.corrected
    elif images is not None:
        pictures = as_grey(images, len(answers))
    judged = judge_answers(answers, pictures, model=model, source=source, positive=positive, corrected=corrected)
    return _kept(judged, out)


def compare(
    first: Model,
    second: Model,
    data: Dataset | str | os.PathLike[str] | None = None,
    *,
    every: bool = False,
    confidence: float = 0.95,
) -> Comparison:
    """Put two models side by side, image by image.

    Parameters
    ----------
    first, second : Bundle, Answers, or path of a model file, a run folder or a table of answers
    data : Dataset, name or path, optional
        What models are asked about; by default, the held-out answers in their files are compared.
    every : bool
        Ask about all images that a model has not seen, not the test images alone.
    confidence : float in (0, 1), default 0.95

    Returns
    -------
    Comparison
        `verdict`, `values`, and the images that were `fixed`, `broken`, or misread by both.

    Raises
    ------
    MisreadError
        If there is nothing to compare.

    Examples
    --------
    >>> import misread
    >>> compared = misread.compare(misread.train("sgd", "digits"), misread.train("knn", "digits"), "digits")
    >>> len(compared.fixed) > len(compared.broken)
    True
    """
    alike = None if data is None else read_alike(data)
    sources = [source_of(one, alike, every=every) for one in (first, second)]
    return compare_sources(*sources, by_name=asked_here(sources), confidence=confidence)


def check(
    model: Model,
    data: Dataset | str | os.PathLike[str] | None = None,
    *,
    accuracy: float | None = None,
    precision: Mapping[str, float] | None = None,
    recall: Mapping[str, float] | None = None,
    not_worse_than: Model | None = None,
    confidence: float | None = None,
    every: bool = False,
) -> Checked:
    """Check what is asked of a model, as a gate in continuous integration does.

    Parameters
    ----------
    model : Bundle, Answers, or path of a model file, a run folder or a table of answers
    data : Dataset, name or path, optional
        What a model is asked about; by default, the held-out answers in its file are checked.
    accuracy : float in (0, 1], optional
        At least this share of the images is read right.
    precision, recall : mapping of class name to float in (0, 1], optional
        At least this share of the images read as the class are of it, or of those of it are read as it.
    not_worse_than : Bundle, Answers or path, optional
        Fails when a paired exact test, two-sided at the confidence, finds this other model better.
    confidence : float in (0.5, 1), optional
        How sure the paired test has to be, 0.95 by default. Where it is given, shares have to be reached by their
        one-sided lower bounds, too.
    every : bool
        Ask about all images that a model has not seen, not the test images alone.

    Returns
    -------
    Checked
        `passed`, and each requirement in a sentence.

    Raises
    ------
    MisreadError
        If nothing is asked, or it cannot be answered.

    Examples
    --------
    >>> import misread
    >>> misread.check(misread.train("knn", "digits"), "digits", accuracy=0.9, recall={"8": 0.8})
    <Checked: passed, 2 of 2 kept>
    """
    alike = None if data is None else read_alike(data)
    sources = [source_of(one, alike, every=every) for one in (model, not_worse_than) if one is not None]
    return check_source(
        sources[0],
        accuracy=accuracy,
        precision=precision,
        recall=recall,
        not_worse_than=None if not_worse_than is None else sources[1],
        by_name=asked_here(sources),
        confidence=confidence,
    )


def stress(
    model: Bundle | str | os.PathLike[str],
    data: Dataset | str | os.PathLike[str],
    *,
    n_images: int | None = None,
    every: bool = False,
    seed: int = 42,
) -> Stress:
    """Ask a model about images corrupted in fifteen ways at five strengths, after MNIST-C.

    Parameters
    ----------
    model : Bundle or path of a model file
    data : Dataset, name or path
        A name or path is read the way the model's own images were.
    n_images : int, optional
        Take a random sample of this many of the test images.
    every : bool
        Ask about all images that the model has not seen, not the test images alone.
    seed : int, default 42
        Of the sample, and of what is random in the corruptions.

    Returns
    -------
    Stress
        `verdict`, `values` with exact intervals, and some of the `images`.

    Raises
    ------
    MisreadError
        If the data does not fit the model, or the model gives no classes.

    Examples
    --------
    >>> import misread
    >>> misread.stress(misread.train("sgd", "digits"), "digits", n_images=20).values["n"]
    20
    """
    bundle, title = (model, "") if isinstance(model, Bundle) else (load_bundle(model), Path(model).stem)
    dataset = read_alike(data)(bundle.manifest)
    return stress_bundle(bundle, dataset, n_images=n_images, every=every, seed=seed, title=title)


def _kept(result: StudyResult, out: str | os.PathLike[str] | None) -> StudyResult:
    if out is not None:
        result.save(out)
        write_report(result, out)
    return result


def run_study(
    data: str | os.PathLike[str] | Dataset = "digits",
    out: str | os.PathLike[str] = "runs/study",
    *,
    positive: str | int | None = None,
    seed: int = 42,
    model: str = "",
    enough: bool = False,
    jobs: int | None = None,
    engine: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    force: bool = False,
    on_event: Callable[[StepEvent], None] = lambda event: None,
) -> StudyResult:
    """Run the study and leave results, figures and report in the folder `out`.

    Parameters
    ----------
    data : str, path or Dataset
        A named set, a path, or a loaded data set.
    out : path
        The run folder. A run that was interrupted goes on from its finished steps.
    positive : str or int, optional
        Name of the class to detect; by default the sixth class (the 5 of the digits), or the last of fewer.
    seed : int, default 42
        Random state of every estimator.
    model : str, optional
        A model of the zoo, such as a rung of the ladder, to judge in the same folds; its errors are then the ones
        that are analysed and shown, instead of the scaled SGD's.
    enough : bool, default False
        Measure the learning curve of the model whose errors are shown, too: whether more images would help.
    jobs : int, optional
        Cores to use; all by default. The numbers do not depend on it.
    engine : str, optional
        Address of a Dask scheduler, `dask://host:port`, whose workers then share the work.
    data_dir : path, optional
        Where named sets are looked for first.
    force : bool, default False
        Whether another study in the folder may be overwritten.
    on_event : callable of StepEvent, optional
        Told of each step as it starts and ends.

    Returns
    -------
    StudyResult

    Raises
    ------
    MisreadError
        If the data cannot be had, a parameter makes no sense, or `out` cannot be written to or holds
        another study.

    Examples
    --------
    >>> result = misread.run_study("mnist", "runs/mnist")  # doctest: +SKIP
    >>> result.values["detector.precision"]  # doctest: +SKIP
    0.8370879772350012
    """
    dataset = data if isinstance(data, Dataset) else load(data, data_dir=data_dir)
    with workers(jobs, engine):
        result = run_steps(
            dataset,
            out,
            positive=positive,
            seed=seed,
            model=model,
            enough=enough,
            force=force,
            on_event=on_event,
        )
    draw_study(result, Path(out) / "figures")
    write_report(result, out)
    return result
