"""Images that nobody has labelled yet: files in a folder, or what a server has kept of what it was asked."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from misread.data.asked import images_in
from misread.data.content import image_hashes
from misread.data.making import Reading
from misread.data.memory import for_images
from misread.errors import DataError, FormatError
from misread.files import read_regular
from misread.images.fit import DEFAULT_SIZE, FITS, check_fit, fit_image
from misread.images.picture import SUFFIXES

__all__ = [
    "ABOUT",
    "KEPT_CORRECTIONS",
    "KEPT_NAME",
    "KEPT_TEXT",
    "Unlabelled",
    "about_kept",
    "answer_kept",
    "is_unlabelled",
    "read_unlabelled",
]

ABOUT = "kept.json"
"""What says of a folder that a server keeps images in it, and which classes its model knows."""
KEPT_CORRECTIONS = "corrections.csv"
"""The file in such a folder with what people have said of its images."""
KEPT_NAME = re.compile(r"[0-9a-f]{16}\.png")
"""What the files in such a folder are called: by the hash of the image."""
KEPT_TEXT = "misread"
"""The text in such a file that says what was answered, and when."""
_MOST_ABOUT = 16 << 20
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Unlabelled:
    """Images without labels.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, height, width)
    names : ndarray of str, shape (n,)
        Paths within the folder, or rows.
    hashes : ndarray of uint64, shape (n,)
        Of the pictures as they came.
    kept : dict
        What a server has written of the folder (`about_kept`); empty of others.
    notes : tuple of str
        What could not be read.
    """

    images: NDArray[np.uint8]
    names: NDArray[np.str_]
    hashes: NDArray[np.uint64]
    kept: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)


def about_kept(folder: Path) -> dict[str, Any]:
    """What a server has written of the folder that it keeps images in; empty where none has.

    Raises
    ------
    FormatError
        If that cannot be understood.
    """
    path = folder / ABOUT
    if not path.is_file():
        return {}
    try:
        found = json.loads(read_regular(path, _MOST_ABOUT))
        size, classes = found["image_size"], found["classes"]
        sound = len(size) == 2 and all(type(one) is int and 0 < one < 2**16 for one in size)
        sound &= len(classes) > 0 and all(isinstance(one, str) for one in classes)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise FormatError(
            f"{path}: does not say image_size and classes; was it written by `misread serve --keep`?"
        )
    return dict(found)


def answer_kept(path: Path) -> dict[str, Any]:
    """What was answered of a kept image, and when; empty where its file does not say."""
    try:
        with Image.open(io.BytesIO(read_regular(path, _MOST_ABOUT)), formats=["PNG"]) as image:
            found = json.loads(getattr(image, "text", {}).get(KEPT_TEXT, "{}"))
    except Exception:  # whatever Pillow raises on damaged files
        return {}
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def is_unlabelled(path: Path) -> bool:
    """Whether a path is a folder of images none of which lies in a folder of its class."""
    if not path.is_dir():
        return False
    if (path / ABOUT).is_file():
        return True
    there = [one for one in path.iterdir() if not one.name.startswith(".")]
    return not any(one.is_dir() for one in there) and any(one.suffix.lower() in SUFFIXES for one in there)


def read_unlabelled(
    path: Path,
    size: tuple[int, int] | None = None,
    fit: str = FITS[0],
    invert: bool = False,
    binary: bool = False,
) -> Unlabelled:
    """Read images without labels and bring them to one size; what a server has kept is of that size already.

    Parameters
    ----------
    path : path
        A folder of image files, or whatever `misread predict` takes.
    size : (height, width), optional
        By default that of the kept images, or 28x28.
    fit, invert
        As `misread.load` takes them.
    binary
        As `misread.images.fit.fit_image` takes it.

    Raises
    ------
    DataError
        If there are no images, kept ones have another size, or they need too much memory.
    """
    kept = about_kept(path) if path.is_dir() else {}
    stored = tuple(kept["image_size"]) if kept else None
    if stored and size and stored != tuple(size):
        raise DataError(
            f"{path}: its images are {stored[0]}x{stored[1]}, as the model took them; expected "
            f"{size[0]}x{size[1]}: give --size {stored[0]}x{stored[1]}, or a model of that size"
        )
    shape = check_fit(size or stored or DEFAULT_SIZE, fit)
    reading = Reading(size=shape, fit=fit, invert=invert)
    images, names, hashes, broken = [], [], [], []
    for one in images_in(path, reading):
        try:
            grey = one.read()
        except FormatError as error:
            broken.append(f"{one.name}: {error}")
            continue
        if kept and grey.shape != shape:
            broken.append(f"{one.name}: is not {shape[0]}x{shape[1]}")
            continue
        images.append(grey if kept else fit_image(grey, shape, fit, invert, binary))
        names.append(_within(one.name, path))
        hashes.append(image_hashes(grey[None])[0])
        reading.require(for_images(len(images), *shape), f"{len(images):,} images of {shape[0]}x{shape[1]}")
    notes: tuple[str, ...] = ()
    if broken:
        more = len(broken) - _NAMED
        notes = (
            f"left out {len(broken):,} that cannot be read: {'; '.join(broken[:_NAMED])}"
            f"{f' and {more:,} more' if more > 0 else ''}",
        )
    if not images:
        raise DataError(f"{path}: no image can be read" + (f" ({broken[0]})" if broken else ""))
    return Unlabelled(np.stack(images), np.array(names, np.str_), np.array(hashes, np.uint64), kept, notes)


def _within(name: str, root: Path) -> str:
    """The name of an image below its folder, with slashes."""
    return name.removeprefix(f"{root}").lstrip("/\\").replace("\\", "/") or Path(name).name
