"""How likely a label is wrong: what is said of an image against how often labels are changed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logsumexp

from misread.errors import ParameterError
from misread.evaluation.scores import as_codes

__all__ = ["LabelChances", "label_chances", "votes_in_logs"]

EVENLY = 3.0
"""How much more weight the guess has that any class is put for any other than what the data says of each pair.

That 8s are labelled 3 more often than 1s may be mistakes that people make, or images that are both. Taken at its
word, the second would pass for the first."""
MOST_ROWS = 20_000
"""So many images are enough to weigh the witnesses by."""
_ROUNDS = 15
_WIDEST, _WIDEST_LEAD = 5.0, 0.5
_FIRST_GUESS = 0.05
_SHARP = 8.0
"""Witnesses are believed at first: what contradicts a label is a changed label, unless that explains it worse."""
_LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class LabelChances:
    """What is thought of every label.

    Attributes
    ----------
    log_odds : ndarray of float64, shape (n,)
        Of its being wrong.
    true : ndarray of float64, shape (n, n_classes)
        How likely each class is the true one, the label being known.
    mistakes : ndarray of float64, shape (n_classes, n_classes)
        How often an image of class i (row) is labelled j (column).
    weights : ndarray of float64, shape (n_views,)
        How much each witness counts.
    """

    log_odds: NDArray[np.float64]
    true: NDArray[np.float64]
    mistakes: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def chance(self) -> NDArray[np.float64]:
        """That each label is wrong, shape (n,)."""
        return np.asarray(expit(self.log_odds), np.float64)

    @property
    def expected(self) -> float:
        """How many labels are expected to be wrong."""
        return float(self.chance.sum())


def label_chances(y: ArrayLike, views: Sequence[ArrayLike], *, seed: int = 0) -> LabelChances:
    """Chance that each label is wrong, by what several witnesses say of each image.

    Two things are weighed together: what class an image is of, by a softmax over the weighted sum of what all
    witnesses say; and how often a label is another than that. The weights, and the shares of labels changed from
    each class to each other, are those that explain the labels best. An image on which the witnesses disagree is
    then no suspect, and one that all take for a 7 and that is labelled 1 is.

    Parameters
    ----------
    y : array-like of shape (n,), integer class codes
    views : sequence of array-like of shape (n, n_classes)
        What each witness says of each class, as logarithms or scores: the more, the likelier. None may have seen
        the label of the image: held-out scores, votes of the other images.
    seed : int
        Of the choice of images to weigh witnesses by, where there are very many.

    Returns
    -------
    LabelChances

    Raises
    ------
    ParameterError
        If the views have other shapes.

    Notes
    -----
    The mixture is fitted by expectation maximisation (A. Dempster, N. Laird and D. Rubin, Maximum likelihood from
    incomplete data via the EM algorithm, Journal of the Royal Statistical Society B 39, 1977), for label noise as
    in A. Dawid and A. Skene (Applied Statistics 28, 1979), with held-out scores in the place of annotators.

    Examples
    --------
    Forty images that are plainly of one of two classes; one is labelled as the other.

    >>> says = np.repeat([[3.0, -3.0], [-3.0, 3.0]], 20, axis=0)
    >>> y = np.repeat([0, 1], 20)
    >>> y[5] = 1
    >>> found = label_chances(y, [says])
    >>> int(found.chance.argmax()), bool(found.chance[5] > 0.7), bool(found.expected < 1.5)
    (5, True, True)
    """
    tables = [_scaled(np.asarray(view, np.float64)) for view in views]
    if not tables or any(table.ndim != 2 or table.shape != tables[0].shape for table in tables):
        raise ParameterError(
            f"views are tables of one shape (n, n_classes), got {[table.shape for table in tables]}"
        )
    said = np.stack(tables, axis=-1)
    n, n_classes, _ = said.shape
    codes = as_codes(y, n_classes)
    rows = np.arange(n)
    if n > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).permutation(n)[:MOST_ROWS])
    parameters, mistakes = _explained(codes[rows], said[rows])
    joint = _joint(codes, said, parameters, mistakes)
    true = joint - logsumexp(joint, axis=1, keepdims=True)
    own = true[np.arange(n), codes]
    others = true.copy()
    others[np.arange(n), codes] = -np.inf
    return LabelChances(
        logsumexp(others, axis=1) - own if n_classes > 1 else np.full(n, -np.inf),
        np.exp(true),
        mistakes,
        parameters[: said.shape[2]],
    )


def votes_in_logs(votes: ArrayLike, *, doubt: float = 0.3) -> NDArray[np.float64]:
    """Shares of votes as logarithms, each class being given a little of a vote more than it has.

    Parameters
    ----------
    votes : array-like of shape (n, n_classes)
        Counts, or shares of 1.
    doubt : float
        The part of a vote.
    """
    table = np.asarray(votes, np.float64) + doubt
    return np.log(table / table.sum(axis=1, keepdims=True))


def _scaled(view: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of common spread about their mean; what says nothing becomes 0."""
    if view.ndim != 2 or not view.size:
        return view
    finite = np.isfinite(view)
    if not finite.all():
        view = np.where(finite, view, view[finite].min() if finite.any() else 0.0)
    view = view - view.mean(axis=1, keepdims=True)
    spread = view.std()
    return view / spread if spread > 0 else view


