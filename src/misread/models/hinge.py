"""One class against the rest: from a classifier's parameters to the kernel that fits the weights."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import check_array

from misread.kernels.rows import Rows, by_patch
from misread.kernels.sgd import fit_hinge, shuffle_order
from misread.models.scaling import is_pixels
from misread.parallel import Shared

__all__ = ["LARGEST_SEED", "dense_weights", "draw_seed", "fit_class", "initial_weights", "kernel_rows"]

LARGEST_SEED = np.iinfo(np.int32).max


def fit_class(
    shared: Shared,
    positive: int,
    negative_weight: float,
    seed: int,
    shuffle: bool,
    coef: NDArray[np.float64],
    intercept: float,
) -> tuple[NDArray[np.float64], float, int, bool]:
    """Fit one class against the rest; returns its weights, intercept, epochs and whether they are finite."""
    rows, rule, codes, weight, class_weight = shared.value
    is_positive = codes == positive
    label = np.where(is_positive, 1.0, -1.0)
    weight = np.where(is_positive, class_weight[positive], negative_weight) * weight
    order = shuffle_order(len(codes), seed) if shuffle else np.arange(len(codes), dtype=np.int32)
    coef = np.array(coef)
    return coef, *fit_hinge(rows, rule, label, weight, order, coef, float(intercept))


def draw_seed(generator: np.random.RandomState) -> int:
    """The shuffle's seed; scikit-learn draws another number first, for its data set object."""
    generator.randint(1, LARGEST_SEED)
    return int(generator.randint(LARGEST_SEED))


def initial_weights(
    coef: ArrayLike | None, intercept: ArrayLike | None, n_classes: int, n_features: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and intercepts to start from: those given, of the right shape, or zeros."""
    n_planes = 1 if n_classes == 2 else n_classes
    weights, biases = np.zeros((n_planes, n_features)), np.zeros(n_planes)
    if coef is not None:
        given = np.array(coef, dtype=np.float64)
        if given.shape != weights.shape and not (n_planes == 1 and given.size == n_features):
            raise ValueError(f"coef_init must have shape {weights.shape}, got {given.shape}")
        weights = np.ascontiguousarray(given.reshape(weights.shape))
    if intercept is not None:
        given = np.array(intercept, dtype=np.float64)
        if given.shape != biases.shape and not (n_planes == 1 and given.shape == ()):
            raise ValueError(f"intercept_init must have shape {biases.shape}, got {given.shape}")
        biases = given.reshape(biases.shape)
    return weights, biases


def dense_weights(model: Any) -> NDArray[np.float64]:
    """The weights of a fitted linear model as an array, also where `sparsify` made them sparse."""
    weights: Any = model.coef_
    return weights if isinstance(weights, np.ndarray) else weights.toarray()


def kernel_rows(X: Any, scaler: Any, coef: NDArray[np.float64]) -> tuple[Rows, NDArray[np.intp]]:
    """Samples as the kernel reads them, and the columns that it has to read.

    A pixel that is 0 in every image keeps the weight 0, and adds 0 to every score.
    """
    if is_pixels(X):
        mean, scale = np.zeros(X.shape[1]), np.ones(X.shape[1])
        if scaler is not None and scaler.with_mean:
            mean = np.asarray(scaler.mean_, np.float64)
        if scaler is not None and scaler.with_std:
            scale = np.asarray(scaler.scale_, np.float64)
        is_zero = ~X.any(axis=0) & (mean == 0.0) & (abs(scale) > 0.0) & ~coef.any(axis=0)
        columns = np.arange(X.shape[1]) if is_zero.all() else np.flatnonzero(~is_zero)
        columns = by_patch(columns, X.shape[1])
        rows = Rows.of_pixels(X, columns, *(() if scaler is None else (mean, scale)))
        if np.isfinite(rows.screen.slack):
            return rows, columns
    floats: Any = X if scaler is None else scaler.transform(X)
    if sparse.issparse(floats):
        floats = floats.toarray()  # type: ignore[attr-defined]
    return Rows.of_floats(check_array(floats, dtype=np.float64, order="C")), np.arange(X.shape[1])
