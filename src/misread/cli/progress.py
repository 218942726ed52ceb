"""What is running, on a terminal: bars and stages on standard error, which are gone when it is done."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from misread.cli.words import clean, encodable, say, under_way
from misread.data.fetch import Progress as Tell
from misread.parallel import workers
from misread.recipes.study import StepEvent
from misread.recipes.study.steps import steps_with

__all__ = ["StudyProgress", "bars", "showing_progress", "stages"]


def bars(*columns: ProgressColumn) -> Progress:
    """Progress on standard error in these columns; nothing where that is no terminal."""
    console = Console(file=sys.stderr, soft_wrap=True)
    shown = console.is_terminal
    console.quiet = not shown  # rich before 14.2 ends with a line even so
    return Progress(*columns, console=console, transient=True, disable=not shown, redirect_stdout=False)


def _spinner() -> SpinnerColumn:
    plain = encodable("\u280b", sys.stderr) != "\u280b"
    return SpinnerColumn("line" if plain else "dots")


def _text(field: str) -> TextColumn:
    """A column of text whose brackets are no markup."""
    return TextColumn(field, markup=False)


def _shown(text: str) -> str:
    return encodable(clean(text), sys.stderr)


@contextmanager
def showing_progress() -> Iterator[Tell]:
    """Give a callback that is told what is under way, how much is done and how much there is."""
    with bars(_text("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(_shown(what))
            progress.update(tasks[what], completed=done, total=total or None)

        yield tell


@contextmanager
def stages(jobs: int | None, engine: str | None = None) -> Iterator[Callable[[str], None]]:
    """Show what is running while the block computes with `jobs` cores, or on the cluster that `engine` names.

    The clock starts anew with every stage, but not when only the end of its words changes: how far it is.
    """
    with bars(_spinner(), _text("{task.description}"), TimeElapsedColumn()) as progress, workers(jobs, engine):
        running, begun = progress.add_task("Starting"), "Starting"

        def show(stage: str) -> None:
            nonlocal begun
            if not stage.startswith(begun):
                progress.reset(running)
                begun = stage
            progress.update(running, description=_shown(stage))

        yield show


class StudyProgress:
    """A bar that advances by the cost of each finished step, and a line for each step."""

    def __init__(self, model: str = "", enough: bool = False) -> None:
        self._progress = bars(
            _spinner(),
            _text("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            _TimeLeft(),
        )
        self._cost_done = 0.0
        self._seconds_done = 0.0
        self._cost_left = sum(step.cost for step in steps_with(model, enough))
        self._task = self._progress.add_task("Starting", total=self._cost_left, ends=None)

    def __enter__(self) -> "StudyProgress":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        under_way(None)
        self._progress.stop()

    def on_event(self, event: StepEvent) -> None:
        """Show what happened to a step."""
        title = _shown(event.step.title)
        if event.kind == "start":
            under_way(title)
            self._progress.update(self._task, description=title, ends=self._end())
            return
        under_way(None)
        self._cost_left -= event.step.cost
        if event.kind == "finish":
            self._cost_done += event.step.cost
            self._seconds_done += event.seconds
        self._progress.update(self._task, advance=event.step.cost, ends=self._end())
        detail = {
            "finish": f"{event.seconds:.1f} s",
            "reuse": "kept from an earlier run",
            "skip": f"skipped: {event.reason}",
        }[event.kind]
        say(f"  {title}: {detail}", aside=True, hang=4)

    def _end(self) -> float | None:
        """When all will be done, by what the finished steps took; None while none is."""
        if self._cost_done == 0:
            return None
        return time.monotonic() + self._seconds_done / self._cost_done * self._cost_left


class _TimeLeft(ProgressColumn):
    """How long it will take, about; it counts down while a step runs."""

    def render(self, task: Task) -> Text:
        ends = task.fields["ends"]
        left = 0.0 if ends is None else ends - time.monotonic()
        return Text(f"about {left:.0f} s left" if left >= 1 else "")
