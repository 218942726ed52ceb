"""Pixels to pixels: what `misread` does to images before a model sees them, to the last grey level.

Sums and products are those of the kernels, in the same kind and the same order, so that nothing rounds otherwise.
"""

import numpy as np
from numpy.typing import NDArray

from misread.export.graph.builder import Tensor

__all__ = ["moved", "posed"]

_LEAST_VARIANCE = 1e-9
_NARROW = 0.8**0.5
_LEAST_STEP = 0.45


def posed(images: Tensor, shape: tuple[int, int], *, slant: bool, aspect: bool) -> Tensor:
    """Images in one pose by the moments of their ink, as `normalise` does; uint8 of shape (n, height, width)."""
    height, width = shape
    ys, xs = (axis.ravel().astype(np.float64) for axis in np.mgrid[:height, :width])
    lean, step_y, step_x, mean_y, mean_x, is_blank = _pose(images, ys, xs, slant, aspect)
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    start_y = mean_y - step_y * middle_y
    start_x = mean_x - step_x * middle_x - lean * step_y * middle_y
    graph = images.graph

    def settled(value: Tensor, if_blank: float) -> Tensor:
        still = graph.constant(if_blank, dtype=np.float64)
        return graph.add("Where", is_blank, still, value, dtype=np.float64).cast(np.float32)

    zero = mean_y * 0.0
    a, b = settled(step_y, 1), settled(zero, 0)
    c, d = settled(lean * step_y, 0), settled(step_x, 1)
    y0, x0 = settled(start_y, 0) + 1.0, settled(start_x, 0) + 1.0
    rows, columns = ys.astype(np.float32)[None], xs.astype(np.float32)[None]
    down = (a * rows + b * columns + y0).named("rows_to_take_from")
    along = (c * rows + d * columns + x0).named("columns_to_take_from")
    return _sampled(images, shape, down, along).named("in_pose")


def _pose(
    images: Tensor, ys: NDArray[np.float64], xs: NDArray[np.float64], slant: bool, aspect: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """What `fill_poses` finds for each image, in columns of float64: lean, steps, centre, whether it is blank."""
    graph = images.graph
    powers = np.stack([np.ones_like(ys), ys, xs, ys * ys, xs * ys, xs * xs], axis=1)
    sums = images.reshape(0, -1).cast(np.float64) @ graph.constant(powers, "powers")
    mass, sum_y, sum_x, sum_yy, sum_xy, sum_xx = (
        sums.slice(k, k + 1, 1).named(name)
        for k, name in enumerate(("ink", "ink_y", "ink_x", "ink_yy", "ink_xy", "ink_xx"))
    )
    is_blank = mass.equals(0.0).named("is_blank")
    mass = graph.add("Max", mass, 1.0)
    mean_y, mean_x = (sum_y / mass).named("centre_y"), (sum_x / mass).named("centre_x")
    variance_y = (sum_yy / mass - mean_y * mean_y).named("variance_y")
    variance_x = (sum_xx / mass - mean_x * mean_x).named("variance_x")
    one, zero = mass * 0.0 + 1.0, mass * 0.0
    lean, step_y, step_x = zero, one, one
    is_high = variance_y > _LEAST_VARIANCE

    def where(condition: Tensor, value: Tensor, other: Tensor) -> Tensor:
        return graph.add("Where", condition, value, other, dtype=np.float64)

    safe_y = where(is_high, variance_y, one)
    if slant:
        covariance = sum_xy / mass - mean_y * mean_x
        lean = where(is_high, covariance / safe_y, zero).named("lean")
        variance_x = variance_x - lean * covariance
    if aspect:
        has_both = graph.add("And", is_high, variance_x > _LEAST_VARIANCE, dtype=bool)
        narrow = where(has_both, variance_x / safe_y, one) ** 0.25
        step_x = where(has_both, (narrow / _NARROW).clip(_LEAST_STEP, 1.0), one).named("step_x")
        step_y = where(has_both, (1.0 / (narrow * _NARROW)).clip(_LEAST_STEP, 1.0), one).named("step_y")
    return lean, step_y, step_x, mean_y, mean_x, is_blank


def _sampled(images: Tensor, shape: tuple[int, int], down: Tensor, along: Tensor) -> Tensor:
    """Each pixel from between the four around a place, 0 outside, as `warp` does."""
    height, width = shape
    graph = images.graph
    bordered = _padded(images, (1, 1), (2, 2)).reshape(0, -1)
    stride = width + 3
    y_in, x_in = down.clip(0.0, float(height + 1)), along.clip(0.0, float(width + 1))
    iy, ix = y_in.cast(np.int32), x_in.cast(np.int32)
    part_y, part_x = y_in - iy.cast(np.float32), x_in - ix.cast(np.float32)
    place = iy * stride + ix
    first, second, third, fourth = (
        graph.add("GatherElements", bordered, place + step, axis=1).cast(np.float32)
        for step in (0, 1, stride, stride + 1)
    )
    upper = first + part_x * (second - first)
    lower = third + part_x * (fourth - third)
    levels = upper + part_y * (lower - upper) + 0.5
    return levels.cast(np.int32).cast(np.uint8).reshape(-1, height, width)


def moved(images: Tensor, shape: tuple[int, int], move: tuple[float, float]) -> Tensor:
    """Images moved by parts of a pixel, down and to the right, as `translate` does."""
    height, width = shape
    (top, down), (left, along) = (_start(one, side) for one, side in zip(move, shape, strict=True))
    before = (max(0, -top), max(0, -left))
    after = (max(0, top + 1), max(0, left + 1))
    whole = _padded(images, before, after).cast(np.float32)
    y, x = top + before[0], left + before[1]
    rows = whole.slice(y, y + height + 1, 1)
    here, right = rows.slice(x, x + width, 2), rows.slice(x + 1, x + width + 1, 2)
    mixed = here + (right - here) * along
    upper, lower = mixed.slice(0, height, 1), mixed.slice(1, height + 1, 1)
    levels = upper + (lower - upper) * down + 0.5
    return levels.cast(np.int32).cast(np.uint8).named("moved")


def _start(move: float, side: int) -> tuple[int, float]:
    """The whole pixel that the first one comes from, and the part between it and the next."""
    start = -np.clip(np.float32(move), np.float32(-side - 1), np.float32(side + 1))
    whole = int(np.floor(start))
    return whole, float(np.float32(float(start) - whole))


def _padded(images: Tensor, before: tuple[int, int], after: tuple[int, int]) -> Tensor:
    sides = np.array([0, *before, 0, *after], np.int64)
    return images.graph.add("Pad", images, sides, np.array(0, np.uint8), name="bordered", mode="constant")
