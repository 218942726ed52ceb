"""Bring an image of any size to the size a model reads; the same rule for training, prediction and drawing."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from misread.errors import ParameterError
from misread.images.photo import ink_of_photo
from misread.spelling import did_you_mean

__all__ = [
    "DEFAULT_SIZE",
    "EARLIER_FITS",
    "FITS",
    "MAX_SIDE",
    "check_fit",
    "crops",
    "dark_on_light",
    "fit_image",
    "fit_images",
    "fitted_already",
]

FITS = ("stretch", "pad", "mnist")
"""The ways to fit: fill the frame, keep the aspect ratio, or the classic MNIST crop."""
EARLIER_FITS = ("mnist-1",)
"""The crop as it once was, without a local ground for photographs: model files that were made with it keep it."""

DEFAULT_SIZE = 28
MAX_SIDE = 512
"""The largest height or width, in pixels, that images are brought to."""

_BOX = 20 / 28
_CENTRED = 0.55
"""Pixels from the middle to the centre of mass at most: half a pixel, as the fit leaves it, and rounding."""
_PHOTO_SIDE = 256
_PHOTO_FLOOR = 0.3
_PHOTO_CONTRAST = 24
_PHOTO_SPECK = 0.05
_FLOOR = 0.05
_SPECK = 0.01
_FAINTEST = 8
_CELLS = 512
_GROUND_SIDE = 64
_GROUND_WINDOW = 16
_BATCH = 4_096
_MID_GREY, _MANY_MID, _LEAST_PHOTO = (32, 223), 0.1, 64
"""Levels that are neither ink nor ground of a drawing; the share of its border that may have them; images of
no more than so many pixels a side are no photographs."""
_DOT, _FULL = 0.12, 0.6
"""Of the longer side: what is no larger, not twice as long as wide, and fills so much of its box is a dot."""
_SMOOTH = Image.Resampling.BILINEAR

Shape = tuple[int, int]


def fit_image(
    grey: NDArray[np.uint8], size: int | Shape, fit: str = "stretch", invert: bool = False, binary: bool = False
) -> NDArray[np.uint8]:
    """Bring one grey image to a size.

    Parameters
    ----------
    grey : ndarray of uint8, shape (h, w)
        The image.
    size : int or (height, width)
        The size wanted, at most `MAX_SIDE`.
    fit : {"stretch", "pad", "mnist", "mnist-1"}
        ``stretch`` fills the frame. ``pad`` keeps the aspect ratio and fills the rest with the background (the
        median of the image's border). ``mnist`` does what was done to MNIST (LeCun et al., 1998): light ink on
        a dark ground whichever way it came, cropped, brought into a box of 20/28 of the frame with its aspect
        ratio kept, and set with its centre of mass in the middle of the frame; where the ink was does not
        matter. In an image larger than 28 pixels and the frame, ink fainter than 5% of the strongest and specks
        of less than 1% of the largest stroke do not count for the crop, and a single dot of the pen is nothing to
        read. In a photo of more than 64 pixels, whose ground is neither black nor white,
        `misread.images.photo.ink_of_photo` finds what is written. Where nothing is, all is black. ``mnist-1`` is
        what ``mnist`` was in earlier model files.
    invert : bool
        Whether light and dark change places first.
    binary : bool
        Whether 1 is white, and 0 black, in an image that has no other levels.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        An image that has the size already, and with ``mnist`` looks as MNIST's own do (`fitted_already`), comes
        back unchanged.

    Raises
    ------
    ParameterError
        If `size` or `fit` is none of these.
    """
    shape = check_fit(size, fit)
    if binary and grey.max(initial=0) <= 1:
        grey = grey * np.uint8(255)
    if invert:
        grey = 255 - grey
    if grey.shape == shape and (not crops(fit) or fitted_already(grey[None])[0]):
        return grey
    if crops(fit):
        return _fit_mnist(grey, shape, is_earlier=fit in EARLIER_FITS)
    return _resize(grey, shape) if fit == "stretch" else _pad(grey, shape)


def fit_images(
    images: NDArray[np.uint8], size: int | Shape, fit: str = "stretch", invert: bool = False
) -> NDArray[np.uint8]:
    """Bring images of one size, shape (n, h, w), to another; see `fit_image`."""
    shape = check_fit(size, fit)
    if images.shape[1:] == shape:
        turned = 255 - images if invert else images
        if not crops(fit) or fitted_already(turned).all():
            return turned
    fitted = np.empty((len(images), *shape), np.uint8)
    for target, image in zip(fitted, images, strict=True):
        target[...] = fit_image(image, shape, fit, invert)
    return fitted


def check_fit(size: int | Shape, fit: str) -> Shape:
    """Return the size as (height, width).

    Raises
    ------
    ParameterError
        If size or fit is not allowed.
    """
    if fit not in FITS + EARLIER_FITS:
        raise ParameterError(f"fit must be one of {', '.join(FITS)}, not {fit!r}{did_you_mean(fit, FITS)}")
    height, width = (size, size) if isinstance(size, int) else size
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise ParameterError(f"size must be 1 to {MAX_SIDE} pixels a side, not {height}x{width}")
    return height, width


def crops(fit: str) -> bool:
    """Tell whether a fit crops images to their ink."""
    return fit == "mnist" or fit in EARLIER_FITS


def fitted_already(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell of each image, shape (n, h, w), whether it looks as if the fit ``mnist`` had made it.

    It does if it is light ink on black whose box is 20/28 of the frame, but for a pixel, with the centre of mass
    in the middle; so are all of MNIST. Nothing can be better fitted in a blank image.
    """
    return _in_batches(_fitted_already, images)


def _fitted_already(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    is_black = (_borders(images) == 0).mean(axis=1) > 0.5
    beyond = np.full(len(images), -np.inf)
    is_centred, is_blank = np.ones((2, len(images)), bool)
    for axis in (1, 2):
        length = images.shape[axis]
        profile = images.sum(axis=3 - axis, dtype=np.int64)
        has_ink = profile > 0
        extent = length - has_ink.argmax(axis=1) - has_ink[:, ::-1].argmax(axis=1)
        beyond = np.maximum(beyond, extent - max(1, round(length * _BOX)))
        mass = np.maximum(profile.sum(axis=1), 1)
        is_centred &= np.abs(profile @ np.arange(length) / mass - length / 2) <= _CENTRED
        is_blank &= ~has_ink.any(axis=1)
    return is_blank | (is_black & is_centred & (beyond >= -1) & (beyond <= 0))


def dark_on_light(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell of each image, shape (n, h, w), whether it looks like dark ink on light paper.

    It does if its border is light and lighter than the whole.
    """
    return _in_batches(_dark_on_light, images)


def _dark_on_light(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    border = _borders(images).mean(axis=1)
    answer: NDArray[np.bool_] = (border > 127) & (border > images.mean(axis=(1, 2)))
    return answer


def _in_batches(
    tell: Callable[[NDArray[np.uint8]], NDArray[np.bool_]], images: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    answer = np.empty(len(images), bool)
    for start in range(0, len(images), _BATCH):
        answer[start : start + _BATCH] = tell(images[start : start + _BATCH])
    return answer


def _borders(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    sides = [images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]]
    return np.concatenate(sides, axis=1, dtype=np.uint8)


def _resize(grey: NDArray[np.uint8], shape: Shape) -> NDArray[np.uint8]:
    """Resample with Pillow's triangle filter, whose support grows with the reduction, so nothing is skipped."""
    height, width = shape
    return np.asarray(Image.fromarray(grey).resize((width, height), _SMOOTH))


def _scaled(grey: NDArray[np.uint8], box: Shape) -> NDArray[np.uint8]:
    """Bring an image into a box, keeping its aspect ratio."""
    height, width = grey.shape
    scale = min(box[0] / height, box[1] / width)
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    return grey if shape == grey.shape else _resize(grey, shape)


def _pad(grey: NDArray[np.uint8], shape: Shape) -> NDArray[np.uint8]:
    small = _scaled(grey, shape)
    frame = np.full(shape, _background(grey), np.uint8)
    top, left = (shape[0] - small.shape[0]) // 2, (shape[1] - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def _background(grey: NDArray[np.uint8]) -> int:
    return int(np.median(_borders(grey[None])))


def _fit_mnist(grey: NDArray[np.uint8], shape: Shape, is_earlier: bool) -> NDArray[np.uint8]:
    frame = np.zeros(shape, np.uint8)
    is_photo = not is_earlier and _is_photo(grey)
    ink = ink_of_photo(grey) if is_photo else _ink(grey)
    seen: NDArray[Any] = ink
    is_large = max(ink.shape) > max(DEFAULT_SIZE, *shape)
    if is_large:
        ink, seen = _without_noise(ink)
    may_be_dot = is_large and not (is_earlier or is_photo)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows) or (may_be_dot and _is_dot(seen, rows, columns)):
        return frame
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = (max(1, round(shape[0] * _BOX)), max(1, round(shape[1] * _BOX)))
    small = _scaled(np.ascontiguousarray(crop), box)
    top, left = (_offset(small.sum(axis=1 - axis), shape[axis]) for axis in (0, 1))
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def _offset(profile: NDArray[np.integer], frame: int) -> int:
    """Where to begin, so that the centre of mass falls on the middle of the frame and nothing is cut off."""
    centre = float(np.arange(len(profile)) @ profile) / max(float(profile.sum()), 1.0)
    return min(max(int(np.floor(frame / 2 - centre + 0.5)), 0), frame - len(profile))


def _is_dot(seen: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> bool:
    sides = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    is_small = max(sides) <= min(_DOT * max(seen.shape), 2 * min(sides))
    return is_small and int(np.count_nonzero(seen)) >= _FULL * sides[0] * sides[1]


def _ink(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the ink, light on a ground of 0."""
    ground = _background(grey)
    if ground > 127:
        grey, ground = 255 - grey, 255 - ground
    return grey if ground == 0 else _ink_of_photo(grey)


def _is_photo(grey: NDArray[np.uint8]) -> bool:
    """Whether the border is neither black nor white, or is mid-grey here and there, as when overexposed."""
    if max(grey.shape) <= _LEAST_PHOTO:
        return False
    border = _borders(grey[None])
    is_grey = (border > _MID_GREY[0]) & (border < _MID_GREY[1])
    return _background(grey) not in (0, 255) or float(is_grey.mean()) > _MANY_MID


def _without_noise(ink: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Take away specks, and tell which pixels count for the crop: one grey pixel of a scan is no end of a stroke.

    Strokes are told from specks in cells, which for images of up to 512 pixels a side are the pixels.
    """
    strongest = int(ink.max())
    if strongest < _FAINTEST:
        return ink, np.zeros(ink.shape, bool)
    strong = ink >= max(1, _FLOOR * strongest)
    side = -(-max(ink.shape) // _CELLS)
    starts = [np.arange(0, length, side) for length in ink.shape]
    by_rows = np.add.reduceat(np.where(strong, ink, 0), starts[0], axis=0, dtype=np.int64)
    cells = np.add.reduceat(by_rows, starts[1], axis=1)
    parts, n_parts = ndimage.label(cells, structure=np.ones((3, 3)))
    mass = ndimage.sum_labels(cells, parts, np.arange(n_parts + 1))
    specks = (cells > 0) & (mass[parts] < _SPECK * mass.max())
    if not specks.any():
        return ink, strong
    gone = specks.repeat(side, axis=0).repeat(side, axis=1)[: ink.shape[0], : ink.shape[1]]
    return np.where(gone, np.uint8(0), ink), strong & ~gone


def _ink_of_photo(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the ink off a ground that is neither black nor even: of small images, and by the fit ``mnist-1``."""
    if max(grey.shape) > _PHOTO_SIDE:
        grey = _scaled(grey, (_PHOTO_SIDE, _PHOTO_SIDE))
    above = np.maximum(grey.astype(np.int16) - _uneven_ground(grey), 0)
    strongest = int(above.max())
    if strongest < _PHOTO_CONTRAST:
        return np.zeros_like(grey)
    above[above < _PHOTO_FLOOR * strongest] = 0
    parts, n_parts = ndimage.label(above, structure=np.ones((3, 3)))
    mass = ndimage.sum_labels(above, parts, np.arange(n_parts + 1))
    above[mass[parts] < _PHOTO_SPECK * mass.max()] = 0
    return np.minimum(above * (255 / strongest), 255).round().astype(np.uint8)


def _uneven_ground(grey: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Estimate the ground everywhere: what remains when light strokes narrower than a window are taken away."""
    small = _scaled(grey, (_GROUND_SIDE, _GROUND_SIDE))
    opened = ndimage.grey_opening(small, size=(_GROUND_WINDOW, _GROUND_WINDOW), mode="nearest")
    smooth = ndimage.uniform_filter(opened, size=(_GROUND_WINDOW, _GROUND_WINDOW), mode="nearest")
    return _resize(smooth, grey.shape).astype(np.int16)
