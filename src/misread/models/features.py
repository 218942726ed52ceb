"""Features designed for drawn shapes: images stood upright, and histograms of the directions of their edges."""

from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.images.deform import deskew
from misread.kernels.gradients import orientation_planes, pool_planes
from misread.models.pixels import PixelReader, seen_by
from misread.parallel import in_blocks

__all__ = ["Deskew", "OrientedGradients", "edge_histograms", "edge_windows", "n_edge_features"]

Scales = tuple[tuple[float, float], ...]

_BLOCK, _IN_CACHE = 256, 16


class _ImageTransformer(TransformerMixin, BaseEstimator):
    """What both transformers do with rows of pixels: learn the images' size, read rows as images."""

    shape: tuple[int, int] | None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the size of the images; X has shape (n, height * width)."""
        self.reader_ = PixelReader.learn(validate_data(self, X, dtype="numeric"), self.shape)
        return self

    def _read(self, X: Any) -> NDArray[np.uint8]:
        check_is_fitted(self)
        return self.reader_.read(seen_by(self, X, dtype="numeric"))


class Deskew(OneToOneFeatureMixin, _ImageTransformer):
    """Stand images upright: ink centred, slant sheared away; see `misread.images.deform.deskew`.

    Parameters
    ----------
    shape : (int, int), optional
        Height and width; by default the images are square (or, if they cannot be, one row).
    n_jobs : int, optional
        Threads, as joblib counts them.

    Examples
    --------
    >>> import numpy as np
    >>> slanted = np.array([[0, 0, 9], [0, 9, 0], [9, 0, 0]], np.uint8).reshape(1, 9)
    >>> Deskew().fit_transform(slanted).reshape(3, 3)
    array([[0, 9, 0],
           [0, 9, 0],
           [0, 9, 0]], dtype=uint8)
    """

    def __init__(self, shape: tuple[int, int] | None = None, n_jobs: int | None = None) -> None:
        self.shape = shape
        self.n_jobs = n_jobs

    def transform(self, X: Any) -> NDArray[np.uint8]:
        """Stand images of shape (n, height * width) upright; the result is `uint8` of the same shape."""
        images = self._read(X)
        return deskew(images, n_jobs=self.n_jobs).reshape(len(images), -1)


class OrientedGradients(ClassNamePrefixFeaturesOutMixin, _ImageTransformer):
    """Histograms of edge directions under overlapping windows of several sizes.

    Parameters
    ----------
    n_directions : int, default 8
        Directions that an edge can face.
    scales : tuple of (float, float), default ((7, 2), (4, 2), (2, 2))
        Windows: so many fit along the image, each overlapping its neighbour by 1 - 1/second.
    shape : (int, int), optional
        Height and width; by default the images are square (or, if they cannot be, one row).
    n_jobs : int, optional
        Threads, as joblib counts them.

    Notes
    -----
    N. Dalal and B. Triggs, Histograms of oriented gradients for human detection, CVPR 2005; S. Maji and J. Malik,
    Fast and accurate digit classification, UCB/EECS-2009-159.
    """

    def __init__(
        self,
        n_directions: int = 8,
        scales: Scales = ((7, 2), (4, 2), (2, 2)),
        shape: tuple[int, int] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_directions = n_directions
        self.scales = scales
        self.shape = shape
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the size of the images; X has shape (n, height * width)."""
        super().fit(X)
        self._n_features_out = len(self.transform(np.asarray(X)[:1])[0])
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Give the features of images of shape (n, height * width), each row of length 1 (or 0 if blank)."""
        images = self._read(X)
        return edge_histograms(images, self.n_directions, self.scales, n_jobs=self.n_jobs)


def edge_histograms(
    images: NDArray[np.uint8], n_directions: int, scales: Scales, *, n_jobs: int | None = None
) -> NDArray[np.float32]:
    """Features of images of shape (n, height, width); see `OrientedGradients`."""
    n, height, width = images.shape
    angles = 2 * np.pi * np.arange(n_directions) / n_directions
    directions = np.stack([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)
    sharpness = float(np.cos(2 * np.pi / n_directions))
    windows = [(edge_windows(height, *scale), edge_windows(width, *scale)) for scale in scales]
    sizes = [len(rows) * len(columns) * n_directions for rows, columns in windows]
    ends = np.cumsum([0, *sizes])
    out = np.empty((n, ends[-1]), np.float32)
    images = images.view()
    images.flags.writeable = False

    def fill(block: slice) -> None:
        planes = np.empty((_IN_CACHE, height, n_directions, width), np.float32)
        for first in range(0, len(images[block]), _IN_CACHE):
            some = images[block][first : first + _IN_CACHE]
            orientation_planes(some, directions, sharpness, planes)
            for (rows, columns), start, end in zip(windows, ends[:-1], ends[1:], strict=True):
                pooled = np.empty((len(some), len(rows), len(columns), n_directions), np.float32)
                pool_planes(planes[: len(some)], rows, columns, 0.1, pooled)
                out[block][first : first + len(some), start:end] = pooled.reshape(len(some), -1)

    in_blocks(fill, n, _BLOCK, n_jobs)
    if len(scales) > 1:
        out *= np.float32(1 / np.sqrt(len(scales)))
    return out


def n_edge_features(shape: tuple[int, int], n_directions: int, scales: Scales) -> int:
    """How many numbers describe an image of that height and width."""
    return n_directions * sum(prod(_windows_along(side, *scale)[2] for side in shape) for scale in scales)


def _windows_along(size: int, count: float, overlap: float) -> tuple[float, float, int]:
    """Half width of the windows, how far they are apart, and how many there are."""
    half = max(size / count, 1.0)
    step = half / overlap
    return half, step, max(1, int((size - half) / step) + 1)


def edge_windows(size: int, count: float, overlap: float) -> NDArray[np.float32]:
    """Tents of half width ``size / count`` (at least a pixel), ``1 / overlap`` of that apart; one row a window."""
    half, step, n = _windows_along(size, count, overlap)
    middles = (size - 1) / 2 + step * (np.arange(n) - (n - 1) / 2)
    return np.maximum(0, 1 - np.abs(np.arange(size) - middles[:, None]) / half).astype(np.float32)
