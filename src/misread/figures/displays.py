"""Display classes: computed once, drawn on any axes.

Each has `from_...`, `.plot(ax=None)` and `.frame()`: what is drawn is also given as plain columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from misread.analysis.confusion import by_column, by_row, errors_only
from misread.analysis.words import share
from misread.evaluation.thresholds import OperatingPoint, ThresholdCurve
from misread.figures.display import Display

__all__ = [
    "ConfusionDisplay",
    "ImageGridDisplay",
    "PrecisionRecallDisplay",
    "RocDisplay",
    "ThresholdDisplay",
]

Columns = dict[str, NDArray[Any]]

# The lines of the report, in its colours and dashes: told apart without any colour, too.
BLUE, RED, GREEN, GREY = "#0a66a6", "#b4480a", "#5b4bb0", "#777777"
LINES: tuple[tuple[str, Any], ...] = ((BLUE, "-"), (RED, (0, (3.5, 1.5))), (GREEN, (0, (1, 1.5))))


@dataclass(frozen=True, eq=False, repr=False)
class ImageGridDisplay(Display):
    """Images side by side, without gaps; dark ink on white.

    Attributes
    ----------
    images : ndarray of shape (n, height, width)
        Grey levels from 0 (no ink); levels above 255 are drawn as 255.
    columns : int
    """

    images: NDArray[Any]
    columns: int
    title: str = ""
    lines: bool = False

    @classmethod
    def from_images(
        cls, images: NDArray[Any], columns: int = 10, title: str = "", lines: bool = False
    ) -> "ImageGridDisplay":
        """Lay `images` out in rows of `columns`, with thin `lines` between them if wanted."""
        return cls(images, columns, title, lines)

    def frame(self) -> Columns:
        """Row, column and mean grey level of each image."""
        index = np.arange(len(self.images))
        return {
            "row": index // self.columns,
            "column": index % self.columns,
            "mean": self.images.mean(axis=(1, 2)),
        }

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax, (5, 5))
        n, height, width = self.images.shape
        rows = -(-n // self.columns)
        sheet = np.zeros((rows * self.columns, height, width))
        sheet[:n] = self.images
        sheet = sheet.reshape(rows, self.columns, height, width).swapaxes(1, 2)
        ax.imshow(sheet.reshape(rows * height, self.columns * width), cmap="binary", vmin=0, vmax=255)
        if self.lines:
            ax.vlines(
                np.arange(self.columns + 1) * width - 0.5,
                -0.5,
                rows * height - 0.5,
                color="#CCCCCC",
                linewidth=0.8,
            )
            ax.hlines(
                np.arange(rows + 1) * height - 0.5,
                -0.5,
                self.columns * width - 0.5,
                color="#CCCCCC",
                linewidth=0.8,
            )
        ax.set_axis_off()
        ax.set_title(self.title)
        return self


@dataclass(frozen=True, eq=False, repr=False)
class ThresholdDisplay(Display):
    """Precision and recall against the threshold, one operating point marked."""

    curve: ThresholdCurve
    point: OperatingPoint

    @classmethod
    def from_scores(cls, y: NDArray[Any], scores: NDArray[Any], threshold: float) -> "ThresholdDisplay":
        """From the truth (bool), the scores and the threshold to mark."""
        curve = ThresholdCurve.from_scores(y, scores)
        return cls(curve, curve.at(threshold))

    def frame(self) -> Columns:
        """Threshold, precision and recall at every distinct score."""
        return {
            "threshold": self.curve.thresholds,
            "precision": self.curve.precision,
            "recall": self.curve.recall,
        }

    def plot(self, ax: Axes | None = None, limits: tuple[float, float] | None = None) -> Self:
        """Draw on `ax`, or on a new figure, between `limits` of the threshold."""
        ax = self._axes(ax)
        columns = self.frame()
        for name, (color, dash) in zip(("precision", "recall"), LINES, strict=False):
            value = getattr(self.point, name)
            label = f"{name}, {share(value)} there"
            ax.plot(columns["threshold"], columns[name], linestyle=dash, color=color, label=label)
            ax.plot([self.point.threshold], [value], "o", color=color, markersize=7)
        ax.axvline(self.point.threshold, color=GREY, linewidth=1, linestyle=":")
        ax.set(xlabel="threshold", ylabel="share", ylim=(0, 1.03), xlim=limits)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        ax.set_title(f"Precision and recall at threshold {self.point.threshold:,.6g}")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, -0.32), ncols=2)
        return self


@dataclass(frozen=True, eq=False, repr=False)
class PrecisionRecallDisplay(Display):
    """Precision against recall for one or more models, one point of each marked where there is one."""

    curves: dict[str, ThresholdCurve]
    points: dict[str, OperatingPoint]

    @classmethod
    def from_scores(
        cls, y: NDArray[Any], scores: dict[str, NDArray[Any]], thresholds: dict[str, float]
    ) -> "PrecisionRecallDisplay":
        """From the truth (bool), the scores of each model and the thresholds to mark."""
        curves = {name: ThresholdCurve.from_scores(y, values) for name, values in scores.items()}
        return cls(curves, {name: curves[name].at(threshold) for name, threshold in thresholds.items()})

    def frame(self) -> Columns:
        """Model, recall, precision and threshold of every point of every curve."""
        curves = self.curves.values()
        return {
            "model": np.repeat(list(self.curves), [curve.thresholds.size for curve in curves]),
            "recall": np.concatenate([curve.recall for curve in curves]),
            "precision": np.concatenate([curve.precision for curve in curves]),
            "threshold": np.concatenate([curve.thresholds for curve in curves]),
        }

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax, (5.5, 5))
        for (name, curve), (color, dash) in zip(self.curves.items(), LINES, strict=False):
            point, label = self.points.get(name), name
            if point is not None:
                label += f"; {share(point.precision)} precision, {share(point.recall)} recall"
                ax.plot([point.recall], [point.precision], "o", color=color, markersize=7)
            ax.plot(curve.recall, curve.precision, linestyle=dash, color=color, label=label)
        ax.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.03))
        ax.set_title("Precision against recall")
        if len(self.curves) > 1 or self.points:
            ax.legend(loc="lower left")
        return self


@dataclass(frozen=True, eq=False, repr=False)
class RocDisplay(Display):
    """True against false positive rate, one operating point marked, chance as a diagonal."""

    curve: ThresholdCurve
    point: OperatingPoint | None

    @classmethod
    def from_scores(cls, y: NDArray[Any], scores: NDArray[Any], threshold: float | None) -> "RocDisplay":
        """From the truth (bool), the scores and the threshold to mark, if any."""
        curve = ThresholdCurve.from_scores(y, scores)
        return cls(curve, None if threshold is None else curve.at(threshold))

    def frame(self) -> Columns:
        """False positive rate, true positive rate and threshold at every distinct score."""
        return {
            "false_positive_rate": self.curve.false_positive_rate,
            "true_positive_rate": self.curve.recall,
            "threshold": self.curve.thresholds,
        }

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax, (5.5, 5))
        ax.plot([0, 1], [0, 1], ":", color=GREY, linewidth=1.2, label="chance")
        label = f"area under the curve {self.curve.roc_auc:.4f}"
        ax.plot(
            np.append(self.curve.false_positive_rate, 0),
            np.append(self.curve.recall, 0),
            color=BLUE,
            label=label,
        )
        if self.point is not None:
            x, y = self.point.false_positive_rate, self.point.recall
            ax.plot([x], [y], "o", color=RED, markersize=7, label=f"{share(self.point.precision)} precision")
        ax.set(
            xlabel="false positive rate",
            ylabel="recall (true positive rate)",
            xlim=(-0.01, 1.01),
            ylim=(0, 1.03),
        )
        ax.set_title("ROC curve")
        ax.legend(loc="lower right")
        return self


@dataclass(frozen=True, eq=False, repr=False)
class ConfusionDisplay(Display):
    """A confusion matrix: rows are true classes, columns are predicted ones."""

    matrix: NDArray[Any]
    class_names: Sequence[str]
    title: str

    @classmethod
    def from_counts(
        cls, counts: NDArray[Any], class_names: Sequence[str], normalize: str = "counts", errors: bool = False
    ) -> "ConfusionDisplay":
        """From counts; `normalize` is 'counts', 'row' or 'column', `errors` leaves the right answers out."""
        shares: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
            "counts": lambda matrix: matrix,
            "row": by_row,
            "column": by_column,
        }
        titles = {
            "counts": "counts",
            "row": "share of each true class",
            "column": "share of each predicted class",
        }
        title = ("Errors, " if errors else "All, ") + titles[normalize]
        return cls(shares[normalize](errors_only(counts) if errors else counts), class_names, title)

    def frame(self) -> Columns:
        """True class, predicted class and value of every cell."""
        names = np.array(self.class_names)
        n = len(names)
        return {"true": np.repeat(names, n), "predicted": np.tile(names, n), "value": self.matrix.ravel()}

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure."""
        ax = self._axes(ax, (6, 6))
        shares = self.matrix.dtype.kind == "f"
        top = self.matrix.max() or 1
        ax.imshow(self.matrix, cmap="Blues", vmin=0, vmax=top)
        if len(self.class_names) <= 20:
            for (i, j), value in np.ndenumerate(self.matrix):
                text = (share(float(value), 0) if shares else f"{value:d}") if value else "·"
                ax.text(
                    j,
                    i,
                    text,
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if value > 0.6 * top else "black",
                )
        short = [name if len(name) <= 12 else name[:11] + "…" for name in self.class_names]
        rotation = 0 if max(map(len, short)) <= 3 else 45
        ax.set_xticks(range(len(short)), short, rotation=rotation, ha="right" if rotation else "center")
        ax.set_yticks(range(len(short)), short)
        ax.grid(visible=False)
        ax.set(xlabel="predicted class", ylabel="true class")
        ax.set_title(self.title)
        return self
