"""What is to be looked at: images with their labels, who doubts these, and in which order."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis import which_next
from misread.bundle import Bundle
from misread.data import Dataset, joined
from misread.data.unlabelled import Unlabelled
from misread.errors import ParameterError
from misread.images.deform import deskew
from misread.models import KNeighborsClassifier
from misread.models.features import edge_histograms
from misread.recipes.review.groups import grouped
from misread.recipes.suspects import Suspects
from misread.spelling import did_you_mean

__all__ = ["NONE_GIVEN", "N_NEAREST", "Review", "review_labels", "review_unlabelled"]

NONE_GIVEN = -1
"""Stands for the label of an image that has none."""
N_NEAREST = 8
_MOST_COMPARED = 20_000

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Review:
    """Images to look at.

    Attributes
    ----------
    title : str
        What the images are called together.
    images : ndarray of uint8, shape (n, height, width)
    labels : ndarray of int64, shape (n,)
        Class codes; -1 where an image has no label.
    names : ndarray of str, shape (n,)
    hashes : ndarray of uint64, shape (n,)
    class_names : tuple of str
    order : str
        `doubt`, `use`, `random`, `class=X` or `cell=GIVEN,ANSWER`.
    positions : ndarray of int64
        What to look at, in this order.
    screens : tuple of tuple of int
        The same, where some that are alike are looked at together.
    by : str
        Who doubts, in words; "" where nobody does.
    probabilities : ndarray of shape (n, n_classes), or None
        What the model says of each image, which it has not seen; 0 where it was not asked.
    suspects : Suspects or None
    folder : path or None
        Where the pictures lie as they came, below which `names` are paths.
    known : (ndarray of uint8, shape (m, height, width), ndarray of int64, shape (m,))
        Labelled images among which the nearest are looked for.
    """

    title: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: NDArray[np.str_]
    hashes: NDArray[np.uint64]
    class_names: tuple[str, ...]
    order: str
    positions: Positions
    screens: tuple[tuple[int, ...], ...]
    by: str
    probabilities: NDArray[np.float64] | None
    suspects: Suspects | None
    folder: Path | None
    known: tuple[NDArray[np.uint8], NDArray[np.int64]]
    rank: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.suspects is not None:
            self.rank.update((place, row) for row, place in enumerate(self.suspects.labels.index.tolist()))

    @property
    def labelled(self) -> bool:
        """Whether the images have labels to be judged."""
        return bool((self.labels != NONE_GIVEN).any())

    @cached_property
    def chance(self) -> NDArray[np.float64] | None:
        """Chance that the label of each suspect is wrong."""
        return None if self.suspects is None else self.suspects.labels.chance

    def given(self, place: int) -> str:
        """The label of an image; "" where it has none."""
        code = int(self.labels[place])
        return "" if code == NONE_GIVEN else self.class_names[code]

    def nearest(self, places: list[int]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The nearest other labelled images of each, shape (k, m, height, width), and their class codes."""
        images, labels = self.known
        among = self.known[0] is self.images
        k = min(N_NEAREST + among, len(images))
        if k <= among:
            return np.empty((len(places), 0, *self.images.shape[1:]), np.uint8), np.empty((len(places), 0), int)
        asked = self.images[places].reshape(len(places), -1)
        found = np.asarray(self._search.kneighbors(asked, n_neighbors=k, return_distance=False), np.int64)
        if among:
            own = found == np.array(places)[:, None]
            own[~own.any(axis=1), -1] = True
            found = found[~own].reshape(len(places), k - 1)
        return images[found], labels[found]

    @cached_property
    def _search(self) -> KNeighborsClassifier:
        rows = np.ascontiguousarray(self.known[0].reshape(len(self.known[0]), -1))
        return KNeighborsClassifier().fit(rows, np.zeros(len(rows), np.int64))  # nobody asks it for classes


def review_labels(
    data: Dataset, suspects: Suspects | None, *, order: str = "doubt", seed: int = 42, folder: Path | None = None
) -> Review:
    """Put the labels of a data set in an order to be looked at.

    Parameters
    ----------
    data : Dataset
        As it came, without corrections.
    suspects : Suspects or None
        Of this data set; not needed for `random`.
    order : {'doubt', 'random', 'class=X', 'cell=GIVEN,ANSWER'}
        All contradicted labels, the most doubtful first; all labels at random; all labels X, the most doubtful
        first; or one cell of the confusion matrix.
    seed : int
        Of the random order, which is the same whenever it is asked for.
    folder : path, optional
        Where the pictures lie as they came.

    Raises
    ------
    ParameterError
        If there is no such order or class, or nobody was asked whom it takes.
    """
    every = joined([part for part in (data.train, data.test) if len(part)])
    if suspects is None and order != "random":
        raise ParameterError(f"the order {order!r} goes by what a model says; give --model, --run or --answers")
    table = None if suspects is None else suspects.probabilities
    if order == "random":
        positions = np.random.default_rng(seed).permutation(len(every)).astype(np.int64)
    else:
        assert suspects is not None
        positions = _doubted(order, suspects, every.labels, data.class_names)
    positions = _once(positions, every.hashes, every.labels)
    alike = suspects is not None and order != "random"
    return Review(
        data.name,
        every.images,
        every.labels,
        every.names,
        every.hashes,
        data.class_names,
        order,
        positions,
        grouped(positions, every, suspects)
        if alike and suspects
        else tuple((place,) for place in positions.tolist()),
        "" if suspects is None else suspects.by,
        table,
        suspects,
        folder,
        (every.images, every.labels),
    )


