"""How unlike the training images an image is, as `misread.analysis.unlike` measures it."""

from typing import Any

import numpy as np

from misread.analysis.unlike import CLIPPED, N_DIRECTIONS, Likeness
from misread.export.graph.builder import Tensor
from misread.export.graph.edges import edge_features

__all__ = ["distances"]


def distances(likeness: Likeness, rows: Tensor) -> Tensor:
    """How far images are from what is typical; `rows` are their pixels, uint8; float32, shape (n,)."""
    graph, shape = rows.graph, likeness.shape
    n_nearest = min(likeness.n_nearest, len(likeness.known))
    with graph.inside("likeness"):
        images = rows.reshape(0, *shape)
        axes = graph.constant(likeness.edge_axes, "edge_axes").cast(np.float32) * likeness.edge_step
        edges = edge_features(images, shape, N_DIRECTIONS, likeness.scales) @ axes - likeness.edge_centre
        counts = (_stroke_counts(images, shape, likeness.levels) - likeness.stroke_centre) / likeness.stroke_spread
        strokes = counts.clip(-CLIPPED, CLIPPED) @ likeness.stroke_axes
        places = graph.add("Concat", edges, strokes, axis=1, name="places")
        known = graph.constant(np.ascontiguousarray(likeness.known.T), "known").cast(np.float32)
        known = known * likeness.known_step[:, None]
        squares = (places * places).sum(1, keep=True) + (known * known).sum(0, keep=True)
        squared = graph.add("Max", squares - places @ known * 2.0, 0.0)
        nearest, _ = graph.top(squared, n_nearest, largest=False, name="nearest_known")
        return (nearest.sqrt().sum(1) / float(n_nearest)).named("distance")


def _stroke_counts(images: Tensor, shape: tuple[int, int], levels: Any) -> Tensor:
    """What `misread.kernels.strokes.stroke_counts` writes; float32 of shape (n, 28)."""
    graph, (height, width) = images.graph, shape
    n_pixels = float(height * width)
    whole = images.cast(np.int32)
    value = images.cast(np.float32) / 255.0
    ink_from, faint, full = map(int, levels)

    def mean(table: Tensor) -> Tensor:
        return table.sum(1, 2) / n_pixels

    def absolute(table: Tensor) -> Tensor:
        return graph.add("Abs", table)

    ink, above_faint, is_full = ((whole > level).cast(np.float32) for level in (ink_from, faint, full))
    total = value.sum(1, 2)
    across, down = (
        absolute(value.slice(1, side, axis) - value.slice(0, side - 1, axis)).sum(1, 2)
        for axis, side in ((2, width), (1, height))
    )
    change = (across + down).named("change")
    rim = np.ones(shape, np.float32)
    rim[1:-1, 1:-1] = 0
    columns = [
        total / n_pixels,
        change / float(height + width),
        total * 2.0 / graph.add("Max", change, 1.0) / float(np.sqrt(np.float32(n_pixels))),
        mean(ink),
        mean(above_faint - is_full),
        mean(is_full),
        value.reshape(0, -1).largest(1),
        (ink * rim).sum(1, 2) / float(2 * (height + width)),
    ]
    for runs, n_lines in _runs(ink, shape):
        columns += [runs.sum(1) / n_lines, runs.largest(1)]
        is_many = [runs.equals(0.0), runs >= 2.0, runs >= 3.0]
        columns += [one.cast(np.float32).sum(1) / n_lines for one in is_many]
    return graph.add("Concat", *(one.reshape(-1, 1) for one in columns), axis=1, name="stroke_counts")


def _runs(ink: Tensor, shape: tuple[int, int]) -> list[tuple[Tensor, float]]:
    """Runs of ink on each row, column, falling and rising diagonal, and how many of these lines there are."""
    height, width = shape
    sides = np.array([0, 1, 1, 0, 0, 1], np.int64)
    framed = ink.graph.add("Pad", ink, sides, np.array(0, np.float32), name="framed", mode="constant")

    def begins(y: int, x: int) -> Tensor:
        """Where ink is, and none at a step up or sideways."""
        return ink * (1.0 - framed.slice(1 + y, 1 + y + height, 1).slice(1 + x, 1 + x + width, 2))

    backwards = np.arange(width)[::-1].copy()
    falling, rising = begins(-1, -1).take(backwards, 2), begins(-1, 1)
    diagonals = [_on_diagonals(one, shape) for one in (falling, rising)]
    lines = [begins(0, -1).sum(2), begins(-1, 0).sum(1), *diagonals]
    return list(zip(lines, map(float, (height, width, *2 * [height + width - 1])), strict=True))


def _on_diagonals(table: Tensor, shape: tuple[int, int]) -> Tensor:
    """Sums over the places whose row and column add up to the same: each row is moved by one more, then added."""
    height, width = shape
    sides = np.array([0, 0, 0, 0, 0, height], np.int64)
    wide = table.graph.add("Pad", table, sides, np.array(0, np.float32), mode="constant").reshape(0, -1)
    return wide.slice(0, height * (height + width - 1), 1).reshape(-1, height, height + width - 1).sum(1)
