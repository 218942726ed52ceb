"""Doubt every label of a data set, of training and test images alike, by answers of models that saw neither."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from misread.analysis.doubted import DoubtedLabels, doubted_labels
from misread.bundle import Bundle
from misread.data import Dataset, Split, joined
from misread.data.content import hash_in_digits, image_hashes
from misread.data.words import composed
from misread.errors import ParameterError
from misread.evaluation.answers import Answers
from misread.evaluation.calibration import class_probabilities
from misread.evaluation.responses import boundary, responses
from misread.evaluation.scores import class_table, with_all_classes
from misread.fitting.enough import N_FOLDS, check_counts
from misread.fitting.folds import folds_by_class
from misread.fitting.out_of_fold import out_of_fold
from misread.fitting.prepare import prepared
from misread.models.zoo import ZOO
from misread.recipes.attach import rows_on
from misread.recipes.unseen import as_trained
from misread.tasks import classification

__all__ = ["Suspects", "best_doubter", "find_suspects"]

PATIENCE = 900.0
"""Seconds on two cores that doubting may take before a faster model is chosen."""
BEST, FAST = "edge-kernel", "knn"
WITHOUT_PRACTICE = {"n_rounds": 0, "n_centres": 2_000}
"""An edge kernel practises what it does not answer clearly, and so learns wrong labels by heart. Without practice
it doubts them no worse, of clothes better, in a fraction of the time."""
_SHARE_OF_TIME = 0.15

Stage = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Suspects:
    """Labels to look at, the most doubtful first.

    Attributes
    ----------
    labels : DoubtedLabels
        Positions among `images`.
    images : Split
        Those that were looked at: training images, then test images.
    n_train : int
        How many of them are for training.
    class_names : tuple of str
    n_doubted : int
        How many labels were asked about.
    by : str
        Who doubts, in words.
    probabilities : ndarray of shape (n, n_classes)
        Held out, of all `images`; 0 where nobody was asked.
    """

    labels: DoubtedLabels
    images: Split
    n_train: int
    class_names: tuple[str, ...]
    n_doubted: int
    by: str
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_likely(self) -> int:
        """How many are wrong more likely than not."""
        return int(np.count_nonzero(self.labels.chance > 0.5))

    @property
    def expected(self) -> float:
        """How many of them are expected to be wrong."""
        return float(self.labels.chance.sum())

    @property
    def n_copies(self) -> int:
        """How many have a near-copy with another label."""
        return int(np.count_nonzero(self.labels.copy >= 0))

    def rows(self) -> list[dict[str, Any]]:
        """What `suspects.csv` holds, as plain values."""
        found, images, names = self.labels, self.images, self.class_names
        return [
            {
                "hash": hash_in_digits(images.hashes[place]),
                "name": str(images.names[place]),
                "given": names[found.given[row]],
                "suggested": names[found.suggested[row]],
                "chance": round(float(found.chance[row]), 6),
                "probability_given": round(float(found.probability_given[row]), 6),
                "probability_suggested": round(float(found.probability_suggested[row]), 6),
                "neighbors_given": int(found.votes_given[row]),
                "neighbors_suggested": int(found.votes_suggested[row]),
                "neighbors": found.n_neighbors,
                "part": "train" if place < self.n_train else "test",
                "row": int(place if place < self.n_train else place - self.n_train),
                "copy_of": self._called(int(found.copy[row])),
            }
            for row, place in enumerate(found.index.tolist())
        ]

    def _called(self, place: int) -> str:
        """A copy by its name and label; nothing where there is none."""
        if place < 0:
            return ""
        return f"{self.images.names[place]} (labelled {self.class_names[self.images.labels[place]]})"


def find_suspects(
    data: Dataset,
    model: str | BaseEstimator | Bundle | Answers | None = None,
    *,
    seed: int = 42,
    on_stage: Stage = lambda stage: None,
) -> Suspects:
    """Doubt every label: of training images out of fold, of test images by a model that learnt from training.

    Parameters
    ----------
    data : Dataset
    model : str, estimator, Bundle, Answers, optional
        A name of the zoo or an unfitted classifier, which is fitted for it; a model file, which is asked itself
        about what it has not seen, and whose like is fitted for what it has; or answers with labels, which are
        taken to be held out. By default `best_doubter`.
    seed : int, default 42
        Random state of a model of the zoo.
    on_stage : callable of str
        Told what starts.

    Returns
    -------
    Suspects
        All labels that the model, most of the nearest images, or a near-copy contradict; no number limits them.

    Raises
    ------
    ParameterError
        If the model cannot be asked about this data set, or there are too few images of a class.
    AnswersError
        If answers are not of these images.
    """
    every = joined([part for part in (data.train, data.test) if len(part)])
    asked = np.ones(len(every), bool)
    if isinstance(model, Answers):
        table, asked = _of_answers(model, data)
        by = "the given answers"
    elif isinstance(model, Bundle):
        table, by = _of_bundle(model, data, on_stage)
    else:
        chosen = best_doubter(data) if model is None else model
        params = WITHOUT_PRACTICE if model is None and chosen == BEST else None
        estimator, by = prepared(chosen, classification(data), seed, params, data.shape)
        table = _held_out(estimator, data, on_stage)
    on_stage("Comparing with the nearest images")
    probabilities = np.zeros((len(every), len(data.class_names)))
    probabilities[asked] = class_probabilities(every.labels[asked], table[asked])
    found = doubted_labels(every.X, every.labels, probabilities, scores=table, asked=asked)
    return Suspects(
        found, every, len(data.train), data.class_names, int(np.count_nonzero(asked)), by, probabilities
    )


def best_doubter(data: Dataset) -> str:
    """The model that misreads least without a network, or nearest images where that would take too long.

    A doubt is worth what the model is worth: an edge kernel misreads about a third of what nearest images do, and
    its errors are others than those of the nearest images, which are asked as well. It is asked without practice.
    """
    height, width = data.shape
    rounds = N_FOLDS + bool(len(data.test))
    seconds = _SHARE_OF_TIME * rounds * ZOO[BEST].seconds(len(data.train), height * width)
    n_classes = len(data.class_names)
    return BEST if seconds <= PATIENCE and n_classes <= len(data.train) // N_FOLDS else FAST


def _held_out(estimator: Any, data: Dataset, on_stage: Stage) -> NDArray[np.float64]:
    """Scores of all images: training images out of fold, test images of the model fitted on all of training."""
    check_counts(data)
    X, y = data.train.X, data.train.labels
    on_stage(f"Asking about {len(X):,} training images in {N_FOLDS} folds")
    groups = data.train.groups
    held_out = out_of_fold(estimator, X, y, cv=folds_by_class(y, N_FOLDS, groups), groups=groups)
    tables = [_wide(held_out.table, held_out.classes, len(data.class_names))]
    if len(data.test):
        on_stage(f"Asking about {len(data.test):,} test images")
        fitted = clone(estimator).fit(X, y)
        scores, _ = responses(fitted, data.test.X)
        tables.append(_wide(class_table(scores, boundary(fitted)), fitted.classes_, len(data.class_names)))
    return np.concatenate(tables)


def _wide(table: NDArray[np.float64], classes: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    return with_all_classes(table, classes, n_classes, float(table.min()))


def _of_bundle(bundle: Bundle, data: Dataset, on_stage: Stage) -> tuple[NDArray[np.float64], str]:
    """A model file's own answers where it has not seen the images, those of its like where it has."""
    manifest = bundle.manifest
    if manifest.task != "classification":
        raise ParameterError(f"a model for {manifest.task} cannot doubt labels; give one that tells classes apart")
    data = as_trained(bundle, data)
    if data.shape != manifest.image_size:
        raise ParameterError(f"the model takes images of {manifest.image_size}, {data.name} has {data.shape}")
    order = _places(data.class_names, tuple(map(composed, manifest.classes)), data.name)
    images = joined([part for part in (data.train, data.test) if len(part)]).images
    seen = _seen(bundle, data, images)
    on_stage(f"Asking about {np.count_nonzero(~seen):,} images")
    table = np.zeros((len(images), len(order)))
    if not seen.all():
        table[~seen] = bundle.answer(images[~seen]).scores[:, order]
    if seen.any():
        kept = _kept(bundle, data, order)
        if kept is None or not kept[1][seen].all():
            table[seen] = _held_out(clone(bundle.estimator), data, on_stage)[seen]
        else:
            table[seen] = kept[0][seen]
    return table, f"{manifest.model}, as in the model file"