def review_unlabelled(
    pictures: Unlabelled,
    title: str,
    *,
    bundle: Bundle | None = None,
    order: str = "doubt",
    seed: int = 42,
    folder: Path | None = None,
) -> Review:
    """Put images without labels in an order to be labelled.

    Parameters
    ----------
    pictures : Unlabelled
        Prepared as the model's images were.
    title : str
    bundle : Bundle, optional
        A classifier, which says what it takes each for; its examples are the nearest images that are shown.
    order : {'doubt', 'use', 'random'}
        What the model is least sure of first (without a model: as they come); the same, but unlike each other, so
        that the labels help most (`misread.analysis.which_next`); or at random.
    seed : int
    folder : path, optional

    Raises
    ------
    ParameterError
        If there is no such order, or nobody knows the classes.
    """
    if order not in ("doubt", "use", "random"):
        raise ParameterError(
            f"images without labels are looked at in the order doubt, use or random, not {order!r}"
        )
    if order == "use" and bundle is None:
        raise ParameterError("the order 'use' goes by what a model is unsure of; give --model FILE")
    table: NDArray[np.float64] | None = None
    known = (pictures.images[:0], np.empty(0, np.int64))
    if bundle is not None:
        if bundle.manifest.task != "classification":
            raise ParameterError(f"a model for {bundle.manifest.task} names no classes; give one that does")
        class_names = tuple(bundle.manifest.classes)
        answers = bundle.answer(pictures.images)
        table = answers.probabilities
        if table is None:
            table = np.eye(len(class_names))[answers.labels]
        certainty = (
            table.max(axis=1) if answers.probabilities is not None or answers.lead is None else answers.lead
        )
        positions = np.argsort(certainty, kind="stable")
        if order == "use":
            some = positions[:_MOST_COMPARED]
            positions[:_MOST_COMPARED] = some[which_next.order(table[some], _edges(pictures.images[some]))]
        known = (bundle.example_images, bundle.example_labels)
    elif pictures.kept:
        class_names = tuple(pictures.kept["classes"])
        positions = np.arange(len(pictures))
    else:
        raise ParameterError(f"{title} has no labels, so its classes are not known: give --model FILE")
    if order == "random":
        positions = np.random.default_rng(seed).permutation(len(pictures))
    labels = np.full(len(pictures), NONE_GIVEN, np.int64)
    positions = _once(positions.astype(np.int64), pictures.hashes, labels)
    return Review(
        title,
        pictures.images,
        labels,
        pictures.names,
        pictures.hashes,
        class_names,
        order,
        positions,
        tuple((place,) for place in positions.tolist()),
        "" if bundle is None else bundle.manifest.model,
        table,
        None,
        folder,
        known,
    )


def _edges(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What makes images alike: the edges of each, stood upright."""
    return edge_histograms(deskew(images), 8, ((7, 2),))


def _once(positions: Positions, hashes: NDArray[np.uint64], labels: NDArray[np.int64]) -> Positions:
    """The first of exact copies that carry the same label: one judgement is of all of them."""
    keys: NDArray[Any] = np.stack([hashes[positions], labels[positions].astype(np.uint64)], axis=1)
    _, first = np.unique(keys, axis=0, return_index=True)
    return positions[np.sort(first)]


def _doubted(order: str, suspects: Suspects, labels: NDArray[np.int64], names: tuple[str, ...]) -> Positions:
    doubtful = suspects.labels.index
    if order == "doubt":
        return doubtful
    kind, _, what = order.partition("=")
    if kind not in ("class", "cell") or not what:
        raise ParameterError(
            f"an order is doubt, random, class=X or cell=GIVEN,ANSWER, not {order!r}{did_you_mean(order, ORDERS)}"
        )
    if kind == "class":
        chosen = labels == _code(what, names)
    else:
        given, answer = _cell(what, names)
        chosen = (labels == given) & (suspects.probabilities.argmax(axis=1) == answer)
        chosen &= suspects.probabilities.any(axis=1)
    first = doubtful[chosen[doubtful]]
    rest = np.flatnonzero(chosen & ~np.isin(np.arange(len(labels)), doubtful))
    by_model = np.argsort(suspects.probabilities[rest, labels[rest]], kind="stable")
    return np.concatenate([first, rest[by_model]])


ORDERS = ("doubt", "random", "class=", "cell=")


def _code(name: str, names: tuple[str, ...]) -> int:
    if name not in names:
        raise ParameterError(
            f"there is no class {name!r}{did_you_mean(name, names)}; known are {', '.join(names[:20])}"
        )
    return names.index(name)


def _cell(what: str, names: tuple[str, ...]) -> tuple[int, int]:
    """Two classes with a comma between, which may be in their names, too."""
    for comma in re.finditer(",", what):
        given, answer = what[: comma.start()].strip(), what[comma.end() :].strip()
        if given in names and answer in names:
            return names.index(given), names.index(answer)
    given, _, answer = what.partition(",")
    return _code(given.strip(), names), _code(answer.strip(), names)
