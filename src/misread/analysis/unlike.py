"""How unlike the training images an image is: how far from the nearest typical one, by its edges and its strokes.

A model answers whatever it is shown. A letter, a smiley or two digits side by side are read as some digit, often
with a large lead; but they are far from every training image.
"""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from misread.kernels.jit import read_only
from misread.kernels.strokes import N_STROKE_COUNTS, stroke_counts
from misread.models.features import edge_histograms

__all__ = ["CLIPPED", "LEAST", "N_DIRECTIONS", "N_NEAREST", "SCALES", "Likeness", "evenly_of_each", "learn"]

LEAST = 200
"""Training images without which nothing is called unlike them."""
N_NEAREST = 1
N_DIRECTIONS, SCALES = 8, ((4.0, 2.0),)
"""Of the edges; see `misread.models.features.OrientedGradients`."""
CLIPPED = 8.0
"""Deviations from the mean, of counts of strokes, beyond which it matters no more how many."""

_OF_A_CLASS, _MOST_LEARNT, _MOST_FITTED = 2_000, 20_000, 3_000
_N_TYPICAL, _N_ITERATIONS, _N_FOLDS = 500, 10, 5
_N_AXES = 40
_NARROWEST = 1e-3
_EVENED_EDGES, _EVENED_STROKES, _STROKES_BESIDE_EDGES = 0.25, 0.5, 0.6
_LEVELS_BETWEEN = (0.4, 0.16, 0.85)
_LEAST_SPREAD = 0.02
_BLOCK = 256

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


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
        `known` times step are the places of typical images: means of training images that are near each other.
    scales : tuple of (float, float)
        Windows in which edges are counted.
    n_nearest : int
        How many of the nearest known places count, on average.

    Notes
    -----
    The distance is that to the nearest typical image in a space of edges and strokes: along the axes on which
    images of one class differ most, evened out by a power of the variance. What else was tried, and what chose the
    numbers, is in benchmarks/unlike.md.
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
    scales: tuple[tuple[float, float], ...] = SCALES
    n_nearest: int = N_NEAREST

    def distances(self, images: NDArray[np.uint8]) -> Floats:
        """How far images of shape (n, height, width) are from what is typical of the training images."""
        found = np.empty(len(images))
        for start in range(0, len(images), _BLOCK):
            part = slice(start, start + _BLOCK)
            found[part] = _nearest(self.places(images[part]), self._known_places, self.n_nearest)
        return found

    def places(self, images: NDArray[np.uint8]) -> Singles:
        """Where images of shape (n, height, width) are, along the axes of edges and those of strokes."""
        edges = _edges(images, self.scales) @ self._edge_axes - self.edge_centre
        counts = _standardised(_counts(images, self.levels), self.stroke_centre, self.stroke_spread)
        return np.hstack([edges, counts @ self.stroke_axes])

    @cached_property
    def _edge_axes(self) -> Singles:
        return self.edge_axes * self.edge_step

    @cached_property
    def _known_places(self) -> Singles:
        return self.known * self.known_step


def learn(
    images: NDArray[np.uint8], labels: NDArray[np.int64], groups: NDArray[Any] | None = None
) -> tuple[Likeness, Floats]:
    """Learn what is typical of training images.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    labels : ndarray of int64, shape (n,)
    groups : ndarray of shape (n,), optional
        Which images are of one group, such as one writer.

    Returns
    -------
    Likeness
    ndarray of float64, shape (m,)
        How far images are from what is typical of others, of other groups where there are some: of those that it
        learns from, at most 2,000 of each class, evenly spaced, and 20,000 in all.
    """
    rows = evenly_of_each(labels, _OF_A_CLASS, _MOST_LEARNT)
    fitted = rows[evenly_of_each(labels[rows], _MOST_FITTED, _MOST_FITTED)]
    some, codes = images[fitted], labels[fitted]
    levels = _levels(some)
    edges, counts = _edges(some, SCALES), _counts(some, levels)
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
    )
    parts = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    places = np.concatenate([likeness.places(images[part]) for part in parts])
    typical = _typical(places)
    known_step = _step(typical)
    likeness = replace(likeness, known=np.round(typical / known_step).astype(np.int8), known_step=known_step)
    return likeness, _held_out(places, None if groups is None else groups[rows])


def _typical(places: Singles) -> Singles:
    """Means of places that are near each other; where these are few, they themselves."""
    if len(places) <= _N_TYPICAL:
        return places
    from sklearn.cluster import KMeans  # who only answers does not wait for it

    # Begun at some of the places: choosing these well takes longer than all the rest, and gains nothing here.
    first = places[np.random.default_rng(0).choice(len(places), _N_TYPICAL, replace=False)]
    means = KMeans(_N_TYPICAL, init=first, n_init=1, max_iter=_N_ITERATIONS)
    with warnings.catch_warnings(), threadpool_limits(1, "openmp"):  # several threads add in any order
        warnings.simplefilter("ignore", ConvergenceWarning)  # images may be equal
        return np.asarray(means.fit(places).cluster_centers_, np.float32)


def _held_out(places: Singles, groups: NDArray[Any] | None) -> Floats:
    """How far each fifth of places is from what is typical of the others; of whole groups."""
    who = np.arange(len(places)) if groups is None else np.unique(groups, return_inverse=True)[1]
    folds = (np.random.default_rng(0).permutation(who.max() + 1) % _N_FOLDS)[who]
    parts = [folds == fold for fold in np.unique(folds)]
    if len(parts) == 1:
        return np.empty(0)
    return np.concatenate([_nearest(places[part], _typical(places[~part]), N_NEAREST) for part in parts])


def evenly_of_each(labels: NDArray[np.int64], of_each: int, most: int) -> NDArray[np.intp]:
    """Rows of each class, evenly spaced: at most so many of each, and of all together."""
    codes = np.unique(labels)
    of_each = max(1, min(of_each, most // len(codes)))
    chosen = []
    for code in codes:
        own = np.flatnonzero(labels == code)
        chosen.append(own[np.linspace(0, len(own) - 1, min(of_each, len(own))).astype(np.intp)])
    return np.sort(np.concatenate(chosen))


def _nearest(places: Singles, known: Singles, n: int) -> Floats:
    """How far the nearest known places are, on average."""
    n = min(n, len(known))
    squared = (places**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * places @ known.T
    nearest = np.partition(np.maximum(squared, 0), n - 1, axis=1)[:, :n]
    return np.asarray(np.sqrt(nearest).mean(axis=1), np.float64)


def _edges(images: NDArray[np.uint8], scales: tuple[tuple[float, float], ...]) -> Singles:
    """Edge directions of images of shape (n, height, width), as they are."""
    return edge_histograms(np.ascontiguousarray(images), N_DIRECTIONS, scales, n_jobs=1)


def _counts(images: NDArray[np.uint8], levels: NDArray[np.int64]) -> Singles:
    counts = np.empty((len(images), N_STROKE_COUNTS), np.float32)
    stroke_counts(read_only(np.ascontiguousarray(images)), *map(int, levels), counts)
    return counts


def _levels(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Where ink begins, and where grey begins and ends, between what images are usually lowest and highest."""
    low, high = np.median(images.min(axis=(1, 2))), np.median(images.max(axis=(1, 2)))
    return (low + np.array(_LEVELS_BETWEEN) * (high - low)).astype(np.int64)


def _standardised(counts: Singles, centre: Singles, spread: Singles) -> Singles:
    return np.clip((counts - centre) / spread, -CLIPPED, CLIPPED)


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
