"""From images and labels to a Dataset: class codes, the split, the notes, and sets recognised by their content."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data.catalogue import CATALOGUE, Entry
from misread.data.content import image_hashes
from misread.data.dataset import Dataset, Split
from misread.data.groups import as_groups, check_several, grouped_test, in_both
from misread.data.making import Made
from misread.data.readers.idx import idx_sha256
from misread.data.words import composed, printable
from misread.errors import FormatError
from misread.images.colour import says_of_colours
from misread.images.fit import dark_on_light

__all__ = ["assemble", "natural_key", "stratified_test"]

TEST_SHARE = 0.2
_FAINT = 32
_MANY = 0.1
_NAMED = 5


def natural_key(text: str) -> tuple[tuple[str | tuple[int, str], ...], str]:
    """Return a sort key that puts 2 before 10: digits count as numbers, letters without regard to case."""
    parts = re.split(r"(\d+)", text.casefold())
    return tuple(_magnitude(part) if index % 2 else part for index, part in enumerate(parts)), text


def _magnitude(digits: str) -> tuple[int, str]:
    """Order digits as the number that they are, however many there are: int() has a limit."""
    plain = digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)
    significant = plain.lstrip("0")
    return len(significant), significant


def stratified_test(
    codes: NDArray[np.int64], hashes: NDArray[np.uint64], share: float = TEST_SHARE
) -> NDArray[np.bool_]:
    """Choose test images by their content: about the same share of every class.

    An image whose hash is among the lowest `share` of all hashes is a test image. So it stays one when images are
    added, removed, renamed or reordered: a model is not tested on what an earlier one was trained on. Copies of
    an image are on the same side. In a small class chance could choose too many or too few; there the lowest
    hashes are test images, from half to one and a half of the share, but at least one. All images of a class that
    has but one image, and copies of it, are for training.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Classes.
    hashes : ndarray of uint64, shape (n,)
        Of the images, by `misread.data.content.image_hashes`.
    share : float

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether an image is a test image.
    """
    chosen = np.zeros(len(codes), bool)
    order = np.lexsort((hashes, codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for members in np.split(order, starts[1:]):
        if hashes[members[0]] == hashes[members[-1]]:
            continue
        distinct = np.unique(hashes[members])
        wanted = share * len(distinct)
        fewest, most = max(int(wanted / 2), 1), min(max(int(wanted * 1.5), 1), len(distinct) - 1)
        n_test = min(max(int(np.count_nonzero(distinct < share * 2.0**64)), fewest), most)
        chosen[members] = hashes[members] < distinct[n_test]
    return chosen


def assemble(
    name: str,
    parts: Sequence[NDArray[np.uint8]],
    labels: Sequence[str],
    is_test: NDArray[np.bool_] | None,
    source: str,
    notes: Sequence[str] = (),
    *,
    layout: str = "",
    made: Made | None = None,
    groups: Sequence[str] | None = None,
) -> Dataset:
    """Make a Dataset of own images.

    Class names are the labels that occur, in natural order (2 before 10). Without a given split, about a
    fifth of every class is chosen for testing by the pictures' content, and `source` says so. A set whose images,
    labels and order are exactly those of a set in the catalogue gets that set's name, class names and licence.

    Parameters
    ----------
    name : str
    parts : sequence of ndarray of uint8, shape (n, height, width)
        All images, or those for training and those for testing, which then stay as they are.
    labels : sequence of str, length n
        Of all parts.
    is_test : ndarray of bool, shape (n,), or None
        Which images of one part are for testing; None if the source does not say.
    source : str
    notes : sequence of str
    layout : str
        How the source was understood, if it could have been otherwise.
    made : Made, optional
        How the images were made from pictures, by whose hashes those for testing are chosen; by default they are
        the pictures. So another size or fit leaves the split as it is.
    groups : sequence of str, length n, optional
        Who wrote each image. Those for testing are then chosen by whole groups.
    """
    made = made or Made(np.concatenate([image_hashes(part) for part in parts]))
    name, source, layout, *notes = map(_as_text, (name, source, layout, *notes))
    labels = [_as_text(label) for label in labels]
    class_names = tuple(sorted(set(labels), key=natural_key))
    for blank in (one for one in class_names if not one.strip()):
        which = f"image {labels.index(blank) + 1:,} of {len(labels):,}"
        raise FormatError(f"{name}: {which} has no label; give it one, or leave the image out")
    notes += _nearly_alike(class_names)
    code_of = {label: code for code, label in enumerate(class_names)}
    codes = np.fromiter((code_of[label] for label in labels), np.int64, len(labels))
    who = None if groups is None else as_groups(groups)
    if who is not None:
        check_several(who, name)
    if len(parts) == 2:
        is_test = np.repeat([False, True], [len(part) for part in parts])
    elif is_test is None:
        chosen_by = "a hash of each image" if who is None else "hashes of the names of whole groups"
        is_test = stratified_test(codes, made.hashes) if who is None else grouped_test(codes, who, TEST_SHARE)
        source += f"; about {TEST_SHARE:.0%} of every class chosen for testing, by {chosen_by}"
    notes += says_of_colours(made.colours, codes, ~is_test)
    notes += [] if who is None else in_both(who[~is_test], who[is_test])
    about: list[Any] = [codes, made.names, made.hashes, who]
    if len(parts) == 2:
        n_train = len(parts[0])
        train = Split(parts[0], *(_rows(one, slice(n_train)) for one in about))
        test = Split(parts[1], *(_rows(one, slice(n_train, None)) for one in about))
    else:
        every = Split(parts[0], *about)
        train, test = (_take(every, chosen) for chosen in (~is_test, is_test))
    known = _recognised(train, test)
    if known is not None:
        said = f"recognised by its content as {known.name}"
        class_names, notes = known.class_names, [*notes, said]
    else:
        notes += _remarks(parts)
    return Dataset(
        known.name if known else name,
        train,
        test,
        class_names,
        source,
        known.licence if known else "unknown",
        tuple(notes),
        layout,
        made.fit,
        made.invert,
        made.binary,
    )


def _nearly_alike(class_names: Sequence[str]) -> list[str]:
    """Ask about classes whose names differ as one name that was written twice does."""
    alike: dict[str, list[str]] = {}
    for name in class_names:
        plain = unicodedata.normalize("NFKC", name).casefold()
        letter = len(name.strip()) == 1 and not plain.isdecimal()  # letters are classes of their own
        plain = name if letter else plain.lstrip("0") or "0" if plain.isdecimal() else " ".join(plain.split())
        alike.setdefault(plain, []).append(name)
    found = [" and ".join(map(repr, names)) for names in alike.values() if len(names) > 1]
    said = f"{', '.join(found[:_NAMED])}{', ...' if len(found) > _NAMED else ''}"
    what = "case, width, spaces or leading zeros"
    return [f"classes whose names differ in {what} alone: {said}; are they one?"] if found else []


def _as_text(name: str) -> str:
    r"""Compose letters, and write what no terminal should get, or no file could hold, as its code: ``\\udce9``."""
    return printable(composed(name))


def _rows(one: Any, rows: slice) -> Any:
    return None if one is None else one[rows]


def _take(every: Split, chosen: NDArray[np.bool_]) -> Split:
    """Select a split; one that is a run of images, as when the source lists them so, is a view."""
    where = np.flatnonzero(chosen)
    if len(where) and where[-1] - where[0] + 1 == len(where):
        return every.take(slice(where[0], where[-1] + 1))
    return every.take(where)


def _recognised(train: Split, test: Split) -> Entry | None:
    sizes = (len(train), len(test), train.images.shape[1:])
    for entry in CATALOGUE.values():
        if entry.files and sizes == (entry.n_train, entry.n_test, entry.shape):
            arrays = (train.images, train.labels.astype(np.uint8), test.images, test.labels.astype(np.uint8))
            pairs = zip(arrays, entry.files, strict=True)
            if all(idx_sha256(array) == file.sha256 for array, file in pairs):
                return entry
    return None


def _remarks(parts: Sequence[NDArray[np.uint8]]) -> list[str]:
    remarks = []
    n_images, n_inverted = sum(map(len, parts)), sum(int(dark_on_light(part).sum()) for part in parts)
    if n_inverted > _MANY * n_images:
        remarks.append(
            f"{n_inverted:,} of {n_images:,} images look like dark ink on light paper; the sets here are light "
            "on dark: --invert turns them all, --fit mnist each as it needs"
        )
    brightest = max(int(part.max(initial=0)) for part in parts)
    if brightest < _FAINT:
        remarks.append(f"the brightest grey level is {brightest} of 255; were the levels scaled to another range?")
    return remarks
