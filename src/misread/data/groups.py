"""Images that belong together, by who wrote them or where they come from: on one side of every split, whole."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.data.words import composed, printable
from misread.errors import DataError

__all__ = ["as_groups", "check_several", "grouped_test", "in_both"]

_NAMED = 3


def as_groups(groups: ArrayLike) -> NDArray[np.str_]:
    """Names of groups as they are kept: composed, and without what would steer a terminal.

    Raises
    ------
    DataError
        If one is empty; its place is given, counted from 0.
    """
    texts = [printable(composed(str(one).strip())) for one in np.asarray(groups).tolist()]
    if "" in texts:
        raise DataError(f"image {texts.index('')} has no group; every image needs one, or none has")
    return np.array(texts, np.str_)


def check_several(groups: NDArray[np.str_], name: str) -> None:
    """Refuse a single group, since nothing can be held out from it.

    Raises
    ------
    DataError
        Naming the group.
    """
    if len(groups) and (groups == groups[0]).all():
        raise DataError(
            f"{name}: all {len(groups):,} images are of one group, {str(groups[0])[:60]!r}; groups that are kept "
            "apart must be two at least: is it the right column or level? Else read the set without groups"
        )


def grouped_test(codes: NDArray[np.int64], groups: NDArray[np.str_], share: float) -> NDArray[np.bool_]:
    """Choose whole groups for testing by their names: about the same share of every class.

    As for single images (`misread.data.assemble.stratified_test`), a group whose hash is among the lowest `share`
    of all hashes is for testing, and stays so when others are added or removed. Where chance chose less than half
    of the share of a class, or more than one and a half of it, groups with the next hashes change sides, as far
    as every class keeps training images.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Classes.
    groups : ndarray of str, shape (n,)
    share : float

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether an image is a test image.

    Examples
    --------
    >>> writers = np.repeat([f"writer {k}" for k in range(20)], 10)
    >>> is_test = grouped_test(np.tile(np.arange(10), 20), writers, 0.2)
    >>> sorted(set(writers[is_test]) & set(writers[~is_test])), int(is_test.sum())
    ([], 50)
    """
    names, of = np.unique(groups, return_inverse=True)
    hashes = np.array([_hash(name) for name in names.tolist()], np.uint64)
    place = np.argsort(np.argsort(hashes, kind="stable"))
    of, chosen = place[of], np.sort(hashes) < share * 2.0**64  # groups are numbered by their hashes from here on
    n_classes = int(codes.max()) + 1
    keys, counts = np.unique(of * n_classes + codes, return_counts=True)
    group, code = np.divmod(keys, n_classes)
    starts = np.searchsorted(group, np.arange(len(names) + 1))
    total = np.bincount(codes, minlength=n_classes)
    tested = np.bincount(codes[chosen[of]], minlength=n_classes)
    least = np.maximum(share / 2 * total, 1)

    def moved(one: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The classes in a group, and how many test images of each there would be on its other side."""
        own = slice(starts[one], starts[one + 1])
        return code[own], tested[code[own]] + np.where(chosen[one], -counts[own], counts[own])

    def move(one: int, classes: NDArray[np.int64], then: NDArray[np.int64]) -> None:
        chosen[one] = not chosen[one]
        tested[classes] = then

    for each in np.argsort(np.bincount(code, minlength=n_classes), kind="stable"):  # the rarest first
        members = group[code == each]
        for one in members[~chosen[members]]:
            classes, then = moved(one)
            if tested[each] < least[each] and (2 * then <= total[classes]).all():
                move(one, classes, then)
        for one in members[chosen[members]][::-1]:
            classes, then = moved(one)
            none_left = tested[each] == total[each]
            if none_left or (tested[each] > 1.5 * share * total[each] and (then >= least[classes]).all()):
                move(one, classes, then)
    return np.asarray(chosen[of])


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def in_both(train: NDArray[np.str_], test: NDArray[np.str_]) -> list[str]:
    """What to say where groups have both training and test images; nothing where none has.

    Examples
    --------
    >>> in_both(np.array(["ann", "bob"]), np.array(["bob"]))[0][:58]
    '1 of 2 groups have both training and test images (bob), so'
    """
    both = np.intersect1d(train, test)
    if not len(both):
        return []
    n_groups = len(np.union1d(train, test))
    return [
        f"{len(both):,} of {n_groups:,} groups have both training and test images ({_some(both.tolist())}), so "
        "that numbers on the test images are too good for groups that are new"
    ]


def _some(names: Sequence[str]) -> str:
    return ", ".join(name[:60] for name in names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