def _kept(bundle: Bundle, data: Dataset, order: list[int]) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Scores that the model file keeps of a data set's images that were held out, and of which it does."""
    answers = bundle.answers
    if answers is None or answers.scores is None or answers.hashes is None:
        return None
    hashes = joined([part for part in (data.train, data.test) if len(part)]).hashes
    by_hash = np.argsort(answers.hashes, kind="stable")
    places = by_hash[np.minimum(np.searchsorted(answers.hashes, hashes, sorter=by_hash), len(answers) - 1)]
    return answers.scores[places][:, order], answers.hashes[places] == hashes


def _seen(bundle: Bundle, data: Dataset, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which images the model has learnt from; of an old file, those of the very set that it was trained on."""
    if bundle.seen is not None:
        return np.isin(image_hashes(images), bundle.seen)
    if not data.is_described_by(bundle.manifest.dataset):
        warnings.warn(
            "the model file does not say which images it has learnt from; it doubts the labels of none of these",
            stacklevel=4,
        )
        return np.zeros(len(images), bool)
    return np.arange(len(images)) < len(data.train)


def _places(names: tuple[str, ...], known: tuple[str, ...], where: str) -> list[int]:
    strange = [name for name in names if name not in known]
    if strange:
        raise ParameterError(
            f"{where} has the class {strange[0]!r}, unknown to the model; it knows {', '.join(known[:20])}"
        )
    return [known.index(name) for name in names]


def _of_answers(answers: Answers, data: Dataset) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores in the order of the data set's images, and which of these were answered."""
    rows, n_test = rows_on(answers, data), len(data.test)
    answers, rows = answers.take(rows >= 0), rows[rows >= 0]
    places = np.where(rows < n_test, rows + len(data.train), rows - n_test)
    answers = answers.with_classes(
        (*answers.class_names, *(name for name in data.class_names if name not in answers.class_names))
    )
    certain = np.eye(len(answers.class_names))[answers.predictions]
    scores = certain if answers.scores is None else answers.scores
    order = [answers.class_names.index(name) for name in data.class_names]
    n_images = len(data.train) + n_test
    table, asked = np.zeros((n_images, len(order))), np.zeros(n_images, bool)
    table[places], asked[places] = scores[:, order], True
    return table, asked
