"""The whole study in one call: load, compute, draw, report."""

import os
from collections.abc import Callable
from pathlib import Path

from misread.data import Dataset, load
from misread.figures import draw_study
from misread.parallel import workers
from misread.recipes.study import StepEvent, StudyResult, run_steps
from misread.report import write_report

__all__ = ["run_study"]


def run_study(
    data: str | os.PathLike[str] | Dataset = "digits",
    out: str | os.PathLike[str] = "runs/study",
    *,
    positive: str | int | None = None,
    seed: int = 42,
    model: str = "",
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
        result = run_steps(dataset, out, positive=positive, seed=seed, model=model, force=force, on_event=on_event)
    draw_study(result, Path(out) / "figures")
    write_report(result, out)
    return result
