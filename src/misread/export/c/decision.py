"""How C code comes from whole-numbered scores to an answer, emulated to the last bit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.export.agreement import Outputs

__all__ = ["Decision"]


@dataclass(frozen=True, eq=False)
class Decision:
    """What is made of scores.

    Attributes
    ----------
    unit : float
        What 1 is in scores of the model.
    codes : ndarray of int64
        The class codes that planes are for, or of one plane both sides'.
    threshold : int or None
        A detector says yes from this score on; a classifier is sure from this lead on; None for always.
    is_detector : bool
    faintest : int
        The contrast from which on there is something to read.
    is_promised : bool
        Whether the model has an operating point; without one no answer is sure.
    """

    unit: float
    codes: NDArray[np.int64]
    threshold: int | None
    is_detector: bool
    faintest: int
    is_promised: bool

    @classmethod
    def of(cls, bundle: Bundle, unit: float, bits: int) -> "Decision":
        """As a model decides, in scores of so many bits."""
        point, is_detector = bundle.manifest.operating_point, bundle.manifest.task == "detector"
        most = 2 ** (bits - 2)
        threshold = None if point is None else int(np.clip(np.ceil(point.threshold / unit), -most, most))
        codes = np.asarray(bundle.estimator.classes_).astype(np.int64)
        threshold = 1 if is_detector and point is None else threshold
        return cls(unit, codes, threshold, is_detector, bundle.faintest, point is not None)

    def answer(self, scores: NDArray[np.int64], images: NDArray[np.uint8]) -> Outputs:
        """Labels, whether they are sure and whether there is nothing to read, by scores with a column a plane."""
        one = scores[:, 0]
        pixels = images.reshape(len(images), -1)
        blank = pixels.max(axis=1).astype(np.int64) - pixels.min(axis=1) < self.faintest
        if self.is_detector:
            label = (one >= (self.threshold or 0)).astype(np.int64)
            return {"label": label, "sure": ~blank & self.is_promised, "blank": blank}
        if scores.shape[1] == 1:
            label, lead = self.codes[(one > 0).astype(np.int64)], 2 * np.abs(one)
        else:
            best = np.sort(scores, axis=1)[:, -2:]
            label, lead = self.codes[scores.argmax(axis=1)], best[:, 1] - best[:, 0]
        sure = ~blank & self.is_promised & (lead >= (self.threshold or 0))
        return {"label": label, "sure": sure, "blank": blank}
