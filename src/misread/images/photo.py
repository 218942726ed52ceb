"""Find what is written on a photograph: ink against the ground around it, whatever lies at the rim."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from misread.images.windows import closing, largest, opening, smallest
from misread.kernels.parts import (
    AREA,
    BORDER,
    BOX,
    EDGE,
    INK,
    N_COUNTS,
    OUTSIDE,
    RIM,
    look_around_parts,
    weigh_parts,
)
from misread.kernels.shear import sheared_row_sums

__all__ = ["ink_of_photo"]

_LEAST_SIDE, _MOST_SIDE = 160, 400
"""Pixels of the longer side while looking."""
_WINDOWS = (0.14, 0.32)
"""Of the longer side: what is darker for longer is another ground. Few strokes are wider than the first."""
_FAR = 0.5
"""A window in which a wedge of a shadow is followed to the rim."""
_END = 0.12
"""Of the width, at either end: lines begin there, which strokes do not."""
_OFFSET = 6.0
"""Grey levels added to both sides of a ratio, so that noise in the dark is no contrast."""
_SLOPES = np.linspace(-0.08, 0.08, 65)
_LEVELS = (0.1, 0.14, 0.2, 0.27, 0.35, 0.45, 0.57, 0.7)
"""Contrasts from which on something may be ink."""
_LEAST_CONTRAST = 0.15
_NOISE = 4.5
"""Deviations of the noise that no ink is below."""
_AROUND = 9
"""Pixels around a border in which levels must differ, by `_STEP` of the contrast, for most (`_EDGE`) of it."""
_STEP, _EDGE = 0.3, 0.9
_HOLE = 0.85
"""Share of what surrounds a part that may be ink of the opposite polarity: a hole has nothing else around it."""
_ALIKE = 0.6
_NEAR = 4.0
"""Widths of a stroke in which its ground is looked for in the end."""
_CUT = 3.0
"""How much more what touches the rim must look written than what does not."""
_TOUCHED, _FILLING = 0.35, 0.8
"""What touches the rim with more of its border, or fills less of the frame (half as much across), lies there."""
_THICK = 0.42
"""Of the extent: no stroke is thicker."""
_LEAST_EXTENT, _DOT = 0.04, 0.075
"""Of the longer side: what is smaller is dirt; what is compact and smaller is a dot."""

Plane = NDArray[np.float32]
_EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True)
class _Parts:
    """Connected parts above a contrast, numbered from 1, and what is known of each."""

    numbers: NDArray[np.integer]
    boxes: NDArray[np.intp]
    """Top, left, bottom, right."""
    mass: NDArray[np.float64]
    strength: NDArray[np.float64]
    border: NDArray[np.float64]
    """Pixels."""
    width: NDArray[np.float64]
    """Of the stroke, if it is one."""
    area: NDArray[np.intp]
    at_rim: NDArray[np.intp]
    """Pixels at the rim of the photograph."""
    is_written: NDArray[np.bool_]
    """Whether there is an edge in the photograph all around it, and not only ink of the other polarity."""

    @property
    def sides(self) -> NDArray[np.intp]:
        return self.boxes[:, 2:] - self.boxes[:, :2]


@dataclass(frozen=True)
class _Found:
    """The parts of one contrast and polarity that look most written, and how much they do."""

    score: float
    above: Plane
    numbers: NDArray[np.integer]
    number: int
    """That of the main part."""
    belongs: NDArray[np.bool_]
    """Of each part."""
    box: NDArray[np.intp]
    width: float

    @cached_property
    def main(self) -> NDArray[np.bool_]:
        return self.numbers == self.number

    @cached_property
    def whole(self) -> NDArray[np.bool_]:
        return np.concatenate([[False], self.belongs])[self.numbers]


def ink_of_photo(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take what is written off a ground that is neither black nor white.

    Parameters
    ----------
    grey : ndarray of uint8, shape (h, w)

    Returns
    -------
    ndarray of uint8
        The ink, light on a ground of 0, in a smaller image or an enlarged one; nothing but 0 where nothing is
        written.
    """
    seen = _brought(grey)
    smooth, noise = _smoothed(seen)
    steps = _steps(smooth, noise)
    contrasts = [[_contrast(smooth, noise, is_light, one) for one in _WINDOWS] for is_light in (False, True)]
    lines = [_lines(above) for above, _ in contrasts]
    best: list[tuple[_Found, bool] | None] = [None, None]
    for is_light in (False, True):
        opposite = largest(np.maximum(*contrasts[not is_light]), 3)
        for above in contrasts[is_light]:
            for place, found in enumerate(_look(_less(above, lines[is_light]), opposite, steps)):
                other = best[place]
                if found is not None and (other is None or found.score > other[0].score):
                    best[place] = found, is_light
    for may_touch, one in enumerate(best):
        if one is None or (not may_touch and best[1] is not None and best[1][0].score > _CUT * one[0].score):
            continue
        found, is_light = one
        near, far = (
            _less(_contrast(smooth, noise, is_light, window), lines[is_light])
            for window in (max(_NEAR * found.width, 9) / max(smooth.shape), _FAR)
        )
        if may_touch or not (_runs_off(found, near, 0.5) or _runs_off(found, far, 0.8)):
            return _levels(found, near)
    return np.zeros(seen.shape, np.uint8)


