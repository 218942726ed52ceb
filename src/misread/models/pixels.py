"""How an estimator reads images: rows of numbers in, `uint8` images out."""

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from misread.errors import ParameterError

__all__ = ["PixelReader", "image_shape", "seen_by", "set_shape"]


@dataclass(frozen=True)
class PixelReader:
    """What was learnt about the rows of pixels that an estimator was fitted on.

    `uint8` is taken as it is, and so are other whole numbers from 0 to 255. Other numbers are read on the scale of
    the training images: `low` becomes grey level 0 and `high` becomes 255, so that images divided by 255 give
    what the `uint8` ones do.

    Attributes
    ----------
    shape : (int, int)
        Height and width, in pixels.
    low, high : float
    """

    shape: tuple[int, int]
    low: float = 0.0
    high: float = 255.0

    @classmethod
    def learn(cls, X: NDArray[Any], shape: tuple[int, int] | None = None) -> "PixelReader":
        """Learn from training images of shape (n, height * width)."""
        size = image_shape(X.shape[1], shape)
        if X.dtype in (np.uint8, np.bool_):
            return cls(size, 0.0, 1.0 if X.dtype == np.bool_ else 255.0)
        low, high = float(X.min()), float(X.max())
        if low >= 0 and 1 < high <= 255 and np.array_equal(X, np.rint(X)):
            return cls(size)
        low = min(low, 0.0) if low >= 0 else low
        return cls(size, low, high if high > low else low + 1)

    def read(self, X: NDArray[Any]) -> NDArray[np.uint8]:
        """Give images of shape (n, height, width); values outside of the scale are cut off."""
        if X.dtype != np.uint8 or self.high != 255.0 or self.low != 0.0:
            levels = (np.asarray(X, np.float64) - self.low) * (255.0 / (self.high - self.low))
            X = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(X).reshape(len(X), *self.shape)


def image_shape(n_features: int, shape: tuple[int, int] | None = None) -> tuple[int, int]:
    """Height and width of an image of so many pixels: `shape`, or a square, or else one row.

    Raises
    ------
    ParameterError
        If `shape` has another number of pixels.
    """
    if shape is not None:
        height, width = shape
        if height * width != n_features:
            raise ParameterError(
                f"images of {height}x{width} have {height * width} pixels, not {n_features}; give their shape"
            )
        return int(height), int(width)
    side = isqrt(n_features)
    return (side, side) if side * side == n_features else (1, n_features)


def set_shape(estimator: Any, shape: tuple[int, int]) -> Any:
    """Tell an estimator, and those inside it, the height and width of its images, where it has not been told.

    Rows of pixels do not say how they were an image; without this, images that are not square are taken for one
    row, or for a square of as many pixels.

    Parameters
    ----------
    estimator : estimator
        Changed in place: parameters called `shape` that are None.
    shape : (int, int)

    Returns
    -------
    estimator
        The same.
    """
    unknown = [
        name
        for name, value in estimator.get_params().items()
        if value is None and name.rpartition("__")[2] == "shape"
    ]
    return estimator.set_params(**dict.fromkeys(unknown, shape))


def seen_by(estimator: Any, X: Any, **rules: Any) -> Any:
    """Check what a fitted estimator is asked, as `validate_data` does with `reset=False`.

    Rows of ``uint8`` in the right number cannot be wrong, and come back as they are: to find that out takes
    scikit-learn longer than a small model takes to answer one image.

    Parameters
    ----------
    estimator : fitted estimator
    X : array-like
    **rules
        Other arguments of `validate_data`.
    """
    if (
        type(X) is np.ndarray
        and X.dtype == np.uint8
        and X.ndim == 2
        and len(X)
        and X.shape[1] == getattr(estimator, "n_features_in_", None)
        and X.flags.c_contiguous
        and not hasattr(estimator, "feature_names_in_")
    ):
        return X
    return validate_data(estimator, X, reset=False, **rules)
