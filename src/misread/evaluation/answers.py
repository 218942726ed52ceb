"""The table of answers: what any classifier said of some images, one row an image, and how it was asked.

All that judges is a function of one such table, or of two on the same images, and does not ask who made it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread import html
from misread.data.words import composed
from misread.errors import AnswersError
from misread.evaluation.answer_checks import (
    UNKNOWN,
    Scale,
    as_array,
    as_named,
    as_names,
    check_among,
    check_finite,
    checked_classes,
    checked_codes,
    checked_positive,
    checked_scores,
    checked_texts,
    checked_threshold,
    class_names_of,
    codes_of,
    filled,
    of_length,
)
from misread.evaluation.answer_files import read_columns, write_columns
from misread.evaluation.responses import boundary, gives_shares, responses
from misread.evaluation.scores import HALF, ZERO, certainties, class_table, leads, with_all_classes

__all__ = ["ASKED", "UNKNOWN", "Answers", "Scale"]

ASKED = ("out_of_fold", "held_out", "test", "elsewhere")
_OF_EACH = ["predictions", "labels", "scores", "asked", "folds", "names", "hashes", "groups", "refused"]


@dataclass(frozen=True, eq=False, repr=False)
class Answers:
    """What a classifier said of some images.

    Parameters
    ----------
    class_names : sequence of str
        What each class code means. A detector has two: 'not 5' and '5'.
    predictions : array of int, shape (n,)
        The answers, class codes.
    labels : array of int, shape (n,), optional
        The true class codes, -1 where unknown; all unknown by default.
    scores : array of float, shape (n, n_classes), optional
        A column for every class, all finite. None where only the answers are known.
    scale : {'decision_function', 'votes', 'probabilities'}, optional
        What the scores are. Votes lie in [0, 1] but were never checked to be true; probabilities sum to 1.
    calibrated : bool
        Whether the probabilities were fitted on held-out images to be true.
    asked : str or array of str, shape (n,)
        How: 'out_of_fold', 'held_out', 'test' or 'elsewhere'.
    folds : array of int, shape (n,), optional
        The fold in which an image was held out, -1 where there was none.
    names : array of str, shape (n,), optional
        What the images are called: a path, or where they stand in their file. Their row number by default.
    hashes : array of uint64, shape (n,), optional
        Of the images' pixels, by `misread.data.content.image_hashes`.
    groups : array of str, shape (n,), optional
        Who wrote the image, or where it comes from.
    refused : array of bool, shape (n,), optional
        Whether the model is sure of nothing there, whatever the scores: blank, or unlike all that it learnt.
    positive : str or None
        The class that a detector was asked for.
    threshold : float or None
        The operating point: of a detector the score from which on it says yes, of a classifier the lead of the
        best class from which on it is sure.
    provenance : mapping
        Where the answers come from: data, model, versions, seed, command; JSON values.

    Raises
    ------
    AnswersError
        If a row makes no sense; it is named, with its place counted from 0.

    Examples
    --------
    >>> answers = Answers.from_scores(["cat", "dog", "dog"], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    >>> answers.scale, answers.right.tolist(), answers.names.tolist()
    ('probabilities', [True, True, False], ['0', '1', '2'])
    """

    class_names: tuple[str, ...]
    predictions: NDArray[np.int64]
    labels: NDArray[np.int64] = field(default=cast(Any, None))
    scores: NDArray[np.float64] | None = None
    scale: Scale | None = None
    calibrated: bool = False
    asked: NDArray[np.str_] = field(default=cast(Any, "elsewhere"))
    folds: NDArray[np.int64] = field(default=cast(Any, None))
    names: NDArray[np.str_] = field(default=cast(Any, None))
    hashes: NDArray[np.uint64] | None = None
    groups: NDArray[np.str_] | None = None
    refused: NDArray[np.bool_] = field(default=cast(Any, None))
    positive: str | None = None
    threshold: float | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def keep(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        keep("class_names", checked_classes(self.class_names))
        n, n_classes = len(np.atleast_1d(self.predictions)), len(self.class_names)
        keep("predictions", checked_codes("answer", self.predictions, n, 0, n_classes))
        keep("labels", checked_codes("label", filled(self.labels, n, UNKNOWN), n, UNKNOWN, n_classes))
        keep("folds", checked_codes("fold", filled(self.folds, n, UNKNOWN), n, UNKNOWN, 2**31))
        keep("asked", checked_texts("asked", filled(self.asked, n, "elsewhere"), n))
        keep("names", checked_texts("name", np.arange(n) if self.names is None else self.names, n))
        keep("refused", of_length("refusal", np.asarray(filled(self.refused, n, False), np.bool_), n))
        if self.groups is not None:
            keep("groups", checked_texts("group", self.groups, n))
        if self.hashes is not None:
            keep("hashes", of_length("hash", np.asarray(self.hashes, np.uint64), n))
        check_among("asked", self.asked, ASKED)
        if self.scores is None:
            keep("scale", None)
        else:
            scores, scale = checked_scores(self.scores, self.scale, self.class_names, n)
            keep("scores", scores)
            keep("scale", scale)
        keep("threshold", checked_threshold(self.threshold))
        keep("positive", checked_positive(self.positive, self.class_names))

    @classmethod
    def from_scores(
        cls,
        y: ArrayLike | None,
        scores: ArrayLike,
        *,
        class_names: Sequence[object] | None = None,
        predictions: ArrayLike | None = None,
        **more: Any,
    ) -> Answers:
        """Make a table of what a model of any framework gave: arrays, pandas or PyTorch.

        Parameters
        ----------
        y : array-like of shape (n,) or None
            True classes, as names or as codes; None where nobody knows them.
        scores : array-like
            Floats of shape (n, n_classes), probabilities or any scores of which the largest wins; floats of shape
            (n,) or (n, 1) for the second of two, split at 0 (or, if all lie in [0, 1], at 1/2); or answers, of
            shape (n,), names or codes, where scores are not known.
        class_names : sequence, optional
            Of the columns of `scores`, and of codes. By default, the names of the columns of a pandas table, or
            the sorted classes in `y` if there are as many as columns, else 0, 1, 2 and so on.
        predictions : array-like of shape (n,), optional
            The answers, where they are not always the class with the highest score.
        **more
            Other parameters of `Answers`.

        Raises
        ------
        AnswersError
            If a row makes no sense.
        """
        scores, class_names = as_named(scores, class_names)
        table = as_array(scores)
        if table.ndim == 2 and table.shape[1] == 1 and (class_names is None or len(class_names) == 2):
            table = table[:, 0]  # as networks with one output give it
        truth = None if y is None else as_names(y, "label")
        answers = None if predictions is None else as_names(predictions, "answer")
        if table.ndim == 1 and table.dtype.kind not in "f":
            if answers is not None:
                raise AnswersError("scores of shape (n,) that are no floats are answers; give them once")
            answers, table = as_names(table, "answer"), np.empty(0)
        if table.dtype.kind not in "fiu" or (table.size and table.ndim not in (1, 2)):
            raise AnswersError(f"scores must be numbers of shape (n, n_classes), got {table.dtype} {table.shape}")
        n_columns = (2 if table.ndim == 1 else table.shape[1]) if table.size else 0
        names = class_names_of(class_names, truth, answers, n_columns)
        labels = None if truth is None else codes_of(truth, names, "label", unknown=True)
        given = None if answers is None else codes_of(answers, names, "answer")
        if not n_columns:
            if given is None:
                raise AnswersError("there is no answer; give scores, or answers of shape (n,)")
            return cls(names, given, cast(Any, labels), **more)
        scale = more.pop("scale", None)
        if table.ndim == 1:
            check_finite(table[:, None], names[1:])
            signed = scale == "decision_function" or (scale is None and bool(((table < 0) | (table > 1)).any()))
            scale = scale or ("decision_function" if signed else "probabilities")
            table = class_table(table, ZERO if signed else HALF)
        if given is None:
            check_finite(table, names)
            given = table.argmax(axis=1)
        return cls(names, given, cast(Any, labels), table, scale, **more)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        class_names: Sequence[object],
        **more: Any,
    ) -> Answers:
        """Ask a fitted classifier with scikit-learn's interface.

        Parameters
        ----------
        estimator : fitted classifier
            What it is trained on are class codes, positions in `class_names`.
        X : array-like of shape (n, n_features)
        y : array-like of int, shape (n,), optional
            True class codes.
        class_names : sequence
        **more
            Other parameters of `Answers`.
        """
        names = tuple(str(name) for name in class_names)
        classes = np.asarray(estimator.classes_)
        scores, predictions = responses(estimator, np.asarray(X))
        table = with_all_classes(class_table(scores, boundary(estimator)), classes, len(names))
        scale = "votes" if gives_shares(estimator) else "decision_function"
        labels = None if y is None else np.asarray(y)
        return cls(names, predictions, cast(Any, labels), table, **{"scale": scale, **more})

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        *,
        class_names: Sequence[str] | None = None,
        most_memory: str | int | None = None,
    ) -> Answers:
        """Read a table of answers, ours or anybody's.

        Parameters
        ----------
        path : path of a ``.csv``, ``.tsv``, ``.parquet`` or ``.npz`` file
            With a column for the image's name or row (``name``, ``file``, ``index``), ``label`` where known, and
            ``answer`` or scores of every class (``5``, ``probability:5``, ``score:5``).
        class_names : sequence of str, optional
            The classes, where the file does not name all of them.
        most_memory : str or int, optional
            How much memory it may take, such as ``"8G"``.

        Raises
        ------
        AnswersError
            If the file cannot be read or a row makes no sense.
        """
        columns = read_columns(path, class_names, most_memory)
        try:
            return cls.from_scores(**columns)
        except AnswersError as error:
            raise type(error)(f"{os.fspath(path)}: {error}") from error

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write ``.csv`` (the rows), ``.parquet`` or ``.npz`` (everything), whole or not at all.

        Raises
        ------
        AnswersError, OutputError
            For another ending, or if the file cannot be written.
        """
        write_columns(self, path)

    def __len__(self) -> int:
        return len(self.predictions)

    def __repr__(self) -> str:
        of = f"{self.scale.replace('_', ' ')} of " if self.scale else ""
        right = f", {self.right.mean():.2%} right" if self.is_labelled.all() and len(self) else ""
        return f"<Answers: {len(self):,} images, {of}{len(self.class_names)} classes{right}>"

    def _repr_html_(self) -> str:
        """The first rows, in a notebook."""
        classes = np.array(self.class_names)
        labels = np.where(self.is_labelled, classes[self.labels], "?")
        rows = list(zip(self.names[:10], labels, classes[self.predictions], strict=False))
        return html.block(repr(self)[1:-1], html.table(rows, ("image", "label", "answer")))

    @cached_property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Whether the label of each image is known."""
        return self.labels != UNKNOWN

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether each answer is the label; False where that is unknown."""
        return self.predictions == self.labels

    @cached_property
    def leads(self) -> NDArray[np.float64]:
        """How far the class answered is ahead of the best other one, shape (n,); an error without scores."""
        return leads(self.needed_scores, self.predictions)

    @cached_property
    def certainties(self) -> NDArray[np.float64]:
        """What answers are sure by, shape (n,): their leads; where they are refused, less than any lead."""
        return certainties(self.leads, self.refused)

    @property
    def positive_scores(self) -> NDArray[np.float64]:
        """Of two classes, the score of the second as a decision function or probability, shape (n,)."""
        table = self.needed_scores
        if table.shape[1] != 2:
            raise AnswersError(f"two classes have one score, these are {table.shape[1]}")
        return table[:, 1]

    @property
    def needed_scores(self) -> NDArray[np.float64]:
        """The scores, for what cannot be had without them.

        Raises
        ------
        AnswersError
            Where only the answers are known.
        """
        if self.scores is None:
            raise AnswersError("only the answers are known, not their scores; give a column for every class")
        return self.scores

    @cached_property
    def sure(self) -> NDArray[np.bool_] | None:
        """Whether each answer is sure by a classifier's operating point; None where there is none."""
        if self.threshold is None or self.positive is not None or self.scores is None:
            return None
        return self.certainties >= self.threshold

    def take(self, index: ArrayLike) -> Answers:
        """Some of the rows, by position or by a mask."""
        kept = {name: getattr(self, name) for name in _OF_EACH}
        rows: Any = {name: None if one is None else one[np.asarray(index)] for name, one in kept.items()}
        return replace(self, **rows)

    def labelled(self, labels: NDArray[np.int64], hashes: NDArray[np.uint64] | None = None) -> Answers:
        """The same answers with labels, class codes, and hashes of the images that somebody else knows."""
        return replace(self, labels=labels, hashes=self.hashes if hashes is None else hashes)

    def with_classes(self, names: Sequence[str]) -> Answers:
        """The same answers among more classes, or classes in another order; new ones score lowest, or 0."""
        names = tuple(map(composed, names))
        if names == self.class_names:
            return self
        place = np.array([names.index(name) for name in self.class_names], np.int64)
        scores = self.scores
        if scores is not None:
            wide = np.full((len(self), len(names)), scores.min() if self.scale == "decision_function" else 0.0)
            wide[:, place] = scores
            scores = wide
        return replace(
            self,
            class_names=names,
            predictions=place[self.predictions],
            labels=np.where(self.is_labelled, place[self.labels], UNKNOWN),
            scores=scores,
            positive=self.positive if names[1:] == (self.positive,) else None,
        )

    def as_detector(self, positive: str) -> Answers:
        """The answers to "is it this class?": yes where it was answered, scored by its lead over the best other.

        Raises
        ------
        AnswersError
            If there is no such class.
        """
        positive = composed(positive)
        if positive == self.positive:
            return self
        if positive not in self.class_names:
            raise AnswersError(
                f"there is no class {positive!r}; the classes are {', '.join(self.class_names[:12])}"
            )
        code = self.class_names.index(positive)
        scores = None
        if self.scores is not None:
            rest = np.delete(self.scores, code, axis=1).max(axis=1)
            scores = class_table(self.scores[:, code] - rest)
        return replace(
            self,
            class_names=(f"not {positive}", positive),
            predictions=(self.predictions == code).astype(np.int64),
            labels=np.where(self.is_labelled, self.labels == code, UNKNOWN),
            scores=scores,
            scale="decision_function",
            calibrated=False,
            positive=positive,
            threshold=None,
        )
