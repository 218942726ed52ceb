"""How unlike the training images an image is: how far from those of its class, by its edges and by its strokes.

A model answers whatever it is shown. A letter, a smiley or two digits side by side are read as some digit, often
with a large lead; but they are far from every training image of that digit.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from misread.kernels.jit import read_only
from misread.kernels.strokes import N_STROKE_COUNTS, stroke_counts
from misread.models.features import edge_histograms

__all__ = [
    "LEAST",
    "N_DIRECTIONS",
    "N_NEAREST",
    "SCALES",
    "Likeness",
    "evenly_of_each",
    "learn",
    "refused_from",
]

LEAST = 200
"""Training images without which nothing is called unlike them."""
N_NEAREST = 5
N_DIRECTIONS, SCALES = 8, ((7.0, 2.0), (4.0, 2.0), (2.0, 2.0))
"""Of the edges; see `misread.models.features.OrientedGradients`."""

_OF_A_CLASS, _MOST_KNOWN, _MOST_FITTED = 2_000, 20_000, 3_000
_N_AXES = 64
_NARROWEST = 1e-3
_EVENED_EDGES, _EVENED_STROKES, _STROKES_BESIDE_EDGES = 0.25, 0.5, 0.6
_LEVELS_BETWEEN = (0.4, 0.16, 0.85)
_CLIPPED, _LEAST_SPREAD = 8.0, 0.02
_BLOCK = 1_024

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Whose = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Numbers of the groups of some images, and of all that are known."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """Training images to be like.

    Attributes
    ----------
    shape : (int, int)
        Height and width of the images.
    levels : ndarray of int64, shape (3,)
        Grey levels: above the first is ink; above the second and up to the third is grey.
    edge_axes : ndarray of int8, shape (n_edge_features, n_edge_axes)
    edge_step, edge_centre : ndarray of float32, shape (n_edge_axes,)
        Edges times axes times step less centre are an image's place among edges.
    stroke_axes : ndarray of float32, shape (28, n_stroke_axes)
    stroke_centre, stroke_spread : ndarray of float32, shape (28,)
        Counts of strokes, standardised by these, times axes are its place among strokes.
    known : ndarray of int8, shape (m, n_edge_axes + n_stroke_axes)
    known_step : ndarray of float32, shape (n_edge_axes + n_stroke_axes,)
        `known` times step are the places of training images.
    labels : ndarray of int32, shape (m,)
        Their classes.

    Notes
    -----
    The distance is that to the five nearest images of the class that is answered, on average, in a space of edges
    and strokes: along the axes on which images of one class differ most, evened out by a power of the variance.
    What else was tried, and what chose the numbers, is in benchmarks/unlike.md.
    """

    shape: tuple[int, int]
    levels: NDArray[np.int64]
    edge_axes: NDArray[np.int8]
    edge_step: Singles
    edge_centre: Singles
    stroke_axes: Singles
    stroke_centre: Singles
    stroke_spread: Singles
    known: NDArray[np.int8]
    known_step: Singles
    labels: NDArray[np.int32]

    def distances(self, images: NDArray[np.uint8], codes: NDArray[np.int64] | None = None) -> Floats:
        """How far images of shape (n, height, width) are from training images of the classes `codes`, or of all.

        All classes count for one of which fewer than six training images are known.
        """
        codes = np.full(len(images), -1) if codes is None else codes
        parts = (slice(start, start + _BLOCK) for start in range(0, len(images), _BLOCK))
        return np.concatenate([self._distances(self.places(images[part]), codes[part]) for part in parts])

    def held_out_distances(
        self, codes: NDArray[np.int64] | None = None, groups: NDArray[Any] | None = None
    ) -> Floats:
        """The same of the training images that are known, each as if it, or its whole group, were not.

        Infinite where nothing else is known of the class.
        """
        codes = np.full(len(self.labels), -1) if codes is None else codes
        who = np.arange(len(self.labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
        found = np.empty(len(codes))
        for start in range(0, len(codes), _BLOCK):
            own = np.arange(start, min(start + _BLOCK, len(codes)))
            found[own] = self._distances(self._known_places[own], codes[own], (who[own], who))
        return found

    def _distances(self, places: Singles, codes: NDArray[np.int64], own: Whose | None = None) -> Floats:
        found = np.empty(len(places))
        for code in np.unique(codes):
            rows = np.flatnonzero(codes == code)
            found[rows] = self._nearest(places[rows], int(code), None if own is None else (own[0][rows], own[1]))
        return found

    def _nearest(self, places: Singles, code: int, own: Whose | None) -> Floats:
        members, known, squares = self._members(code)
        squared = (places**2).sum(axis=1)[:, None] + squares - 2 * places @ known.T
        if own is not None:  # an image is no neighbour of its own, and none of its group is
            squared[own[0][:, None] == own[1][members]] = np.inf
        n = min(N_NEAREST, len(members))
        nearest = np.partition(np.maximum(squared, 0), n - 1, axis=1)[:, :n]
        return np.asarray(np.sqrt(nearest).mean(axis=1), np.float64)

    def _members(self, code: int) -> tuple[NDArray[np.intp], Singles, Singles]:
        """The known images of a class, or all where they are too few, their places and the squares of these."""
        if code not in self._classes:
            members = np.flatnonzero(self.labels == code)
            members = members if len(members) > N_NEAREST else np.arange(len(self.labels))
            known = self._known_places[members]
            self._classes[code] = members, known, (known**2).sum(axis=1)
        return self._classes[code]

    def places(self, images: NDArray[np.uint8]) -> Singles:
        """Where images of shape (n, height, width) are, along the axes of edges and those of strokes."""
        edges = _edges(images) @ self._edge_axes - self.edge_centre
        counts = _standardised(_counts(images, self.levels), self.stroke_centre, self.stroke_spread)
        return np.hstack([edges, counts @ self.stroke_axes])

    @cached_property
    def _classes(self) -> dict[int, tuple[NDArray[np.intp], Singles, Singles]]:
        return {}

    @cached_property
    def _edge_axes(self) -> Singles:
        return self.edge_axes * self.edge_step

    @cached_property
    def _known_places(self) -> Singles:
        return self.known * self.known_step


def learn(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[Likeness, NDArray[np.intp]]:
    """Learn from training images.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    labels : ndarray of int64, shape (n,)

    Returns
    -------
    Likeness
    ndarray of intp, shape (m,)
        The images that it knows: at most 2,000 of each class, evenly spaced, and 20,000 in all.
    """
    rows = evenly_of_each(labels, _OF_A_CLASS, _MOST_KNOWN)
    fitted = rows[evenly_of_each(labels[rows], _MOST_FITTED, _MOST_FITTED)]
    some, codes = images[fitted], labels[fitted]
    levels = _levels(some)
    edges, counts = _edges(some), _counts(some, levels)
    centre, spread = counts.mean(axis=0), np.maximum(counts.std(axis=0), _LEAST_SPREAD)
    axes = _axes(edges, codes, _N_AXES, _EVENED_EDGES)
    axes /= _length(edges, axes)
    step = _step(axes)
    whole = np.round(axes / step).astype(np.int8)
    strokes = _standardised(counts, centre, spread)
    stroke_axes = _axes(strokes, codes, N_STROKE_COUNTS, _EVENED_STROKES)
    stroke_axes *= _STROKES_BESIDE_EDGES / _length(strokes, stroke_axes)
    n_axes = axes.shape[1] + stroke_axes.shape[1]
    likeness = Likeness(
        shape=(images.shape[1], images.shape[2]),
        levels=levels,
        edge_axes=whole,
        edge_step=step,
        edge_centre=(edges @ (whole * step)).mean(axis=0),
        stroke_axes=stroke_axes,
        stroke_centre=centre,
        stroke_spread=spread,
        known=np.zeros((0, n_axes), np.int8),
        known_step=np.ones(n_axes, np.float32),
        labels=labels[rows].astype(np.int32),
    )
    parts = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    places = np.concatenate([likeness.places(images[part]) for part in parts])
    known_step = _step(places)
    return replace(likeness, known=np.round(places / known_step).astype(np.int8), known_step=known_step), rows


def refused_from(distances: Floats, reject_rate: float) -> float:
    """The distance above which that share of held-out images would be refused.

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
    place = min(int(np.ceil((len(distances) + 1) * (1 - reject_rate))), len(distances)) - 1
    return float(np.sort(distances)[place])


