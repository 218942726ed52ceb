"""Measures of how unlike the training images an image is, compared by strange images made of training images."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misread.analysis.unlike import Likeness, learn
from misread.bundle import Bundle
from misread.data import Dataset
from misread.images.deform import deskew
from misread.models.features import edge_histograms

__all__ = ["compare"]

Images = NDArray[np.uint8]
Floats = NDArray[np.float64]
Measure = Callable[[Images, NDArray[np.int64]], Floats]

N_LEARNT, N_HELD_OUT, N_TEST = 10_000, 5_000, 5_000
REJECT_RATE = 0.01


def compare(bundle: Bundle, data: Dataset, strange: dict[str, Images]) -> None:
    """Print what each measure refuses of strange images, where it refuses 1% of held-out training images."""
    order = np.random.default_rng(0).permutation(len(data.train))
    learnt, held = order[:N_LEARNT], order[N_LEARNT : N_LEARNT + N_HELD_OUT]
    held_out = data.train.images[held], _said_held_out(bundle, data, held)
    measures = _measures(data.train.images[learnt], data.train.labels[learnt], held_out)
    some = data.test.images[:N_TEST]
    asked = {name: (images, bundle.answer(images).labels) for name, images in strange.items()}
    asked["test images"] = some, bundle.answer(some).labels
    print(f"| % refused | {' | '.join(asked)} | mean of the strange |\n| --- |{' --- |' * (len(asked) + 1)}")
    for name, measure in measures.items():
        threshold = np.quantile(measure(*held_out), 1 - REJECT_RATE)
        shares = {kind: 100 * float(np.mean(measure(*one) > threshold)) for kind, one in asked.items()}
        mean = np.mean([shares[kind] for kind in strange])
        print(f"| {name} | {' | '.join(f'{one:.1f}' for one in shares.values())} | {mean:.1f} |", flush=True)


def _said_held_out(bundle: Bundle, data: Dataset, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """What was answered when these were held out; what is right where they were not."""
    codes, kept = data.train.labels[rows].copy(), bundle.kept
    if kept is not None and kept.hashes is not None:
        known = dict(zip(kept.hashes.tolist(), kept.predictions.tolist(), strict=True))
        hashes = data.train.hashes[rows].tolist()
        codes = np.array([known.get(one, code) for one, code in zip(hashes, codes, strict=True)])
    return codes


def _measures(
    images: Images, labels: NDArray[np.int64], held_out: tuple[Images, NDArray[np.int64]]
) -> dict[str, Measure]:
    likeness, _ = learn(images, labels)
    n_edges, codes, known = len(likeness.edge_step), labels, likeness.places(images)
    edges, strokes = slice(n_edges), slice(n_edges, None)

    def neighbours(axes: slice) -> Measure:
        weights = np.zeros(known.shape[1], np.float32)
        weights[axes] = 1
        return lambda some, said: _nearest(likeness.places(some) * weights, said, known * weights, codes)

    def in_space(of: Callable[[Images], Floats], measure: Callable[..., Measure]) -> Measure:
        return measure(of, of(images), labels)

    return {
        "pixels: 5 neighbours": in_space(_pixels, _by_neighbours),
        "upright, blurred pixels: 5 neighbours": in_space(_upright, _by_neighbours),
        "upright, blurred pixels: residual of a class's 25 principal components": in_space(_upright, _by_residual),
        "edges of upright images: 5 neighbours": in_space(_upright_edges, _by_neighbours),
        "edges: 5 neighbours": in_space(_edges, _by_neighbours),
        "edges: residual of a class's 25 principal components": in_space(_edges, _by_residual),
        "edges, 64 axes: Mahalanobis distance": _by_mahalanobis(likeness, known[:, edges], codes, edges),
        "edges, 64 axes, evened out: 5 neighbours": neighbours(edges),
        "strokes: Mahalanobis distance": _by_mahalanobis(likeness, known[:, strokes], codes, strokes),
        "strokes, evened out: 5 neighbours": neighbours(strokes),
        "edges and strokes: Mahalanobis distance": _by_mahalanobis(likeness, known, codes, slice(None)),
        "edges and strokes, each its share of held-out images further: sum of logarithms": _fisher(
            neighbours(edges), neighbours(strokes), held_out
        ),
        "edges and strokes in one space: 5 neighbours": neighbours(slice(None)),
        "edges and strokes in one space: the nearest of 500 means (as built)": lambda some, said: (
            likeness.distances(some)
        ),
    }


def _pixels(images: Images) -> Floats:
    return images.reshape(len(images), -1).astype(np.float32) / 255


def _upright(images: Images) -> Floats:
    return ndimage.gaussian_filter(deskew(images) / np.float32(255), (0, 1, 1)).reshape(len(images), -1)


def _edges(images: Images) -> Floats:
    return edge_histograms(images, 8, ((7, 2), (4, 2), (2, 2)))


def _upright_edges(images: Images) -> Floats:
    return _edges(deskew(images))


def _nearest(places: Floats, said: NDArray[np.int64], known: Floats, codes: NDArray[np.int64]) -> Floats:
    found = np.empty(len(places))
    for code in np.unique(said):
        rows, own = np.flatnonzero(said == code), known[codes == code]
        squared = (places[rows] ** 2).sum(axis=1)[:, None] + (own**2).sum(axis=1) - 2 * places[rows] @ own.T
        found[rows] = np.sqrt(np.maximum(np.partition(squared, 4, axis=1)[:, :5], 0)).mean(axis=1)
    return found


def _by_neighbours(of: Callable[[Images], Floats], known: Floats, codes: NDArray[np.int64]) -> Measure:
    return lambda images, said: _nearest(of(images), said, known, codes)


def _by_residual(of: Callable[[Images], Floats], known: Floats, codes: NDArray[np.int64]) -> Measure:
    planes = {}
    for code in np.unique(codes):
        own = known[codes == code]
        middle = own.mean(axis=0)
        planes[code] = middle, np.linalg.eigh(np.cov(own.T))[1][:, -25:]

    def measure(images: Images, said: NDArray[np.int64]) -> Floats:
        places, found = of(images), np.empty(len(images))
        for code in np.unique(said):
            middle, axes = planes[code]
            rows = np.flatnonzero(said == code)
            off = places[rows] - middle
            found[rows] = np.square(off).sum(axis=1) - np.square(off @ axes).sum(axis=1)
        return found

    return measure


def _by_mahalanobis(likeness: Likeness, known: Floats, codes: NDArray[np.int64], axes: slice) -> Measure:
    classes = {}
    for code in np.unique(codes):
        own = known[codes == code]
        spread = np.cov(own.T)
        spread += 0.05 * np.trace(spread) / len(spread) * np.eye(len(spread))
        classes[code] = own.mean(axis=0), np.linalg.inv(spread)

    def measure(images: Images, said: NDArray[np.int64]) -> Floats:
        places, found = likeness.places(images)[:, axes], np.empty(len(images))
        for code in np.unique(said):
            middle, inverse = classes[code]
            off = places[said == code] - middle
            found[said == code] = np.einsum("ij,jk,ik->i", off, inverse, off)
        return found

    return measure


def _fisher(one: Measure, other: Measure, held_out: tuple[Images, NDArray[np.int64]]) -> Measure:
    """The sum of the logarithms of the shares of held-out images that are further."""
    shares = np.array([0.5, 0.2, 0.1, 0.05, 0.01])
    rarities = -np.log(shares)
    usual = [np.quantile(measure(*held_out), 1 - shares) for measure in (one, other)]

    def rarity(distances: Floats, tail: Floats) -> Floats:
        slope = (rarities[-1] - rarities[-2]) / (tail[-1] - tail[-2])
        below = np.interp(distances, [0, *tail], [0, *rarities])
        return np.where(distances > tail[-2], rarities[-2] + (distances - tail[-2]) * slope, below)

    def measure(some: Images, said: NDArray[np.int64]) -> Floats:
        return rarity(one(some, said), usual[0]) + rarity(other(some, said), usual[1])

    return measure
