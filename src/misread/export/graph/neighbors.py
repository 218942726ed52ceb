"""Nearest neighbours: exact distances to all training images, in whole numbers, and the vote as in Python."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.errors import ParameterError
from misread.export.graph.builder import Tensor
from misread.export.graph.said import Said

__all__ = ["clean", "neighbors", "several_votes", "squared_distances"]

_LARGEST = 2**31 // 255**2
"""Pixels of an image whose squared distances to others fit 32 bits."""


def squared_distances(x: Tensor, images: NDArray[np.uint8]) -> Tensor:
    """Squared distances of rows of pixels to images, exact, as int32; shape (n, len(images)).

    Both are unsigned: products of signed and unsigned bytes saturate on older processors.
    """
    if images.shape[1] > _LARGEST:
        raise ParameterError(
            f"images of {images.shape[1]:,} pixels are too large for exact distances in ONNX, at most "
            f"{_LARGEST:,}; train with --size on smaller ones"
        )
    graph = x.graph
    known = graph.constant(np.ascontiguousarray(images.T), "training_images")
    norms = (images.astype(np.int32) ** 2).sum(axis=1, dtype=np.int32)
    products = graph.add("MatMulInteger", x, known, name="products", dtype=np.int32)
    pixels = x.cast(np.int32)
    own = (pixels * pixels).sum(1, keep=True).named("own_squares")
    return (own + (graph.constant(norms, "their_squares") - products * 2)).named("squared_distances")


def neighbors(model: Any, x: Tensor) -> Said:
    """Votes of the nearest training images."""
    if model.outputs_2d_:
        raise ParameterError("nearest neighbours of several answers are no classifier")
    places, weights = _nearest(model, x)
    shares = _shares(model.learnt()[1], len(model.classes_), places, weights)
    return Said(model.classes_, shares, gives_shares=True)


def several_votes(model: Any, x: Tensor) -> list[Said]:
    """The same for several answers about each image."""
    places, weights = _nearest(model, x)
    said = []
    for column, classes in enumerate(model.classes_):
        shares = _shares(model.learnt()[1][:, column], len(classes), places, weights)
        said.append(Said(classes, shares, gives_shares=True))
    return said


def clean(model: Any, x: Tensor) -> Tensor:
    """The pixels that most of the nearest images have, the darkest among equals; uint8, shape (n, pixels)."""
    if model.weights not in ("uniform", None):
        raise ParameterError(
            "only neighbours with equal weights are exported for --denoise; train without weights"
        )
    graph = x.graph
    places, _ = _nearest(model, x)
    codes = model.learnt()[1].T
    values = np.column_stack([classes[own] for classes, own in zip(model.classes_, codes, strict=True)])
    seen = graph.constant(values.astype(np.uint8), "clean_images").take(places, 0).named("clean_neighbors")
    levels = seen.cast(np.int32)
    same = levels.unsqueeze(1).equals(levels.unsqueeze(2)).cast(np.int32)
    rank = same.sum(1) * 256 - levels
    most = graph.add("ArgMax", rank, axis=1, keepdims=1, dtype=np.int64)
    return graph.add("GatherElements", seen, most, axis=1).reshape(0, -1)


def _nearest(model: Any, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """Places of the nearest training images, shape (n, k), and their weights if they differ."""
    if not getattr(model, "is_searched", False) or model.learnt()[0].dtype != np.uint8:
        raise ParameterError("only neighbours in Euclidean distance among uint8 images are exported")
    if x.dtype != np.uint8:
        raise ParameterError("nearest neighbours are exported on pixels alone, not on features of them")
    distances, places = x.graph.top(
        squared_distances(x, model.learnt()[0]), int(model.n_neighbors), largest=False, name="nearest"
    )
    if model.weights in ("uniform", None):
        return places, None
    if model.weights != "distance":
        raise ParameterError("neighbours are exported with the weights 'uniform' and 'distance' alone")
    equal = distances.equals(0)
    any_equal = equal.cast(np.int32).largest(1, keep=True) > 0
    inverse = 1.0 / distances.cast(np.float64).sqrt()
    weights = x.graph.add("Where", any_equal, equal.cast(np.float64), inverse, dtype=np.float64)
    return places, weights.named("weights_of_nearest")


def _shares(codes: NDArray[Any], n_classes: int, places: Tensor, weights: Tensor | None) -> Tensor:
    """Each class's share of the votes, added from the nearest to the furthest."""
    graph = places.graph
    classes = graph.constant(codes.astype(np.int32), "training_classes").take(places, 0)
    votes = classes.unsqueeze(2).equals(np.arange(n_classes, dtype=np.int32)).cast(np.float64)
    if weights is not None:
        votes = votes * weights.unsqueeze(2)
    totals = votes.sum_in_order(1).named("votes")
    return (totals / totals.sum(1, keep=True)).named("shares")
