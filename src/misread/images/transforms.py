"""What the study does to images: shifted copies to train on, and noise to take out again."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["add_noise", "shift", "shifted_copies"]

_ROWS_PER_DRAW = 4_096


def shift(images: NDArray[np.uint8], dy: int, dx: int, fill: int = 0) -> NDArray[np.uint8]:
    """Move images by whole pixels.

    Parameters
    ----------
    images : ndarray of uint8, shape (..., height, width)
        One image or many.
    dy, dx : int
        Pixels to move down and to the right; negative is up and left.
    fill : int
        Grey level of the pixels that are uncovered.

    Returns
    -------
    ndarray of uint8, of the same shape
    """
    moved = np.empty_like(images, order="C")
    _shift_into(moved, images, dy, dx, fill)
    return moved


def shifted_copies(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the images followed by copies moved one pixel left, right, up and down.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)

    Returns
    -------
    ndarray of uint8, shape (5 * n, height, width)
        Five blocks of n images each in the given order, so that labels are ``np.tile(labels, 5)``.
    """
    copies = np.empty((5, *images.shape), np.uint8)
    for target, (dy, dx) in zip(copies, ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0)), strict=True):
        _shift_into(target, images, dy, dx, fill=0)
    return copies.reshape(5 * len(images), *images.shape[1:])


def _shift_into(target: NDArray[np.uint8], images: NDArray[np.uint8], dy: int, dx: int, fill: int) -> None:
    height, width = images.shape[-2:]
    if abs(dy) >= height or abs(dx) >= width:
        target[...] = fill
        return
    (to_y, from_y), (to_x, from_x) = _overlap(dy, height), _overlap(dx, width)
    if dy or dx:
        target[...] = fill
    target[..., to_y, to_x] = images[..., from_y, from_x]


def _overlap(step: int, size: int) -> tuple[slice, slice]:
    return slice(max(step, 0), size + min(step, 0)), slice(max(-step, 0), size - max(step, 0))


def add_noise(*batches: NDArray[np.uint8], seed: int = 42, high: int = 100) -> tuple[NDArray[np.uint16], ...]:
    """Add integer noise 0..high-1 to every pixel of every batch, from one stream.

    The result is that of ``np.random.seed(seed)``, then ``batch + np.random.randint(0, high, batch.shape)`` for
    each batch in turn, without its int64 arrays: the noise is drawn in blocks of rows, which the legacy
    generator's stream does not notice.

    Parameters
    ----------
    *batches : ndarray of uint8, shape (n, ...)
        Training images, then test images.
    seed : int
        Seed of NumPy's legacy generator.
    high : int
        One more than the largest noise.

    Returns
    -------
    tuple of ndarray of uint16
        Of the shapes of the batches; values reach ``254 + high``.
    """
    stream = np.random.RandomState(seed)
    return tuple(_noisy(batch, stream, high) for batch in batches)


def _noisy(images: NDArray[np.uint8], stream: np.random.RandomState, high: int) -> NDArray[np.uint16]:
    noisy = images.astype(np.uint16)
    for start in range(0, len(noisy), _ROWS_PER_DRAW):
        block = noisy[start : start + _ROWS_PER_DRAW]
        block += stream.randint(0, high, block.shape, dtype=np.int64).astype(np.uint16)
    return noisy
