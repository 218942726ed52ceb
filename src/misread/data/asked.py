"""Images to ask a model about: in files, folders, tables and arrays, with labels or without, in their order."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from misread.data.assemble import natural_key
from misread.data.making import Reading
from misread.data.readers import arrays, idx_folder, table
from misread.data.readers.bulk import Held
from misread.errors import DataError, FormatError
from misread.images.picture import SUFFIXES, read_grey

__all__ = ["Asked", "images_in"]


@dataclass(frozen=True, eq=False)
class Asked:
    """One image as it came: what to call it, and where it is, or why it cannot be read."""

    name: str
    source: Path | Held | NDArray[np.uint8] | None = None
    reason: str = ""

    def read(self) -> NDArray[np.uint8]:
        """Its grey levels.

        Raises
        ------
        FormatError
            If it cannot be read; says why, without its name.
        """
        if self.source is None:
            raise FormatError(self.reason)
        if isinstance(self.source, np.ndarray):
            return self.source
        return read_grey(BytesIO(self.source.content) if isinstance(self.source, Held) else self.source)


def images_in(path: Path, reading: Reading) -> Iterator[Asked]:
    """Every image that a path stands for, one by one, in the order of its source; pictures are not read yet.

    An image file is itself; a folder is all image files below it, by name; a table is its rows, an archive or
    a file of arrays its images, and their labels are not asked for.

    Raises
    ------
    DataError
        If there are no images there, or a table or archive cannot be read.
    """
    if path.is_dir():
        yield from _in_folder(path, reading)
    elif path.suffix.lower() in table.SUFFIXES:
        yield from _named(path, table.read_unlabelled(path, reading))
    elif path.suffix.lower() in arrays.SUFFIXES:
        for where, images in arrays.read_unlabelled(path, reading):
            yield from _numbered(where, images)
    elif "-ubyte" in path.name:
        yield from _numbered(str(path), idx_folder.read_unlabelled(path, reading))
    else:
        yield Asked(str(path), path)


def _in_folder(folder: Path, reading: Reading) -> Iterator[Asked]:
    files = sorted(_below(folder), key=lambda file: [natural_key(part) for part in file.parts])
    if files:
        for file in files:
            yield Asked(str(file), file)
        return
    shards = list(table.shards_of(folder))
    others = (
        sorted(folder.glob("*-images*-ubyte*")) if idx_folder.has_idx_files(folder) else arrays.image_files(folder)
    )
    if not (shards or others):
        raise DataError(f"{folder}: no images found; files of the types {', '.join(sorted(SUFFIXES))} are read")
    for part in shards or others:
        yield from images_in(part, reading)


def _below(folder: Path) -> Iterator[Path]:
    """Image files in a folder and below it; links to folders are not followed, hidden ones are left out."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(root, name)
            if not name.startswith(".") and file.suffix.lower() in SUFFIXES and file.is_file():
                yield file


def _named(path: Path, rows: Iterator[tuple[int, Path | Held | NDArray[np.uint8] | str]]) -> Iterator[Asked]:
    for number, image in rows:
        name = f"{path}, row {number}"
        yield Asked(name, reason=image) if isinstance(image, str) else Asked(name, image)


def _numbered(where: str, images: NDArray[np.uint8]) -> Iterator[Asked]:
    for number, grey in enumerate(images):
        yield Asked(f"{where}[{number}]", grey)
