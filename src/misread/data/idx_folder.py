"""A folder of IDX files under one's own path: read as they are, not compared with published hashes."""

from pathlib import Path

import numpy as np

from misread.data.assemble import assemble
from misread.data.dataset import Dataset
from misread.data.idx import read_idx
from misread.data.making import Reading, make_images
from misread.errors import FormatError

__all__ = ["has_idx_files", "read_idx_folder"]

_TEST_WORDS = ("t10k", "test")


def has_idx_files(folder: Path) -> bool:
    """Tell whether a folder holds IDX images, ``*idx3-ubyte`` or ``*idx3-ubyte.gz``."""
    return next(folder.glob("*idx3-ubyte*"), None) is not None


def read_idx_folder(folder: Path, reading: Reading) -> Dataset:
    """Read ``*train-images-idx3-ubyte``, ``*train-labels-idx1-ubyte`` and the same for ``t10k`` or ``test``.

    Class names are the label numbers that occur; the published sets are recognised by their content and get
    their own names.

    Raises
    ------
    DataError
        If files are missing, cannot be told apart or cannot be read.
    """
    pairs = [_pair(folder, ("train",))]
    if any(word in path.name for path in folder.glob("*idx3-ubyte*") for word in _TEST_WORDS):
        pairs.append(_pair(folder, _TEST_WORDS))
    images = [read_idx(paths[0], ndim=3) for paths in pairs]
    labels = [read_idx(paths[1], ndim=1) for paths in pairs]
    for (image_path, label_path), pixels, codes in zip(pairs, images, labels, strict=True):
        if len(pixels) != len(codes):
            raise FormatError(
                f"{image_path} holds {len(pixels):,} images but {label_path.name} {len(codes):,} labels"
            )
    together, made = make_images(images, reading)
    is_test = np.repeat([False, True], [len(part) for part in images]) if len(images) == 2 else None
    words = [str(code) for part in labels for code in part.tolist()]
    return assemble(folder.resolve().name, together, words, is_test, f"IDX files in {folder}", made=made)


def _pair(folder: Path, words: tuple[str, ...]) -> tuple[Path, Path]:
    return _one(folder, words, "images", "idx3"), _one(folder, words, "labels", "idx1")


def _one(folder: Path, words: tuple[str, ...], what: str, kind: str) -> Path:
    paths = [
        path for path in sorted(folder.glob(f"*{what}*{kind}-ubyte*")) if any(word in path.name for word in words)
    ]
    stems = {path.name.removesuffix(".gz") for path in paths}
    if len(stems) != 1:
        found = ", ".join(sorted(stems)) or "none"
        raise FormatError(f"{folder}: expected one file like {words[0]}-{what}-{kind}-ubyte[.gz], found {found}")
    return paths[0]
