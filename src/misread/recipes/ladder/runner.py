"""Up the ladder within a budget of time."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from misread.data import Dataset, load
from misread.errors import DataError, MisreadError, ParameterError
from misread.models.pixels import set_shape
from misread.models.zoo import ZOO, Model, make
from misread.parallel import workers
from misread.recipes.ladder.budget import in_seconds
from misread.recipes.ladder.climb import Climb, climb
from misread.recipes.ladder.judge import judge
from misread.results.ladder import LadderResult, RungResult
from misread.results.provenance import described, made_by, packages_behind
from misread.spelling import did_you_mean

__all__ = ["RUNGS", "LadderEvent", "run_ladder", "rungs_named"]

RUNGS = tuple(model for model in ZOO.values() if model.adds)
"""The models of the ladder in the order in which they are tried."""

_OVER = 1.1
"""How much longer than the time left a network may take before it is given up."""


@dataclass(frozen=True)
class LadderEvent:
    """What happens on the way up.

    Attributes
    ----------
    kind : str
        'start', 'progress' (of networks alone), 'finish' or 'skip'.
    rung : Model
    seconds : float
        About how long it will take, for 'start'.
    done : float
        Share of the training that is done, for 'progress'.
    reason : str
        Why it is skipped or was given up, for 'skip'.
    result : RungResult or None
        For 'finish'.
    climbed : Climb or None
        For 'finish': the trained model, for whoever wants to keep it.
    """

    kind: str
    rung: Model
    seconds: float = 0.0
    done: float = 0.0
    reason: str = ""
    result: RungResult | None = None
    climbed: Climb | None = None


def rungs_named(names: Sequence[str] | None) -> list[Model]:
    """The rungs of these names, or all, in the order in which they are tried.

    Raises
    ------
    ParameterError
        If there is no rung of a name.
    """
    known = [rung.name for rung in RUNGS]
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        raise ParameterError(
            f"no rung is called {unknown[0]!r}{did_you_mean(unknown[0], known)}; known are {', '.join(known)}"
        )
    return [rung for rung in RUNGS if names is None or rung.name in names]


def run_ladder(
    data: str | os.PathLike[str] | Dataset = "digits",
    out: str | os.PathLike[str] | None = None,
    *,
    budget: float | str | None = 600.0,
    models: Sequence[str] | None = None,
    seed: int = 42,
    jobs: int | None = None,
    engine: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    on_event: Callable[[LadderEvent], None] = lambda event: None,
) -> LadderResult:
    """Train models from cheap to dear, each if there is time for it, and judge each once on the test images.

    Parameters
    ----------
    data : str, path or Dataset
        A named set, a path, or a loaded data set with test images.
    out : path, optional
        Folder for `ladder.json`, written anew after every rung.
    budget : float or str, optional
        Seconds for everything, or a time such as "20s", "10m" or "1h"; a rung that would take longer than what is
        left is skipped, and a network whose epochs turn out to take more than a tenth longer is given up. None
        for no limit.
    models : sequence of str, optional
        The rungs to try; all by default.
    seed : int, default 42
        Random state of every estimator.
    jobs : int, optional
        Cores to use; all by default.
    engine : str, optional
        Address of a Dask scheduler, `dask://host:port`, whose workers then share the work.
    data_dir : path, optional
        Where named sets are looked for first.
    on_event : callable of LadderEvent, optional
        Told of each rung as it starts, gets on, finishes or is skipped.

    Returns
    -------
    LadderResult

    Raises
    ------
    MisreadError
        If the data cannot be had, a parameter makes no sense, or `out` cannot be written to.

    Examples
    --------
    >>> result = run_ladder("digits", models=["knn"])
    >>> result.rungs[0].verdict.n
    360
    """
    budget = None if budget is None else in_seconds(budget)
    if jobs is not None and jobs < 1:
        raise ParameterError(f"jobs must be at least 1, got {jobs}; leave it out to use every core")
    if not 0 <= seed < 2**32:
        raise ParameterError(f"seed must be from 0 to {2**32 - 1}, got {seed}")
    rungs = rungs_named(models)
    jobs = jobs or os.cpu_count() or 1
    dataset = data if isinstance(data, Dataset) else load(data, data_dir=data_dir)
    if len(np.unique(dataset.train.labels)) < 2:
        raise DataError(f"{dataset.name} has training images of one class; at least two are needed to tell apart")
    if not len(dataset.test):
        raise DataError(f"{dataset.name} has no test images to judge by; give a data set that is split")
    result = LadderResult(manifest=_manifest(dataset, rungs, budget, seed, jobs))
    if out is not None:
        result.save(out)
    start, expected, taken = perf_counter(), 0.0, 0.0
    with workers(jobs, engine):
        for rung in rungs:
            estimate = rung.seconds(*dataset.train.X.shape) * _pace(expected, taken)
            left = None if budget is None else budget - (perf_counter() - start)
            reason = rung.why_not() or _no_time(estimate, left)
            if not reason:
                on_event(LadderEvent("start", rung, estimate))
                began = perf_counter()
                reason = _try(rung, dataset, seed, jobs, left, result, on_event)
                expected, taken = expected + rung.seconds(*dataset.train.X.shape), taken + perf_counter() - began
            if reason:
                result.skipped[rung.name] = reason
                on_event(LadderEvent("skip", rung, estimate, reason=reason))
            if out is not None:
                result.save(out)
    return result


def _try(
    rung: Model,
    dataset: Dataset,
    seed: int,
    jobs: int,
    left: float | None,
    result: LadderResult,
    on_event: Callable[[LadderEvent], None],
) -> str | None:
    """Train and judge one rung; the reason when it cannot be done, which costs no other rung its place."""
    try:
        estimator = _watched(_estimator(rung, dataset.shape, seed, jobs), rung, left, on_event)
        climbed = climb(estimator, dataset.train, seed)
        verdict = judge(climbed, dataset.test)
    except _OutOfTimeError as error:
        return f"given up: {error}"
    except (ArithmeticError, MemoryError, MisreadError, ValueError) as error:
        return f"failed: {type(error).__name__}: {error}"
    result.rungs.append(
        RungResult(
            rung.name,
            rung.adds,
            climbed.seconds,
            climbed.n_bytes,
            climbed.held_out_errors,
            climbed.held_out,
            climbed.temperature,
            climbed.threshold,
            verdict,
        )
    )
    on_event(LadderEvent("finish", rung, result=result.rungs[-1], climbed=climbed))
    return None


def _estimator(rung: Model, shape: tuple[int, int], seed: int, jobs: int) -> Any:
    """The zoo's model; PyTorch does not hear of joblib's number of jobs, so networks are told."""
    estimator = set_shape(make(rung.name, seed=seed), shape)
    return estimator.set_params(n_jobs=jobs) if rung.extra else estimator


class _OutOfTimeError(Exception):
    """A rung will not end in time."""


def _watched(estimator: Any, rung: Model, left: float | None, on_event: Callable[[LadderEvent], None]) -> Any:
    """Have a network tell how far it is, and give it up when it is clear that its time will not do."""
    if not hasattr(estimator, "on_epoch"):
        return estimator
    ends: list[float] = [perf_counter()]

    def told(epoch: int, epochs: int, loss: float) -> None:
        ends.append(perf_counter())
        on_event(LadderEvent("progress", rung, done=epoch / epochs))
        if left is None or epoch == 1:
            return
        expected = ends[1] - ends[0] + (ends[-1] - ends[1]) / (epoch - 1) * (epochs - 1)
        if expected > _OVER * left:
            raise _OutOfTimeError(_too_long(expected, left))

    return estimator.set_params(on_epoch=told)


def _pace(expected: float, taken: float) -> float:
    """How much slower than expected this machine is, by the rungs so far; short ones say little."""
    return (taken + 10) / (expected + 10)


def _no_time(estimate: float, left: float | None) -> str | None:
    if left is None or estimate <= left:
        return None
    return _too_long(estimate, left)


def _too_long(estimate: float, left: float) -> str:
    return f"takes about {estimate:.0f} s, and {max(left, 0):.0f} s of the budget are left"


def _manifest(dataset: Dataset, rungs: list[Model], budget: float | None, seed: int, jobs: int) -> dict[str, Any]:
    return {
        "dataset": described(dataset),
        "budget": budget,
        "seed": seed,
        "jobs": jobs,
        **made_by(packages_behind(*rungs)),
    }
