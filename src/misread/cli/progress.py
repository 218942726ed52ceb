"""Progress of a study on the terminal: what is running, what is done, how long it will take."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from misread.cli.words import clean
from misread.recipes.study import StepEvent
from misread.recipes.study.steps import steps_with

__all__ = ["StudyProgress"]


class StudyProgress:
    """A bar that advances by the cost of each finished step, and a line for each step on a dumb terminal."""

    def __init__(self, console: Console, model: str = "") -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
        )
        self._cost_done = 0.0
        self._seconds_done = 0.0
        self._cost_left = sum(step.cost for step in steps_with(model))
        self._task = self._progress.add_task("Starting", total=self._cost_left, left="")

    def __enter__(self) -> "StudyProgress":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def on_event(self, event: StepEvent) -> None:
        """Show what happened to a step."""
        if event.kind == "start":
            self._progress.update(self._task, description=event.step.title, left=self._time_left())
            return
        self._cost_left -= event.step.cost
        if event.kind == "finish":
            self._cost_done += event.step.cost
            self._seconds_done += event.seconds
        self._progress.update(self._task, advance=event.step.cost, left=self._time_left())
        detail = {
            "finish": f"{event.seconds:.1f} s",
            "reuse": "kept from an earlier run",
            "skip": f"skipped: {event.reason}",
        }[event.kind]
        self._console.print(f"  {event.step.title}: {clean(detail)}", markup=False, highlight=False)

    def _time_left(self) -> str:
        if self._cost_done == 0:
            return ""
        seconds = self._seconds_done / self._cost_done * self._cost_left
        return f"about {seconds:.0f} s left"