def _less(above: Plane, lines: Plane) -> Plane:
    """Contrast to a ground that has lines on it."""
    left: Plane = np.maximum((above - lines) / (1 - np.minimum(lines, 0.8)), 0)
    return left


def _steps(smooth: Plane, noise: float) -> Plane:
    """How much levels differ around each place, as the logarithm of their ratio."""
    logs = np.log(smooth + _OFFSET + 2 * noise)
    steps: Plane = largest(logs, _AROUND) - smallest(logs, _AROUND)
    return steps


def _brought(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    longest = max(grey.shape)
    side = min(max(longest, _LEAST_SIDE), _MOST_SIDE)
    if side == longest:
        return grey
    height, width = (max(1, round(one * side / longest)) for one in grey.shape)
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR))


def _smoothed(seen: NDArray[np.uint8]) -> tuple[Plane, float]:
    """The image with its noise taken down, and the noise that is left, in grey levels."""
    levels = seen.astype(np.float32)
    fine = levels[1:-1, 1:-1] - 0.25 * (
        levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:]
    )
    noise = float(np.median(np.abs(fine)) if fine.size else 0) / 0.6745 / np.sqrt(1.25)
    sigma = float(np.clip(0.5 + noise / 10, 0.6, 1.6))
    return ndimage.gaussian_filter(levels, sigma), noise / (2 * np.sqrt(np.pi) * sigma)


def _look(above: Plane, opposite: Plane, steps: Plane) -> list[_Found | None]:
    """The parts that look most written and stay nearly the same when more contrast is asked for.

    First of those that do not touch the rim of the photograph, then of all that may be read.
    """
    above, spread = _without_ground(above)
    least = min(_NOISE * spread, _LEVELS[-1])
    parts = [_parts(above, level, opposite, steps) for level in _LEVELS if level >= least]
    best = []
    for may_touch in (False, True):
        found = [None if one is None else _written(one, above, may_touch) for one in parts]
        stable = [one for one, more in pairwise(found) if one and more and _alike(one.box, more.box)]
        best.append(max(stable, key=lambda one: one.score, default=None))
    return best


def _alike(one: NDArray[np.intp], other: NDArray[np.intp]) -> bool:
    """Whether two boxes are nearly the same."""
    common = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    if common.min() <= 0:
        return False
    every = sum(int((box[2:] - box[:2]).prod()) for box in (one, other)) - int(common.prod())
    return int(common.prod()) >= _ALIKE * every


def _contrast(smooth: Plane, noise: float, is_light: bool, window: float) -> Plane:
    """How much darker (or lighter) than its ground each place is, as a share of what is lighter: 0 to 1.

    A ratio, and so the same in the light as in a shadow; the ground follows a shadow's edge.
    """
    width = max(3, round(window * max(smooth.shape)))
    offset = _OFFSET + 2 * noise
    ground: Plane = opening(smooth, width) if is_light else closing(smooth, width)
    lighter, darker = (smooth, ground) if is_light else (ground, smooth)
    share: Plane = 1 - (darker + offset) / (lighter + offset)
    return share


def _without_ground(above: Plane) -> tuple[Plane, float]:
    """Take the noise's own contrast off; also its deviation."""
    middle = float(np.median(above))
    below = above[above <= middle]
    spread = float(np.median(middle - below)) / 0.6745 if len(below) else 0.0
    return np.maximum((above - middle) / max(1 - middle, 0.1), 0), spread


def _lines(above: Plane) -> Plane:
    """The contrast of what runs through the frame: lines of ruled or squared paper, also somewhat turned."""
    rows = _rows(above)
    left = (above - rows) / (1 - np.minimum(rows, 0.8))
    return np.maximum(rows, _rows(np.ascontiguousarray(left.T)).T)


