"""Whether a set of images is like the training images as a whole, and if not, what happened to it.

One image says little. Of a set, the mean of a measure such as the size of the ink hardly varies: a set that was
inverted, turned or blurred is told from others long before its answers can be checked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from misread.images.deform import affine
from misread.images.fit import fit_images

__all__ = ["CAUSES", "FEWEST", "Difference", "Profile"]

FEWEST = 30
"""Images without which nothing is said of a set."""
_KNOWN = 100
_MOST_KNOWN = 2_000
_SIGNED = 150
"""Training images that are changed to see how each cause shows."""
_OF_A_CLASS = 20
_DRAWS = 4_000
_ALARM = 0.002
"""In how many of the draws of training images an alarm would be false, all measures together."""
_LEAST = 0.8
"""Standard deviations by which a measure differs at least: what J. Cohen (1988) calls a large effect."""
_LIKE = 0.7
"""Cosine from which on a difference is called by a cause."""
_SEED = 0
_PIXELS = 2**21
"""Measured at once."""
_FULL_SIDE = 28

_MEASURES = ("mean", "frame", "most", "y", "x", "tall", "wide", "slant", "thickness", "sharpest", "between",
             "inked", "lean")  # fmt: skip

Images = NDArray[np.uint8]
Floats = NDArray[np.float64]


def _measured(images: Images) -> Floats:
    """`_MEASURES` of images of shape (n, height, width), a row an image; lengths as shares of a side."""
    step = max(1, _PIXELS // images[0].size) if len(images) else 1
    parts = [_measured_at_once(images[start : start + step]) for start in range(0, len(images), step)]
    return np.concatenate(parts) if parts else np.empty((0, len(_MEASURES)))


def _measured_at_once(images: Images) -> Floats:
    n, height, width = images.shape
    levels = images.astype(np.float32) / np.float32(255)
    flat = levels.reshape(n, -1)
    frame = np.concatenate([levels[:, 0], levels[:, -1], levels[:, :, 0], levels[:, :, -1]], axis=1)
    most, mean = flat.max(axis=1), flat.mean(axis=1)
    rows, columns = np.linspace(-0.5, 0.5, height), np.linspace(-0.5, 0.5, width)
    by_row, by_column = levels.sum(axis=2, dtype=float), levels.sum(axis=1, dtype=float)
    mass = np.maximum(by_row.sum(axis=1), 1e-9)
    y, x = by_row @ rows / mass, by_column @ columns / mass
    across = np.einsum("nyx,y,x->n", levels, rows, columns, optimize=True) / mass - x * y
    tall, wide = by_row @ rows**2 / mass - y**2, by_column @ columns**2 / mass - x**2
    slant = across / np.maximum(tall, 1e-4)
    down, along = np.abs(np.diff(levels, axis=1)), np.abs(np.diff(levels, axis=2))
    edge = down.sum(axis=(1, 2)) + along.sum(axis=(1, 2))
    thickness = mass / np.maximum(edge, 1e-3) / max(height, width)
    sharpest = np.maximum(down.max(axis=(1, 2), initial=0), along.max(axis=(1, 2), initial=0))
    between = ((levels > 0.2 * most[:, None, None]) & (levels < 0.8 * most[:, None, None])).mean(axis=(1, 2))
    inked = (levels > 0.5 * most[:, None, None]).mean(axis=(1, 2))
    lean = np.arctan2(2 * across, tall - wide) / 2
    return np.column_stack(
        [mean, frame.mean(axis=1), most, y, x, np.sqrt(np.maximum(tall, 0)), np.sqrt(np.maximum(wide, 0)), slant,
         np.minimum(thickness, 1), sharpest, between, inked, lean]
    )  # fmt: skip


_NARROWEST = np.array([0.2 if name in ("most", "sharpest") else 0.01 for name in _MEASURES])
"""The least standard deviation of each, as a share of a side or of white.

The brightest level of a picture hardly varies where all were made alike, and others that were scaled a little
differently (to 240 instead of 255) are none the worse for it.
"""


def _middle_of(measures: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation, the latter not too narrow."""
    return measures.mean(axis=0), np.maximum(measures.std(axis=0), _NARROWEST)


def _moved(images: Images, share: float, rng: np.random.Generator) -> Images:
    side = min(images.shape[1:])
    return affine(images, np.eye(2), share * side * rng.choice([-1.0, 1.0], (len(images), 2)), n_jobs=1)


