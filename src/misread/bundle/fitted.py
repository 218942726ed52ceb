"""Fitted estimators of a file that we did not construct: each array that compiled code follows, checked.

scikit-learn's compiled code trusts what a fitted estimator holds. Python code of it, which is the rest, raises.
"""

from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import BaseDecisionTree

from misread.bundle.leaves import MAX_CLASSES
from misread.bundle.trees import check_children, check_nodes
from misread.errors import ModelFileError
from misread.images.fit import MAX_SIDE
from misread.models import RandomForestClassifier
from misread.models._sklearn import BaseLibSVM, ForestClassifier, Tree, TreePredictor

__all__ = ["check_fitted"]

_KERNELS = ("linear", "poly", "rbf", "sigmoid")
_OURS = {"n_jobs": None, "verbose": 0}
_COUNTS = {
    "n_features_in_": 4 * MAX_SIDE**2,
    "n_outputs_": MAX_SIDE**2,
    "n_components_": MAX_SIDE**2,
    "n_trees_per_iteration_": MAX_CLASSES,
}
"""How much an estimator may claim to have of what it makes tables of."""
_METRICS = ("cityblock", "chebyshev", "cosine", "euclidean", "l1", "l2", "manhattan", "minkowski")


def check_fitted(estimator: BaseEstimator) -> None:
    """Check an estimator and all its parts; let none start as many processes, or print, as a file says.

    Raises
    ------
    ModelFileError
        If a part hides a method of its class, or its arrays do not fit together. Other exceptions mean the same.
    """
    parts = list(_parts(estimator))
    for part in parts:
        for kind, check in _CHECKS:
            if isinstance(part, kind):
                check(part)
        vars(part).update({name: value for name, value in _OURS.items() if name in vars(part)})


def _parts(estimator: BaseEstimator) -> Iterable[Any]:
    """All objects that it is made of, each once."""
    seen: set[int] = set()
    rest: list[Any] = [estimator]
    while rest:
        part = rest.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Tree | TreePredictor):
            raise ModelFileError("it holds a tree outside of the estimators that check it; refused")
        if isinstance(part, dict):
            rest += part.values()
        elif isinstance(part, list | tuple) or (isinstance(part, np.ndarray) and part.dtype == object):
            rest += part.ravel().tolist() if isinstance(part, np.ndarray) else part
        elif type(part).__module__.startswith(("sklearn.", "misread.")) and hasattr(part, "__dict__"):
            hidden = [name for name in vars(part) if hasattr(type(part), name)]
            if hidden:
                raise ModelFileError(f"it redefines {hidden[0][:40]!r} of {type(part).__name__}; refused")
            rest += [value for name, value in vars(part).items() if name not in ("tree_", "_predictors")]
            yield part


def _fit(condition: object, what: str) -> None:
    if not condition:
        raise ModelFileError(f"the arrays of {what} in it do not fit together; refused")


def _is_count(value: Any) -> bool:
    return type(value) is int or isinstance(value, np.integer)


def _check_any(part: Any) -> None:
    """Trees are only ever where their owner is looked at; that many features are read."""
    held = vars(part)
    _fit("tree_" not in held or isinstance(part, BaseDecisionTree), "a tree")
    _fit("_predictors" not in held or isinstance(part, HistGradientBoostingClassifier), "a tree")
    for name, most in _COUNTS.items():
        value = held.get(name)
        _fit(value is None or (_is_count(value) and 0 <= value <= most), "an estimator")
    if "n_classes_" in held:
        _check_class_counts(held["n_classes_"], held.get("classes_"))


def _check_class_counts(counts: Any, classes: Any) -> None:
    """See that as many classes are counted as there are: tables of answers are made that wide."""
    several = isinstance(classes, list)
    counts, classes = (list(counts), classes) if several else ([counts], [classes])
    fits = len(counts) == len(classes) and all(
        _is_count(n) and n == np.size(one) <= MAX_CLASSES for n, one in zip(counts, classes, strict=True)
    )
    _fit(fits, "an estimator and its classes")


def _check_tree(model: BaseDecisionTree) -> None:
    tree = getattr(model, "tree_", None)
    if tree is None:
        return
    _fit(type(tree) is Tree and tree.node_count == tree.capacity, "a tree")
    check_nodes(tree.__getstate__()["nodes"], tree.n_features)
    if tree.n_features != getattr(model, "n_features_in_", None):
        raise ModelFileError("a tree in it is for other images than its model; refused")


def _check_forest(model: ForestClassifier) -> None:
    trees = getattr(model, "estimators_", [])
    _fit(isinstance(trees, list) and all(_is_tree_for(tree, model) for tree in trees), "a forest")
    if trees and isinstance(model, RandomForestClassifier):
        sizes = {(tree.tree_.n_outputs, tree.tree_.max_n_classes) for tree in trees}
        _fit(model.n_outputs_ != 1 or sizes == {(1, model.n_classes_)}, "a forest")


def _is_tree_for(tree: Any, model: Any) -> bool:
    return isinstance(tree, BaseDecisionTree) and tree.n_features_in_ == model.n_features_in_


