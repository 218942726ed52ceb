"""Images as they are after something happened to them: fifteen kinds of corruption at five strengths.

The kinds and their numbers are those of N. Mu and J. Gilmer, MNIST-C: A robustness benchmark for computer vision,
arXiv 1906.02337 (2019), and of the code beside it; four kinds that have one strength there (stripe, dotted line,
zigzag, Canny edges) got the other four here. Lengths in pixels are for images of 28x28 and go by the shorter side.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.errors import ParameterError
from misread.images.deform import affine
from misread.kernels.corruptions import add_lines, mark_edges, smear, swap_near
from misread.spelling import did_you_mean

__all__ = ["KINDS", "STRENGTHS", "Kind", "corrupt"]

STRENGTHS = (1, 2, 3, 4, 5)

Images = NDArray[np.uint8]
Rng = np.random.Generator

_BLOCK = 2_048
_MAP_SIDE, _N_MAPS = 256, 64
_FULL_SIDE = 28
_LINE_REACH = 2.3


@dataclass(frozen=True)
class Kind:
    """One kind of corruption.

    Attributes
    ----------
    name, about : str
        What it is called, and what its five strengths are.
    published : int
        Which of the strengths is that of the published set.
    apply : callable of (images, strength, rng) to images
    """

    name: str
    about: str
    published: int
    apply: Callable[[Images, int, Rng], Images]


def corrupt(images: Images, kind: str, strength: int, *, seed: int = 42) -> Images:
    """Do one thing to images of light ink on a dark ground.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    kind : str
        One of `KINDS`.
    strength : int from 1 to 5
    seed : int, default 42
        Another kind draws other numbers; another strength of a kind does not, so that it is more of the same.

    Returns
    -------
    ndarray of uint8, of the same shape

    Raises
    ------
    ParameterError
        If there is no such kind or strength, or the images are none.

    Examples
    --------
    >>> images = np.zeros((1, 28, 28), np.uint8)
    >>> int(corrupt(images, "brightness", 3).max())
    76
    """
    if kind not in KINDS:
        raise ParameterError(
            f"no corruption is called {kind!r}{did_you_mean(kind, KINDS)}; known are {', '.join(KINDS)}"
        )
    if strength not in STRENGTHS:
        raise ParameterError(f"a corruption has a strength from 1 to 5, not {strength!r}")
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 3 or 0 in images.shape[1:]:
        raise ParameterError(
            f"images must be uint8 of shape (n, height, width), not {images.dtype} of shape {images.shape}"
        )
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    out = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), _BLOCK):
        block = slice(start, start + _BLOCK)
        out[block] = KINDS[kind].apply(np.ascontiguousarray(images[block]), strength, rng)
    return out


def _shot_noise(images: Images, strength: int, rng: Rng) -> Images:
    light = (60, 25, 12, 5, 3)[strength - 1]
    return _grey(rng.poisson(images / 255 * light) * (255 / light))


def _impulse_noise(images: Images, strength: int, rng: Rng) -> Images:
    share = (0.03, 0.06, 0.09, 0.17, 0.27)[strength - 1]
    drawn = rng.random(images.shape, np.float32)
    return np.where(drawn < share / 2, np.uint8(0), np.where(drawn < share, np.uint8(255), images))


def _glass_blur(images: Images, strength: int, rng: Rng) -> Images:
    sigma, reach, rounds = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))[strength - 1]
    share = _share(images)
    reach = min(max(1, round(reach * share)), 5)
    through = _blurred(images.astype(np.float32), sigma * share).astype(np.uint8)
    shape = (len(images), rounds, *images.shape[1:])
    swap_near(through, rng.integers(0, 2 * (2 * reach) ** 2, shape, np.uint8), reach)
    return _grey(_blurred(through.astype(np.float32), sigma * share))


def _motion_blur(images: Images, strength: int, rng: Rng) -> Images:
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[strength - 1]
    share = _share(images)
    taps = np.arange(2 * int(np.ceil(radius * share)) + 1)
    weights = np.exp(-0.5 * (taps / (sigma * share)) ** 2)
    angles = np.deg2rad(rng.uniform(-45, 45, (len(images), 1)))
    downs, rights = (np.ceil(taps * part - 0.5).astype(np.int64) for part in (np.sin(angles), np.cos(angles)))
    out = np.empty_like(images)
    smear(images, downs, rights, (weights / weights.sum()).astype(np.float32), out)
    return out


def _shear(images: Images, strength: int, rng: Rng) -> Images:
    angle = 0.2 * strength * rng.choice([-1.0, 1.0], len(images))
    return _mapped(images, np.cos(angle), 0, -np.sin(angle), 1)


def _scale(images: Images, strength: int, rng: Rng) -> Images:
    step = 1 / (1 - 0.1 * strength)
    return _mapped(images, np.full(len(images), step), 0, 0, step)


def _rotate(images: Images, strength: int, rng: Rng) -> Images:
    angle = 0.2 * strength * rng.choice([-1.0, 1.0], len(images))
    return _mapped(images, np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle))


def _translate(images: Images, strength: int, rng: Rng) -> Images:
    moves = strength * _share(images) * rng.choice([-1.0, 1.0], (len(images), 2))
    return affine(images, np.eye(2), moves, n_jobs=1)


def _brightness(images: Images, strength: int, rng: Rng) -> Images:
    return _grey(images + 25.5 * strength)


def _stripe(images: Images, strength: int, rng: Rng) -> Images:
    width = max(1, round((2 * strength + 1) * images.shape[2] / _FULL_SIDE))
    out = images.copy()
    out[:, :, :width] ^= 255
    out[:, :, max(width, images.shape[2] - width) :] ^= 255
    return out


def _fog(images: Images, strength: int, rng: Rng) -> Images:
    thick, decay = ((1.5, 2), (2.0, 2), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))[strength - 1]
    n, height, width = images.shape
    maps = _clouds(min(n, _N_MAPS), max(_MAP_SIDE, 2 ** (max(height, width) - 1).bit_length()), decay, rng)
    m, side = maps.shape[:2]
    down, right = ((rng.integers(0, side, (n, 1)) + np.arange(length)) % side for length in (height, width))
    seen = maps[rng.integers(0, m, (n, 1, 1)), down[:, :, None], right[:, None, :]]
    light = images.astype(np.float32) / 255
    most = light.max(axis=(1, 2), keepdims=True)
    return _grey(255 * (light + thick * seen) * most / (most + thick))


def _spatter(images: Images, strength: int, rng: Rng) -> Images:
    mean, spread, sigma, level, soft = (
        (0.65, 0.3, 4, 0.69, 0.6),
        (0.65, 0.3, 3, 0.68, 0.6),
        (0.65, 0.3, 2, 0.68, 0.5),
        (0.65, 0.3, 1, 0.65, 1.5),
        (0.67, 0.4, 1, 0.65, 1.5),
    )[strength - 1]
    share = _share(images)
    liquid = mean + spread * share * rng.standard_normal(images.shape, np.float32)
    mud = _blurred((_blurred(liquid, sigma * share) > level).astype(np.float32), soft * share)
    mud[mud < 0.8] = 0
    return _grey(images * (1 - mud) + 63 * mud)


def _dotted_line(images: Images, strength: int, rng: Rng) -> Images:
    n, height, width = images.shape
    dash = max(1, round(2 * _share(images)))
    begins = np.arange(dash, width - 1, 2 * dash)
    ends = np.minimum(begins + dash, width - 1)
    first, last = np.moveaxis(rng.integers(0, max(1, height - 1), (n, 2, 5)), 1, 0)[..., :strength, None]
    slope = (last - first) / max(1, width - 1)
    parts = np.stack(np.broadcast_arrays(begins, first + slope * begins, ends, first + slope * ends), axis=-1)
    return _with_lines(images, parts.reshape(n, -1, 4))


def _zigzag(images: Images, strength: int, rng: Rng) -> Images:
    n, height, width = images.shape
    share, across = _share(images), (width - 1) / (_FULL_SIDE - 1)
    step = max(1.0, 2 * share)
    left, right = 2 * across, 25 * across
    top = rng.integers(0, max(1, height - 1), (n, 5))[:, :strength].astype(np.float64)
    angle = np.arctan2(share * rng.integers(-5, 5, (n, 5))[:, :strength], right - left)[..., None]
    length = (right - left) / np.cos(angle)
    turns = np.arange(int(length.max(initial=0.0) / (2 * step)) + 1)
    x = np.concatenate([0 * length, np.minimum((2 * turns + 1) * step, length), length], axis=-1)
    y = np.concatenate([[0.0], np.where(turns % 2, -step, step), [0.0]]) * (x < length)
    columns = left + np.cos(angle) * x - np.sin(angle) * y
    rows = top[..., None] + np.sin(angle) * x + np.cos(angle) * y
    parts = np.stack([columns[..., :-1], rows[..., :-1], columns[..., 1:], rows[..., 1:]], axis=-1)
    return _with_lines(images, parts.reshape(n, -1, 4))


def _canny_edges(images: Images, strength: int, rng: Rng) -> Images:
    smooth = _blurred(images.astype(np.float32) / np.float32(255), _share(images), outside=False)
    edges = np.empty_like(images)
    mark_edges(smooth, 0.1, 0.2, edges)
    share = strength / len(STRENGTHS)
    return _grey((1 - share) * images + share * edges)


def _share(images: Images) -> float:
    """What a pixel of 28x28 images is in these."""
    return min(images.shape[1:]) / _FULL_SIDE


def _grey(levels: NDArray[np.floating]) -> Images:
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _mapped(
    images: Images, down_y: ArrayLike, down_x: ArrayLike, right_y: ArrayLike, right_x: ArrayLike
) -> Images:
    """Each image through the matrix ((down_y, down_x), (right_y, right_x)) around its middle."""
    parts = np.broadcast_arrays(down_y, down_x, right_y, right_x)
    matrices = np.stack(parts, axis=-1).reshape(-1, 2, 2)
    middle = (np.array(images.shape[1:]) - 1) / 2
    return affine(images, matrices, middle - matrices @ middle, n_jobs=1)


def _blurred(images: NDArray[np.float32], sigma: float, *, outside: bool = True) -> NDArray[np.float32]:
    """Images under a Gaussian; their edges go on outside, or nothing is there."""
    n, height, width = images.shape
    along, down = _gaussian(width, sigma, outside), _gaussian(height, sigma, outside)
    return np.matmul(down, (images.reshape(-1, width) @ along.T).reshape(n, height, width))


def _gaussian(side: int, sigma: float, outside: bool) -> NDArray[np.float32]:
    reach = int(4 * sigma + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    matrix = np.zeros((side, side))
    for row in range(side):
        places = row + steps
        kept = np.full(len(places), True) if outside else (places >= 0) & (places < side)
        np.add.at(matrix[row], np.clip(places, 0, side - 1)[kept], weights[kept])
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)


def _clouds(n: int, side: int, decay: float, rng: Rng) -> NDArray[np.float32]:
    """Height maps from 0 to 1 by the diamond-square algorithm, which go on at the other end; (n, side, side)."""
    maps = np.zeros((n, side, side), np.float32)
    step, rough = side, 100.0

    def fill(rows: slice, columns: slice, sums: NDArray[np.float32]) -> None:
        maps[:, rows, columns] = sums / 4 + rough * rough * rng.uniform(-1, 1, sums.shape)

    while step >= 2:
        even, odd = slice(0, None, step), slice(step // 2, None, step)
        corners = maps[:, even, even]
        both = corners + np.roll(corners, -1, 1)
        fill(odd, odd, both + np.roll(both, -1, 2))
        middles = maps[:, odd, odd]
        fill(even, odd, middles + np.roll(middles, 1, 1) + corners + np.roll(corners, -1, 2))
        fill(odd, even, middles + np.roll(middles, 1, 2) + corners + np.roll(corners, -1, 1))
        step //= 2
        rough /= decay
    maps -= maps.min(axis=(1, 2), keepdims=True)
    return maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-9)


def _with_lines(images: Images, segments: NDArray[np.float64]) -> Images:
    out = images.copy()
    add_lines(out, np.ascontiguousarray(segments, np.float64), max(1.2, _LINE_REACH * _share(images)))
    return out


_ALL = (
    Kind("shot noise", "fewer and fewer photons", 5, _shot_noise),
    Kind("impulse noise", "3 to 27% of the pixels black or white", 4, _impulse_noise),
    Kind("glass blur", "seen through rough glass", 1, _glass_blur),
    Kind("motion blur", "smeared along a line", 1, _motion_blur),
    Kind("shear", "slanted by 0.2 to 1.0 radians, either way", 2, _shear),
    Kind("scale", "0.9 to 0.5 times as large", 3, _scale),
    Kind("rotate", "turned by 11 to 57 degrees, either way", 2, _rotate),
    Kind("brightness", "0.1 to 0.5 of white added", 5, _brightness),
    Kind("translate", "1 to 5 pixels along both axes", 3, _translate),
    Kind("stripe", "3 to 11 columns at both sides inverted", 3, _stripe),
    Kind("fog", "clouds over it, ink fainter", 5, _fog),
    Kind("spatter", "grey drops over the ink", 4, _spatter),
    Kind("dotted line", "1 to 5 dotted lines across", 1, _dotted_line),
    Kind("zigzag", "1 to 5 zigzags across", 1, _zigzag),
    Kind("Canny edges", "a fifth to all of the way to nothing but edges", 5, _canny_edges),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
"""All of them by name, in the order of the published set."""
