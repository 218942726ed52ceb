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
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from misread.figures.display import STYLE, Display
from misread.figures.displays import BLUE, GREY, Columns
from misread.files import atomic_write, writable_folder
from misread.results.ladder import LadderResult

__all__ = ["LadderDisplay", "draw_ladder"]

_LEAST_SECONDS = 0.01


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
        for k, model in enumerate(self.models):
            color = BLUE if on_front[k] else GREY
            ax.plot([cost[k]] * 2, [low[k], self.high[k]], color=color, linewidth=1.2, alpha=0.6)
            ax.plot(cost[k], errors[k], "o", color=color, markersize=7)
            ax.annotate(
                f"{model}  {self.errors[k]:.2%}",
                (cost[k], errors[k]),
                xytext=(7, 5),
                textcoords="offset points",
                color=color,
                fontsize=9,
            )
        order = np.flatnonzero(on_front)[np.argsort(cost[on_front])]
        ax.step(cost[order], errors[order], where="post", color=BLUE, linewidth=1.4, alpha=0.5)
        ax.set(xscale="log", yscale="log", xlabel=label, ylabel="error")
        ax.margins(x=0.2)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_title(self.title)
        return self


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
