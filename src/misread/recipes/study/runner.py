"""Run the steps, keep each finished one, put the result together."""

import ctypes
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from misread.data import Dataset
from misread.errors import ParameterError
from misread.files import writable_folder
from misread.models.zoo import ZOO, make
from misread.recipes.study.claim import claim
from misread.recipes.study.step import Context, Outcome, Step, StepStore, step_key
from misread.recipes.study.steps import steps_with
from misread.results.provenance import described, made_by, packages_behind, versions_of
from misread.results.study import StudyResult
from misread.tasks import class_name

__all__ = ["StepEvent", "run_steps"]

N_FOLDS = 3
LEAST_IMAGES = 9
"""Six neighbours are tried on two folds of three."""


@dataclass(frozen=True)
class StepEvent:
    """What happened to a step: it starts, it is finished (`reused` from an earlier run), or it is skipped."""

    step: Step
    kind: Literal["start", "finish", "reuse", "skip"]
    seconds: float = 0.0
    reason: str = ""


def run_steps(
    dataset: Dataset,
    out: str | os.PathLike[str],
    *,
    positive: str | int | None = None,
    seed: int = 42,
    model: str = "",
    enough: bool = False,
    force: bool = False,
    on_event: Callable[[StepEvent], None] = lambda event: None,
) -> StudyResult:
    """Run every step of the study that makes sense for `dataset` and write the result into the folder `out`.

    Finished steps are kept under `out/steps`; the same call after an interruption goes on from them.

    Parameters
    ----------
    dataset : Dataset
    out : path
        The run folder.
    positive : str or int, optional
        Name of the class to detect; by default the sixth class (the 5 of the digits), or the last of fewer.
    seed : int, default 42
        Random state of every estimator.
    model : str, optional
        A model of the zoo to judge besides; its errors are then the ones that are analysed.
    enough : bool, default False
        Measure how the hero of the report learns from more and more images, too.
    force : bool, default False
        Whether another study in the folder may be overwritten.
    on_event : callable of StepEvent, optional
        Told of each step as it starts and ends.

    Returns
    -------
    StudyResult
        Also saved as `out/results.json` and `out/arrays.npz`.

    Raises
    ------
    ParameterError
        If the class or the model is unknown, the seed is out of range, or the data set is too small to study.
    OutputError
        If `out` cannot be written to, or holds another study and `force` is not given.
    """
    context = replace(_checked_context(dataset, positive, seed, model), enough=enough)
    claim(writable_folder(out), context, force)
    store = StepStore(Path(out) / "steps")
    packages = packages_behind(ZOO[model]) if model else ()
    finished: dict[str, Outcome] = {}
    keys: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for step in steps_with(model, enough):
        given = [name for name in (*step.needs, *step.uses) if name in finished]
        context = replace(context, done={name: finished[name] for name in given})
        reason = _why_not(step, context, skipped)
        if reason is not None:
            skipped[step.name] = reason
            on_event(StepEvent(step, "skip", reason=reason))
            continue
        keys[step.name] = step_key(
            step,
            context,
            versions_of(packages if step.parameter else ()),
            tuple(keys[name] for name in given),
        )
        finished[step.name] = _run_or_reuse(step, context, store, keys[step.name], on_event)
    result = _assemble(context, finished, skipped, packages)
    result.save(Path(out))
    return result


def _checked_context(dataset: Dataset, positive: str | int | None, seed: int, model: str) -> Context:
    names = dataset.class_names
    if len(names) < 2:
        raise ParameterError(
            f"{dataset.name} has the one class {names[0]!r}; the study needs at least two to tell apart"
        )
    if not 0 <= seed < 2**32:
        raise ParameterError(f"seed must be from 0 to {2**32 - 1}, got {seed}")
    counts = np.bincount(dataset.train.labels, minlength=len(names))
    if counts.min() < N_FOLDS or counts.sum() < LEAST_IMAGES:
        rarest = names[int(counts.argmin())]
        raise ParameterError(
            f"the study needs at least {N_FOLDS} training images of every class and {LEAST_IMAGES} in all, to "
            f"hold some out; {dataset.name} has {counts.sum():,}, and {counts.min()} of class {rarest!r}"
        )
    positive = names[min(5, len(names) - 1)] if positive is None else class_name(dataset, positive)
    if model:
        make(model, seed=seed)
    return Context(dataset, positive, seed, model=model)


def _why_not(step: Step, context: Context, skipped: Mapping[str, str]) -> str | None:
    missing = [name for name in step.needs if name in skipped]
    return f"needs the skipped step {missing[0]}" if missing else step.why_not(context)


def _run_or_reuse(
    step: Step, context: Context, store: StepStore, key: str, on_event: Callable[[StepEvent], None]
) -> Outcome:
    kept = store.load(step, key)
    if kept is not None:
        on_event(StepEvent(step, "reuse", kept.seconds))
        return kept
    on_event(StepEvent(step, "start"))
    start = time.perf_counter()
    outcome = step.run(context)
    outcome = replace(outcome, seconds=time.perf_counter() - start)
    store.save(step, key, outcome)
    _give_memory_back()
    on_event(StepEvent(step, "finish", outcome.seconds))
    return outcome


def _give_memory_back() -> None:
    """To the system, what is free: glibc keeps what each thread once had, a third of all by the last step."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _assemble(
    context: Context, finished: Mapping[str, Outcome], skipped: dict[str, str], packages: tuple[str, ...]
) -> StudyResult:
    values: dict[str, Any] = {}
    arrays: dict[str, Any] = {
        "labels.train": context.dataset.train.labels,
        "labels.test": context.dataset.test.labels,
        "names.train": context.dataset.train.names,
        "hashes.train": context.dataset.train.hashes,
    }
    for outcome in finished.values():
        values |= outcome.values
        arrays |= outcome.arrays
    timings = {name: outcome.seconds for name, outcome in finished.items()}
    titles = {step.name: step.title for step in steps_with(context.model, context.enough)}
    return StudyResult(values, arrays, skipped, timings, {**_manifest(context, packages), "steps": titles})


def _manifest(context: Context, packages: tuple[str, ...]) -> dict[str, Any]:
    return {
        "dataset": described(context.dataset),
        "positive": context.positive,
        "seed": context.seed,
        **made_by(packages),
    }