def _rows(above: Plane) -> Plane:
    height, width = above.shape
    shifts = np.round(_SLOPES[:, None] * (np.arange(width) - width / 2)).astype(np.intp)
    shift = shifts[_slope(np.minimum(above, 0.3), shifts)]
    reach = int(np.abs(shift).max())
    rows = np.clip(np.arange(-reach, height + reach)[:, None] + shift, 0, height - 1)
    sheared = above[rows, np.arange(width)]
    end = max(2, round(_END * width))
    whole = np.median(sheared, axis=1)
    ends = [np.partition(part, end // 4, axis=1)[:, end // 4] for part in (sheared[:, :end], sheared[:, -end:])]
    lines = np.minimum(whole, np.maximum(*ends)) - np.median(above)
    lines = ndimage.maximum_filter1d(np.maximum(lines, 0), 3)
    found: Plane = lines[np.arange(height)[:, None] - shift + reach].astype(np.float32)
    return found


def _slope(above: Plane, shifts: NDArray[np.intp]) -> int:
    """By which slope rows differ most."""
    height, width = above.shape
    step = 6
    n = width // step
    some = above[:, : n * step].reshape(height, n, step).mean(axis=2)
    at = shifts[:, step // 2 :: step][:, :n]
    reach = int(np.abs(shifts).max())
    columns = np.pad(np.ascontiguousarray(some.T), ((0, 0), (reach, reach)), mode="edge")
    sums = np.empty((len(at), height), np.float32)
    sheared_row_sums(columns, reach + at, sums)
    return int(np.square(np.diff(sums, axis=1)).sum(axis=1).argmax())


def _written(parts: _Parts, above: Plane, may_touch: bool) -> _Found | None:
    """The part that looks most written, and what belongs to it."""
    side, sides = max(above.shape), parts.sides
    extent = sides.max(axis=1)
    is_off = parts.at_rim > 0
    if may_touch:  # what fills the frame and is cut off only here and there
        filled = sides / np.array(above.shape)
        is_small = (filled.max(axis=1) < _FILLING) | (filled.min(axis=1) < _FILLING / 2)
        is_off = (parts.at_rim > _TOUCHED * parts.border) | (is_small & is_off)
    is_dot = (extent < _DOT * side) & (parts.area > 0.55 * sides.prod(axis=1)) & (extent < 2 * sides.min(axis=1))
    may = parts.is_written & ~is_off & ~is_dot & (extent >= _LEAST_EXTENT * side)
    may &= (parts.strength >= _LEAST_CONTRAST) & (parts.width < _THICK * extent)
    if not may.any():
        return None
    thin = np.clip((_THICK - parts.width / extent) / 0.2, 0, 1)
    score = np.where(may, parts.border * parts.strength * thin, 0)
    main = int(score.argmax())
    near = _gaps(parts.boxes, main) <= 0.5 * extent[main]
    share = parts.mass / parts.mass[main]
    belongs = parts.is_written & ~is_off & (parts.strength >= 0.6 * parts.strength[main])
    belongs &= ((share >= 0.03) & near) | (may & (share >= 0.4))
    belongs[main] = True
    some = parts.boxes[belongs]
    box = np.concatenate([some[:, :2].min(axis=0), some[:, 2:].max(axis=0)])
    return _Found(float(score[main]), above, parts.numbers, main + 1, belongs, box, float(parts.width[main]))


def _parts(above: Plane, level: float, opposite: Plane, steps: Plane) -> _Parts | None:
    numbers, n_parts = ndimage.label(above >= level, structure=_EIGHT)
    if not n_parts:
        return None
    counts, mass = np.zeros((n_parts, N_COUNTS), np.intp), np.zeros(n_parts)
    weigh_parts(numbers, above, counts, mass)
    strength = np.minimum(mass / counts[:, AREA], 0.95)
    look_around_parts(np.pad(numbers, 1), opposite, steps, 0.5 * strength, -_STEP * np.log(1 - strength), counts)
    area, border, at_rim = counts[:, AREA], counts[:, BORDER], counts[:, RIM]
    is_written = counts[:, EDGE] + at_rim >= _EDGE * border
    is_written &= counts[:, INK] < _HOLE * np.maximum(counts[:, OUTSIDE], 1)
    return _Parts(
        numbers=numbers,
        boxes=counts[:, BOX],
        mass=mass,
        strength=strength,
        border=border.astype(np.float64),
        width=2 * area / border,
        area=area,
        at_rim=at_rim,
        is_written=is_written,
    )


def _rim(numbers: NDArray[np.integer]) -> NDArray[np.integer]:
    return np.concatenate([numbers[0], numbers[-1], numbers[1:-1, 0], numbers[1:-1, -1]])


def _gaps(boxes: NDArray[np.intp], main: int) -> NDArray[np.intp]:
    """Pixels between the box of each part and that of the main one."""
    own = boxes[main]
    gaps: NDArray[np.intp] = np.maximum(boxes[:, :2] - own[2:], own[:2] - boxes[:, 2:]).max(axis=1)
    return gaps


def _runs_off(found: _Found, above: Plane, share: float) -> bool:
    """Whether the main part, down to a share of its contrast, goes on to the rim of the photograph."""
    numbers, _ = ndimage.label(above >= share * above[found.main].mean(), structure=_EIGHT)
    return bool(np.isin(numbers[found.main], _rim(numbers)[_rim(numbers) > 0]).any())


def _levels(found: _Found, near: Plane) -> NDArray[np.uint8]:
    """Grey levels like those of scanned ink: the core full, the edge where half of the contrast is."""
    above = near if near[found.main].mean() >= 0.8 * found.above[found.main].mean() else found.above
    full = float(np.percentile(above[found.main], 75))
    around = ndimage.binary_dilation(found.whole, _EIGHT, iterations=2)
    share = np.clip((above / full - 0.25) / 0.5, 0, 1)
    return (np.where(around, share, 0) * 255).round().astype(np.uint8)
