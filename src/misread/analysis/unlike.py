"""How unlike the training images an image is: how far from those of its class, in the directions of its edges.

A model answers whatever it is shown. A letter, a smiley or two digits side by side are read as some digit, often
with a large lead; but they are far from every training image of that digit.
"""

import numpy as np
from numpy.typing import NDArray

from misread.models.features import Deskew, OrientedGradients

__all__ = ["LEAST", "Likeness", "refused_from"]

LEAST = 200
"""Training images without which nothing is called unlike them."""
_OF_A_CLASS = 500
_NEAREST = 3

Floats = NDArray[np.float64]


class Likeness:
    """Training images to be like.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
        At most 500 of each class are taken, evenly spaced.
    labels : ndarray of int64, shape (n,)

    Attributes
    ----------
    rows : ndarray of int64, shape (m,)
        Which of the images are taken.

    Notes
    -----
    The distance is that to the three nearest images of the class that is answered, on average, between histograms
    of edge directions (`OrientedGradients`) of images stood upright; it is in benchmarks/unlike.md beside others.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self.shape = (images.shape[1], images.shape[2])
        chosen = []
        for code in np.unique(labels):
            own = np.flatnonzero(labels == code)
            chosen.append(own[np.linspace(0, len(own) - 1, min(_OF_A_CLASS, len(own))).astype(np.intp)])
        self.rows = np.concatenate(chosen)
        self._labels = labels[self.rows]
        self._upright = Deskew(shape=self.shape).fit(_flat(images[self.rows]))
        self._edges = OrientedGradients(shape=self.shape).fit(_flat(images[self.rows]))
        self._known = self._features(images[self.rows])

    def distances(self, images: NDArray[np.uint8], codes: NDArray[np.int64]) -> Floats:
        """How far images of shape (n, height, width) are from training images of the classes `codes`.

        Infinitely far of a class that has fewer than three.
        """
        return self._nearest(self._features(images), codes, _NEAREST, 0)

    def held_out_distances(self, codes: NDArray[np.int64]) -> Floats:
        """The same of the images at `rows`, each as if it were not there."""
        return self._nearest(self._known, codes, _NEAREST, 1)

    def _features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(self._edges.transform(self._upright.transform(_flat(images))), np.float32)

    def _nearest(self, features: NDArray[np.float32], codes: NDArray[np.int64], n: int, own: int) -> Floats:
        found = np.full(len(features), np.inf)
        for code in np.unique(codes):
            rows, known = np.flatnonzero(codes == code), self._known[self._labels == code]
            if len(known) < n + own:
                continue
            squares = (features[rows] ** 2).sum(axis=1)[:, None] + (known**2).sum(axis=1)
            squared = np.maximum(squares - 2 * features[rows] @ known.T, 0)
            if own:  # an image is no neighbour of its own
                place = np.cumsum(self._labels == code) - 1
                itself = np.flatnonzero(self._labels[rows] == code)
                squared[itself, place[rows[itself]]] = np.inf
            found[rows] = np.sqrt(np.partition(squared, n - 1, axis=1)[:, :n]).mean(axis=1)
        return found


def refused_from(distances: Floats, reject_rate: float) -> float | None:
    """The distance above which that share of held-out images would be refused; None where too few are known.

    Parameters
    ----------
    distances : ndarray of shape (n,)
        Of images that were held out.
    reject_rate : float, above 0 and below 1/2

    Examples
    --------
    >>> refused_from(np.arange(1000.0), 0.01)
    990.0
    """
    if len(distances) < LEAST:
        return None
    place = min(int(np.ceil((len(distances) + 1) * (1 - reject_rate))), len(distances)) - 1
    threshold = float(np.sort(distances)[place])
    return threshold if np.isfinite(threshold) else None


def _flat(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(images).reshape(len(images), -1)
