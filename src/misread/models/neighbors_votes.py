"""How neighbours vote: pure functions of labels and distances, so one search serves many settings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import weighted_mode

from misread.errors import ParameterError

__all__ = ["SEQUENTIAL", "is_uniform", "most_votes", "neighbor_weights", "vote", "vote_shares"]

# NumPy adds fewer than eight numbers one after the other; from eight on in another order.
SEQUENTIAL = 8


def is_uniform(weights: Any) -> bool:
    """Whether every neighbour counts the same."""
    return weights is None or (isinstance(weights, str) and weights == "uniform")


def neighbor_weights(distances: NDArray[np.float64], weights: Any) -> NDArray[np.float64]:
    """Give each neighbour's weight in the vote, as scikit-learn does.

    Parameters
    ----------
    distances : ndarray of shape (n_queries, n_neighbors)
        Euclidean distances, not squared.
    weights : {'uniform', 'distance'}, callable or None
        'distance' is one over the distance; where neighbours are at distance zero, only these count.

    Returns
    -------
    ndarray of shape (n_queries, n_neighbors)

    Raises
    ------
    ValueError
        If all neighbours of a query weigh nothing.
    """
    if is_uniform(weights):
        return np.ones(distances.shape)
    if isinstance(weights, str):
        with np.errstate(divide="ignore"):
            result = 1.0 / distances
        infinite = np.isinf(result)
        rows = infinite.any(axis=1)
        result[rows] = infinite[rows]
    else:
        result = weights(distances)
        if result is None:
            return np.ones(distances.shape)
    if (np.asarray(result) == 0).all(axis=1).any():
        raise ValueError(
            "All neighbors of some sample is getting zero weights. "
            "Please modify 'weights' to avoid this case if you are using a user-defined function."
        )
    return result


def vote_shares(codes: NDArray[Any], weights: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Give each class's share of the neighbours' votes.

    Parameters
    ----------
    codes : ndarray of shape (n_queries, n_neighbors), int
        Class codes 0..n_classes-1 of the neighbours.
    weights : ndarray of shape (n_queries, n_neighbors)
    n_classes : int

    Returns
    -------
    ndarray of shape (n_queries, n_classes)
        Rows sum to one.
    """
    shares = np.zeros((len(codes), n_classes))
    rows = np.arange(len(codes))
    for place in range(codes.shape[1]):
        shares[rows, codes[:, place]] += weights[:, place]
    shares /= shares.sum(axis=1)[:, np.newaxis]
    return shares


def vote(
    codes: NDArray[Any], squared_distances: NDArray[Any], n_neighbors: int, weights: Any, n_classes: int
) -> NDArray[np.intp]:
    """Classify by the first `n_neighbors` of a search; one search serves every number of neighbours and weighting.

    Parameters
    ----------
    codes : ndarray of shape (n_queries, k_max), int
        Class codes 0..n_classes-1 of the neighbours, nearest first.
    squared_distances : ndarray of shape (n_queries, k_max)
    n_neighbors : int
        At most k_max.
    weights : {'uniform', 'distance'}, callable or None
    n_classes : int

    Returns
    -------
    ndarray of shape (n_queries,), int
        The class code with the most weight; the lowest among equals.

    Raises
    ------
    ParameterError
        If `n_neighbors` is not between 1 and k_max.
    """
    if not 1 <= n_neighbors <= codes.shape[1]:
        raise ParameterError(
            f"n_neighbors must be between 1 and {codes.shape[1]}, the neighbours given, not {n_neighbors}"
        )
    nearest = np.ascontiguousarray(codes[:, :n_neighbors])
    weight = neighbor_weights(np.sqrt(squared_distances[:, :n_neighbors]), weights)
    return most_votes(nearest, weight, n_classes, exact_sums=is_uniform(weights))


def most_votes(
    codes: NDArray[Any], weights: NDArray[np.float64], n_classes: int, exact_sums: bool
) -> NDArray[np.intp]:
    """The heaviest class, adding the weights in the order scikit-learn does, so that ties by rounding agree."""
    if exact_sums or codes.shape[1] < SEQUENTIAL:
        totals = np.zeros((len(codes), n_classes))
        rows = np.arange(len(codes))
        for place in range(codes.shape[1]):
            totals[rows, codes[:, place]] += weights[:, place]
        return totals.argmax(axis=1)
    return weighted_mode(codes, weights, axis=1)[0].ravel().astype(np.intp)