def _check_boosting(model: GradientBoostingClassifier) -> None:
    """See that every tree adds to a column that is there."""
    what, trees = "boosted trees", getattr(model, "estimators_", None)
    if trees is None:
        return
    _fit(isinstance(trees, np.ndarray) and trees.dtype == object and trees.ndim == 2 and trees.size, what)
    _fit(isinstance(model.learning_rate, Real) and _is_count(model.n_trees_per_iteration_), what)
    _fit(trees.shape[1] == model.n_trees_per_iteration_, what)
    for tree in trees.flat:
        _fit(_is_tree_for(tree, model) and tree.tree_.n_outputs == tree.tree_.max_n_classes == 1, what)
    zero = isinstance(model.init_, str) and model.init_ == "zero"
    if not zero and type(model.init_) is not DummyClassifier:
        raise ModelFileError(f"boosted trees on a {type(model.init_).__name__} are not allowed; use init=None")
    for n_images in (1, 3):
        start = model._raw_predict_init(np.zeros((n_images, model.n_features_in_)))
        _fit(start.shape == (n_images, trees.shape[1]) and start.dtype == np.float64, what)


def _check_histogram_boosting(model: HistGradientBoostingClassifier) -> None:
    n_features: Any = getattr(model, "n_features_in_", None)
    rounds = getattr(model, "_predictors", None)
    if rounds is None:
        return
    _fit(_is_count(n_features) and isinstance(rounds, list) and model._preprocessor is None, "boosted trees")
    if model.is_categorical_ is not None or np.any(model._bin_mapper.is_categorical_):
        raise ModelFileError("a tree in it splits on categories, which images have none of; refused")
    n_trees: Any = model.n_trees_per_iteration_
    _fit(_is_count(n_trees) and all(len(trees) == n_trees for trees in rounds), "boosted trees")
    for predictor in (one for trees in rounds for one in trees):
        _fit(type(predictor) is TreePredictor, "boosted trees")
        nodes = predictor.nodes
        _fit(nodes.ndim == 1, "boosted trees")
        check_children(nodes["left"], nodes["right"], nodes["feature_idx"], nodes["is_leaf"] == 0, n_features)
        if nodes["is_categorical"].any():
            raise ModelFileError("a tree in it splits on categories, which images have none of; refused")


def _check_svm(model: BaseLibSVM) -> None:
    """See that the arrays that libsvm reads are as large as it thinks."""
    if not hasattr(model, "support_vectors_"):
        return
    if not isinstance(model.kernel, str) or model.kernel not in _KERNELS:
        raise ModelFileError(
            f"a support vector machine in it has the kernel {str(model.kernel)[:40]!r}; allowed are "
            f"{', '.join(_KERNELS)}"
        )
    n_vectors, n_classes = len(model.support_vectors_), len(model._n_support)
    n_pairs = n_classes * (n_classes - 1) // 2
    fits = (
        model._sparse is False
        and n_classes >= 2
        and type(model.degree) is int
        and 0 <= model.degree < 100
        and model.support_vectors_.shape == (n_vectors, model.n_features_in_)
        and model.support_.shape == (n_vectors,)
        and ((model.support_ >= 0) & (model.support_ < model.shape_fit_[0])).all()
        and (model._n_support >= 0).all()
        and model._n_support.sum(dtype=np.int64) == n_vectors
        and model._dual_coef_.shape == (n_classes - 1, n_vectors)
        and model._intercept_.shape == (n_pairs,)
        and model._probA.shape == model._probB.shape
        and model._probA.shape in ((0,), (n_pairs,))
    )
    _fit(fits, "a support vector machine")


def _check_neighbors(model: KNeighborsClassifier) -> None:
    """See that every neighbour is there and has a class that is there."""
    images = getattr(model, "_fit_X", None)
    if images is None:
        return
    if not isinstance(images, np.ndarray) or model._fit_method != "brute" or model._tree is not None:
        raise ModelFileError("nearest neighbours in a model file must be searched with algorithm='brute'")
    metrics = (model.metric, model.effective_metric_)
    plain = all(isinstance(one, str) and one in _METRICS for one in metrics) and model.metric_params is None
    extra = model.effective_metric_params_
    if not plain or not all(name == "p" and isinstance(value, Real) for name, value in extra.items()):
        raise ModelFileError(f"nearest neighbours in a model file need a metric of {', '.join(_METRICS)}")
    n_images = len(images)
    classes = model.classes_ if model.outputs_2d_ else [model.classes_]
    codes = model._y if model.outputs_2d_ else model._y.reshape(-1, 1)
    fits = (
        images.shape == (n_images, model.n_features_in_)
        and images.dtype.kind in "fiu"
        and _is_count(model.n_neighbors)
        and 1 <= model.n_neighbors <= n_images == model.n_samples_fit_
        and model.weights in ("uniform", "distance")
        and codes.dtype.kind in "iu"
        and codes.shape == (n_images, len(classes))
        and all(isinstance(one, np.ndarray) and one.ndim == 1 for one in classes)
        and (codes >= 0).all()
        and all(column.max() < one.size for column, one in zip(codes.T, classes, strict=True))
    )
    _fit(fits, "nearest neighbours")


_CHECKS: tuple[tuple[Any, Callable[[Any], None]], ...] = (
    (object, _check_any),
    (BaseDecisionTree, _check_tree),
    (ForestClassifier, _check_forest),
    (GradientBoostingClassifier, _check_boosting),
    (HistGradientBoostingClassifier, _check_histogram_boosting),
    (BaseLibSVM, _check_svm),
    (KNeighborsClassifier, _check_neighbors),
)
