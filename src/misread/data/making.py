"""How pictures become the images of a set: what was asked for, what was done, and a way for sets in arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from misread.data.content import image_hashes
from misread.data.fetch import Progress
from misread.data.memory import for_images, most_memory, require
from misread.images.colour import Colours
from misread.images.fit import DEFAULT_SIZE, check_fit, crops, fit_images

__all__ = ["Made", "Reading", "make_images"]

_CHUNK = 2**14


@dataclass(frozen=True)
class Reading:
    """How own images are read: the size (None: their own if they share a small one), fit, polarity, errors.

    Three are for tables: which columns are what, and whether there is a header (``none`` or ``first``). The last
    two say where it stands who wrote an image: in which column, or on which level of folders.
    Readers ask `require` before they take memory for what a file promises.
    """

    size: int | tuple[int, int] | None = None
    fit: str = "stretch"
    invert: bool = False
    on_error: str = "stop"
    progress: Progress | None = None
    most_memory: int = field(default_factory=most_memory)
    label_column: str | int | None = None
    path_column: str | int | None = None
    header: str | None = None
    group_column: str | int | None = None
    group_level: int | None = None

    def require(self, n_bytes: int, what: str) -> None:
        """Refuse what needs more memory than is allowed."""
        require(n_bytes, what, self.most_memory)

    def made(self, hashes: NDArray[np.uint64], changed: bool) -> "Made":
        """What was done to pictures of these hashes; whether stretching changed any."""
        return Made(hashes, self.fit if changed or self.fit != "stretch" else None, self.invert)


@dataclass(frozen=True, eq=False)
class Made:
    """How images were made from pictures.

    Attributes
    ----------
    hashes : ndarray of uint64, shape (n,)
        Of the pictures as they came, so that what goes by them is the same whatever they were made into.
    fit : str or None
        How they were brought to one size; None where nothing was asked for and nothing done.
    invert : bool
        Whether light and dark changed places.
    binary : bool
        Whether the pictures have the levels 0 and 1 alone, which became 0 and 255.
    names : ndarray of str, shape (n,), or None
        What the pictures are called where they came from.
    colours : Colours or None
        Some of the pictures in colour, if any are.
    """

    hashes: NDArray[np.uint64]
    fit: str | None = None
    invert: bool = False
    binary: bool = False
    names: NDArray[np.str_] | None = None
    colours: Colours | None = None


def make_images(parts: Sequence[NDArray[np.uint8]], reading: Reading) -> tuple[list[NDArray[np.uint8]], Made]:
    """Bring arrays of grey images, each of shape (n, h, w), to one size.

    Without a size asked for, that is the size of the first part; whether the others have it is for the caller.
    Images that are so already stay where they are: in a file, if they are mapped.
    """
    height, width = parts[0].shape[1:]
    size = reading.size or (DEFAULT_SIZE if crops(reading.fit) else (height, width))
    height, width = check_fit(size, reading.fit)
    if reading.invert or crops(reading.fit) or any(part.shape[1:] != (height, width) for part in parts):
        n_images = sum(map(len, parts))
        reading.require(for_images(n_images, height, width), f"{n_images:,} images of {height}x{width}")
    fitted = [fit_images(np.ascontiguousarray(part), size, reading.fit, reading.invert) for part in parts]
    changed = any(new.shape != old.shape for new, old in zip(fitted, parts, strict=True))
    return fitted, reading.made(_hashes(parts, reading.progress), changed)


def _hashes(parts: Sequence[NDArray[np.uint8]], progress: Progress | None) -> NDArray[np.uint64]:
    done, n_images = 0, sum(map(len, parts))
    hashes = np.empty(n_images, np.uint64)
    for part in parts:
        for start in range(0, len(part), _CHUNK):
            some = image_hashes(part[start : start + _CHUNK])
            hashes[done : done + len(some)] = some
            done += len(some)
            if progress is not None:
                progress("looking at images", done, n_images)
    return hashes
