"""Open a cell of the confusion matrix, and go on with its images in Python."""

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from misread import html
from misread.errors import ParameterError
from misread.evaluation.answers import Answers

__all__ = ["ConfusionMatrix"]

_STATIC = Path(__file__).parent / "static"
_SHOWN = 60
_MOST_CLASSES = 200
"""A table of more cells than 200 x 200 is nothing to point at."""


class ConfusionMatrix(anywidget.AnyWidget):
    """How often each class was answered for each, to be opened cell by cell.

    Parameters
    ----------
    answers : Answers
        Of any model; images without a label are left out.
    images : array of uint8, shape (n, height, width), optional
        What the answers are about, row by row; shown when a cell is opened.

    Attributes
    ----------
    cell : (str, str) or None
        True class and answer of the open cell. It may be set from Python, too.
    rows : ndarray of int
        Which rows of `answers` lie in the open cell, the most certain answer first where there are scores.

    Raises
    ------
    ParameterError
        If there is not one image a row, no label, or a class that the answers do not know.

    Examples
    --------
    >>> from misread import Answers
    >>> from misread.widgets import ConfusionMatrix
    >>> answers = Answers.from_scores(["3", "5", "5", "5"], ["3", "3", "5", "3"])
    >>> matrix = ConfusionMatrix(answers)
    >>> matrix.cell = ("5", "3")
    >>> matrix.rows.tolist()
    [1, 3]
    """

    _esm = _STATIC / "matrix.js"
    _css = _STATIC / "widgets.css"

    cell = traitlets.Tuple(traitlets.Unicode(), traitlets.Unicode(), allow_none=True, default_value=None)
    cell.tag(sync=True)
    _names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _counts = traitlets.List(traitlets.List(traitlets.Int())).tag(sync=True)
    _opened = traitlets.Dict().tag(sync=True)

    def __init__(self, answers: Answers, images: ArrayLike | None = None) -> None:
        if not answers.is_labelled.any():
            raise ParameterError("expected answers with labels; without them nothing is known to be misread")
        if len(answers.class_names) > _MOST_CLASSES:
            raise ParameterError(
                f"expected at most {_MOST_CLASSES} classes to point at, got {len(answers.class_names):,}; "
                "ask answers.predictions and answers.labels"
            )
        self._answers, self._images = answers, _pictures(images, len(answers))
        super().__init__()
        self._names = list(answers.class_names)
        known, n = answers.is_labelled, len(answers.class_names)
        cells = answers.labels[known] * n + answers.predictions[known]
        self._counts = np.bincount(cells, minlength=n * n).reshape(n, n).tolist()

    @property
    def rows(self) -> NDArray[np.intp]:
        """Rows of the answers in the open cell; none while no cell is open."""
        cell: tuple[str, str] | None = self.cell
        if cell is None:
            return np.zeros(0, np.intp)
        given, answer = (self._answers.class_names.index(name) for name in cell)
        rows = np.flatnonzero((self._answers.labels == given) & (self._answers.predictions == answer))
        if self._answers.scores is None:
            return rows
        return rows[np.argsort(-self._answers.leads[rows], kind="stable")]

    @traitlets.validate("cell")
    def _check(self, proposal: dict[str, Any]) -> Any:
        for name in proposal["value"] or ():
            if name not in self._answers.class_names:
                known = ", ".join(self._answers.class_names[:12])
                raise ParameterError(f"there is no class {name!r}; the classes are {known}")
        return proposal["value"]

    @traitlets.observe("cell")
    def _open(self, _: Any) -> None:
        rows = self.rows
        shown = rows[:_SHOWN]
        names = [str(self._answers.names[row]) for row in shown]
        pictures = [] if self._images is None else [str(html.picture(self._images[row], 64)) for row in shown]
        self._opened = {"cell": self.cell, "count": len(rows), "names": names, "pictures": pictures}


def _pictures(images: ArrayLike | None, n: int) -> NDArray[np.uint8] | None:
    if images is None:
        return None
    pictures = np.asarray(images)
    if pictures.ndim != 3 or len(pictures) != n or pictures.dtype != np.uint8:
        raise ParameterError(
            f"expected one image a row, uint8 of shape ({n}, height, width), got {pictures.dtype} of shape "
            f"{pictures.shape}"
        )
    return pictures
