"""One way to fit a model and to ask it about images that it did not learn from.

A model that holds images out by itself (networks, edge kernels) is asked about these; any other is fitted again
for every fold, or once more without a part of the images.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from misread.evaluation.responses import boundary, responses
from misread.evaluation.scores import as_one_column
from misread.fitting.out_of_fold import OutOfFold, fitted_apart, out_of_fold
from misread.models.held_out import held_out_part

__all__ = ["Fitted", "HoldsOut", "TellsEpochs", "fit_and_hold_out", "holds_out_enough"]

ENOUGH = 2_000
"""Images that a model holds out by itself at which it is not fitted once more for every fold."""
ENOUGH_OF_A_NETWORK = 100
"""The same for what takes long to train."""
GROUPS_ENOUGH = 10
"""Groups, where there are any, that a model must hold out by itself for the same."""
PART = 1 / 12
"""Share of the images that a twin is asked about."""

OnEpoch = Callable[[int, int], None]


@runtime_checkable
class HoldsOut(Protocol):
    """A classifier that keeps a share of its training images back and says what it thought of them.

    Attributes
    ----------
    held_out : float
        The share.
    classes_ : ndarray of shape (n_classes,)
    held_out_indices_ : ndarray of int, shape (m,)
        Positions of the images among those it was fitted on; known of a fitted one.
    held_out_scores_ : ndarray of float64, shape (m, n_classes)
    """

    held_out: float


@runtime_checkable
class TellsEpochs(Protocol):
    """A classifier that is trained in epochs and calls ``on_epoch(epoch, epochs, loss)`` after each, if set."""

    on_epoch: Callable[[int, int, float], None] | None


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model with what it, or its twins, said of images that were held out.

    Attributes
    ----------
    estimator : fitted estimator
    held_out : OutOfFold or None
        None where there were too few images to hold any out.
    rows : ndarray of int, shape (m,)
        Positions of the held-out images.
    seconds : float
        Of fitting the model itself.
    """

    estimator: Any
    held_out: OutOfFold | None
    rows: NDArray[np.intp]
    seconds: float


def holds_out_enough(estimator: Any, n: int, task: str = "classification", n_groups: int | None = None) -> bool:
    """Whether a model that keeps images back keeps enough of `n`, and of their groups, to be judged by them."""
    if task not in ("classification", "detector") or not isinstance(estimator, HoldsOut):
        return False
    share = estimator.held_out
    if n_groups is not None and n_groups * share < GROUPS_ENOUGH:
        return False
    return n * share >= (ENOUGH_OF_A_NETWORK if isinstance(estimator, TellsEpochs) else ENOUGH)


def fit_and_hold_out(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    folds: Iterable[Any] | None = None,
    task: str = "classification",
    seed: int = 42,
    groups: NDArray[np.str_] | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Fitted:
    """Fit a clone of a model on all images, and ask it, or twins of it, about images that were held out.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    X : ndarray of shape (n, n_features)
    y : ndarray of shape (n,) or (n, n_outputs)
    folds : iterable of (training, held out) positions, optional
        Fit a twin for each, unless the model holds out enough by itself. Without folds one twin is asked about a
        twelfth of the images, unless the model holds out any by itself.
    task : str
        Several labels are asked for without scores.
    seed : int
        Chooses the twelfth.
    groups : ndarray of str, shape (n,), optional
        What a model holds out by itself, and the twelfth, are whole groups; the folds are as they are given.
    on_stage : callable of str
        Told what starts, and of epochs.
    """
    stage = f"Fitting on {len(X):,} images"
    n_groups = None if groups is None else len(np.unique(groups))
    by_itself = isinstance(estimator, HoldsOut)
    if folds is not None:
        by_itself = holds_out_enough(estimator, len(X), task, n_groups)
    held_out, rows = None, np.arange(len(X))
    if not by_itself and folds is not None:
        splits = list(folds)
        on_stage(f"Held-out scores in {len(splits)} folds")
        held_out = out_of_fold(estimator, X, y, cv=splits, scores=task != "multilabel", groups=groups)
    on_stage(stage)
    start = perf_counter()
    told = lambda epoch, epochs: on_stage(f"{stage}, epoch {epoch} of {epochs}")  # noqa: E731
    fitted = _fitted(estimator, X, y, groups, told)
    seconds = perf_counter() - start
    if by_itself and len(fitted.held_out_indices_):
        held_out, rows = _asked_itself(fitted, y)
    elif folds is None:
        held_out, rows = _rehearsed(estimator, X, y, seed, groups)
    return Fitted(fitted, held_out, rows, seconds)


def _fitted(
    estimator: Any, X: NDArray[Any], y: NDArray[Any], groups: NDArray[np.str_] | None, on_epoch: OnEpoch
) -> Any:
    """A fitted clone; what is trained in epochs tells of them, unless it tells somebody else."""
    fresh = clone(estimator)
    watched = isinstance(fresh, TellsEpochs) and fresh.on_epoch is None
    if watched:
        fresh.set_params(on_epoch=lambda epoch, epochs, loss: on_epoch(epoch, epochs))
    fitted_apart(fresh, X, y, groups)
    return fresh.set_params(on_epoch=None) if watched else fresh


def _asked_itself(fitted: Any, y: NDArray[Any]) -> tuple[OutOfFold, NDArray[np.intp]]:
    scores, rows = fitted.held_out_scores_, fitted.held_out_indices_
    answered = fitted.classes_[scores.argmax(axis=1)]
    folds = np.zeros(len(rows), np.uint16)
    return OutOfFold(y[rows], as_one_column(scores), answered, folds, fitted.classes_), rows


def _rehearsed(
    estimator: Any, X: NDArray[Any], y: NDArray[Any], seed: int, groups: NDArray[np.str_] | None
) -> tuple[OutOfFold | None, NDArray[np.intp]]:
    """What a twin says of a twelfth of the images, which it never saw; nothing where that would be too few."""
    codes = np.unique(y, return_inverse=True)[1]
    rest, held = held_out_part(codes, PART, np.random.default_rng(seed), groups)
    if not len(held):
        return None, held
    twin = fitted_apart(clone(estimator), X[rest], y[rest], None if groups is None else groups[rest])
    scores, predictions = responses(twin, X[held])
    folds = np.zeros(len(held), np.uint16)
    return OutOfFold(y[held], scores, predictions, folds, twin.classes_, boundary(twin)), held
