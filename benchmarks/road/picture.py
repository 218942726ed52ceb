"""The picture of the race: error against seconds, and against microseconds an answer."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.road.table import TARGETS, Course, Row
from misread.figures.display import STYLE
from misread.figures.displays import BLUE, GREY

__all__ = ["draw"]

_RED = "#C8553D"


def draw(course: Course, path: Path) -> None:
    """Draw everyone who ran, with intervals, and the targets."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(13, 6), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, sharey=True)
        _points(left, course.rows, "seconds")
        errors, seconds = zip(*TARGETS[course.data], strict=True)
        left.step(seconds, errors, where="post", color=_RED, lw=1, ls=":", zorder=1)
        left.scatter(seconds, errors, marker="x", color=_RED, s=40, label="targets", zorder=2)
        left.set(xlabel="seconds from the start of a cold process to the end of training", ylabel="test error")
        left.set_title(f"{course.data}: error and time to train, {course.around['cores']} cores")
        _points(right, course.rows, "microseconds")
        right.set(xlabel="microseconds an answer, 2,000 asked together")
        right.set_title("error and time to answer")
        left.legend(loc="lower left")
        figure.savefig(path)


def _points(ax: Axes, rows: list[Row], key: str) -> None:
    ax.set(xscale="log", yscale="log")
    for ours, colour, label in ((True, BLUE, "misread"), (False, GREY, "other people's")):
        some = [row for row in rows if row.is_ours == ours]
        x = [row.mean(key) for row in some]
        y = [row.error for row in some]
        spans = [row.interval for row in some]
        low = [max(0.0, one - span[0]) for one, span in zip(y, spans, strict=True)]
        high = [max(0.0, span[1] - one) for one, span in zip(y, spans, strict=True)]
        ax.errorbar(x, y, yerr=[low, high], fmt="o", ms=6, color=colour, elinewidth=1.2, capsize=3, label=label)
        for row, across, up in zip(some, x, y, strict=True):
            name = row.name.removeprefix("other:")
            crowded = any(across < x[i] < 4 * across and 0.9 < y[i] / up < 1.1 for i in range(len(some)))
            aside, side = ((-7, -12), "right") if crowded else ((7, 5), "left")
            ax.annotate(name, (across, up), aside, textcoords="offset points", ha=side, color=colour, fontsize=9)
    ax.margins(x=0.15)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
