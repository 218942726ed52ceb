"""The picture of the accuracy ladder: error against training time."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

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
    """Error against training time, both on log scales, and the front of the rungs that no other beats in both.

    Attributes
    ----------
    models : tuple of str
    seconds, errors, low, high : ndarray of float64, shape (n,)
        Training time (at least 0.01 s); error rate with its interval.
    on_front : ndarray of bool, shape (n,)
    title : str
    """

    models: tuple[str, ...]
    seconds: NDArray[np.float64]
    errors: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    on_front: NDArray[np.bool_]
    title: str

    @classmethod
    def from_result(cls, result: LadderResult) -> "LadderDisplay":
        """From a ladder that has been climbed."""
        rungs = result.rungs
        front = {rung.model for rung in result.front}
        n = result.manifest["dataset"]["n_test"]
        return cls(
            tuple(rung.model for rung in rungs),
            np.array([max(rung.seconds, _LEAST_SECONDS) for rung in rungs]),
            np.array([rung.verdict.error for rung in rungs]),
            np.array([rung.verdict.error_low for rung in rungs]),
            np.array([rung.verdict.error_high for rung in rungs]),
            np.array([rung.model in front for rung in rungs], bool),
            f"{result.manifest['dataset']['name']}: share of {n:,} test images misread",
        )

    def frame(self) -> Columns:
        """Model, training seconds, error rate with its interval, and whether it is on the front."""
        return {
            "model": np.array(self.models),
            "seconds": self.seconds,
            "error": self.errors,
            "error_low": self.low,
            "error_high": self.high,
            "on_front": self.on_front,
        }

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax, (7.5, 5))
        floor = self.high[self.high > 0].min(initial=1.0) / 20
        errors, low = np.maximum(self.errors, floor), np.maximum(self.low, floor)
        for k, model in enumerate(self.models):
            color = BLUE if self.on_front[k] else GREY
            ax.plot([self.seconds[k]] * 2, [low[k], self.high[k]], color=color, linewidth=1.2, alpha=0.6)
            ax.plot(self.seconds[k], errors[k], "o", color=color, markersize=7)
            ax.annotate(
                f"{model}  {self.errors[k]:.2%}",
                (self.seconds[k], errors[k]),
                xytext=(7, 5),
                textcoords="offset points",
                color=color,
                fontsize=9,
            )
        order = np.flatnonzero(self.on_front)[np.argsort(self.seconds[self.on_front])]
        ax.step(self.seconds[order], errors[order], where="post", color=BLUE, linewidth=1.4, alpha=0.5)
        ax.set(xscale="log", yscale="log", xlabel="training time in seconds", ylabel="error")
        ax.margins(x=0.2)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
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
        figure = Figure(figsize=(7.5, 5), layout="constrained")
        FigureCanvasAgg(figure)
        LadderDisplay.from_result(result).plot(figure.add_subplot())
        with atomic_write(path) as stream:
            figure.savefig(stream, format="png")
    return path
