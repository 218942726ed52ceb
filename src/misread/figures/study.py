"""The study's own figures, drawn from a stored result."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from misread.figures.display import STYLE
from misread.figures.displays import (
    ConfusionDisplay,
    ImageGridDisplay,
    PrecisionRecallDisplay,
    RocDisplay,
    ThresholdDisplay,
)
from misread.files import atomic_write, writable_folder
from misread.results.study import StudyResult

__all__ = ["draw_study"]

Layout = tuple[int, int, tuple[float, float]]


def draw_study(result: StudyResult, folder: str | Path) -> list[Path]:
    """Draw every figure that `result` holds the arrays for, as `<name>.png` in `folder`.

    Parameters
    ----------
    result : StudyResult
    folder : path

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    folder = writable_folder(folder)
    written = []
    for name, (needed, (rows, columns, size), draw) in _FIGURES.items():
        if needed not in result.arrays:
            continue
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=size, layout="constrained")
            FigureCanvasAgg(figure)
            draw(result, figure.subplots(rows, columns, squeeze=False))
            path = folder / f"{name}.png"
            with atomic_write(path) as stream:
                figure.savefig(stream, format="png")
        written.append(path)
    return written


def _truth(result: StudyResult) -> np.ndarray:
    return result.arrays["labels.train"] == result.class_names.index(result.manifest["positive"])


def _some_digit(result: StudyResult, axes: np.ndarray) -> None:
    ImageGridDisplay.from_images(result.arrays["data.first_images"][:1], columns=1).plot(axes[0, 0])


def _more_digits(result: StudyResult, axes: np.ndarray) -> None:
    ImageGridDisplay.from_images(result.arrays["data.first_images"], columns=10).plot(axes[0, 0])


def _precision_recall_vs_threshold(result: StudyResult, axes: np.ndarray) -> None:
    scores = result.arrays["detector.scores"]
    reach = np.quantile(np.abs(scores), 0.99)
    # On MNIST the notebook shows -50,000 to 50,000 and marks 3,000.
    limit, marked = (50_000, 3_000.0) if 20_000 < reach < 200_000 else (reach, float(np.round(reach / 20)))
    display = ThresholdDisplay.from_scores(_truth(result), scores, marked)
    display.plot(axes[0, 0], limits=(-limit, limit))


def _precision_vs_recall(result: StudyResult, axes: np.ndarray) -> None:
    _precision_recall_display(result, {"SGD": "detector"}).plot(axes[0, 0])


def _roc_curve(result: StudyResult, axes: np.ndarray) -> None:
    threshold = result.values["detector.at_precision_90.threshold"]
    RocDisplay.from_scores(_truth(result), result.arrays["detector.scores"], threshold).plot(axes[0, 0])


def _pr_curve_comparison(result: StudyResult, axes: np.ndarray) -> None:
    _precision_recall_display(result, {"random forest": "forest", "SGD": "detector"}, mark=False).plot(axes[0, 0])


def _precision_recall_display(
    result: StudyResult, models: dict[str, str], mark: bool = True
) -> PrecisionRecallDisplay:
    threshold = result.values["detector.at_precision_90.threshold"]
    marked = {label: threshold for label in models if mark and threshold is not None}
    scores = {label: result.arrays[f"{name}.scores"] for label, name in models.items()}
    return PrecisionRecallDisplay.from_scores(_truth(result), scores, marked)


def _confusion_1(result: StudyResult, axes: np.ndarray) -> None:
    counts = np.array(result.values["errors.confusion"])
    for ax, normalize in zip(axes[0], ("counts", "row"), strict=True):
        ConfusionDisplay.from_counts(counts, result.class_names, normalize).plot(ax)


def _confusion_2(result: StudyResult, axes: np.ndarray) -> None:
    counts = np.array(result.values["errors.confusion"])
    for ax, normalize in zip(axes[0], ("row", "column"), strict=True):
        ConfusionDisplay.from_counts(counts, result.class_names, normalize, errors=True).plot(ax)


def _error_analysis_digits(result: StudyResult, axes: np.ndarray) -> None:
    names = [result.class_names[code] for code in result.arrays["errors.pair"]]
    blocks = result.arrays["errors.pair_images"]
    columns = int(np.sqrt(blocks.shape[2]))
    for (row, column), ax in np.ndenumerate(axes):
        title = f"true {names[row]}, read as {names[column]}"
        ImageGridDisplay.from_images(blocks[row, column], columns, title, lines=True).plot(ax)


def _noisy_digit(result: StudyResult, axes: np.ndarray) -> None:
    ImageGridDisplay.from_images(result.arrays["denoise.noisy"][:1], columns=1).plot(axes[0, 0])


def _cleaned_digit(result: StudyResult, axes: np.ndarray) -> None:
    ImageGridDisplay.from_images(result.arrays["denoise.cleaned"][:1], columns=1).plot(axes[0, 0])


_FIGURES: dict[str, tuple[str, Layout, Callable[[StudyResult, np.ndarray], None]]] = {
    "some_digit_plot": ("data.first_images", (1, 1, (3, 3)), _some_digit),
    "more_digits_plot": ("data.first_images", (1, 1, (6, 6)), _more_digits),
    "precision_recall_vs_threshold_plot": (
        "detector.scores",
        (1, 1, (8, 4.5)),
        _precision_recall_vs_threshold,
    ),
    "precision_vs_recall_plot": ("detector.scores", (1, 1, (6, 5)), _precision_vs_recall),
    "roc_curve_plot": ("detector.scores", (1, 1, (6, 5)), _roc_curve),
    "pr_curve_comparison_plot": ("forest.scores", (1, 1, (6, 5)), _pr_curve_comparison),
    "confusion_matrix_plot_1": ("errors.pair", (1, 2, (13, 6.2)), _confusion_1),
    "confusion_matrix_plot_2": ("errors.pair", (1, 2, (13, 6.2)), _confusion_2),
    "error_analysis_digits_plot": ("errors.pair", (2, 2, (7, 7.5)), _error_analysis_digits),
    "noisy_digit_example_plot": ("denoise.noisy", (1, 1, (3, 3)), _noisy_digit),
    "cleaned_digit_example_plot": ("denoise.cleaned", (1, 1, (3, 3)), _cleaned_digit),
}
