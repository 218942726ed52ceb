"""Estimators that we have no form of our own for, through skops: audited against a list before any is constructed.

The list of types is here, never in a file. What passes is data: no function of a file is ever called.
"""

import io
import zipfile
from typing import Any

import numpy as np
import skops.io
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.svm._base import BaseLibSVM
from sklearn.tree._tree import Tree

from misread.bundle.archive import check_members
from misread.bundle.trees import check_children, check_nodes
from misread.errors import ModelFileError

__all__ = ["TRUSTED_TYPES", "dumps", "loads"]

TRUSTED_TYPES = (
    "misread.models.forest.RandomForestClassifier",
    "misread.models.neighbors.KNeighborsClassifier",
    "misread.models.sgd.SGDClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.frozen._frozen.FrozenEstimator",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)
"""Types that a skops part may construct besides those of scikit-learn and NumPy that skops itself vouches for."""


MAX_DEPTH = 12


def dumps(estimator: Any) -> NDArray[np.uint8]:
    """Write an estimator as bytes.

    Raises
    ------
    ModelFileError
        If it holds a type that `loads` would refuse.
    """
    try:
        content = skops.io.dumps(estimator)
        unknown = _untrusted(content)
    except Exception as error:  # skops raises what the estimator's own attributes make it raise
        raise ModelFileError(f"{type(estimator).__name__} cannot be written to a model file: {error}") from error
    if unknown:
        raise ModelFileError(
            f"{type(estimator).__name__} holds {', '.join(sorted(unknown)[:5])}, which a model file may not hold; "
            "use estimators of scikit-learn, without functions or classes of your own"
        )
    return np.frombuffer(content, np.uint8)


def loads(array: NDArray[Any]) -> Any:
    """Audit what `dumps` wrote, then construct it.

    Raises
    ------
    ModelFileError
        If it names other types, or arrays that compiled code would follow out of bounds. skops may raise others.
    """
    if array.dtype != np.uint8 or array.ndim != 1:
        raise ModelFileError("a part for skops is not bytes; refused")
    content = array.tobytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check_members(archive, len(content))
    unknown = _untrusted(content)
    if unknown:
        raise ModelFileError(
            f"it wants to construct {', '.join(sorted(unknown)[:5])[:200]}, which is not allowed; refused"
        )
    estimator = skops.io.loads(content, trusted=list(TRUSTED_TYPES))
    if not isinstance(estimator, BaseEstimator) or not hasattr(estimator, "predict"):
        raise ModelFileError("it holds something that is no estimator; refused")
    _check_parts(estimator, _n_features(estimator), MAX_DEPTH)
    return estimator


def _untrusted(content: bytes) -> set[str]:
    return set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED_TYPES)


def _n_features(part: Any) -> int:
    return int(getattr(part, "n_features_in_", 0))


def _check_parts(part: Any, n_features: int, depth: int) -> None:
    """Check the arrays that compiled code trusts, in every part of an estimator."""
    if depth == 0:
        raise ModelFileError("its parts are nested too deep; refused")
    if isinstance(part, Tree):
        check_nodes(part.__getstate__()["nodes"], part.n_features)
        if part.n_features != n_features:
            raise ModelFileError("a tree in it is for other images than its model; refused")
    elif isinstance(part, TreePredictor):
        nodes = part.nodes
        check_children(nodes["left"], nodes["right"], nodes["feature_idx"], nodes["is_leaf"] == 0, n_features)
        if nodes["is_categorical"].any():
            raise ModelFileError("a tree in it splits on categories, which images have none of; refused")
    elif isinstance(part, BaseEstimator):
        if isinstance(part, BaseLibSVM):
            _check_svm(part)
        for inner in vars(part).values():
            _check_parts(inner, _n_features(part) or n_features, depth - 1)
    elif isinstance(part, dict):
        for inner in part.values():
            _check_parts(inner, n_features, depth - 1)
    elif isinstance(part, list | tuple) or (isinstance(part, np.ndarray) and part.dtype == object):
        for inner in part:
            _check_parts(inner, n_features, depth - 1)


def _check_svm(model: BaseLibSVM) -> None:
    """See that the arrays that libsvm reads are as large as it thinks."""
    if not hasattr(model, "support_vectors_"):
        return
    n_vectors, n_classes = len(model.support_vectors_), len(model._n_support)
    n_pairs = max(1, n_classes * (n_classes - 1) // 2)
    fits = (
        not model._sparse
        and isinstance(model.kernel, str)
        and model.support_vectors_.shape == (n_vectors, model.n_features_in_)
        and model.support_.shape == (n_vectors,)
        and (model._n_support >= 0).all()
        and model._n_support.sum() == n_vectors
        and model._dual_coef_.shape == (max(1, n_classes - 1), n_vectors)
        and model._intercept_.shape == (n_pairs,)
        and all(probability.shape in ((0,), (n_pairs,)) for probability in (model._probA, model._probB))
    )
    if not fits:
        raise ModelFileError("the arrays of a support vector machine in it do not fit together; refused")
