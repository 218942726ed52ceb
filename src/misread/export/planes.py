"""A linear model as planes over pixels as they are, its scaler folded in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["planes_of"]


def planes_of(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of shape (n_planes, n_pixels) and biases of shape (n_planes,) of an SGDClassifier."""
    weights, biases = np.array(model.coef_, np.float64), np.array(model.intercept_, np.float64)
    scaler = model.scaler_
    if scaler is not None:
        if scaler.with_std:
            weights = weights / scaler.scale_
        if scaler.with_mean:
            biases = biases - weights @ scaler.mean_
    return weights, biases
