"""Which images are held out together."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from misread.errors import ParameterError

__all__ = ["Folds", "check_groups", "folds_by_class", "folds_regardless"]

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


def folds_by_class(labels: NDArray[np.int64], n_folds: int, groups: NDArray[np.str_] | None = None) -> Folds:
    """Folds that each hold the same share of every class, whatever is learned and however images are sorted.

    What a model learns may be one class or labels that several classes share. By those alone, the images of a
    folder sorted by class would make folds of whole classes, and scores on classes that were never seen.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes.
    n_folds : int
    groups : ndarray of str, shape (n,), optional
        Whole groups are held out then, as `check_groups` allows; shares of classes are as alike as they can be.

    Returns
    -------
    list of (training, held out) positions

    Raises
    ------
    ParameterError
        If the groups cannot be held out in so many folds.
    """
    if groups is None:
        return list(StratifiedKFold(n_folds).split(labels, labels))
    check_groups(labels, groups, n_folds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer images than folds, which are allowed here
        folds = list(StratifiedGroupKFold(n_folds).split(labels, labels, groups))
    if any(not len(held) for _, held in folds):
        raise ParameterError(
            f"{n_folds} folds of whole groups leave one empty, so much larger are some groups than others; take "
            "fewer folds, or groups that are more alike"
        )
    return folds


def folds_regardless(labels: NDArray[np.int64], n_folds: int, seed: int = 0) -> Folds:
    """Folds that mix all groups: what a split would be that knows of none."""
    return list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(labels, labels))


def check_groups(
    labels: NDArray[np.int64],
    groups: NDArray[np.str_],
    n_folds: int,
    class_names: Sequence[str] | None = None,
) -> None:
    """Every fold needs a group, and no class may be held out whole.

    Raises
    ------
    ParameterError
        If there are fewer groups than folds, or all training images of a class are of one group.
    """
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < n_folds:
        raise ParameterError(
            f"the training images are of {len(names)} group{'s' * (len(names) != 1)} "
            f"({', '.join(name[:40] for name in names.tolist())}), too few to hold out whole groups in {n_folds} "
            "folds; add images of others, or leave out --group-column and --group-level"
        )
    codes, code = np.unique(labels, return_inverse=True)
    pairs = np.unique(code * len(names) + group)
    alone = np.flatnonzero(np.bincount(pairs // len(names)) == 1)
    if len(alone):
        one = int(codes[alone[0]])
        called = repr(class_names[one]) if class_names is not None else f"number {one}"
        of = str(names[pairs[pairs // len(names) == alone[0]][0] % len(names)])
        raise ParameterError(
            f"all training images of class {called} are of one group, {of[:60]!r}, so that nothing would be left "
            "to learn it from when that is held out; add images of others, or leave the class or the groups out"
        )