def _mapped(images: Images, matrix: Floats) -> Images:
    middle = (np.array(images.shape[1:]) - 1) / 2
    return affine(images, matrix, middle - matrix @ middle, n_jobs=1)


def _turned(images: Images, degrees: float) -> Images:
    a = np.deg2rad(degrees)
    return _mapped(images, np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]))


def _blurred(images: Images, sigma: float) -> Images:
    sigma = sigma * min(images.shape[1:]) / _FULL_SIDE
    return np.asarray(ndimage.gaussian_filter(images, (0, sigma, sigma)))


def _noisy(images: Images, spread: float, rng: np.random.Generator) -> Images:
    return np.clip(images + rng.normal(0, spread, images.shape), 0, 255).astype(np.uint8)


def _one_way(images: Images, share: float, down: int, right: int) -> Images:
    side = min(images.shape[1:])
    return affine(images, np.eye(2), np.array([down, right]) * share * side, n_jobs=1)


_ROUND = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
CAUSES: dict[str, list[Callable[[Images, np.random.Generator], Images]]] = {
    "inverted": [lambda x, rng: 255 - x],
    "off-centre": [
        *(lambda x, rng, share=share: _moved(x, share, rng) for share in (0.1, 0.18)),
        *(lambda x, rng, to=to: _one_way(x, 0.15, *to) for to in _ROUND),
    ],
    "tiny": [
        lambda x, rng: _mapped(x, np.eye(2) / 0.75),
        lambda x, rng: _mapped(x, np.eye(2) / 0.5),
    ],
    "large": [lambda x, rng: _mapped(x, np.eye(2) * 0.8)],
    "turned": [
        *(lambda x, rng, by=by: _turned(x, by) for by in (-25, -12, 12, 25)),
    ],
    "blurred": [lambda x, rng: _blurred(x, 0.8), lambda x, rng: _blurred(x, 1.6)],
    "faint": [lambda x, rng: (x * 0.5).astype(np.uint8)],
    "noisy": [lambda x, rng: _noisy(x, 25, rng)],
    "on grey": [lambda x, rng: (64 + x * 0.75).astype(np.uint8)],
    "thick": [lambda x, rng: np.asarray(ndimage.grey_dilation(x, (1, 2, 2)))],
    "thin": [lambda x, rng: np.asarray(ndimage.grey_erosion(x, (1, 2, 2)))],
}
"""What may have happened to a set of images, each done to training images in one way or more."""
_WORDS = {
    "inverted": "light and dark are exchanged",
    "off-centre": "what is on them is not where it is on the training images",
    "tiny": "what is on them is smaller than on the training images",
    "large": "what is on them is larger than on the training images",
    "turned": "they are turned or slanted against the training images",
    "blurred": "they are more blurred than the training images",
    "faint": "they are fainter than the training images",
    "noisy": "they are noisier than the training images",
    "on grey": "their ground is brighter than that of the training images",
    "thick": "their strokes are thicker than those of the training images",
    "thin": "their strokes are thinner than those of the training images",
    "": "as a whole they are not like the training images",
}


_LOOK = "look at some of them, or train on images like them"


@dataclass(frozen=True)
class Difference:
    """How a set of images differs from the training images.

    Attributes
    ----------
    cause : str
        One of `CAUSES`, or "" where none explains it.
    n : int
        Images looked at.
    by : float
        By how many standard deviations the measure that differs most does.
    """

    cause: str
    n: int
    by: float

    def in_words(self, remedy: str = "") -> str:
        """A sentence, with what to try."""
        return (
            f"these {self.n:,} images differ from those that the model learnt from: {_WORDS[self.cause]}, so that "
            f"more will be misread than was measured; {remedy or _LOOK}"
        )


