"""Convolutional networks: all views of the images go through one, then their probabilities are averaged."""

from itertools import pairwise
from typing import Any

import numpy as np

from misread.export.graph.builder import Graph, Tensor
from misread.export.graph.pixels import moved, posed
from misread.export.graph.said import Said
from misread.export.graph.temperature import calibrated
from misread.export.layers import Conv, Layer, Levels, MaxPool, Spans, layers_of, whole_layers_of

__all__ = ["ensemble", "network", "whole_network"]


def network(model: Any, images: Tensor) -> Said:
    """One network."""
    return calibrated(model, _log_probabilities(model, images))


def whole_network(model: Any, images: Tensor) -> Said:
    """One of whole numbers: single precision holds all its sums exactly."""
    pixels = images.cast(np.float32).unsqueeze(1)
    table = _through(images.graph, whole_layers_of(model.network_), pixels).cast(np.float64)
    return calibrated(model, table)


def ensemble(model: Any, images: Tensor) -> Said:
    """Several networks: the mean of their probabilities."""
    tables = []
    for number, member in enumerate(model.estimators_, 1):
        with images.graph.inside(f"network_{number}"):
            tables.append(_log_probabilities(member, images))
    return calibrated(model, _log_mean(tables))


def _log_probabilities(model: Any, images: Tensor) -> Tensor:
    """Logits, or of a network that is asked about several views logarithms of their mean probabilities."""
    graph, shape = images.graph, model.reader_.shape
    if model.normalised:
        images = posed(images, shape, slant="slant" in model.normalised, aspect="aspect" in model.normalised)
    moves = model.view_moves()
    seen = [images, *(moved(images, shape, move) for move in moves)]
    batch = seen[0] if len(seen) == 1 else graph.add("Concat", *seen, axis=0, name="views")
    logits = _through(graph, layers_of(model), batch.cast(np.float32).unsqueeze(1) / 255.0).cast(np.float64)
    if not moves:
        return logits
    tables = logits.named("logits").reshape(len(seen), -1, len(model.classes_))
    as_it_is, *others = (tables.take(np.array(view), 0) for view in range(len(seen)))
    return _log_mean([as_it_is, _log_mean(others)])


def _through(graph: Graph, layers: list[Layer], x: Tensor) -> Tensor:
    for number, layer in enumerate(layers, 1):
        if isinstance(layer, Conv):
            with graph.inside(f"layer_{number}"):
                weights, biases = graph.constant(layer.weights, "weights"), graph.constant(layer.biases, "biases")
                high, wide = (side // 2 for side in layer.weights.shape[2:])
                around, strides = [high, wide, high, wide], list(layer.strides)
                x = graph.add("Conv", x, weights, biases, name="convolved", pads=around, strides=strides)
                x = graph.add("Relu", x, name="lit")
        elif isinstance(layer, MaxPool):
            x = _largest(x, layer)
        elif isinstance(layer, Levels):
            levels = x.cast(np.float64) * layer.scales[:, None, None] + 0.5
            levels = graph.add("Min", graph.add("Floor", levels), 255.0, name="levels")
            x = levels.cast(np.float32)
        else:
            weights, biases = graph.constant(layer.weights.T, "weights"), graph.constant(layer.biases, "biases")
            x = x.reshape(0, -1) @ weights + biases
    return x


def _largest(x: Tensor, pool: MaxPool) -> Tensor:
    """The largest of each window, as one node where they are alike."""
    rows, columns = _regular(pool.rows), _regular(pool.columns)
    if rows and columns:
        return x.graph.add(
            "MaxPool", x, name="pooled", kernel_shape=[rows[0], columns[0]], strides=[rows[1], columns[1]]
        )
    for axis, spans in ((2, pool.rows), (3, pool.columns)):
        parts = [x.slice(start, stop, axis).largest(axis, keep=True) for start, stop in spans]
        x = parts[0] if len(parts) == 1 else x.graph.add("Concat", *parts, axis=axis)
    return x


def _regular(spans: Spans) -> tuple[int, int] | None:
    """Length and step of windows that are all alike."""
    lengths = {stop - start for start, stop in spans}
    steps = {b[0] - a[0] for a, b in pairwise(spans)} or {1}
    return (lengths.pop(), steps.pop()) if len(lengths) == len(steps) == 1 else None


def _log_mean(tables: list[Tensor]) -> Tensor:
    """Logarithms of the mean of the probabilities that tables of logits stand for."""
    total = tables[0].softmax()
    for table in tables[1:]:
        total = total + table.softmax()
    graph = total.graph
    mean = graph.add("Max", total / float(len(tables)), float(np.finfo(np.float64).tiny))
    return graph.add("Log", mean, name="log_mean_probabilities")
