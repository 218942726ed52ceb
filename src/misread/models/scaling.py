"""Standardised pixels, fitted without a copy of all of them in float64."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from misread.kernels.jit import read_only
from misread.kernels.moments import sum_deviations

__all__ = ["LARGE", "fit_scaler", "is_pixels"]

LARGE = 2**22  # values; below this, a float64 copy of a uint8 matrix costs nothing worth saving
FITTED = "mean_", "var_", "scale_"
EPSILON = np.finfo(np.float64).eps


def is_pixels(X: Any) -> bool:
    """Whether it is a uint8 matrix."""
    return isinstance(X, np.ndarray) and X.dtype == np.uint8


def fit_scaler(scaler: StandardScaler, X: Any) -> StandardScaler:
    """Fit a clone of `scaler` on `X`, a large ``uint8`` matrix in a kernel of our own with the same numbers.

    StandardScaler treats each column by itself, adding its values from the first row to the last; only a matrix
    of a single column is summed in another order. Two columns are fitted by scikit-learn as well: should it ever
    count in another way than the kernel, it fits them all.
    """
    fitted = clone(scaler)
    if not is_pixels(X) or X.size <= LARGE or X.shape[1] < 2 or not X.flags.c_contiguous:
        return fitted.fit(X)
    values = _fitted(read_only(X))
    some = np.argsort(values["var_"], kind="stable")[-2:]
    known: Any = clone(scaler).fit(np.ascontiguousarray(X[:, some]))
    kept = {name: value for name, value in values.items() if getattr(known, name) is not None}
    if any(kept[name][some].tobytes() != getattr(known, name).tobytes() for name in kept):
        return fitted.fit(X)
    for name in FITTED:
        setattr(fitted, name, kept.get(name))
    fitted.n_samples_seen_ = known.n_samples_seen_
    fitted.n_features_in_ = X.shape[1]
    return fitted


def _fitted(X: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """What StandardScaler keeps, by its own formulas."""
    n, m = X.shape
    total, deviations, squares = np.zeros((3, m))
    sum_deviations(X, np.zeros(m), total, squares)  # whole numbers: exact
    mean, squares = total / n, np.zeros(m)
    sum_deviations(X, mean, deviations, squares)
    var = (squares - deviations**2 / n) / n
    is_constant = var <= n * EPSILON * var + (n * mean * EPSILON) ** 2
    return {"mean_": mean, "var_": var, "scale_": np.where(is_constant, 1.0, np.sqrt(var))}
