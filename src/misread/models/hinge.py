"""One class against the rest: from a classifier's parameters to the kernel that fits the weights."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.kernels.sgd import fit_hinge, shuffle_order
from misread.parallel import Shared

__all__ = ["LARGEST_SEED", "dense_weights", "draw_seed", "fit_class", "initial_weights"]

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
