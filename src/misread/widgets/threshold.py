"""Choose a detector's threshold by hand, and go on with it in Python."""

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from misread.errors import ParameterError
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.thresholds import OperatingPoint, ThresholdCurve

__all__ = ["ThresholdExplorer"]

_STATIC = Path(__file__).parent / "static"
_POINTS = 600
"""Places of a curve that are drawn: more than the picture has pixels. Numbers come from every score."""
_STEPS = 1000
"""Places of the slider."""


class ThresholdExplorer(anywidget.AnyWidget):
    """Precision and recall at every threshold, with a slider.

    Parameters
    ----------
    y : array-like of shape (n,)
        The truth as True and False, 1 and 0, or 1 and -1.
    scores : array-like of float, shape (n,)
        From held-out images: scores of images that were learnt from promise too much.
    threshold : float
        Where to begin; from this score on the answer is yes.

    Attributes
    ----------
    threshold : float
        What is chosen now. It may be set from Python, too; ``observe`` tells of changes.

    Raises
    ------
    ParameterError
        If the truth or the scores make no sense.

    Examples
    --------
    >>> from misread.widgets import ThresholdExplorer
    >>> explorer = ThresholdExplorer([0, 0, 1, 1], [-2.0, 0.5, 0.4, 3.0])
    >>> explorer.threshold, explorer.point.precision, explorer.point.recall
    (0.0, 0.6666666666666666, 1.0)
    >>> explorer.threshold = 1.0
    >>> explorer.point.confusion
    [[2, 0], [1, 1]]
    """

    _esm = _STATIC / "threshold.js"
    _css = _STATIC / "widgets.css"

    threshold = traitlets.Float(0.0).tag(sync=True)
    _steps = traitlets.List(traitlets.Float()).tag(sync=True)
    _drawn = traitlets.Dict().tag(sync=True)
    _sentences = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, y: ArrayLike, scores: ArrayLike, *, threshold: float = 0.0) -> None:
        curve = ThresholdCurve.from_scores(y, scores)
        self._curve = curve
        super().__init__(threshold=_finite(threshold))
        places = _spread(len(curve.thresholds), _POINTS)
        self._drawn = {
            "thresholds": curve.thresholds[places].tolist(),
            "precision": curve.precision[places].tolist(),
            "recall": curve.recall[places].tolist(),
        }
        self._steps = _steps(curve).tolist()
        self._say()

    @property
    def point(self) -> OperatingPoint:
        """The counts at the threshold that is chosen now."""
        return self._curve.at(self.threshold)

    @traitlets.validate("threshold")
    def _check(self, proposal: dict[str, Any]) -> float:
        return _finite(proposal["value"])

    @traitlets.observe("threshold")
    def _changed(self, _: Any) -> None:
        self._say()

    def _say(self) -> None:
        point = self.point
        answered = point.true_positives + point.false_positives
        positives = point.true_positives + point.false_negatives
        self._sentences = [
            _share("Precision", point.true_positives, answered, "yes is never answered"),
            _share("Recall", point.true_positives, positives, "there is nothing to find"),
        ]


def _share(what: str, count: int, of: int, nothing: str) -> str:
    if not of:
        return f"{what}: {nothing}."
    low, high = clopper_pearson(count, of)
    return f"{what} {count / of:.1%} ({count:,} of {of:,}; {low:.1%} to {high:.1%} with 95% confidence)."


def _steps(curve: ThresholdCurve) -> np.ndarray:
    """Thresholds for the slider, ascending: as many where recall changes as where precision does."""
    moved = np.abs(np.diff(curve.recall)) + np.abs(np.diff(curve.precision)) + 1e-9
    way = np.concatenate([[0.0], np.cumsum(moved)])
    return curve.thresholds[np.unique(np.searchsorted(way, np.linspace(0, way[-1], _STEPS)))]


def _spread(n: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.intp))


def _finite(threshold: float) -> float:
    if not np.isfinite(threshold):
        raise ParameterError(f"expected a finite threshold, got {threshold}; scores are finite, too")
    return float(threshold)
