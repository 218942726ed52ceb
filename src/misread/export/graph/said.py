"""What the part of a graph that stands for an estimator gives."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.export.graph.builder import Tensor

__all__ = ["Said", "best_column"]


@dataclass(frozen=True)
class Said:
    """Answers of an estimator, as tensors.

    Attributes
    ----------
    classes : ndarray
        The estimator's classes, which the columns are for.
    scores : Tensor of float64
        A column for every class; one column for a plane between two, positive on the side of the second.
    probabilities : Tensor of float64, shape (n, n_classes), or None
        Of an estimator that is calibrated by itself; None of others.
    place : Tensor of int64, shape (n,), or None
        The answer as an index into `classes`, where it is not that of the highest score.
    is_plane : bool
        Whether there is one column of scores.
    gives_shares : bool
        Whether the scores are votes or other shares of 1.
    """

    classes: NDArray[Any]
    scores: Tensor
    probabilities: Tensor | None = None
    place: Tensor | None = None
    is_plane: bool = False
    gives_shares: bool = False

    def answer(self) -> Tensor:
        """The answer as an index into `classes`, int64 of shape (n,)."""
        if self.place is not None:
            return self.place
        if self.is_plane:
            return (self.scores > 0.0).cast(np.int64).reshape(-1)
        return best_column(self.scores)


def best_column(table: Tensor) -> Tensor:
    """The place of the highest value of each row, the first among equals; int64 of shape (n,)."""
    return table.graph.add("ArgMax", table, axis=1, keepdims=0, dtype=np.int64)
