"""A kernel machine on the directions of edges, its features in single precision and added as the kernels do."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.export.graph.builder import Tensor
from misread.export.graph.pixels import posed
from misread.export.graph.said import Said
from misread.export.graph.temperature import calibrated
from misread.models.features import edge_windows

__all__ = ["edge_features", "edge_kernel"]

_FLOOR = 0.1


def edge_kernel(model: Any, images: Tensor) -> Said:
    """The scores of an EdgeKernelClassifier, and its probabilities."""
    graph, shape = images.graph, model.reader_.shape
    upright = posed(images, shape, slant=True, aspect=False)
    features = edge_features(upright, shape, model.n_directions, model.scales).cast(np.float64)
    if model.axes_ is not None:
        features = (features @ graph.constant(model.axes_, "axes").cast(np.float64)).named("along_axes")
    centres = graph.constant(np.ascontiguousarray(model.centres_.T), "centres").cast(np.float64)
    lengths = (model.centres_.astype(np.float64) ** 2).sum(axis=1)
    squares = (features @ centres) * 2.0 - (features * features).sum(1, keep=True) - lengths
    kernel = (squares * float(model.sharpness_)).exp() - np.asarray(model.means_, np.float64)
    weights = graph.constant(model.coef_.astype(np.float64), "weights")
    return calibrated(model, kernel.named("similarities") @ weights)


def edge_features(images: Tensor, shape: tuple[int, int], n_directions: int, scales: Any) -> Tensor:
    """Histograms of edge directions under windows of several sizes; float32 of shape (n, n_features)."""
    planes = _planes(images, shape, n_directions)
    graph = images.graph
    parts = []
    for scale in scales:
        rows, columns = (edge_windows(side, *scale) for side in shape)
        parts.append(_pooled(planes, rows, columns).reshape(0, -1))
    whole = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
    return (whole * float(np.float32(1 / np.sqrt(len(scales))))).named("edge_features")


def _planes(images: Tensor, shape: tuple[int, int], n_directions: int) -> Tensor:
    """How strong edges face each direction, as `orientation_planes` has it; (n, directions, height, width)."""
    height, width = shape
    graph = images.graph
    sides = np.array([0, 1, 1, 0, 1, 1], np.int64)
    grey = images.cast(np.float32) * float(np.float32(1 / (4 * 255)))
    edged = graph.add("Pad", grey, sides, np.array(0, np.float32), name="bordered", mode="constant")

    def at(y: int, x: int) -> Tensor:
        return edged.slice(y, y + height, 1).slice(x, x + width, 2)

    across = at(0, 2) - at(0, 0) + at(2, 2) - at(2, 0)
    along = (across + (at(1, 2) - at(1, 0)) * 2.0).named("slope_x")
    lower = at(2, 0) + at(2, 2) + at(2, 1) * 2.0
    down = (lower - at(0, 0) - at(0, 2) - at(0, 1) * 2.0).named("slope_y")
    sharpness = float(np.float32(np.cos(2 * np.pi / n_directions)))
    threshold = ((along * along + down * down).sqrt() * sharpness).unsqueeze(1)
    angles = 2 * np.pi * np.arange(n_directions) / n_directions
    dy, dx = (part(angles).astype(np.float32)[:, None, None] for part in (np.sin, np.cos))
    strength = down.unsqueeze(1) * dy + along.unsqueeze(1) * dx - threshold
    return graph.add("Max", strength, 0.0, name="edges_by_direction")


def _pooled(planes: Tensor, rows: NDArray[np.float32], columns: NDArray[np.float32]) -> Tensor:
    """Sums under windows with evened contrast, as `pool_planes` has them; (n, p, q, directions)."""
    strips = _under(planes, rows, 2)
    sums = _under(strips, columns, 3).named("sums_under_windows")
    energy = (sums * sums).cast(np.float64).sum_in_order(1).named("energy")
    p, q = len(rows), len(columns)
    mean = energy.sum(1, 2, keep=True) / float(p * q)
    near_y, near_x = _near(p), _near(q)
    around = energy.graph.add("MatMul", near_y, energy) @ near_x
    count = near_y.sum(axis=1)[:, None] * near_x.sum(axis=0)[None]
    is_blank = mean.equals(0.0)
    graph = planes.graph
    level = around / count + mean * _FLOOR
    one = graph.constant(1.0)
    scale = (1.0 / graph.add("Where", is_blank, one, level, dtype=np.float64).sqrt()).cast(np.float32)
    wide = scale.cast(np.float64)
    length = (energy * wide * wide).sum(1, 2, keep=True)
    unit = (1.0 / graph.add("Where", is_blank, one, length, dtype=np.float64).sqrt()).cast(np.float32)
    even = sums * scale.unsqueeze(1) * unit.unsqueeze(1)
    return graph.add("Transpose", even, perm=[0, 2, 3, 1], name="evened")


def _under(planes: Tensor, windows: NDArray[np.float32], axis: int) -> Tensor:
    """Weighted sums along an axis, one window after the other, added from the first pixel to the last."""
    members = [np.flatnonzero(window > 0) for window in windows]
    longest = max(len(one) for one in members)
    places = np.zeros((len(windows), longest), np.int64)
    weights = np.zeros((len(windows), longest), np.float32)
    for row, one in enumerate(members):
        places[row, : len(one)], weights[row, : len(one)] = one, windows[row, one]
    after = [1] * (3 - axis)
    total = None
    for step in range(longest):
        part = planes.take(places[:, step], axis) * weights[:, step].reshape(-1, *after)
        total = part if total is None else total + part
    assert total is not None
    return total


def _near(n: int) -> NDArray[np.float64]:
    """Which windows are next to which, or the same."""
    return (np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 1).astype(np.float64)
