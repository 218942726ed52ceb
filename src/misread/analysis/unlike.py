"""How unlike the training images an image is: how far from the nearest of them, by its edges and by its strokes.

A model answers whatever it is shown. A letter, a smiley or two digits side by side are read as some digit, often
with a large lead; but they are far from every training image.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackError, eigsh

from misread.kernels.jit import read_only
from misread.kernels.strokes import N_STROKE_COUNTS, stroke_counts
from misread.models.features import edge_histograms

__all__ = [
    "CLIPPED",
    "LEAST",
    "N_DIRECTIONS",
    "N_NEAREST",
    "SCALES",
    "Likeness",
    "evenly_of_each",
    "held_out_threshold",
    "learn",
]

LEAST = 200
"""Training images without which nothing is called unlike them."""
N_NEAREST = 5
N_DIRECTIONS, SCALES = 8, ((7.0, 2.0), (4.0, 2.0), (2.0, 2.0))
"""Of the edges; see `misread.models.features.OrientedGradients`."""
CLIPPED = 8.0
"""Deviations from the mean, of counts of strokes, beyond which it matters no more how many."""

_OF_A_CLASS, _MOST_KNOWN, _MOST_FITTED = 2_000, 20_000, 3_000
_N_AXES = 64
_NARROWEST = 1e-3
_EVENED_EDGES, _EVENED_STROKES, _STROKES_BESIDE_EDGES = 0.25, 0.5, 0.6
_LEVELS_BETWEEN = (0.4, 0.16, 0.85)
_LEAST_SPREAD = 0.02
_BLOCK = 256
_SOME = 8
_SURELY = 1 - 1e-4
"""More than single precision rounds off."""
_SURELY_FAR = 1.01
"""The same of a squared distance, as a difference of larger numbers."""

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
        `known` times step are the places of training images.

    Notes
    -----
    The distance is that to the five nearest training images, on average, in a space of edges and strokes: along
    the axes on which images of one class differ most, evened out by a power of the variance. What else was tried,
    and what chose the numbers, is in benchmarks/unlike.md.
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

    def distances(self, images: NDArray[np.uint8]) -> Floats:
        """How far images of shape (n, height, width) are from the nearest training images."""
        parts = (slice(start, start + _BLOCK) for start in range(0, len(images), _BLOCK))
        return np.concatenate([_nearest(self.places(images[part]), *self._known_places) for part in parts])

    def are_beyond(self, images: NDArray[np.uint8], threshold: float) -> NDArray[np.bool_]:
        """Whether images are further from the nearest training images than that; of most it is seen at once.

        The same as by `distances`: what is near enough to some of the known images is no further from all of them,
        and what is too far from every one, were it by its strokes alone, is too far from the nearest on average.
        """
        beyond = np.empty(len(images), np.bool_)
        for start in range(0, len(images), _BLOCK):
            part = images[start : start + _BLOCK]
            strokes = self._stroke_places(part)
            found = _surely_far(strokes, self._turned_strokes, threshold)
            near = np.flatnonzero(~found)
            if len(near):
                places = np.hstack([self._edge_places(part[near]), strokes[near]])
                found[near] = self._places_beyond(places, threshold)
            beyond[start : start + _BLOCK] = found
        return beyond

    def _places_beyond(self, places: Singles, threshold: float) -> NDArray[np.bool_]:
        known, squares = self._known_places
        beyond = np.ones(len(places), np.bool_)
        if len(known) >= _SOME * _BLOCK:
            beyond = _nearest(places, *self._some_places) > threshold * _SURELY
        doubted = np.flatnonzero(beyond)
        doubted = doubted[~_surely_far(places[doubted], self._turned_places, threshold)]
        if len(doubted):
            beyond[doubted] = _nearest(places[doubted], known, squares) > threshold
        return beyond

    def held_out_distances(
        self,
        rows: NDArray[np.intp],
        among: NDArray[np.intp] | None = None,
        groups: NDArray[Any] | None = None,
    ) -> Floats:
        """How far known images are from the others, or from those `among` them, each as if it were not known.

        Where `groups` of all known images are given, as if its whole group were not; infinite where nothing else
        is known.
        """
        known, squares = self._known_places
        who = np.arange(len(known)) if groups is None else np.unique(groups, return_inverse=True)[1]
        among = np.arange(len(known)) if among is None else among
        others = (known, squares) if len(among) == len(known) else (known[among], squares[among])
        found = np.empty(len(rows))
        for start in range(0, len(rows), _BLOCK):
            own = rows[start : start + _BLOCK]
            found[start : start + _BLOCK] = _nearest(known[own], *others, who[own][:, None] == who[among])
        return found

    def places(self, images: NDArray[np.uint8]) -> Singles:
        """Where images of shape (n, height, width) are, along the axes of edges and those of strokes."""
        return np.hstack([self._edge_places(images), self._stroke_places(images)])

    def _edge_places(self, images: NDArray[np.uint8]) -> Singles:
        return _edges(images) @ self._edge_axes - self.edge_centre

    def _stroke_places(self, images: NDArray[np.uint8]) -> Singles:
        counts = _standardised(_counts(images, self.levels), self.stroke_centre, self.stroke_spread)
        return counts @ self.stroke_axes

    @cached_property
    def _edge_axes(self) -> Singles:
        return self.edge_axes * self.edge_step

    @cached_property
    def _known_places(self) -> tuple[Singles, Singles]:
        """The places of known images, and how far these are from the middle, squared."""
        places = self.known * self.known_step
        return places, (places**2).sum(axis=1)

    @cached_property
    def _turned_places(self) -> Singles:
        return _turned(self._known_places[0])

    @cached_property
    def _turned_strokes(self) -> Singles:
        return _turned(self._known_places[0][:, self.edge_axes.shape[1] :])

    @cached_property
    def _some_places(self) -> tuple[Singles, Singles]:
        """Every so many of them, of all classes."""
        known, squares = self._known_places
        return np.ascontiguousarray(known[::_SOME]), np.ascontiguousarray(squares[::_SOME])


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
    )
    parts = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    places = np.concatenate([likeness.places(images[part]) for part in parts])
    known_step = _step(places)
    return replace(likeness, known=np.round(places / known_step).astype(np.int8), known_step=known_step), rows


def held_out_threshold(likeness: Likeness, labels: NDArray[np.int64], reject_rate: float) -> float:
    """The distance beyond which that share of the known images would be, each as if it were not known.

    An image is no further from all the others than from those of its class, so that only the furthest from these
    have to be compared with all.

    Parameters
    ----------
    likeness : Likeness
    labels : ndarray of int64, shape (m,)
        The classes of the images that it knows.
    reject_rate : float, above 0 and below 1/2
    """
    n = len(labels)
    distances = np.empty(n)
    for code in np.unique(labels):
        own = np.flatnonzero(labels == code)
        distances[own] = likeness.held_out_distances(own, own) if len(own) > N_NEAREST else np.inf
    furthest, exact = np.argsort(-distances, kind="stable"), 0
    place = min(int(np.ceil((n + 1) * (1 - reject_rate))), n) - 1
    while True:
        wanted = min(n, max(2 * exact, 3 * (n - place)))
        rows = furthest[exact:wanted]
        distances[rows], exact = likeness.held_out_distances(rows), wanted
        threshold = float(np.partition(distances, place)[place])
        if exact == n or threshold >= distances[furthest[exact:]].max():
            return threshold


def evenly_of_each(labels: NDArray[np.int64], of_each: int, most: int) -> NDArray[np.intp]:
    """Rows of each class, evenly spaced: at most so many of each, and of all together."""
    codes = np.unique(labels)
    of_each = max(1, min(of_each, most // len(codes)))
    chosen = []
    for code in codes:
        own = np.flatnonzero(labels == code)
        chosen.append(own[np.linspace(0, len(own) - 1, min(of_each, len(own))).astype(np.intp)])
    return np.sort(np.concatenate(chosen))


def _nearest(places: Singles, known: Singles, squares: Singles, itself: NDArray[np.bool_] | None = None) -> Floats:
    """How far the nearest known places are on average, without those that are the place itself."""
    squared = (places**2).sum(axis=1)[:, None] + squares - 2 * places @ known.T
    if itself is not None:
        squared[itself] = np.inf
    n = min(N_NEAREST, len(known))
    nearest = np.partition(np.maximum(squared, 0), n - 1, axis=1)[:, :n]
    return np.asarray(np.sqrt(nearest).mean(axis=1), np.float64)


def _turned(known: Singles) -> Singles:
    """What gives, of places with a 1 behind each, squared distances to known ones, less those from the middle."""
    return np.ascontiguousarray(np.hstack([-2 * known, (known**2).sum(axis=1)[:, None]]).T)


def _surely_far(places: Singles, turned: Singles, threshold: float) -> NDArray[np.bool_]:
    """Whether every known place is further than that, beyond all that rounding does."""
    with_one = np.hstack([places, np.ones((len(places), 1), np.float32)])
    closest = (places**2).sum(axis=1) + (with_one @ turned).min(axis=1)
    found: NDArray[np.bool_] = closest > _SURELY_FAR * threshold**2
    return found


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
    return np.clip((counts - centre) / spread, -CLIPPED, CLIPPED)


def _axes(features: Singles, codes: NDArray[np.int64], most: int, power: float) -> Singles:
    """The axes on which images of one class differ most, one a column, evened out."""
    within = np.array(features, np.float32)
    for code in np.unique(codes):
        within[codes == code] -= within[codes == code].mean(axis=0)
    if len(within) < within.shape[1]:  # the same from the smaller matrix
        variances, axes = _widest(within @ within.T / len(within), most)
        axes = within.T @ (axes / np.sqrt(np.maximum(variances, 1e-30) * len(within)))
    else:
        variances, axes = _widest(within.T @ within / len(within), most)
    total = max(float(np.square(within).sum()) / len(within), 1e-12)
    wide = variances > _NARROWEST * total
    wide[-1] = True
    shares = np.maximum(variances[wide] / total, 1e-12)
    return np.asarray(axes[:, wide] / shares**power, np.float32)


def _widest(covariance: NDArray[Any], most: int) -> tuple[Floats, Floats]:
    """The largest eigenvalues, rising, and their vectors; a few are found by Lanczos, in a third of the time."""
    n = len(covariance)
    found: Any = None
    if most < n // 8:
        start = np.random.default_rng(0).standard_normal(n, np.float32)
        with suppress(ArpackError):  # of images that are all the same
            found = eigsh(covariance, k=most, which="LA", v0=start)
    if found is None:
        found = eigh(covariance, subset_by_index=(max(0, n - most), n - 1))
    return found[0], found[1]


def _step(table: Singles) -> Singles:
    """What a column of whole numbers from -127 to 127 is to be multiplied by."""
    return np.maximum(np.abs(table).max(axis=0) / 127, np.finfo(np.float32).tiny).astype(np.float32)


def _length(features: Singles, axes: Singles) -> np.float32:
    """How long places along axes are, as a root of the mean square, from their middle."""
    places = features @ axes
    return np.float32(max(np.sqrt(places.var(axis=0).sum()), 1e-6))
