"""A set of labelled images, split once into training and test images."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread import html
from misread.data.content import image_hashes
from misread.data.groups import as_groups
from misread.data.tally import Tally
from misread.data.words import composed, printable
from misread.errors import DataError

__all__ = ["Corrected", "Dataset", "Split", "joined", "named_by_row"]

_SHOWN_CLASSES = 50


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images and their labels.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
        Grey images, 0 the background and 255 full ink. Kept C-contiguous and read-only.
    labels : array of integers, shape (n,)
        Class codes, positions in `Dataset.class_names`. Kept as read-only int64.
    names : array of str, shape (n,), optional
        What each image is called where it came from: a path, or its place in a file. In a Dataset by default
        ``train/0``, ``train/1`` and so on.
    source_hashes : array of uint64, shape (n,), optional
        Hashes of the pictures as they came, before they were brought to one size; see `hashes`.
    groups : array of str, shape (n,), optional
        Who wrote each image, or where it comes from. Images of one group are learnt from or judged, never both.

    Raises
    ------
    DataError
        If dtypes or shapes are not these.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: NDArray[np.str_] = field(default=cast(Any, None))
    source_hashes: NDArray[np.uint64] | None = None
    groups: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        images = np.asarray(self.images)
        if images.dtype != np.uint8:
            raise DataError(f"images must be uint8 (grey levels 0 to 255), not {images.dtype}")
        if images.ndim != 3 or 0 in images.shape[1:]:
            raise DataError(f"images must have shape (n, height, width), not {images.shape}")
        object.__setattr__(self, "images", _read_only(images))
        object.__setattr__(self, "labels", _checked_labels(self.labels, len(images)))
        for what in ("names", "source_hashes", "groups"):
            given = getattr(self, what)
            if given is not None and np.shape(given) != (len(images),):
                raise DataError(
                    f"{len(images)} images need {what} of shape ({len(images)},), not {np.shape(given)}"
                )
        if self.groups is not None:
            object.__setattr__(self, "groups", as_groups(self.groups))

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"<Split: {len(self):,} images of {_size(self)}>"

    def _repr_html_(self) -> str:
        """How many images each code has, and the first of them, in a notebook."""
        codes = np.unique(self.labels)[:_SHOWN_CLASSES]
        own = [np.flatnonzero(self.labels == code) for code in codes]
        rows = [
            (code, f"{len(some):,}", html.grid(self.images[some[:12]]))
            for code, some in zip(codes, own, strict=True)
        ]
        return html.block(repr(self)[1:-1], html.table(rows, ("class code", "images", "")))

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """A hash of the content of each picture as it came: the same whatever size and fit it was brought to."""
        return image_hashes(self.images) if self.source_hashes is None else self.source_hashes

    def take(self, index: NDArray[Any] | slice) -> "Split":
        """Some of the images, by position, by a mask, or a run of them (then a view)."""
        names, hashes, groups = self.names, self.source_hashes, self.groups
        return Split(
            self.images[index],
            self.labels[index],
            cast(Any, None) if names is None else names[index],
            None if hashes is None else hashes[index],
            None if groups is None else groups[index],
        )

    @cached_property
    def X(self) -> NDArray[np.uint8]:  # noqa: N802
        """The images as rows of pixels, shape (n, height * width): a view, never a copy."""
        n, height, width = self.images.shape
        return self.images.reshape(n, height * width)


def named_by_row(part: str, rows: NDArray[np.integer]) -> NDArray[np.str_]:
    """What images without names are called: ``train/0``, ``train/1`` and so on."""
    return np.array([f"{part}/{row}" for row in rows.tolist()], np.str_)


def joined(parts: Sequence[Split]) -> Split:
    """The images of several splits of a data set, one after another."""
    if len(parts) == 1:
        return parts[0]
    return Split(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.names for part in parts]),
        np.concatenate([part.hashes for part in parts]),
        None if any(part.groups is None for part in parts) else np.concatenate([part.groups for part in parts]),
    )


@dataclass(frozen=True, eq=False)
class Corrected:
    """What corrections did to a data set.

    Attributes
    ----------
    files : tuple of str
    train, test : Tally
    original : Dataset
        As it was before.
    rows : mapping of str to ndarray
        Of each part, the positions that its images had in the original.
    """

    files: tuple[str, ...]
    train: Tally
    test: Tally
    original: "Dataset"
    rows: Mapping[str, NDArray[np.intp]]

    @property
    def of_tests(self) -> bool:
        """Whether test images are others, or labelled otherwise, than before."""
        return self.test.changed > 0

    def as_json(self) -> dict[str, Any]:
        """What model files and results keep of it."""
        return {
            "files": list(self.files),
            "train": vars(self.train).copy(),
            "test": vars(self.test).copy(),
            "sha256_before": self.original.sha256,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Labelled images of one size, split into training and test images.

    Parameters
    ----------
    name : str
        The name in the catalogue, or one made from the path.
    train, test : Split
        The training images (at least one) and the test images (possibly none), in the order of the source.
    class_names : tuple of str
        What each class code means: label ``i`` is ``class_names[i]``.
    source : str
        Where the images came from.
    licence : str
        The terms they come under, or ``"unknown"``.
    notes : tuple of str
        What a person should know about how the images were read.
    layout : str
        How a table was understood: which columns are what. Empty for other sources.
    fit : str or None
        The way in which pictures were brought to this size (`misread.images.fit.FITS`), and new ones are to be;
        None where they came as they are, and nobody said how others are to come to it.
    invert : bool
        Whether light and dark changed places.
    binary : bool
        Whether the pictures had the levels 0 and 1 alone, which became 0 and 255.
    corrected : Corrected or None
        What corrections changed (see `misread.data.corrected`); the content hash is that of the corrected set.
    loaded : mapping
        What `misread.load` was asked for it: `data`, and the options that were given; JSON values.

    Raises
    ------
    DataError
        If the parts do not fit together.
    """

    name: str
    train: Split
    test: Split
    class_names: tuple[str, ...]
    source: str
    licence: str
    notes: tuple[str, ...] = ()
    layout: str = ""
    fit: str | None = None
    invert: bool = False
    binary: bool = False
    corrected: "Corrected | None" = None
    loaded: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = tuple(printable(composed(str(name))) for name in self.class_names)
        object.__setattr__(self, "class_names", names)
        for part in ("train", "test"):
            split = getattr(self, part)
            if split.names is None:
                counted = named_by_row(part, np.arange(len(split)))
                object.__setattr__(self, part, replace(split, names=counted))
        if not names or len(set(names)) != len(names):
            raise DataError(f"{self.name}: class names must be distinct and at least one, not {names}")
        if len(self.train) == 0:
            raise DataError(f"{self.name}: there are no training images")
        if self.train.images.shape[1:] != self.test.images.shape[1:]:
            raise DataError(
                f"{self.name}: training images are {_size(self.train)} and test images {_size(self.test)}; "
                "they must be of one size"
            )
        for split, part in ((self.train, "training"), (self.test, "test")):
            if len(split) and not 0 <= split.labels.min() <= split.labels.max() < len(names):
                raise DataError(
                    f"{self.name}: {part} labels run from {split.labels.min()} to {split.labels.max()}, "
                    f"but the {len(names)} classes have codes 0 to {len(names) - 1}"
                )

    def __repr__(self) -> str:
        return (
            f"<Dataset {self.name}: {len(self.train):,} training and {len(self.test):,} test images of "
            f"{_size(self.train)}, {len(self.class_names)} classes>"
        )

    def _repr_html_(self) -> str:
        """Classes with their counts and some images, in a notebook."""
        rows = []
        for code, name in enumerate(self.class_names[:_SHOWN_CLASSES]):
            own = np.flatnonzero(self.train.labels == code)
            n_test = int(np.count_nonzero(self.test.labels == code))
            rows.append((name, f"{len(own):,}", f"{n_test:,}", html.grid(self.train.images[own[:12]])))
        hidden = len(self.class_names) - len(rows)
        more = f"<p>and {hidden:,} more classes</p>" if hidden else ""
        return html.block(repr(self)[1:-1], html.table(rows, ("class", "training", "test", "")), more)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of every image, in pixels."""
        _, height, width = self.train.images.shape
        return height, width

    @cached_property
    def sha256(self) -> str:
        """Hash of the content: shapes, pixels, labels and class names, in order.

        It does not depend on how the set was stored: IDX files and the same images as PNG files agree.
        """
        header = {
            "class_names": self.class_names,
            "train": self.train.images.shape,
            "test": self.test.images.shape,
        }
        digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
        for split in (self.train, self.test):
            digest.update(split.images.data)
            digest.update(split.labels.astype("<i8", copy=False).data)
        return digest.hexdigest()

    def is_described_by(self, described: Mapping[str, Any]) -> bool:
        """Whether a model file speaks of this set, before or after corrections."""
        corrections = described.get("corrections") or {}
        theirs = {described.get("sha256"), corrections.get("sha256_before")}
        return self.sha256 in theirs or (self.corrected is not None and self.corrected.original.sha256 in theirs)


def _read_only(array: np.ndarray) -> np.ndarray:
    view = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view


def _checked_labels(labels: ArrayLike, n_images: int) -> NDArray[np.int64]:
    codes = np.asarray(labels)
    if codes.dtype.kind not in "iu":
        raise DataError(f"labels must be integer class codes, not {codes.dtype}")
    if codes.shape != (n_images,):
        raise DataError(f"{n_images} images need labels of shape ({n_images},), not {codes.shape}")
    return _read_only(codes.astype(np.int64, copy=False))


def _size(split: Split) -> str:
    _, height, width = split.images.shape
    return f"{height}x{width}"
