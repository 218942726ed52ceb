"""The picture of the accuracy ladder: error against training time and against bytes."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from misread.figures.display import STYLE, Display
from misread.figures.displays import BLUE, GREY, Columns
from misread.files import atomic_write, writable_folder
from misread.results.ladder import LadderResult

__all__ = ["LadderDisplay", "draw_ladder"]

_LEAST_SECONDS = 0.01
_LETTER, _LINE = 5.2, 11.0
"""Points that a letter of a label is wide, and a line high, about."""


@dataclass(frozen=True, eq=False, repr=False)
class LadderDisplay(Display):
    """Error against training time or bytes, on log scales, and the front of the rungs that no other beats in both.

    Attributes
    ----------
    models : tuple of str
    seconds, errors, low, high : ndarray of float64, shape (n,)
        Training time (at least 0.01 s); error rate with its interval.
    n_bytes : ndarray of int64, shape (n,)
    on_front, on_front_by_size : ndarray of bool, shape (n,)
    title : str
    """

    models: tuple[str, ...]
    seconds: NDArray[np.float64]
    errors: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_bytes: NDArray[np.int64]
    on_front: NDArray[np.bool_]
    on_front_by_size: NDArray[np.bool_]
    title: str

    @classmethod
    def from_result(cls, result: LadderResult) -> "LadderDisplay":
        """From a ladder that has been climbed."""
        rungs = result.rungs
        front, by_size = ({one.model for one in front} for front in (result.front, result.front_by_size))
        n = result.manifest["dataset"]["n_test"]
        return cls(
            tuple(rung.model for rung in rungs),
            np.array([max(rung.seconds, _LEAST_SECONDS) for rung in rungs]),
            np.array([rung.verdict.error for rung in rungs]),
            np.array([rung.verdict.error_low for rung in rungs]),
            np.array([rung.verdict.error_high for rung in rungs]),
            np.array([rung.n_bytes for rung in rungs], np.int64),
            np.array([rung.model in front for rung in rungs], bool),
            np.array([rung.model in by_size for rung in rungs], bool),
            f"{result.manifest['dataset']['name']}: share of {n:,} test images misread",
        )

    def frame(self) -> Columns:
        """Model, training seconds, error rate with its interval, bytes, and whether it is on the fronts."""
        return {
            "model": np.array(self.models),
            "seconds": self.seconds,
            "error": self.errors,
            "error_low": self.low,
            "error_high": self.high,
            "n_bytes": self.n_bytes,
            "on_front": self.on_front,
            "on_front_by_size": self.on_front_by_size,
        }

    def plot(self, ax: Axes | None = None, *, by: Literal["seconds", "n_bytes"] = "seconds") -> Self:
        """Draw on `ax`, or on a new figure, error against training time or against bytes."""
        ax = self._axes(ax, (7.5, 5))
        cost, label = self.seconds, "training time in seconds"
        on_front = self.on_front
        if by == "n_bytes":
            cost, label, on_front = self.n_bytes.astype(np.float64), "bytes of the model", self.on_front_by_size
        floor = self.high[self.high > 0].min(initial=1.0) / 20
        errors, low = np.maximum(self.errors, floor), np.maximum(self.low, floor)
        for k in range(len(self.models)):
            color = BLUE if on_front[k] else GREY
            ax.plot([cost[k]] * 2, [low[k], self.high[k]], color=color, linewidth=1.2, alpha=0.6)
            ax.plot(cost[k], errors[k], "o", color=color, markersize=7)
        order = np.flatnonzero(on_front)[np.argsort(cost[on_front])]
        ax.step(cost[order], errors[order], where="post", color=BLUE, linewidth=1.4, alpha=0.5)
        ax.set(xscale="log", yscale="log", xlabel=label, ylabel="error")
        ax.margins(x=0.2)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_title(self.title)
        texts = [f"{model}  {error:.2%}" for model, error in zip(self.models, self.errors, strict=True)]
        _label(ax, texts, cost, errors, [BLUE if front else GREY for front in on_front])
        return self


def _label(
    ax: Axes, texts: list[str], xs: NDArray[np.float64], ys: NDArray[np.float64], colors: list[str]
) -> None:
    """Write each text beside its point, where no other text and no point is."""
    corners = ax.transAxes.transform([(0, 0), (1, 1)])
    size: NDArray[np.float64] = np.ptp(corners, axis=0) / ax.figure.dpi * 72
    limits = np.log10([ax.get_xlim(), ax.get_ylim()])
    spots = (np.log10([xs, ys]).T - limits[:, 0]) / np.ptp(limits, axis=1) * size
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in spots]
    for place in np.argsort(-spots[:, 1]):
        (x, y), width = spots[place], _LETTER * len(texts[place])
        boxes = [
            (x + (7 if right else -7 - width), y + up, x + (7 + width if right else -7), y + up + _LINE)
            for up in (4, -4 - _LINE, 4 + _LINE, -4 - 2 * _LINE)
            for right in (True, False)
        ]
        inside = [box for box in boxes if box[0] >= 0 and box[2] <= size[0]]
        free = [box for box in inside if not any(_meet(box, other) for other in taken)]
        box = next(iter(free or inside or boxes))
        taken.append(box)
        ax.annotate(
            texts[place],
            (xs[place], ys[place]),
            xytext=(box[0] - x if box[0] > x else box[2] - x, box[1] - y + 2),
            textcoords="offset points",
            ha="left" if box[0] > x else "right",
            color=colors[place],
            fontsize=9,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def draw_ladder(result: LadderResult, folder: str | os.PathLike[str]) -> Path:
    """Write `ladder.png` into `folder`, whole or not at all, and return its path.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = writable_folder(folder) / "ladder.png"
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 9), layout="constrained")
        FigureCanvasAgg(figure)
        by_time, by_size = figure.subplots(2)
        LadderDisplay.from_result(result).plot(by_time).plot(by_size, by="n_bytes")
        by_size.set_title("")
        with atomic_write(path) as stream:
            figure.savefig(stream, format="png")
    return path
