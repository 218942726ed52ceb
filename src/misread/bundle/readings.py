"""What a model says when it is asked, and the scores that its operating point is chosen by."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread import html

__all__ = ["Evidence", "Readings"]


@dataclass(frozen=True, eq=False, repr=False)
class Readings:
    """What a model reads on some images.

    Attributes
    ----------
    labels : ndarray of shape (n,) or, with several labels, (n, n_outputs)
        Class codes (int64), or bool for a detector and for several labels.
    names : list of str
        The answers in words.
    scores : ndarray of shape (n, k), float64
        A column per class; one column for a detector; one per label for several.
    sure : ndarray of shape (n,), bool
        Whether the answer passes the operating point of a classifier, or a detector has one; never without an
        operating point, and never of an image that is blank or unlike the training images.
    probabilities : ndarray of shape (n, k), float64, or None
        The chance of every class, or of a detector's, calibrated on held-out images; None of a model that is not.
    lead : ndarray of shape (n,), float64, or None
        How far a classifier's best score is ahead of the second, which the operating point goes by; None for the
        other tasks.
    unlike : ndarray of shape (n,), bool, or None
        Whether an image is unlike all training images; None of models that cannot say.
    blank : ndarray of shape (n,), bool
        Whether there is nothing to read on the image, whatever the model says of it.
    """

    labels: NDArray[Any]
    names: list[str]
    scores: NDArray[np.float64]
    sure: NDArray[np.bool_]
    probabilities: NDArray[np.float64] | None = None
    lead: NDArray[np.float64] | None = None
    unlike: NDArray[np.bool_] | None = None
    blank: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def refused(self) -> NDArray[np.bool_]:
        """Whether nothing is sure of an image, whatever its scores: it is blank or unlike the training images."""
        return self.blank if self.unlike is None else self.blank | self.unlike

    def __repr__(self) -> str:
        some = f": {', '.join(self.names[:5])}{', ...' if len(self.names) > 5 else ''}" if self.names else ""
        return f"<Readings: {len(self.names):,} images{some}>"

    def _repr_html_(self) -> str:
        """The first answers, in a notebook."""
        rows = [
            (self.names[row], f"{table[row].max():.4g}", "sure" if self.sure[row] else "")
            for table in (self.scores if self.probabilities is None else self.probabilities,)
            for row in range(min(len(self.names), 10))
        ]
        best = "best score" if self.probabilities is None else "chance"
        return html.block(repr(self)[1:-1], html.table(rows, ("answer", best, "")))


@dataclass(frozen=True, eq=False)
class Evidence:
    """Scores to choose an operating point by.

    Attributes
    ----------
    truth : ndarray of shape (n,), bool
        Detector: whether the image is of the class. Classifier: whether its answer was right.
    scores : ndarray of shape (n,), float64
        Detector: the score. Classifier: how far the class answered was ahead.
    """

    truth: NDArray[np.bool_]
    scores: NDArray[np.float64]