def evenly_of_each(labels: NDArray[np.int64], of_each: int, most: int) -> NDArray[np.intp]:
    """Rows of each class, evenly spaced: at most so many of each, and of all together."""
    codes = np.unique(labels)
    of_each = max(1, min(of_each, most // len(codes)))
    chosen = []
    for code in codes:
        own = np.flatnonzero(labels == code)
        chosen.append(own[np.linspace(0, len(own) - 1, min(of_each, len(own))).astype(np.intp)])
    return np.sort(np.concatenate(chosen))


def _edges(images: NDArray[np.uint8]) -> Singles:
    """Edge directions of images of shape (n, height, width), as they are."""
    return edge_histograms(np.ascontiguousarray(images), N_DIRECTIONS, SCALES, n_jobs=1)


def _counts(images: NDArray[np.uint8], levels: NDArray[np.int64]) -> Singles:
    counts = np.empty((len(images), N_STROKE_COUNTS), np.float32)
    stroke_counts(read_only(np.ascontiguousarray(images)), *map(int, levels), counts)
    return counts


def _levels(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Where ink begins, and where grey begins and ends, between what images are usually lowest and highest."""
    low, high = np.median(images.min(axis=(1, 2))), np.median(images.max(axis=(1, 2)))
    return (low + np.array(_LEVELS_BETWEEN) * (high - low)).astype(np.int64)


def _standardised(counts: Singles, centre: Singles, spread: Singles) -> Singles:
    return np.clip((counts - centre) / spread, -_CLIPPED, _CLIPPED)


def _axes(features: Singles, codes: NDArray[np.int64], most: int, power: float) -> Singles:
    """The axes on which images of one class differ most, one a column, evened out."""
    within = np.array(features, np.float32)
    for code in np.unique(codes):
        within[codes == code] -= within[codes == code].mean(axis=0)
    n = within.shape[1]
    variances, axes = eigh(within.T @ within / len(within), subset_by_index=(max(0, n - most), n - 1))
    total = max(float(np.square(within).sum()) / len(within), 1e-12)
    wide = variances > _NARROWEST * total
    wide[-1] = True
    shares = np.maximum(variances[wide] / total, 1e-12)
    return np.asarray(axes[:, wide] / shares**power, np.float32)


def _step(table: Singles) -> Singles:
    """What a column of whole numbers from -127 to 127 is to be multiplied by."""
    return np.maximum(np.abs(table).max(axis=0) / 127, np.finfo(np.float32).tiny).astype(np.float32)


def _length(features: Singles, axes: Singles) -> np.float32:
    """How long places along axes are, as a root of the mean square, from their middle."""
    places = features @ axes
    return np.float32(max(np.sqrt(places.var(axis=0).sum()), 1e-6))
