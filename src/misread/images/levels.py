"""From numbers to grey levels: one decision for all arrays of a set."""

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from misread.errors import FormatError

__all__ = ["as_levels"]

Numbers = NDArray[np.floating]


def as_levels(arrays: Mapping[str, NDArray[np.generic]]) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """Bring all images of a set to grey levels 0 to 255, exactly or not at all.

    Levels are whole numbers 0 to 255. If no array goes beyond 1, they are fractions, or black and white, and
    multiplied by 255; so are truth values.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The arrays of images, by what to call each in a message.

    Returns
    -------
    levels : list of ndarray of uint8
        Of the same shapes.
    notes : list of str
        What was done, if anything.

    Raises
    ------
    FormatError
        If they are no numbers, are beyond these ranges, or would need different decisions.
    """
    highest = {where: _highest(where, values) for where, values in arrays.items()}
    numbers = {where: most for where, most in highest.items() if arrays[where].dtype.kind != "b"}
    is_share = 0 < max(numbers.values(), default=0) <= 1
    levels, scaled = [], []
    for where, values in arrays.items():
        if values.dtype.kind == "b":
            levels.append((values != 0) * np.uint8(255))
            scaled.append(where)
        elif is_share:
            levels.append(_multiplied(cast("Numbers", values)))
            scaled.append(where)
        else:
            _check_whole(where, cast("Numbers", values), numbers)
            _check_alike(where, numbers)
            levels.append(cast("NDArray[np.uint8]", values.astype(np.uint8, copy=False)))
    return levels, [f"levels 0 to 1 were multiplied by 255 ({', '.join(scaled)})"] * bool(scaled)


def _highest(where: str, values: NDArray[np.generic]) -> float:
    """The highest number of an array that has some, none of them below 0 or above 255."""
    if values.dtype.kind not in "buif":
        raise FormatError(f"{where}: holds {values.dtype}; images must be numbers")
    if not values.size or values.ndim < 2:
        raise FormatError(f"{where}: shape {values.shape}, but images have pixels: give shape (n, height, width)")
    if values.dtype.kind == "b":
        return 1.0
    numbers = cast("Numbers", values)
    lowest, highest = numbers.min(), numbers.max()
    if not (lowest >= 0 and highest <= 255):
        raise FormatError(f"{where}: levels run from {lowest} to {highest}; expected 0 to 255 (or 0 to 1)")
    return float(highest)


def _check_whole(where: str, numbers: Numbers, highest: Mapping[str, float]) -> None:
    if numbers.dtype.kind != "f" or all(bool((part == np.floor(part)).all()) for part in numbers):
        return
    if highest[where] > 1:
        raise FormatError(f"{where}: levels are neither whole numbers 0 to 255 nor within 0 to 1")
    other = max(highest, key=lambda one: highest[one])
    raise FormatError(
        f"{where}: levels are fractions of 1, but those of {other} go to {highest[other]:g}; scale both alike"
    )


def _check_alike(where: str, highest: Mapping[str, float]) -> None:
    """Black and white as 0 and 1 beside levels to 255 would be nearly black."""
    other = max(highest, key=lambda one: highest[one])
    if 0 < highest[where] <= 1:
        raise FormatError(
            f"{where}: levels are 0 and 1, but those of {other} go to {highest[other]:g}; scale both alike"
        )


def _multiplied(numbers: Numbers) -> NDArray[np.uint8]:
    levels = np.empty(numbers.shape, np.uint8)
    for target, part in zip(levels, numbers, strict=True):
        target[...] = np.rint(part * 255.0)
    return levels
