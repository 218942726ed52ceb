"""Standardised pixels, fitted without a copy of all of them in float64."""

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

__all__ = ["LARGE", "fit_scaler", "is_pixels"]

LARGE = 2**22  # values; below this, a float64 copy of a uint8 matrix costs nothing worth saving


def is_pixels(X: Any) -> bool:
    """Whether it is a uint8 matrix."""
    return isinstance(X, np.ndarray) and X.dtype == np.uint8


def fit_scaler(scaler: StandardScaler, X: Any) -> StandardScaler:
    """Fit a clone of `scaler` on `X`, a large ``uint8`` matrix by groups of columns to save memory.

    StandardScaler treats each column by itself, adding its values from the first row to the last; only a
    matrix of a single column is summed in another order, so no group has just one.
    """
    fitted = clone(scaler)
    if not is_pixels(X) or X.size <= LARGE or X.shape[1] < 4:
        return fitted.fit(X)
    n_groups = min(X.shape[1] // 2, -(-X.size // LARGE))
    parts = [clone(scaler).fit(columns) for columns in np.array_split(X, n_groups, axis=1)]
    for name in ("mean_", "var_", "scale_"):
        values = [getattr(part, name) for part in parts]
        setattr(fitted, name, None if values[0] is None else np.concatenate(values))
    fitted.n_samples_seen_ = parts[0].n_samples_seen_
    fitted.n_features_in_ = X.shape[1]
    return fitted
