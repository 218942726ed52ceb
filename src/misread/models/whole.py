"""A network in whole numbers, the same on any machine: weights of four bits, values of eight, sums of 32."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LEVELS",
    "MOST_BIAS",
    "MOST_SHIFT",
    "WEIGHT",
    "Spans",
    "Spot",
    "WholeConv",
    "WholeLinear",
    "WholeNetwork",
    "packed",
    "plan",
    "unpacked",
]

Spans = tuple[tuple[int, int], ...]

WEIGHT = 7
"""The largest weight."""
LEVELS = 32
"""How many levels of a value stand for one standard deviation or so."""
_LAST, _SMALLEST = 3, 8
MOST_SHIFT, MOST_BIAS = 24, 2**22
_MULTIPLIER_BITS = 8
_BLOCK, _TAPS = 256, 2**23


@dataclass(frozen=True)
class Spot:
    """Where a convolution looks, and what of it is kept.

    Attributes
    ----------
    side : int
        Of its kernels.
    strides : (int, int)
        From one place to the next, down and to the right.
    rows, columns : tuple of (start, stop)
        Where the windows are of which the largest is kept, along each axis of the convolution's result; they touch
        and do not overlap.
    """

    side: int
    strides: tuple[int, int]
    rows: Spans
    columns: Spans

    @property
    def n_places(self) -> int:
        """How many windows there are."""
        return len(self.rows) * len(self.columns)

    @property
    def n_looks(self) -> int:
        """At how many places it looks."""
        return self.rows[-1][1] * self.columns[-1][1]


@dataclass(frozen=True, eq=False)
class WholeConv:
    """A convolution with a border of zeros, the largest of each window, and back to 8 bits.

    The value of channel k is ``min(255, (max(0, sum + biases[k]) * multipliers[k] + half) >> shifts[k])``, where
    half is ``(1 << shifts[k]) >> 1`` and sum is the largest in the window.

    Attributes
    ----------
    weights : ndarray of int8, shape (out, side, side, in), from -7 to 7
    biases : ndarray of int64, shape (out,)
    multipliers : ndarray of int64, shape (out,), from 0 to 255
    shifts : ndarray of int64, shape (out,), from 0 to 24
    spot : Spot
    """

    weights: NDArray[np.int8]
    biases: NDArray[np.int64]
    multipliers: NDArray[np.int64]
    shifts: NDArray[np.int64]
    spot: Spot

    @classmethod
    def of(
        cls,
        weights: NDArray[np.int8],
        scales: NDArray[np.float64],
        offsets: NDArray[np.float64],
        spot: Spot,
    ) -> "WholeConv":
        """Of sums that become levels by ``scales * sum + offsets``, scales of at least 0."""
        scales = np.maximum(scales, 2.0**-MOST_SHIFT)
        biases = np.rint(np.clip(offsets / scales, -MOST_BIAS, MOST_BIAS)).astype(np.int64)
        shifts = np.clip(_MULTIPLIER_BITS - 1 - np.floor(np.log2(scales)), 0, MOST_SHIFT).astype(np.int64)
        multipliers = np.clip(np.rint(scales * 2.0**shifts), 0, 2**_MULTIPLIER_BITS - 1).astype(np.int64)
        return cls(weights, biases, multipliers, shifts, spot)

    @property
    def n_taps(self) -> int:
        """Pixels that are looked at for an image, each as often as it is."""
        return self.weights[0].size * self.spot.n_looks

    def run(self, x: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Values of shape (n, rows, columns, out) from such of shape (n, height, width, in)."""
        n, height, width, channels = x.shape
        spot, edge = self.spot, self.spot.side // 2
        framed = np.zeros((n, height + 2 * edge, width + 2 * edge, channels), np.float32)
        framed[:, edge : edge + height, edge : edge + width] = x
        windows = np.lib.stride_tricks.sliding_window_view(framed, (spot.side, spot.side), (1, 2))
        windows = windows[:, :: spot.strides[0], :: spot.strides[1]].transpose(0, 1, 2, 4, 5, 3)
        taps = np.ascontiguousarray(windows).reshape(-1, self.weights[0].size)
        flat = self.weights.reshape(len(self.weights), -1).astype(np.float32)
        sums = (taps @ flat.T).reshape(*windows.shape[:3], -1)  # exact: all of them are below 2 ** 24
        for axis, parts in ((1, spot.rows), (2, spot.columns)):
            sums = np.maximum.reduceat(sums, [start for start, _ in parts], axis=axis)
        values = np.maximum(sums.astype(np.int64) + self.biases, 0) * self.multipliers
        return np.minimum((values + (1 << self.shifts >> 1)) >> self.shifts, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class WholeLinear:
    """A plane for every class.

    Attributes
    ----------
    weights : ndarray of int8, shape (n_classes, n_values), from -7 to 7
        Of values row by row, at each place channel by channel.
    biases : ndarray of int64, shape (n_classes,)
    unit : float
        What 1 is in logits; a power of two, so that differences of logits are exact.
    """

    weights: NDArray[np.int8]
    biases: NDArray[np.int64]
    unit: float


@dataclass(frozen=True, eq=False)
class WholeNetwork:
    """Convolutions, then planes.

    Attributes
    ----------
    convolutions : tuple of WholeConv
    planes : WholeLinear
    """

    convolutions: tuple[WholeConv, ...]
    planes: WholeLinear

    def sums(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Whole-numbered scores of shape (n, n_classes) of images of shape (n, height, width)."""
        most = max(layer.n_taps for layer in self.convolutions)
        step = min(_BLOCK, max(1, _TAPS // most))
        blocks = [images[start : start + step] for start in range(0, len(images), step)]
        return np.concatenate([self._block(block) for block in blocks])

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The same as logits."""
        return self.sums(images).astype(np.float64) * self.planes.unit

    def _block(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        x = images[..., None]
        for layer in self.convolutions:
            x = layer.run(x)
        values = x.reshape(len(x), -1).astype(np.float64)
        return (values @ self.planes.weights.T.astype(np.float64)).astype(np.int64) + self.planes.biases


def packed(weights: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Two weights in a byte, the first in its lower half; rows of shape (n, ceil(n_weights / 2)).

    Examples
    --------
    >>> packed(np.array([[1, -1, 7]], np.int8)).tolist()
    [[241, 7]]
    """
    rows = weights.reshape(len(weights), -1).view(np.uint8) & 15
    pairs = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
    return np.asarray(pairs[:, ::2] | pairs[:, 1::2] << 4, np.uint8)


def unpacked(rows: NDArray[np.uint8], n_weights: int) -> NDArray[np.int8]:
    """Rows of weights from what `packed` gave."""
    both = np.empty((len(rows), 2 * rows.shape[1]), np.uint8)
    both[:, ::2], both[:, 1::2] = rows & 15, rows >> 4
    both = both[:, :n_weights]
    return np.where(both > WEIGHT, both.astype(np.int8) - 16, both).astype(np.int8)


def plan(shape: tuple[int, int], depth: int) -> list[Spot]:
    """Where each convolution looks: the first at every second place, with kernels of 5x5, the others of 3x3.

    After the middle one a side is halved, too, and of the last 3x3 windows are kept. Sides under 8 are not halved.

    Parameters
    ----------
    shape : (int, int)
    depth : int
        How many convolutions.
    """
    spots, sides = list[Spot](), shape
    for number in range(1, depth + 1):
        down, right = (2 if number == 1 and side >= _SMALLEST else 1 for side in sides)
        sides = (-(-sides[0] // down), -(-sides[1] // right))
        halves = number == (depth + 1) // 2
        kept = [side // 2 if halves and side >= _SMALLEST else side for side in sides]
        if number == depth:
            kept = [min(side, _LAST) for side in sides]
        rows, columns = (_parts(side, n) for side, n in zip(sides, kept, strict=True))
        spots.append(Spot(5 if number == 1 else 3, (down, right), rows, columns))
        sides = (kept[0], kept[1])
    return spots


def _parts(side: int, n: int) -> Spans:
    return tuple((i * side // n, (i + 1) * side // n) for i in range(n))
