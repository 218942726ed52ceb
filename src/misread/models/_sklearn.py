"""The one place that touches names which scikit-learn keeps to itself; what changes there is mended here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import _fit_context as fit_context
from sklearn.ensemble._forest import ForestClassifier
from sklearn.ensemble._forest import _get_n_samples_bootstrap as n_samples_bootstrap
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.svm._base import BaseLibSVM
from sklearn.tree._tree import Tree
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "BaseLibSVM",
    "ForestClassifier",
    "Tree",
    "TreePredictor",
    "check_sample_weight",
    "fit_context",
    "n_samples_bootstrap",
    "packed_duals",
]


def packed_duals(machine: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Dual coefficients, intercepts and support vectors a class of a fitted SVC, as libsvm packs them."""
    return machine._dual_coef_, machine._intercept_, machine._n_support