class Profile:
    """What training images are like as a whole.

    Parameters
    ----------
    images : ndarray of uint8, shape (m, height, width)
        At most 2,000 of them are taken, evenly spaced.
    labels : ndarray of int64, shape (m,), optional
        Their classes: a set is then compared with images of the classes that are answered, so that a folder of
        ones may have nothing else in it.

    Notes
    -----
    A set is compared by the means of 13 measures of its images (grey levels, frame, position, size, slant, stroke
    width, sharpness) and of three spreads. The threshold of the largest of them is that which one in 500 of random
    draws of 200 training images exceeds, so that it holds for all measures together; and the difference has to be
    a large one, 0.8 standard deviations: sets of other writers, or of one class, differ by less. What happened is
    found by doing each of `CAUSES` to training images: the one whose differences point the same way is named.
    """

    def __init__(self, images: Images, labels: NDArray[np.int64] | None = None) -> None:
        rows = _evenly(len(images), _MOST_KNOWN)
        self._images, self._labels = images[rows], None if labels is None else labels[rows]
        measures = _measured(self._images)
        self._middle = _middle_of(measures)
        self._of_class: dict[int, tuple[Floats, Floats]] = {}
        if self._labels is not None:
            for code in np.unique(self._labels):
                own = measures[self._labels == code]
                if len(own) >= _OF_A_CLASS:
                    self._of_class[int(code)] = _middle_of(own)
        self._known = self._standardised(measures, self._labels)
        self._means = self._known.mean(axis=0)
        self._spreads = np.maximum(self._known.std(axis=0), 0.5)

    def measure(self, images: Images, codes: NDArray[np.int64] | None = None) -> Floats:
        """What `compare` goes by, a row an image.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height, width)
        codes : ndarray of int64, shape (n,), optional
            The classes answered, where the profile knows classes.
        """
        return self._standardised(_measured(images), codes)

    def _standardised(self, measures: Floats, codes: NDArray[np.int64] | None) -> Floats:
        """In standard deviations of the class; and how far position and slant are off: some sets go both ways."""
        if codes is None or not len(codes):
            middles = [self._middle]
        else:
            middles = [self._of_class.get(int(code), self._middle) for code in codes]
        by = (measures - np.array([mean for mean, _ in middles])) / np.array([spread for _, spread in middles])
        return np.column_stack([by, np.abs(by)[:, [3, 4, 7]]])

    def compare(self, measures: Floats) -> Difference | None:
        """What differs about a set of images; None where nothing does, or too few are known.

        Parameters
        ----------
        measures : ndarray of shape (n, k)
            As `measure` gives them.
        """
        if not self.differs(measures):
            return None
        by = self._by(measures)
        return Difference(self._cause(by), len(measures), float(np.abs(by).max()))

    def differs(self, measures: Floats) -> bool:
        """Whether anything differs about a set of images, as `compare` takes it; without naming it."""
        n, m = len(measures), len(self._known)
        if n < FEWEST or m < _KNOWN:
            return False
        by = np.abs(self._by(measures))
        return bool(((by / np.sqrt(1 / n + 1 / m) > self.threshold) & (by > _LEAST)).any())

    def _by(self, measures: Floats) -> Floats:
        """How far the means are from those of the training images, in standard deviations."""
        return np.asarray((measures.mean(axis=0) - self._means) / self._spreads)

    @cached_property
    def threshold(self) -> float:
        """Standard errors that the largest difference of a random draw of training images exceeds once in 500."""
        rng, n = np.random.default_rng(_SEED), 200
        errors = (self._known - self._means) / self._spreads
        largest = [
            np.abs(errors[rng.integers(0, len(errors), n)].mean(axis=0)).max() * n**0.5 for _ in range(_DRAWS)
        ]
        return float(np.quantile(largest, 1 - _ALARM))

    def _cause(self, by: Floats) -> str:
        """The cause whose differences point the same way."""
        names, signs = self._signatures
        here = _squeezed(by)
        like = signs @ here / np.linalg.norm(here)
        best = int(np.argmax(like))
        return names[best] if like[best] >= _LIKE else ""

    @cached_property
    def _signatures(self) -> tuple[list[str], Floats]:
        """How each cause shows, as directions; where images are fitted afterwards, too."""
        rng, names, signs = np.random.default_rng(_SEED), [], []
        rows = _evenly(len(self._images), _SIGNED)
        images, labels = self._images[rows], None if self._labels is None else self._labels[rows]
        before = self.measure(images, labels).mean(axis=0)
        for name, ways in CAUSES.items():
            for way in ways:
                changed = np.ascontiguousarray(way(images, rng))
                for seen in (changed, fit_images(changed, images.shape[1:], "mnist")):
                    by = (self.measure(seen, labels).mean(axis=0) - before) / self._spreads
                    if np.abs(by).max() > _LEAST:
                        here = _squeezed(by)
                        names.append(name)
                        signs.append(here / np.linalg.norm(here))
        return names, np.array(signs)


def _evenly(n: int, most: int) -> NDArray[np.intp]:
    return np.linspace(0, n - 1, min(n, most)).astype(np.intp)


def _squeezed(by: Floats) -> Floats:
    """Large differences count less than in proportion: else a frame without spread would be all that counts."""
    return np.asarray(np.sign(by) * np.log1p(np.abs(by) / _LEAST))
