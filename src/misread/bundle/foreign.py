"""Estimators that we have no form of our own for, through skops: audited against a list before any is constructed.

The list of types is in `allowed`, never in a file. What passes is data: no function of a file is ever called.
"""

from typing import Any

import numpy as np
import skops.io
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from misread.bundle.allowed import TRUSTED_TYPES
from misread.bundle.audit import audited
from misread.bundle.budget import MOST_MEMORY, Budget
from misread.bundle.fitted import check_fitted
from misread.errors import ModelFileError

__all__ = ["dumps", "loads"]


def dumps(estimator: Any) -> NDArray[np.uint8]:
    """Write an estimator as bytes.

    Raises
    ------
    ModelFileError
        If it is one that `loads` would refuse.
    """
    try:
        content = skops.io.dumps(estimator)
        loads(np.frombuffer(content, np.uint8), Budget(len(content), MOST_MEMORY))
    except Exception as error:  # skops raises what the estimator's own attributes make it raise
        raise ModelFileError(f"{type(estimator).__name__} cannot be written to a model file: {error}") from error
    return np.frombuffer(content, np.uint8)


def loads(array: NDArray[Any], budget: Budget | None = None) -> Any:
    """Audit what `dumps` wrote, then construct it within a budget.

    Raises
    ------
    ModelFileError
        If it names other types, or arrays that compiled code would follow out of bounds. skops may raise others.
    """
    if array.dtype != np.uint8 or array.ndim != 1:
        raise ModelFileError("a part for skops is not bytes; refused")
    content = audited(array.tobytes(), budget or Budget(array.nbytes))
    estimator = skops.io.loads(content, trusted=list(TRUSTED_TYPES))
    if not isinstance(estimator, BaseEstimator) or not (
        hasattr(estimator, "predict") or hasattr(estimator, "transform")
    ):
        raise ModelFileError("it holds something that is no estimator; refused")
    check_fitted(estimator)
    return estimator
