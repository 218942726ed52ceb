"""Ink from the images of MNIST: enlarged strokes with smooth edges, made thinner, thicker or grainy."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

__all__ = ["Plane", "ink", "noise_of_scale"]

Plane = NDArray[np.float32]

_LEAST_CORE = 0.3
"""Of a thinned stroke, the share of its half width that stays at least, so that it does not break."""


def ink(image: NDArray[np.uint8], height: int, thicker: float = 0.0) -> Plane:
    """The strokes of a 28x28 image, cropped, as cover from 0 to 1.

    Parameters
    ----------
    image : ndarray of uint8, shape (28, 28)
    height : int
        Pixels that 20 of MNIST's become: the larger side of its box.
    thicker : float
        By how many of MNIST's pixels strokes are wider (or narrower, below 0).
    """
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    crop = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = height / 20
    edge = 3
    padded = np.pad(crop, edge)
    shape = [max(8, round(side * scale)) for side in padded.shape[::-1]]
    large = np.asarray(Image.fromarray(padded).resize((shape[0], shape[1]), Image.Resampling.BICUBIC))
    smooth = ndimage.gaussian_filter(large.astype(np.float32), 0.25 * scale)
    inside = smooth > 110
    within = ndimage.distance_transform_edt(inside)
    signed = np.where(inside, within - 0.5, 0.5 - ndimage.distance_transform_edt(~inside))
    by = thicker * scale / 2
    if by < 0:
        core = ndimage.maximum_filter(within, size=2 * int(2 * scale) + 1)
        by = np.maximum(by, -(1 - _LEAST_CORE) * core)
    cover: Plane = np.clip(signed + by + 0.5, 0, 1).astype(np.float32)
    return _cropped(cover)


def _cropped(cover: Plane) -> Plane:
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    return cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def noise_of_scale(rng: np.random.Generator, shape: tuple[int, int], pixels: float) -> Plane:
    """Smooth noise of mean 0 and deviation 1 whose grains are so many pixels wide."""
    small = [max(2, round(side / pixels) + 2) for side in shape]
    grains = rng.standard_normal(small).astype(np.float32)
    large = Image.fromarray(grains, "F").resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    noise = np.asarray(large, np.float32)
    return (noise - noise.mean()) / max(float(noise.std()), 1e-6)
