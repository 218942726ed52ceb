"""Support vectors: kernels between images and support vectors, then all duels in one product."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.errors import ParameterError
from misread.export.graph.builder import Tensor
from misread.export.graph.neighbors import squared_distances
from misread.export.graph.said import Said, best_column
from misread.models._sklearn import packed_duals

__all__ = ["each_against_the_rest", "support_vectors"]

Floats = NDArray[np.float64]


def support_vectors(model: Any, x: Tensor) -> Said:
    """An SVC: one plane between two classes, else a duel for every two."""
    n_classes = len(model.classes_)
    (dual, intercept, _), kernel = packed_duals(model), _kernel(model, model.support_vectors_, x)
    if n_classes == 2:
        plane = kernel @ kernel.graph.constant(-dual.T, "dual") - intercept
        return Said(model.classes_, plane.named("plane"), is_plane=True)
    if model.decision_function_shape != "ovr":
        raise ParameterError("support vectors are exported with decision_function_shape='ovr' alone")
    duels = _duels(n_classes)
    weights = kernel.graph.constant(_dense(model, duels), "dual")
    wins = (kernel @ weights + intercept).named("duels")
    graph = wins.graph
    first, second = (np.eye(n_classes)[duels[:, side]] for side in (0, 1))
    ahead = wins @ (first - second)
    won_by_first = (wins >= 0.0).cast(np.float64)
    votes = (won_by_first @ (first - second) + second.sum(axis=0)).named("duels_won")
    scores = (votes + ahead / ((graph.add("Abs", ahead) + 1.0) * 3.0)).named("scores_of_classes")
    place = None if model.break_ties else best_column(votes)
    return Said(model.classes_, scores, place=place)


def each_against_the_rest(parts: list[Any], x: Tensor) -> Tensor:
    """The planes of several SVCs between two classes, their support vectors kept once; shape (n, len(parts))."""
    vectors, inverse = np.unique(
        np.concatenate([part.support_vectors_ for part in parts]), axis=0, return_inverse=True
    )
    weights = np.zeros((len(vectors), len(parts)))
    ends = np.cumsum([0, *(len(part.support_vectors_) for part in parts)])
    for column, part in enumerate(parts):
        np.add.at(
            weights[:, column], inverse.reshape(-1)[ends[column] : ends[column + 1]], -packed_duals(part)[0][0]
        )
    kernel = _kernel(parts[0], vectors, x)
    biases = -np.concatenate([packed_duals(part)[1] for part in parts])
    return (kernel @ kernel.graph.constant(weights, "dual") + biases).named("planes")


def _duels(n_classes: int) -> NDArray[np.intp]:
    return np.column_stack(np.triu_indices(n_classes, 1))


def _dense(model: Any, duels: NDArray[np.intp]) -> Floats:
    """Libsvm's packed coefficients with a column for every duel."""
    dual, _, counts = packed_duals(model)
    ends = np.cumsum([0, *counts])
    weights = np.zeros((len(model.support_vectors_), len(duels)))
    for column, (i, j) in enumerate(duels):
        of_i, of_j = (slice(ends[code], ends[code + 1]) for code in (i, j))
        weights[of_i, column] = dual[j - 1, of_i]
        weights[of_j, column] = dual[i, of_j]
    return weights


def _kernel(model: Any, vectors: Floats, x: Tensor) -> Tensor:
    """The kernel between every row and every support vector."""
    gamma, kind = float(model._gamma), model.kernel
    if kind == "rbf":
        return (_squared(x, vectors) * -gamma).exp().named("kernel")
    products = x.cast(np.float64) @ x.graph.constant(np.ascontiguousarray(vectors.T), "support_vectors")
    if kind == "linear":
        return products.named("kernel")
    if kind == "poly":
        return ((products * gamma + float(model.coef0)) ** float(model.degree)).named("kernel")
    if kind == "sigmoid":
        return x.graph.add("Tanh", products * gamma + float(model.coef0)).named("kernel")
    raise ParameterError(f"support vectors with the kernel {kind!r} are not exported; use rbf, linear or poly")


def _squared(x: Tensor, vectors: Floats) -> Tensor:
    """Squared distances as float64: of pixels exactly, of features by their products."""
    whole = vectors.astype(np.uint8) if x.dtype == np.uint8 and _are_bytes(vectors) else None
    if whole is not None:
        return squared_distances(x, whole).cast(np.float64)
    x = x.cast(np.float64)
    graph = x.graph
    products = x @ graph.constant(np.ascontiguousarray(vectors.T), "support_vectors")
    own = (x * x).sum(1, keep=True)
    squares = own + (graph.constant((vectors**2).sum(axis=1), "their_squares") - products * 2.0)
    return graph.add("Max", squares, 0.0).named("squared_distances")


def _are_bytes(values: Floats) -> bool:
    return bool(((values >= 0) & (values <= 255) & (values == np.rint(values))).all())
