"""The study's own figures, drawn from a stored result."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from misread.analysis.confusion import confusion_counts
from misread.figures.display import STYLE
from misread.figures.displays import (
    ConfusionDisplay,
    ImageGridDisplay,
    PrecisionRecallDisplay,
    RocDisplay,
    ThresholdDisplay,
)
from misread.files import atomic_write, writable_folder
from misread.results.names import DETECTORS, ERROR_MODEL, RAW_MODEL, opened_in, title_of
from misread.results.study import StudyResult

__all__ = ["draw_study"]

Layout = tuple[int, int, tuple[float, float]]


def draw_study(result: StudyResult, folder: str | Path) -> list[Path]:
    """Draw every figure that `result` holds the arrays for, as `<name>.png` and `<name>.svg` in `folder`.

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
    data = result.manifest["dataset"]["name"]
    for name, (needed, (rows, columns, size), subject, draw) in _FIGURES.items():
        if needed not in result.arrays or (subject is _hero and not _hero(result)):
            continue
        with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
            figure, layout = Figure(figsize=size), ConstrainedLayoutEngine()
            FigureCanvasAgg(figure)
            draw(result, figure.subplots(rows, columns, squeeze=False))
            title = f"{subject(result)} · {data}" if subject(result) else data
            figure.suptitle(title.replace("$", r"\$"), x=0.01, ha="left", fontsize=9, color="#555555")
            layout.execute(figure)  # once: it takes longest, and a figure's own engine works at each drawing
            for kind, metadata in (("png", None), ("svg", {"Date": None})):
                path = folder / f"{name}.{kind}"
                with atomic_write(path) as stream:
                    figure.savefig(stream, format=kind, metadata=metadata)
                written.append(path)
    return written


def _detector(result: StudyResult) -> str:
    return f"{RAW_MODEL}, out of fold, is it {result.manifest['positive']}?"


def _detectors(result: StudyResult) -> str:
    return f"Out of fold, is it {result.manifest['positive']}?"


def _linear(result: StudyResult) -> str:
    return f"{ERROR_MODEL}, out of fold"


def _hero(result: StudyResult) -> str:
    key = opened_in(result.values, result.arrays)
    return "" if key is None else f"{title_of(key, result.values)}, out of fold"


def _images(result: StudyResult) -> str:
    return ""


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
    _precision_recall_display(result, {RAW_MODEL: "detector"}).plot(axes[0, 0])


def _roc_curve(result: StudyResult, axes: np.ndarray) -> None:
    threshold = result.values["detector.at_precision_90.threshold"]
    RocDisplay.from_scores(_truth(result), result.arrays["detector.scores"], threshold).plot(axes[0, 0])


def _pr_curve_comparison(result: StudyResult, axes: np.ndarray) -> None:
    _precision_recall_display(result, {title: key for key, title, _ in DETECTORS}, mark=False).plot(axes[0, 0])


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


def _best_model_errors(result: StudyResult, axes: np.ndarray) -> None:
    predictions = result.arrays[f"{opened_in(result.values, result.arrays)}.predictions"]
    counts = confusion_counts(result.arrays["labels.train"], predictions, len(result.class_names))
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


_FIGURES: dict[
    str, tuple[str, Layout, Callable[[StudyResult], str], Callable[[StudyResult, np.ndarray], None]]
] = {
    "some_digit_plot": ("data.first_images", (1, 1, (3, 3.2)), _images, _some_digit),
    "more_digits_plot": ("data.first_images", (1, 1, (6, 6.2)), _images, _more_digits),
    "precision_recall_vs_threshold_plot": (
        "detector.scores",
        (1, 1, (8, 4.8)),
        _detector,
        _precision_recall_vs_threshold,
    ),
    "precision_vs_recall_plot": ("detector.scores", (1, 1, (6, 5)), _detector, _precision_vs_recall),
    "roc_curve_plot": ("detector.scores", (1, 1, (6, 5)), _detector, _roc_curve),
    "pr_curve_comparison_plot": ("forest.scores", (1, 1, (6, 5)), _detectors, _pr_curve_comparison),
    "confusion_matrix_plot_1": ("errors.pair", (1, 2, (13, 6.4)), _linear, _confusion_1),
    "confusion_matrix_plot_2": ("errors.pair", (1, 2, (13, 6.4)), _linear, _confusion_2),
    "best_model_errors_plot": ("labels.train", (1, 2, (13, 6.4)), _hero, _best_model_errors),
    "error_analysis_digits_plot": ("errors.pair", (2, 2, (7, 7.7)), _linear, _error_analysis_digits),
    "noisy_digit_example_plot": ("denoise.noisy", (1, 1, (3, 3.2)), _images, _noisy_digit),
    "cleaned_digit_example_plot": ("denoise.cleaned", (1, 1, (3, 3.2)), _images, _cleaned_digit),
}
