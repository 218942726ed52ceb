"""What was measured, as tables: the targets, who reached what, and whether neighbours differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.road.others import OTHERS
from misread.evaluation.comparison import mcnemar

__all__ = ["TARGETS", "Course", "Row", "interval", "markdown"]

TARGETS = {
    "mnist": ((0.01, 3), (0.007, 10), (0.005, 25), (0.004, 45), (0.003, 120), (0.0025, 300), (0.002, 900)),
    "fashion-mnist": ((0.055, 300), (0.048, 3_600)),
}
"""Mean error, and seconds of a cold process on two cores in which to reach it."""

_DRAWS = 2_000


@dataclass(frozen=True, eq=False)
class Row:
    """The runs of one entrant: which test images each seed misread, and what it cost."""

    name: str
    runs: list[dict[str, Any]]

    @property
    def is_ours(self) -> bool:
        """Whether it is a rung of misread's."""
        return self.name not in OTHERS

    def mean(self, key: str) -> float:
        """Mean of what was measured over the seeds."""
        return mean(run[key] for run in self.runs)

    @property
    def error(self) -> float:
        """Mean test error."""
        return self.mean("wrong_share")

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which image each seed misread, shape (n_seeds, n_images)."""
        table = np.zeros((len(self.runs), self.runs[0]["n"]), bool)
        for one, run in zip(table, self.runs, strict=True):
            one[run["wrong"]] = True
        return table

    @property
    def interval(self) -> tuple[float, float]:
        """Of the error."""
        return interval(self.wrong)


@dataclass(eq=False)
class Course:
    """What was measured on one data set, with one commit, on one machine.

    Attributes
    ----------
    data : str
    around : dict
        Commit, day, processor, cores, versions.
    runs : list of dict
    """

    data: str
    around: dict[str, Any]
    runs: list[dict[str, Any]]

    @property
    def place(self) -> tuple[Any, ...]:
        """What must be the same for numbers to stand under one header."""
        around = self.around
        return self.data, around["commit"], around["processor"], around["cores"], around["versions"]

    @property
    def rows(self) -> list[Row]:
        """From quick to slow."""
        names = {run["entrant"]: None for run in self.runs}
        found = [Row(name, [run for run in self.runs if run["entrant"] == name]) for name in names]
        return sorted(found, key=lambda row: row.mean("seconds"))

    def best_within(self, seconds: float) -> Row | None:
        """Our rung of the least error among those that were so quick."""
        quick = [row for row in self.rows if row.is_ours and row.mean("seconds") <= seconds]
        return min(quick, key=lambda row: row.error, default=None)

    def missed(self) -> Iterator[tuple[float, str]]:
        """The targets that nothing measured here reaches, and by how much."""
        for error, seconds in TARGETS[self.data]:
            best = self.best_within(seconds)
            if best is None or best.error > error:
                had = f"{best.error:.3%} ({best.name})" if best else "nothing"
                yield seconds, f"{error:.2%} in {seconds} s missed: {had} so far"


def interval(wrong: NDArray[np.bool_], confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the mean error over other seeds and other images.

    Seeds and images are both drawn anew (A. B. Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1,
    2007), which errs on the wide side. With one seed, images alone.

    Parameters
    ----------
    wrong : ndarray of bool, shape (n_seeds, n_images)

    Examples
    --------
    >>> low, high = interval(np.arange(1000)[None] < 10)
    >>> bool(0.003 < low < 0.007 and 0.013 < high < 0.019)
    True
    """
    rng = np.random.default_rng(0)
    n_seeds, n_images = wrong.shape
    hard = wrong[:, wrong.any(axis=0)].astype(np.float64)
    seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=_DRAWS)
    chances = np.append(np.full(hard.shape[1], 1 / n_images), max(0.0, 1 - hard.shape[1] / n_images))
    images = rng.multinomial(n_images, chances, size=_DRAWS)[:, :-1]
    errors = np.einsum("ds,sn,dn->d", seeds, hard, images, optimize=True) / (n_seeds * n_images)
    low, high = np.quantile(errors, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def markdown(courses: list[Course]) -> str:
    """All that was measured so far, under a header for each data set, commit and machine."""
    lines = [
        "# The road to accuracy",
        "",
        "Seconds count from the start of a cold process to the end of training: Python, imports and reading "
        "included; kernels are compiled before. Errors are of the test images, which nothing was chosen on: the "
        "settings are fixed, and how they were chosen stands in [the log of choices](road_choices.md). Intervals "
        "(95%) are over other seeds and other images. Microseconds are of an answer when 2,000 training images "
        "are asked about together; bytes are of the pickled model. Written by `python -m benchmarks.road`.",
    ]
    for course in courses:
        if course.runs:
            lines += ["", *_section(course)]
    return "\n".join([*lines, ""])


def _section(course: Course) -> Iterator[str]:
    around = course.around
    versions = ", ".join(
        f"{name} {number}" for name, number in around["versions"].items() if number != "not installed"
    )
    busiest = max(run.get("others", 0) for run in course.runs)
    yield f"## {course.data}, commit {around['commit']}, {around['day']}"
    yield ""
    yield f"{around['cores']} cores of {around['processor']}; {versions}."
    if busiest > 0.25:
        yield f"**The machine was not quiet** (others worked on {busiest:.1f} of its cores): seconds are too many."
    yield ""
    yield "| target | within, s | reached by | error | interval | seconds |"
    yield "| ---: | ---: | --- | ---: | --- | ---: |"
    for error, seconds in TARGETS[course.data]:
        best = course.best_within(seconds)
        got = "nothing yet | | |"
        if best is not None:
            name = best.name if best.error <= error else f"missed; {best.name}"
            got = f"{name} | {best.error:.3%} | {_span(best)} | {best.mean('seconds'):.1f} |"
        yield f"| {error:.2%} | {seconds} | {got}"
    yield ""
    yield "| who | error | interval | of each seed | seconds | CPU seconds | µs an answer | bytes |"
    yield "| --- | ---: | --- | --- | ---: | ---: | ---: | ---: |"
    for row in course.rows:
        who = row.name if row.is_ours else OTHERS[row.name].about
        each = ", ".join(f"{run['wrong_share']:.2%}" for run in row.runs)
        yield (
            f"| {who} | {row.error:.3%} | {_span(row)} | {each} | {row.mean('seconds'):.1f} "
            f"| {row.mean('cpu_seconds'):.1f} | {row.mean('microseconds'):.0f} | {row.mean('n_bytes'):,.0f} |"
        )
    yield from _neighbours([row for row in course.rows if row.is_ours])


def _neighbours(rows: list[Row]) -> Iterator[str]:
    """Exact McNemar tests of each rung against the next dearer one, seed by seed."""
    if len(rows) < 2:
        return
    yield ""
    yield "| rung | next | only the first right | only the next right | p, seed by seed |"
    yield "| --- | --- | --- | --- | --- |"
    for first, second in pairwise(rows):
        by_seed = {run["seed"]: one for run, one in zip(second.runs, ~second.wrong, strict=True)}
        pairs = [(one, run["seed"]) for run, one in zip(first.runs, ~first.wrong, strict=True)]
        tests = [mcnemar(right, by_seed[seed]) for right, seed in pairs if seed in by_seed]
        if tests:
            yield (
                f"| {first.name} | {second.name} | {', '.join(str(one.only_first) for one in tests)} "
                f"| {', '.join(str(one.only_second) for one in tests)} "
                f"| {', '.join(f'{one.p_value:.2g}' for one in tests)} |"
            )


def _span(row: Row) -> str:
    low, high = row.interval
    return f"{low:.2%} to {high:.2%}"
