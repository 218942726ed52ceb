"""Random forests on 8-bit images: scikit-learn's trees, bit for bit, grown from histograms."""

import inspect
from math import ceil
from numbers import Integral
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed
from sklearn import ensemble
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.kernels.forest import TILE, transpose, vote
from misread.kernels.jit import read_only
from misread.kernels.splitter import COUNT_BITS, MAX_CLASSES, Scratch
from misread.kernels.tree_builder import Nodes, Stack, enlist, grow_tree
from misread.models._sklearn import Tree, fit_context, n_samples_bootstrap
from misread.parallel import in_blocks

__all__ = ["RandomForestClassifier"]

_RAND_R_MAX = 2**31 - 1
_NO_DEPTH_LIMIT = 2**31 - 1
_BLOCK = 4096


class RandomForestClassifier(ensemble.RandomForestClassifier):
    """scikit-learn's random forest, several times faster on pixels.

    Parameters, attributes and results are those of `sklearn.ensemble.RandomForestClassifier`; `estimators_` holds
    ordinary `DecisionTreeClassifier` objects with the very nodes and values that scikit-learn would have grown.
    The fast way is taken for whole-number features from 0 to 255 (uint8, or anything NumPy that holds such
    numbers) and one target of up to 256 classes, with criterion 'gini' and without sample and class weights,
    `max_leaf_nodes`, `ccp_alpha`, `monotonic_cst`, `oob_score` and `warm_start`. Everything else is handed to
    scikit-learn. Bit for bit means: against scikit-learn's builds for x86-64; compilers for other machines may
    fuse multiplications and additions, which can turn near ties.

    Unlike scikit-learn's, the probabilities do not depend on which thread came first: trees are added in order.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> RandomForestClassifier(10, random_state=42).fit(X, y).predict(X[:3])
    array([0, 1, 2])
    """

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow the forest.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Images, one a row.
        y : array-like of shape (n_samples,)
            Classes.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, for scikit-learn's own fit.

        Returns
        -------
        RandomForestClassifier
            Itself.
        """
        pixels = _as_pixels(X) if sample_weight is None and self._is_plain() else None
        if pixels is None or np.ndim(y) != 1:
            return super().fit(X, y, sample_weight)
        pixels, y = validate_data(self, pixels, y, dtype=np.uint8, order="C", multi_output=True)
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        n_drawn = _bootstrap_size(pixels.shape[0], self.max_samples) if self.bootstrap else None
        if classes.size > MAX_CLASSES or max(pixels.shape[0], n_drawn or 0) >= 1 << COUNT_BITS:
            return super().fit(X, y, sample_weight)

        self._n_samples, self.n_outputs_ = pixels.shape[0], 1
        self._sample_weight, self._n_samples_bootstrap = None, n_drawn
        self.classes_, self.n_classes_ = classes, classes.size
        self._validate_estimator()
        random_state = check_random_state(self.random_state)
        trees = [self._make_estimator(append=False, random_state=random_state) for _ in range(self.n_estimators)]
        pixels = read_only(pixels)
        columns = np.empty(pixels.shape[::-1], np.uint8)
        transpose(pixels, columns)
        columns = read_only(columns)
        codes = labels.astype(np.uint8)
        self.estimators_ = Parallel(n_jobs=self.n_jobs, verbose=self.verbose, prefer="threads")(
            delayed(_fit_tree)(tree, columns, pixels, codes, classes.size, n_drawn) for tree in trees
        )
        return self

    def predict_proba(self, X: Any) -> Any:
        """Mean of the trees' class shares.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Images, one a row.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            Probabilities from 0 to 1, columns as in `classes_`.
        """
        check_is_fitted(self)
        pixels = _as_pixels(X) if self.n_outputs_ == 1 else None
        if pixels is None:
            return super().predict_proba(X)
        pixels = read_only(validate_data(self, pixels, dtype=np.uint8, order="C", reset=False))
        roots, nodes, values = _flatten(self.estimators_)
        sums = np.zeros((pixels.shape[0], self.n_classes_))

        def add_votes(block: slice) -> None:
            vote(pixels[block], roots, nodes, values, np.empty((2, TILE), np.uint64), sums[block])

        in_blocks(add_votes, pixels.shape[0], _BLOCK, self.n_jobs)
        sums /= len(self.estimators_)
        return sums

    def _is_plain(self) -> bool:
        """Whether the parameters are among those that the fast way knows."""
        return (
            self.criterion == "gini"
            and self.class_weight is None
            and self.max_leaf_nodes is None
            and self.monotonic_cst is None
            and self.ccp_alpha == 0
            and not self.warm_start
            and not self.oob_score
            and (self.bootstrap or self.max_samples is None)
        )


def _as_pixels(X: Any) -> np.ndarray | None:
    """X as uint8 if it is a non-empty NumPy matrix of whole numbers from 0 to 255, or None."""
    if type(X) is not np.ndarray or X.ndim != 2 or X.size == 0 or X.dtype.kind not in "iuf":
        return None
    if X.dtype == np.uint8:
        return X
    if not (X.min() >= 0 and X.max() <= 255):
        return None
    pixels = X.astype(np.uint8)
    return pixels if X.dtype.kind != "f" or np.array_equal(pixels, X) else None


def _bootstrap_size(n_samples: int, max_samples: Any) -> int:
    """Size of a bootstrap sample by the rule of the installed scikit-learn (they differ)."""
    weights = [None] if len(inspect.signature(n_samples_bootstrap).parameters) > 2 else []
    return int(n_samples_bootstrap(n_samples, max_samples, *weights))


def _fit_tree(
    tree: DecisionTreeClassifier,
    columns: np.ndarray,
    rows: np.ndarray,
    codes: np.ndarray,
    n_classes: int,
    n_drawn: int | None,
) -> DecisionTreeClassifier:
    """Fit one tree as `sklearn.ensemble._forest._parallel_build_trees` would."""
    n_samples, n_features = rows.shape
    if n_drawn is None:
        counts = np.ones(n_samples, np.int64)
    else:
        drawn = check_random_state(tree.random_state).randint(0, n_samples, n_drawn)
        counts = np.bincount(drawn, minlength=n_samples)
    tree.n_features_in_, tree.n_outputs_ = n_features, 1
    tree.classes_, tree.n_classes_ = np.arange(n_classes, dtype=np.float64), np.intp(n_classes)
    tree.max_features_ = _n_candidates(tree.max_features, n_features)
    min_samples_leaf = _n_least(tree.min_samples_leaf, n_samples, 1)
    entries = enlist(codes, counts)
    nodes = Nodes.at_most(entries.size, n_classes)
    n_nodes = grow_tree(
        columns.ravel(),
        rows.ravel(),
        entries,
        np.bincount(codes, weights=counts, minlength=n_classes).astype(np.int64),
        int(tree.max_features_),
        _NO_DEPTH_LIMIT if tree.max_depth is None else int(tree.max_depth),
        max(_n_least(tree.min_samples_split, n_samples, 2), 2 * min_samples_leaf),
        min_samples_leaf,
        float(tree.min_weight_fraction_leaf * counts.sum()),
        float(tree.min_impurity_decrease),
        Scratch.of(n_features, n_classes, int(check_random_state(tree.random_state).randint(0, _RAND_R_MAX))),
        Stack.of(entries.size, n_classes),
        nodes,
    )
    tree.tree_ = _as_tree(nodes.first(n_nodes), n_features)
    return tree


def _n_candidates(max_features: Any, n_features: int) -> Any:
    """Number of features that each node draws, by the rules of `DecisionTreeClassifier.fit`."""
    if max_features is None:
        return n_features
    if isinstance(max_features, Integral):
        return max_features
    if isinstance(max_features, str):
        return max(1, int({"sqrt": np.sqrt, "log2": np.log2}[max_features](n_features)))
    return max(1, int(max_features * n_features))


def _n_least(minimum: Any, n_samples: int, lowest: int) -> int:
    """A minimum given as a number or as a share of the samples, by scikit-learn's rules."""
    return int(minimum) if isinstance(minimum, Integral) else max(lowest, ceil(minimum * n_samples))


