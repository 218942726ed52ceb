"""Images bent, turned, moved and stood upright: fast, bilinear, on uint8 images, one map for each image.

The maps are those of `scipy.ndimage.affine_transform` and `map_coordinates` with ``order=1`` and
``mode='grid-constant'``: they say where in the given image each pixel of the new one is taken from.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.errors import ParameterError
from misread.kernels.warp import fill_fields, fill_poses, translate, warp
from misread.parallel import in_blocks

__all__ = [
    "Deformation",
    "affine",
    "deskew",
    "displace",
    "elastic_fields",
    "move",
    "normalise",
    "size_share",
    "slopes_before_pose",
]

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]

_NO_FIELDS = np.zeros((0, 2, 1, 1), np.float32)
_BLOCK = 2_048
_FULL_SIZE = 28
_LEAST_SHARE = 0.03


@dataclass(frozen=True)
class Deformation:
    """How far random copies of an image may be from it.

    Attributes
    ----------
    rotation : float
        Largest turn, in degrees, either way.
    scale : float
        Largest share by which height and width grow or shrink, each for itself.
    shear : float
        Largest slant, in pixels sideways for a pixel down, either way.
    shift : float
        Largest move along each axis, in pixels, either way.
    elastic : float
        Standard deviation of the smooth random displacement, in pixels.
    smoothness : float
        Width (sigma) of the Gaussian that smooths that displacement, in pixels.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    smoothness: float = 5.0

    def apply(self, images: Images, rng: np.random.Generator, *, n_jobs: int | None = None) -> Images:
        """One random copy of every image.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height, width)
        rng : Generator
            What it draws depends on n and the size of the images alone, never on `n_jobs`.
        n_jobs : int, optional
            Threads, as joblib counts them.

        Returns
        -------
        ndarray of uint8, of the same shape
        """
        images = _checked(images)
        n, height, width = images.shape
        matrices, offsets = self.draw_maps(n, (height, width), rng)
        if not self.elastic:
            return affine(images, matrices, offsets, n_jobs=n_jobs)
        rows, columns = _smooth_basis(height, self.smoothness), _smooth_basis(width, self.smoothness)
        shape = (n, 2, rows.shape[1], columns.shape[1])
        coefficients = rng.standard_normal(shape, dtype=np.float32) * np.float32(self.elastic)
        out = np.empty_like(images, order="C")

        def bend(block: slice) -> None:
            fields = np.empty((len(out[block]), 2, height, width), np.float32)
            fill_fields(coefficients[block], rows, columns.T.copy(), fields)
            warp(images[block], matrices[block], offsets[block], fields, out[block])

        in_blocks(bend, n, _BLOCK, n_jobs)
        return out

    def for_size(self, shape: tuple[int, int]) -> "Deformation":
        """The same deformation of smaller images: what is in pixels shrinks with the shorter side under 28."""
        share = size_share(shape)
        return replace(
            self, shift=self.shift * share, elastic=self.elastic * share, smoothness=self.smoothness * share
        )

    def times(self, share: float) -> "Deformation":
        """The same deformation, this many times as strong; as smooth as it was."""
        return replace(
            self,
            rotation=self.rotation * share,
            scale=self.scale * share,
            shear=self.shear * share,
            shift=self.shift * share,
            elastic=self.elastic * share,
        )

    def draw_maps(self, n: int, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw n affine maps around the middle of an image: matrices (n, 2, 2) and offsets (n, 2)."""
        turn, grow_y, grow_x, shear, *moves = rng.uniform(-1, 1, (6, n))
        angle = np.deg2rad(self.rotation) * turn
        cos, sin = np.cos(angle), np.sin(angle)
        turns = np.stack([cos, -sin, sin, cos], axis=-1).reshape(n, 2, 2)
        rest = np.zeros((n, 2, 2))
        rest[:, 0, 0] = 1 + self.scale * grow_y
        rest[:, 1, 1] = 1 + self.scale * grow_x
        rest[:, 1, 0] = self.shear * shear
        matrices = turns @ rest
        middle = (np.array(shape) - 1) / 2
        offsets = middle - matrices @ middle + self.shift * np.stack(moves, axis=-1)
        return matrices.astype(np.float32), offsets.astype(np.float32)


def size_share(shape: tuple[int, int]) -> float:
    """What a length in pixels of 28x28 images shrinks to in smaller ones, as a share."""
    return min(1.0, min(shape) / _FULL_SIZE)


def affine(images: Images, matrices: ArrayLike, offsets: ArrayLike, *, n_jobs: int | None = None) -> Images:
    """Take each pixel (y, x) of the new image i from ``matrices[i] @ (y, x) + offsets[i]`` of the given one.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    matrices : array-like, shape (n, 2, 2) or (2, 2) for all alike
    offsets : array-like, shape (n, 2) or (2,) for all alike
        In pixels.
    n_jobs : int, optional
        Threads, as joblib counts them.

    Returns
    -------
    ndarray of uint8, of the same shape
        Rounded to the nearest grey level; 0 where nothing was.
    """
    images = _checked(images)
    n = len(images)
    maps = np.ascontiguousarray(np.broadcast_to(np.asarray(matrices, np.float32), (n, 2, 2)))
    moves = np.ascontiguousarray(np.broadcast_to(np.asarray(offsets, np.float32), (n, 2)))
    out = np.empty_like(images, order="C")
    in_blocks(lambda b: warp(images[b], maps[b], moves[b], _NO_FIELDS, out[b]), n, _BLOCK, n_jobs)
    return out


def move(images: Images, moves: ArrayLike, *, n_jobs: int | None = None) -> Images:
    """Move images by parts of a pixel.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    moves : array-like, shape (n, 2) or (2,) for all alike
        Pixels to move down and to the right, as `scipy.ndimage.shift` has them.
    n_jobs : int, optional
        Threads, as joblib counts them.

    Returns
    -------
    ndarray of uint8, of the same shape
    """
    images = _checked(images)
    n = len(images)
    steps = np.ascontiguousarray(np.broadcast_to(np.asarray(moves, np.float32), (n, 2)))
    if not np.isfinite(steps).all():
        raise ParameterError("moves must be finite numbers of pixels")
    out = np.empty_like(images, order="C")
    in_blocks(lambda b: translate(images[b], steps[b], out[b]), n, _BLOCK, n_jobs)
    return out


def deskew(images: Images, *, n_jobs: int | None = None) -> Images:
    """Stand images upright: the centre of ink goes to the middle, and the slant is sheared away.

    The slant is the covariance of the ink's x and y over the variance of its y.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    n_jobs : int, optional
        Threads, as joblib counts them.

    Returns
    -------
    ndarray of uint8, of the same shape
    """
    return normalise(images, slant=True, n_jobs=n_jobs)


def normalise(images: Images, *, slant: bool = False, aspect: bool = False, n_jobs: int | None = None) -> Images:
    """Bring images into one pose by the moments of their ink: its centre to the middle, and what is asked.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    slant : bool
        Shear the slant away: the covariance of x and y over the variance of y.
    aspect : bool
        Widen what is narrow and heighten what is flat: an aspect ratio r, the smaller over the larger standard
        deviation, that is less than 0.8 becomes the square root of 0.8 r. A line becomes 2.2 times as wide.
    n_jobs : int, optional
        Threads, as joblib counts them.

    Returns
    -------
    ndarray of uint8, of the same shape
        Blank images as they are.

    Notes
    -----
    Moment normalisation with the square root for the aspect ratio: C.-L. Liu, K. Nakashima, H. Sako and
    H. Fujisawa, Handwritten digit recognition: investigation of normalization and feature extraction techniques,
    Pattern Recognition 37 (2004).
    """
    images = _checked(images)
    n = len(images)
    out = np.empty_like(images, order="C")

    def pose(block: slice) -> None:
        matrices = np.empty((len(out[block]), 2, 2), np.float32)
        offsets = np.empty((len(out[block]), 2), np.float32)
        fill_poses(images[block], slant, aspect, matrices, offsets)
        warp(images[block], matrices, offsets, _NO_FIELDS, out[block])

    in_blocks(pose, n, _BLOCK, n_jobs)
    return out


def slopes_before_pose(slopes: ArrayLike, images: Images, *, slant: bool = False, aspect: bool = False) -> Floats:
    """What each pixel of the given images adds, from what each of `normalise(images)` adds, poses taken as given.

    Parameters
    ----------
    slopes : array-like, shape (n, height, width)
        By pixels of the normalised images.
    images : ndarray of uint8, shape (n, height, width)
        Before they are normalised.
    slant, aspect : bool
        As in `normalise`.

    Returns
    -------
    ndarray of float32, shape (n, height, width)
    """
    images = _checked(images)
    n, height, width = images.shape
    matrices, offsets = np.empty((n, 2, 2), np.float32), np.empty((n, 2), np.float32)
    fill_poses(images, slant, aspect, matrices, offsets)
    grid = np.indices((height, width)).reshape(2, -1)
    places = matrices @ grid.astype(np.float32) + offsets[:, :, None]
    corner = np.floor(places).astype(np.int64)
    part = places - corner
    wide, every = np.zeros((n, height, width), np.float32), np.arange(n)[:, None]
    for step in np.ndindex(2, 2):
        y, x = np.moveaxis(corner + np.array(step)[:, None], 1, 0)
        weights = np.where(np.array(step)[:, None], part, 1 - part).prod(axis=1)
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        added = np.asarray(slopes, np.float32).reshape(n, -1) * weights * inside
        np.add.at(wide, (every, y.clip(0, height - 1), x.clip(0, width - 1)), added)
    return wide


def displace(images: Images, fields: ArrayLike, *, n_jobs: int | None = None) -> Images:
    """Take each pixel (y, x) of the new image i from ``(y, x) + fields[i, :, y, x]`` of the given one.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    fields : array-like, shape (n, 2, height, width)
        Displacements down and to the right, in pixels.
    n_jobs : int, optional
        Threads, as joblib counts them.

    Returns
    -------
    ndarray of uint8, of the same shape
    """
    images = _checked(images)
    n, height, width = images.shape
    bends = np.ascontiguousarray(np.broadcast_to(np.asarray(fields, np.float32), (n, 2, height, width)))
    still, stay = np.tile(np.eye(2, dtype=np.float32), (n, 1, 1)), np.zeros((n, 2), np.float32)
    out = np.empty_like(images, order="C")
    in_blocks(lambda b: warp(images[b], still[b], stay[b], bends[b], out[b]), n, _BLOCK, n_jobs)
    return out


def elastic_fields(
    n: int, shape: tuple[int, int], rng: np.random.Generator, *, strength: float = 1.0, smoothness: float = 5.0
) -> Floats:
    """Smooth random displacements: white noise under a Gaussian, scaled to a standard deviation.

    Parameters
    ----------
    n : int
        How many.
    shape : (int, int)
        Height and width, in pixels.
    rng : Generator
    strength : float
        Standard deviation of the displacement along each axis, in pixels, the mean over the image.
    smoothness : float
        Width (sigma) of the Gaussian, in pixels.

    Returns
    -------
    ndarray of float32, shape (n, 2, height, width)

    Notes
    -----
    P. Y. Simard, D. Steinkraus and J. C. Platt, Best practices for convolutional neural networks applied to
    visual document analysis, ICDAR 2003. Filtering white noise N along both axes gives ``G N G'``, which has the
    distribution of ``(U S) Z (U S)'`` for the singular vectors U and values S of G and white noise Z; so noise is
    drawn for the few singular values that matter alone.
    """
    rows, columns = _smooth_basis(shape[0], smoothness), _smooth_basis(shape[1], smoothness)
    size = (n, 2, rows.shape[1], columns.shape[1])
    fields = np.empty((n, 2, *shape), np.float32)
    coefficients = rng.standard_normal(size, dtype=np.float32) * np.float32(strength)
    fill_fields(coefficients, rows, columns.T.copy(), fields)
    return fields


def _smooth_basis(size: int, sigma: float) -> Floats:
    """Columns U S of the Gaussian filter's matrix, scaled to unit mean variance."""
    if not sigma > 0:
        raise ParameterError(f"smoothness must be more than 0 pixels, got {sigma}")
    places = np.arange(size)
    reach = np.arange(-4 * int(np.ceil(sigma)), size + 4 * int(np.ceil(sigma)))
    gaussian = np.exp(-0.5 * ((places[:, None] - reach[None, :]) / sigma) ** 2)
    u, s, _ = np.linalg.svd(gaussian, full_matrices=False)
    keep = s > _LEAST_SHARE * s[0]
    basis = u[:, keep] * s[keep]
    basis *= np.where(basis.sum(axis=0) < 0, -1, 1)
    return np.ascontiguousarray(basis / np.sqrt((basis**2).sum(axis=1).mean()), np.float32)


def _checked(images: Images) -> Images:
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 3:
        raise ParameterError(
            f"images must be uint8 of shape (n, height, width), not {images.dtype} of shape {images.shape}"
        )
    view = np.ascontiguousarray(images).view()
    view.flags.writeable = False  # one type for Numba, whether images may be written or not
    return view
