"""Images are read as grey: what their colours would have told of the classes, measured on training images."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["SIDE", "ColourLostWarning", "Colours", "is_lost", "look_at", "says_of_colours", "thumbnail"]

SIDE = 8
"""Height and width of the small pictures that colours are looked at in."""

_LOOKED_AT = 400
_FEWEST = 30
_IN_COLOUR = 16
_HUES = 12
_LEVELS = 16
_N_TREES = 100
_LOST = 0.02
_CLEARLY = 3
"""Standard deviations by which colour must help."""
_LUMA = np.array([0.299, 0.587, 0.114])

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]


class ColourLostWarning(UserWarning):
    """Images were read as grey, and their colours tell the classes apart."""


@dataclass(frozen=True, eq=False)
class Colours:
    """Some pictures, small and in colour.

    Attributes
    ----------
    index : ndarray of shape (m,)
        Which pictures of a set they are: drawn at random, always the same.
    pictures : ndarray of uint8, shape (m, SIDE, SIDE, 3)
    """

    index: NDArray[np.intp]
    pictures: Bytes


def look_at(n_pictures: int, small: Callable[[NDArray[np.intp]], list[Bytes | None]]) -> Colours | None:
    """Look at the colours of some of a set's pictures; None if there are none.

    Parameters
    ----------
    n_pictures : int
    small : callable
        Gives the pictures at some positions as `thumbnail` does, or None for one that is grey.
    """
    chosen = np.sort(np.random.default_rng(0).permutation(n_pictures)[:_LOOKED_AT])
    pictures = small(chosen)
    if not any(picture is not None and _is_in_colour(picture[None])[0] for picture in pictures):
        return None
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    there = [position for position, picture in enumerate(pictures) if picture is not None]
    kept = np.array([picture for picture in pictures if picture is not None] or [black])
    return Colours(chosen[there], kept)


def thumbnail(rgb: Bytes) -> Bytes:
    """A picture of shape (h, w, 3), small."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(rgb)).resize((SIDE, SIDE), Image.Resampling.BOX))


def says_of_colours(colours: Colours | None, codes: NDArray[np.int64], training: NDArray[np.bool_]) -> list[str]:
    """What a person should know of colours that are not read: how many images have some, and what it costs.

    Measured on training images alone: how many of them a small forest names rightly, each asked only of trees that
    have not seen it, with the colours and without.

    Parameters
    ----------
    colours : Colours or None
    codes : ndarray of shape (n,)
        The classes of all images.
    training : ndarray of bool, shape (n,)
        Which are training images.
    """
    if colours is None:
        return []
    among = training[colours.index]
    pictures, y = colours.pictures[among], codes[colours.index[among]]
    n, n_coloured = len(pictures), int(_is_in_colour(pictures).sum()) if len(pictures) else 0
    if not n_coloured:
        return []
    said = f"{n_coloured:,} of {n:,} training images looked at are in colour, and images are read as grey"
    if n < _FEWEST or len(np.unique(y)) < 2:
        return [f"{said}; that loses classes that only colour tells apart"]
    grey, colour = _features(pictures)
    without, with_them = _right(grey, y), _right(np.hstack([grey, colour]), y)
    gained, lost = int((with_them & ~without).sum()), int((without & ~with_them).sum())
    measured = f"{with_them.mean():.0%} are named right with colour, {without.mean():.0%} without"
    if gained - lost > max(_CLEARLY * np.sqrt(gained + lost), _LOST * n):
        return [
            f"COLOUR IS LOST, and the classes need it: {said}; in a quick test {measured}. Expect no more of a "
            "model, unless the classes differ in grey as well"
        ]
    commonest = np.bincount(y).max() / n
    if max(with_them.mean(), without.mean()) <= commonest + _CLEARLY * np.sqrt(commonest * (1 - commonest) / n):
        return [f"{said}; what that costs could not be told in a quick test, which did no better than guessing"]
    return [f"{said}; that costs little: in a quick test {measured}"]


def is_lost(note: str) -> bool:
    """Whether a note of `says_of_colours` is that the classes need their colours."""
    return note.startswith("COLOUR IS LOST")


def _is_in_colour(pictures: Bytes) -> NDArray[np.bool_]:
    """Whether a colour shows anywhere; the traces that JPEG leaves on grey do not."""
    spread = pictures.max(axis=3) - pictures.min(axis=3)
    answer: NDArray[np.bool_] = spread.max(axis=(1, 2)) >= _IN_COLOUR
    return answer


def _features(pictures: Bytes) -> tuple[Floats, Floats]:
    """What grey pictures tell, and what colours alone do: place by place, and how often each occurs."""
    grey = pictures @ _LUMA
    chroma = pictures - grey[..., None]
    red, blue = chroma[..., 0], chroma[..., 2]
    strength = np.hypot(red, blue)
    hue = np.floor((np.arctan2(blue, red) / (2 * np.pi) + 0.5) * _HUES).astype(np.intp) % _HUES
    n = len(pictures)
    hues = np.array([np.bincount(one.ravel(), s.ravel(), _HUES) for one, s in zip(hue, strength, strict=True)])
    level = (grey * (_LEVELS / 256)).astype(np.intp)
    levels = np.array([np.bincount(one.ravel(), minlength=_LEVELS) for one in level])
    means = [red.mean(axis=(1, 2)), blue.mean(axis=(1, 2)), strength.mean(axis=(1, 2))]
    flat = [part.reshape(n, -1) for part in (red, blue)]
    return np.hstack([grey.reshape(n, -1), levels]), np.hstack([*flat, hues, np.column_stack(means)])


def _right(X: Floats, y: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which images are named rightly by the trees that have not seen them."""
    from sklearn.ensemble import ExtraTreesClassifier  # who only decodes pictures does not wait for it

    forest = ExtraTreesClassifier(_N_TREES, bootstrap=True, oob_score=True, random_state=0).fit(X, y)
    answer: NDArray[np.bool_] = forest.classes_[forest.oob_decision_function_.argmax(axis=1)] == y
    return answer