def _as_tree(grown: Nodes, n_features: int) -> Tree:
    """Build scikit-learn's tree object."""
    links, numbers, values = grown
    n_classes = values.shape[1]
    tree = Tree(n_features, np.array([n_classes], dtype=np.intp), 1)
    state = tree.__getstate__()
    nodes = np.zeros(links.shape[0], dtype=state["nodes"].dtype)
    for k, name in enumerate(["left_child", "right_child", "feature", "n_node_samples", "missing_go_to_left"]):
        nodes[name] = links[:, k]
    for k, name in enumerate(["threshold", "impurity", "weighted_n_node_samples"]):
        nodes[name] = numbers[:, k]
    depth = int(links[:, 5].max())
    shares = values.reshape(-1, 1, n_classes)
    tree.__setstate__(state | {"max_depth": depth, "node_count": nodes.size, "nodes": nodes, "values": shares})
    return tree


def _flatten(trees: list[DecisionTreeClassifier]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay the trees end to end for `vote`."""
    states = [tree.tree_.__getstate__() for tree in trees]
    roots = np.cumsum([0, *(state["node_count"] for state in states)])
    nodes = np.empty((roots[-1], 4), np.int32)
    for state, root in zip(states, roots[:-1], strict=True):
        part, own = nodes[root : root + state["node_count"]], state["nodes"]
        part[:, 0] = np.maximum(own["feature"], -1)
        part[:, 1] = np.clip(np.floor(own["threshold"]), -1, 255)
        part[:, 2] = own["left_child"] + root
        part[:, 3] = own["right_child"] + root
    values = np.concatenate([state["values"][:, 0] for state in states])
    return roots, nodes, values
