"""IDX files under one's own path: read as they are, not compared with published hashes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data.assemble import assemble
from misread.data.dataset import Dataset
from misread.data.making import Reading, make_images
from misread.data.memory import for_images
from misread.data.readers.idx import idx_shape, read_idx
from misread.data.readers.qmnist import extended_labels, groups_beside, read_extended
from misread.data.words import is_emnist, split_in, words_in
from misread.errors import FormatError
from misread.images.levels import as_levels

__all__ = ["has_idx_files", "read_idx_folder"]

_COMMON = frozenset(
    {"gz", "idx", "images", "int", "labels", "t10k", "test", "testing", "train", "training", "tsv", "ubyte"}
)
_PER_IMAGE = 100

Pair = tuple[Path, Path]


def has_idx_files(folder: Path) -> bool:
    """Tell whether a folder holds IDX images, ``*idx3-ubyte`` or ``*idx3-ubyte.gz``."""
    return next(folder.glob("*idx3-ubyte*"), None) is not None


def read_idx_folder(path: Path, reading: Reading) -> Dataset:
    """Read ``*train-images-idx3-ubyte``, ``*train-labels-idx1-ubyte`` and the same for ``t10k`` or ``test``.

    Given one of the files, those are read whose names share its other words: ``emnist-letters`` and not
    ``emnist-digits``. Class names are the label numbers that occur; the published sets are recognised by their
    content and get their own names. EMNIST's images, which lie on their side, are turned upright. QMNIST's label
    files with eight columns are read as labels where there are no others, and say who wrote the images of QMNIST
    or MNIST where `Reading.group_column` asks for it.

    Raises
    ------
    DataError
        If files are missing, cannot be told apart or cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    files = sorted(folder.glob("*-ubyte*"))
    if not path.is_dir():
        files = [file for file in files if _family(file) == _family(path)]
    pairs = [_pair(folder, files, is_test=False)]
    if any(split_in(file.name) and "idx3" in file.name for file in files):
        pairs.append(_pair(folder, files, is_test=True))
    _require(folder, pairs, reading)
    numbers = {str(one): read_idx(one, ndim=3, max_bytes=reading.most_memory) for one, _ in pairs}
    labels = [_labels(one, reading) for _, one in pairs]
    levels, notes = as_levels(numbers)
    images = [_upright(part, one, notes) for part, (one, _) in zip(levels, pairs, strict=True)]
    parts, made = make_images(images, reading)
    words = [str(code) for part in labels for code in part.tolist()]
    name = folder.resolve().name if path.is_dir() else "-".join(_family(path)) or folder.resolve().name
    groups = _groups(folder, labels, reading)
    return assemble(name, parts, words, None, f"IDX files in {folder}", notes, made=made, groups=groups)


def _labels(path: Path, reading: Reading) -> NDArray[np.uint8]:
    """Class codes of one part."""
    if "idx1-ubyte" in path.name:
        return read_idx(path, ndim=1, max_bytes=reading.most_memory)
    codes = read_extended(path, reading)[:, 0]
    if codes.max() > 255:
        raise FormatError(f"{path}: the class {codes.max()} is none of QMNIST's 0 to 9")
    return codes.astype(np.uint8)


def _groups(folder: Path, labels: Sequence[NDArray[np.uint8]], reading: Reading) -> list[str] | None:
    """Who wrote the images, training before test, if that is asked for."""
    if reading.group_column is None:
        return None
    both: dict[bool, NDArray[Any]] = dict(zip((False, True), labels, strict=False))
    found = groups_beside([folder], reading.group_column, both, str(folder), reading)
    return [one for part in found.values() for one in part]


def read_unlabelled(path: Path, reading: Reading) -> NDArray[np.uint8]:
    """The images of one IDX file, EMNIST's upright."""
    (levels,), notes = as_levels({str(path): read_idx(path, ndim=3, max_bytes=reading.most_memory)})
    return _upright(levels, path, notes)


def _require(folder: Path, pairs: Sequence[Pair], reading: Reading) -> None:
    """Have memory allowed for what the headers promise, and see that they promise a label for each image."""
    n_bytes = 0
    for images, labels in pairs:
        shape = idx_shape(images, ndim=3)
        n_labels = _n_labels(labels, reading)
        if shape[0] != n_labels:
            raise FormatError(f"{images} holds {shape[0]:,} images but {labels.name} {n_labels:,} labels")
        n_bytes += for_images(shape[0], *shape[1:]) + _PER_IMAGE * n_labels
    reading.require(n_bytes, f"{folder}: what its IDX files hold")


def _n_labels(path: Path, reading: Reading) -> int:
    """How many labels a file holds; a table does not promise it, and is read."""
    if "idx1-ubyte" in path.name or "idx2-int" in path.name:
        return int(idx_shape(path, ndim=1 if "idx1-ubyte" in path.name else 2)[0])
    return len(read_extended(path, reading))


def _upright(images: NDArray[np.uint8], file: Path, notes: list[str]) -> NDArray[np.uint8]:
    if not is_emnist(file.name):
        return images
    notes.append(
        f"{file.name}: EMNIST's images lie on their side and were turned upright; rename the file if yours do not"
    )
    return images.transpose(0, 2, 1)


def _family(file: Path) -> tuple[str, ...]:
    """The words of a name that do not say which of the four files it is."""
    return tuple(word for word in words_in(file.name) if word not in _COMMON)


def _pair(folder: Path, files: Sequence[Path], is_test: bool) -> Pair:
    images = _one(folder, files, is_test, "images", "idx3")
    extended = None
    if not any("idx1-ubyte" in file.name and split_in(file.name) is is_test for file in files):
        extended = extended_labels(folder.iterdir(), is_test)
    return images, extended or _one(folder, files, is_test, "labels", "idx1")


def _one(folder: Path, files: Sequence[Path], is_test: bool, what: str, kind: str) -> Path:
    paths = [
        file
        for file in files
        if what in words_in(file.name) and f"{kind}-ubyte" in file.name and split_in(file.name) is is_test
    ]
    stems = {path.name.removesuffix(".gz") for path in paths}
    if len(stems) != 1:
        found = ", ".join(sorted(stems)) or "none"
        wanted = f"{'test' if is_test else 'train'}-{what}-{kind}-ubyte[.gz]"
        raise FormatError(
            f"{folder}: expected one file like {wanted}, found {found}"
            f"{'; give the path of one to read those that go with it' if stems else ''}"
        )
    return paths[0]