def _explained(
    codes: NDArray[np.int64], said: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights, with a lead for each class, and the shares of changed labels, by expectation maximisation."""
    n, n_classes, n_views = said.shape
    parameters = np.concatenate([np.full(n_views, _SHARP), np.zeros(n_classes)])
    mistakes = _even(_FIRST_GUESS, n_classes)
    bounds = [(0.0, None)] * n_views + [(None, None)] * n_classes
    for _ in range(_ROUNDS if n_classes > 1 else 0):
        joint = _joint(codes, said, parameters, mistakes)
        true = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
        parameters = minimize(
            _loss, parameters, (said, true), "L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": 15}
        ).x
        counts = np.zeros((n_classes, n_classes))
        np.add.at(counts.T, codes, true)
        changed = (counts.sum() - np.trace(counts)) / n
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), _LEAST)
        mistakes = (shares + EVENLY * _even(changed, n_classes)) / (1 + EVENLY)
    return parameters, mistakes


def _even(changed: float, n_classes: int) -> NDArray[np.float64]:
    """Labels changed to any other class alike."""
    table = np.full((n_classes, n_classes), max(changed, _LEAST) / max(n_classes - 1, 1))
    np.fill_diagonal(table, 1 - changed)
    return table


def _joint(
    codes: NDArray[np.int64],
    said: NDArray[np.float64],
    parameters: NDArray[np.float64],
    mistakes: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Logarithm of: the image is of class k, and is labelled as it is; shape (n, n_classes)."""
    logits = said @ parameters[: said.shape[2]] + parameters[said.shape[2] :]
    return np.asarray(log_softmax(logits, axis=1) + np.log(np.maximum(mistakes, _LEAST))[:, codes].T)


def _loss(
    parameters: NDArray[np.float64], said: NDArray[np.float64], true: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Of a softmax regression on shares of classes, and its gradient.

    Weights without bound are not believed, nor a lead that would explain many changed labels of a class away.
    """
    n, _, n_views = said.shape
    logs = log_softmax(said @ parameters[:n_views] + parameters[n_views:], axis=1)
    off = np.exp(logs) - true
    precision = np.repeat([_WIDEST**-2, _WIDEST_LEAD**-2], [n_views, said.shape[1]])
    gradient = np.concatenate([np.einsum("nk,nkv->v", off, said), off.sum(axis=0)]) + precision * parameters
    loss = -float((true * logs).sum()) + float((precision * parameters**2).sum()) / 2
    return loss / n, gradient / n
