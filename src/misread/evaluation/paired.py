"""Two tables of answers to the same images: what the second fixed, what it broke, what both misread."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from misread.errors import AnswersError
from misread.evaluation.answers import Answers
from misread.evaluation.comparison import PairedTest, mcnemar

__all__ = ["ClassChange", "Pair", "in_both", "matched"]


@dataclass(frozen=True)
class ClassChange:
    """What changed for the images of one class: how many there are, and the test of second against first."""

    name: str
    fixed: int
    broken: int
    both_wrong: int
    test: PairedTest


@dataclass(frozen=True, eq=False)
class Pair:
    """Two tables row by row: row i of both is the same image, with the same label.

    Attributes
    ----------
    first, second : Answers
        Of the shared images alone, with the same class names in the same order.
    matched_by : {'content', 'name'}
        How images were recognised.
    remarks : tuple of str
        What is to be said: images that only one has, labels that differ.
    rows : tuple of two ndarrays of int
        Where these images stand in the tables as they were given.
    """

    first: Answers
    second: Answers
    matched_by: str
    remarks: tuple[str, ...]
    rows: tuple[NDArray[np.intp], NDArray[np.intp]]

    @property
    def labels(self) -> NDArray[np.int64]:
        """True class codes of the shared images."""
        return self.first.labels

    @property
    def fixed(self) -> NDArray[np.intp]:
        """Rows that only the second reads right."""
        return np.flatnonzero(~self.first.right & self.second.right)

    @property
    def broken(self) -> NDArray[np.intp]:
        """Rows that only the first reads right."""
        return np.flatnonzero(self.first.right & ~self.second.right)

    @property
    def both_wrong(self) -> NDArray[np.intp]:
        """Rows that both misread."""
        return np.flatnonzero(~self.first.right & ~self.second.right)

    def test(self, confidence: float = 0.95) -> PairedTest:
        """Exact McNemar test; the difference is the accuracy of the second minus that of the first."""
        return mcnemar(self.second.right, self.first.right, confidence=confidence)

    def chance_of_worse(self) -> float:
        """One-sided exact McNemar p: the chance of so many more broken than fixed if the second were as good."""
        n = len(self.broken) + len(self.fixed)
        return float(binom.sf(len(self.broken) - 1, n, 0.5)) if n else 1.0

    def by_class(self, confidence: float = 0.95) -> list[ClassChange]:
        """The same for the images of each class, in the order of the classes; none for those without images."""
        changes = []
        for code, name in enumerate(self.first.class_names):
            own = self.labels == code
            if own.any():
                first, second = self.first.right[own], self.second.right[own]
                changes.append(
                    ClassChange(
                        name,
                        int(np.count_nonzero(~first & second)),
                        int(np.count_nonzero(first & ~second)),
                        int(np.count_nonzero(~first & ~second)),
                        mcnemar(second, first, confidence=confidence),
                    )
                )
        return changes


def matched(first: Answers, second: Answers, *, by_name: bool = False) -> Pair:
    """Put two tables side by side, on the images that both answered.

    Images are recognised by the hash of their content where both tables have it, otherwise by their names; copies
    of an image are paired in order. Images without a label, or with two different ones, are left out and counted.

    Parameters
    ----------
    first, second : Answers
    by_name : bool
        Go by names though both have hashes: for models that see the same images in different sizes.

    Raises
    ------
    AnswersError
        If no image is in both, or none of those has a label.
    """
    by_content = first.hashes is not None and second.hashes is not None and not by_name
    keys = [one.hashes if by_content else one.names for one in (first, second)]
    rows_first, rows_second = in_both(np.asarray(keys[0]), np.asarray(keys[1]))
    how = "content" if by_content else "name"
    if not len(rows_first):
        raise AnswersError(
            f"no image is in both tables, by {how}: the first has {_some(first)}, the second {_some(second)}; "
            "let both models answer the same images"
        )
    remarks = [
        f"{len(one) - len(rows):,} of the {len(one):,} images of the {which} are not in the other; the "
        f"{len(rows):,} that are shared are compared"
        for which, one, rows in (("first", first, rows_first), ("second", second, rows_second))
        if len(rows) < len(one)
    ]
    names = tuple(dict.fromkeys((*first.class_names, *second.class_names)))
    one, other = first.take(rows_first).with_classes(names), second.take(rows_second).with_classes(names)
    one, other = _labelled_alike(one, other)
    differ = one.is_labelled & other.is_labelled & (one.labels != other.labels)
    for which, text in ((differ, "have different labels in the two tables"), (~one.is_labelled, "have no label")):
        if which.any():
            name = one.names[np.flatnonzero(which)[0]]
            remarks.append(f"{np.count_nonzero(which):,} images {text} and are left out, the first is {name!r}")
    usable = one.is_labelled & ~differ
    if not usable.any():
        raise AnswersError("none of the shared images has a label that both agree on; give the labels with --data")
    rows = rows_first[usable], rows_second[usable]
    return Pair(one.take(usable), other.take(usable), how, tuple(remarks), rows)


def in_both(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the same key in both, in the order of the first; the k-th copy of a key meets the k-th."""
    values, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    one, other = _numbered(codes[: len(first)], len(values)), _numbered(codes[len(first) :], len(values))
    _, rows_first, rows_second = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    order = np.argsort(rows_first, kind="stable")
    return rows_first[order], rows_second[order]


def _numbered(codes: NDArray[np.intp], n_codes: int) -> NDArray[np.int64]:
    """A number for each row that tells copies of a code apart, by how many came before."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(codes) else np.empty(0, np.intp)
    copy = np.arange(len(codes)) - np.repeat(starts, np.diff(np.r_[starts, len(codes)]))
    numbered = np.empty(len(codes), np.int64)
    numbered[order] = ordered + copy * np.int64(n_codes)
    return numbered


def _labelled_alike(first: Answers, second: Answers) -> tuple[Answers, Answers]:
    """A label that only one table knows is also the other's."""
    labels = np.where(first.is_labelled, first.labels, second.labels)
    others = np.where(second.is_labelled, second.labels, first.labels)
    return replace(first, labels=labels), replace(second, labels=others)


def _some(answers: Answers) -> str:
    return ", ".join(repr(str(name)) for name in answers.names[:2]) + (" ..." if len(answers) > 2 else "")
