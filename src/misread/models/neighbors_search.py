"""Exact nearest neighbours among images of small integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray

from misread.errors import ParameterError
from misread.kernels.neighbors import NEVER, RADIUS, Pixels, Scratch, embed_images, search_images
from misread.kernels.neighbors_tiles import LANES, ROWS
from misread.parallel import in_blocks

__all__ = ["NeighborSearch", "as_small_integers"]

_COMPONENTS = LANES - 1
_SAMPLE_VALUES = 2_000_000
_SEED_IMAGES = 2_048
_FEW_IMAGES = 1_024
_FEW_QUERIES = 24
_NEIGHBOR_SHARE = 8
_QUERIES_PER_TASK = 480
# Pixel values up to which W (x - m) is known to fit: any int16 for 16-bit images, room for noise on bytes.
_FURTHEST = 32_767
_FURTHEST_BYTE = 1_023
_ROWS_AT_ONCE = 1_024


def as_small_integers(values: Any) -> NDArray[Any] | None:
    """Give an array of whole numbers in 0..65,535 as uint8 or uint16, or None if it is anything else.

    uint8 and uint16 arrays come back as they are, without a copy. Floats are accepted when every one is exactly a
    whole number; the first rows decide in most cases, so that other data cost next to nothing.

    Parameters
    ----------
    values : ndarray of shape (n, n_features)

    Returns
    -------
    ndarray of shape (n, n_features), uint8 or uint16, or None
    """
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype.kind not in "buif":
        return None
    if values.dtype == np.bool_:
        return np.ascontiguousarray(values).view(np.uint8)
    if values.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(values)
    small = np.empty(values.shape, np.uint16)
    highest = 0
    rows = 16
    start = 0
    while start < len(values):
        block = values[start : start + rows]
        low, high = block.min(initial=0), block.max(initial=0)
        if not (low >= 0 and high <= np.iinfo(np.uint16).max):
            return None
        small[start : start + rows] = block
        if not np.array_equal(small[start : start + rows], block):
            return None
        highest = max(highest, int(high))
        start, rows = start + rows, _ROWS_AT_ONCE
    return small.astype(np.uint8) if highest <= np.iinfo(np.uint8).max else small


@dataclass(frozen=True)
class _Screen:
    """What `search_images` needs to screen: see the proof in `misread.kernels.neighbors`."""

    mean: NDArray[np.int32]
    axes: NDArray[np.int16]
    unit: float
    scale: float
    tiles: NDArray[np.int16]
    halves: NDArray[np.int32]

    @classmethod
    def blank(cls) -> Self:
        """The screen that lets every image pass."""
        nothing = np.empty((0, LANES, 2), np.int16)
        return cls(np.empty(0, np.int32), nothing, 1.0, 1.0, nothing[None][:0], np.empty((0, LANES), np.int32))

    def embed(self, images: Pixels, padding: int) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
        """The vectors of images, zeros added for a whole multiple of `padding`, and their squared norms."""
        count = max(len(images.bytes), len(images.words))
        vectors = np.zeros((-(-count // padding) * padding, LANES), np.int16)
        if len(self.axes):
            centred = np.zeros((ROWS, 2 * len(self.axes)), np.int16)
            products, norms = np.empty((ROWS, LANES), np.int32), np.empty(ROWS)
            embed_images(images, self.mean, self.axes, self.unit, self.scale, centred, products, norms, vectors)
        return vectors, np.einsum("ij,ij->i", vectors, vectors, dtype=np.int64)


def _principal_axes(sample: NDArray[np.float32]) -> NDArray[np.float64]:
    """At most 63 directions that hold most of the variance of centred rows (randomised subspace iteration)."""
    features = sample.shape[1]
    if features <= _COMPONENTS:
        return np.eye(features)
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((features, _COMPONENTS), dtype=np.float32)
    for _ in range(3):
        basis = np.linalg.qr(sample.T @ (sample @ basis))[0]
    return basis.T.astype(np.float64)


def _whole_axes(axes: NDArray[np.float64], furthest: int) -> tuple[NDArray[np.int64], float]:
    """Axes as integers whose products with centred images fit int32, and the unit that makes them contract."""
    for bits in range(15, -1, -1):
        whole = np.clip(np.rint(axes * 2.0**bits), -32_767, 32_767).astype(np.int64)
        if int(np.abs(whole).sum(axis=1).max()) * furthest < 2**31:
            break
    else:
        whole = np.zeros_like(whole)
    # float64 holds these sums exactly: they are integers below 2 ** 53.
    gram = whole.astype(np.float64) @ whole.T.astype(np.float64)
    largest = float(np.abs(gram).sum(axis=1).max())
    return whole, (1 - 1e-12) / np.sqrt(max(largest, 1.0))


class NeighborSearch:
    """Search the nearest of a set of images, exactly.

    Distances are squared Euclidean distances as exact integers, and equal distances go to the image that comes
    first, so a result is the same on every machine and for every number of threads. How: see
    `misread.kernels.neighbors`. The screen (132 bytes per image) is built once enough queries have come
    to gain from it.

    Parameters
    ----------
    images : ndarray of shape (n, n_features), uint8 or uint16
        Kept as it is, not copied (unless it is not C-contiguous).

    Examples
    --------
    >>> import numpy as np
    >>> search = NeighborSearch(np.array([[0, 0], [3, 4], [0, 1]], dtype=np.uint8))
    >>> search.nearest(np.array([[0, 0]], dtype=np.uint8), 2)
    (array([[0, 1]]), array([[0, 2]]))
    """

    def __init__(self, images: NDArray[Any]) -> None:
        if images.ndim != 2 or images.dtype not in (np.uint8, np.uint16):
            raise ParameterError(
                f"images must be a 2-d array of uint8 or uint16, not {images.ndim}-d {images.dtype}; "
                "try images.reshape(len(images), -1)"
            )
        self.images = np.ascontiguousarray(images)
        self._furthest = _FURTHEST_BYTE
        if images.dtype == np.uint16:
            top = int(images.max(initial=0))
            self._furthest = min(_FURTHEST, 2 * top + _FURTHEST_BYTE) if top <= _FURTHEST else -1
        self._screen: _Screen | None = None
        self._n_asked = 0

    def nearest(
        self, queries: NDArray[Any], n_neighbors: int, n_jobs: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the nearest images of each query.

        Parameters
        ----------
        queries : ndarray of shape (n_queries, n_features), uint8 or uint16
        n_neighbors : int
            Between 1 and the number of images.
        n_jobs : int, optional
            Threads, as in joblib.

        Returns
        -------
        squared_distances, indices : ndarray of shape (n_queries, n_neighbors), int64
            Nearest first; the lower index first among equal distances.

        Raises
        ------
        ParameterError
            If the queries have another shape or kind, or there are not enough images.
        """
        count, features = self.images.shape
        if queries.ndim != 2 or queries.shape[1] != features or queries.dtype not in (np.uint8, np.uint16):
            raise ParameterError(
                f"queries must be uint8 or uint16 of shape (n_queries, {features}), "
                f"not {queries.dtype} of shape {queries.shape}"
            )
        if not 1 <= n_neighbors <= count:
            raise ParameterError(
                f"n_neighbors must be between 1 and {count}, the number of images, not {n_neighbors}"
            )
        queries, known = np.ascontiguousarray(queries), Pixels.of(self.images)
        squared = np.empty((len(queries), n_neighbors), np.int64)
        indices = np.empty_like(squared)
        screen = self._useful_screen(queries, n_neighbors, n_jobs) or _Screen.blank()
        seeds = -(-max(_SEED_IMAGES, 16 * n_neighbors) // LANES)

        def search(part: slice) -> None:
            asked = Pixels.of(queries[part])
            vectors, norms = screen.embed(asked, ROWS)
            search_images(
                asked,
                known,
                vectors,
                norms,
                screen.scale,
                screen.tiles,
                screen.halves,
                max(1, len(screen.tiles) // seeds),
                Scratch.of(len(squared[part])),
                squared[part],
                indices[part],
            )

        size = max(1, min(_QUERIES_PER_TASK, -(-len(queries) // effective_n_jobs(n_jobs))))
        in_blocks(search, len(queries), size, n_jobs)
        return squared, indices

    def _useful_screen(self, queries: NDArray[Any], n_neighbors: int, n_jobs: int | None) -> _Screen | None:
        """The screen, built now if it pays; None if measuring every image is the better way."""
        count = len(self.images)
        if count < _FEW_IMAGES or n_neighbors * _NEIGHBOR_SHARE > count:
            return None
        if self._furthest < (0 if queries.dtype == np.uint8 else queries.max(initial=0)):
            return None
        self._n_asked += len(queries)
        if self._screen is None and self._n_asked >= _FEW_QUERIES:
            self._screen = self._build(n_jobs)
        return self._screen

    def _build(self, n_jobs: int | None) -> _Screen:
        count, features = self.images.shape
        sample = self.images[:: max(1, count * features // _SAMPLE_VALUES)]
        mean = np.rint(sample.mean(axis=0)).astype(np.int32)
        centred = sample.astype(np.float32) - mean
        axes, unit = _whole_axes(_principal_axes(centred), self._furthest)
        packed = np.zeros((-(-features // 2) * 2, LANES), np.int16)
        packed[:features, : len(axes)] = axes.T
        packed = np.ascontiguousarray(packed.reshape(-1, 2, LANES).transpose(0, 2, 1))
        longest = float(np.sqrt(np.einsum("ij,ij->i", centred, centred, dtype=np.float64).max()))
        scale = RADIUS / max(longest, 1.0)
        n_tiles = -(-count // LANES)
        tiles = np.empty((n_tiles, LANES // 2, LANES, 2), np.int16)
        halves = np.empty((n_tiles, LANES), np.int32)
        screen = _Screen(mean, packed, unit, scale, tiles, halves)

        def fill(part: slice) -> None:
            vectors, norms = screen.embed(Pixels.of(self.images[part.start * LANES : part.stop * LANES]), LANES)
            tiles[part] = vectors.reshape(-1, LANES, LANES // 2, 2).transpose(0, 2, 1, 3)
            halves[part] = -(norms >> 1).reshape(-1, LANES)

        in_blocks(fill, n_tiles, max(1, min(64, -(-n_tiles // effective_n_jobs(n_jobs)))), n_jobs)
        halves.ravel()[count:] = NEVER
        return screen
