"""Nearest-neighbour classification of small-integer images: scikit-learn's results from an exact fast search."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.exceptions import DataConversionWarning
from sklearn.neighbors import KNeighborsClassifier as _ReferenceClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.errors import ParameterError
from misread.kernels.jit import read_only
from misread.kernels.neighbors import encode_columns, mark_values, vote_columns
from misread.models.neighbors_search import NeighborSearch, as_small_integers
from misread.models.neighbors_votes import SEQUENTIAL, is_uniform, most_votes, neighbor_weights, vote_shares
from misread.models.pixels import seen_by

__all__ = ["KNeighborsClassifier"]


def _encode(y: NDArray[Any]) -> tuple[list[NDArray[Any]], NDArray[Any]]:
    """Classes of every column of `y`, ascending, and the class codes in the smallest fitting kind."""
    if y.dtype.kind in "bui" and y.min() >= 0 and y.max() <= np.iinfo(np.uint8).max:
        values = read_only(np.ascontiguousarray(y.astype(np.uint8, copy=False)))
        present = np.zeros((y.shape[1], 256), np.bool_)
        mark_values(values, present)
        classes = [np.flatnonzero(column).astype(y.dtype) for column in present]
        codes = np.empty_like(values)
        encode_columns(values, (present.cumsum(axis=1) - present).astype(np.uint8), codes)
        return classes, codes
    columns = [np.unique(column, return_inverse=True) for column in y.T]
    many = max(len(classes) for classes, _ in columns) > 256
    codes = np.empty(y.shape, np.intp if many else np.uint8)
    for k, (_, inverse) in enumerate(columns):
        codes[:, k] = inverse
    return [classes for classes, _ in columns], codes


class KNeighborsClassifier(_ReferenceClassifier):
    """scikit-learn's k-nearest-neighbours classifier with an exact integer search for images.

    Whole numbers in 0..65,535 (uint8 images above all; floats that hold such numbers too) under the Euclidean
    metric are searched with :class:`~misread.models.neighbors_search.NeighborSearch`: exact distances, equal
    distances in the order of the training images, whatever `algorithm` says. uint8 images are kept as they are,
    without a copy. Other data and metrics run scikit-learn's own code. Parameters, attributes and methods are
    those of :class:`sklearn.neighbors.KNeighborsClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.array([[0, 0], [0, 9], [255, 255]], dtype=np.uint8)
    >>> KNeighborsClassifier(1).fit(images, [0, 0, 1]).predict(np.array([[200, 250]], dtype=np.uint8))
    array([1])
    """

    def _fit(self, X: Any, y: Any = None) -> Self:
        self._search: NeighborSearch | None = None
        if not self._has_euclidean_metric() or issparse(X) or not hasattr(X, "__len__"):
            return super()._fit(X, y)
        names = X
        X, y = validate_data(self, X, y, accept_sparse="csr", multi_output=True, order="C")
        images = as_small_integers(X)
        if images is None:
            return super()._fit(names, y)
        self._check_algorithm_metric()
        self._set_classes(y)
        self.effective_metric_ = "euclidean" if self.metric == "minkowski" else self.metric
        self.effective_metric_params_: dict[str, Any] = {}
        self._search = NeighborSearch(images)
        self._fit_X, self._tree, self._fit_method = self._search.images, None, "brute"
        self.n_samples_fit_ = len(images)
        return self

    @property
    def is_searched(self) -> bool:
        """Whether it looks through whole numbers in Euclidean distance itself, not through scikit-learn."""
        return getattr(self, "_search", None) is not None

    def learnt(self) -> tuple[NDArray[Any], NDArray[np.integer]]:
        """The images that it answers from, shape (n, n_features), and their class codes, as `fit` kept them."""
        return self._fit_X, self._y

    def _has_euclidean_metric(self) -> bool:
        return not self.metric_params and (
            (isinstance(self.metric, str) and self.metric in ("euclidean", "l2"))
            or (isinstance(self.metric, str) and self.metric == "minkowski" and self.p == 2)
        )

    def _set_classes(self, y: NDArray[Any]) -> None:
        self.outputs_2d_ = y.ndim == 2 and y.shape[1] > 1
        if y.ndim == 2 and not self.outputs_2d_:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please change "
                "the shape of y to (n_samples,), for example using ravel().",
                DataConversionWarning,
                stacklevel=4,
            )
        check_classification_targets(y)
        classes: Any
        classes, codes = _encode(y.reshape(len(y), -1))
        if not self.outputs_2d_:
            classes, codes = classes[0], codes.ravel()
        self.classes_, self._y = classes, codes

    def _whole_queries(self, X: Any) -> NDArray[Any] | None:
        """Queries our search can take (None: leave it to scikit-learn, which also words the errors)."""
        if not self.is_searched or issparse(X):
            return None
        return as_small_integers(seen_by(self, X, accept_sparse="csr", order="C"))

    def nearest(
        self, X: Any = None, n_neighbors: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give squared distances and indices of the nearest training images, as exact integers.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)
            Whole numbers in 0..65,535.
        n_neighbors : int, optional
            Default: the estimator's.

        Returns
        -------
        squared_distances, indices : ndarray of shape (n_queries, n_neighbors), int64

        Raises
        ------
        ParameterError
            If the training data or the queries are not whole numbers in 0..65,535, or the metric is not Euclidean.
        """
        check_is_fitted(self, "_fit_method")
        queries = self._whole_queries(X)
        if queries is None:
            raise ParameterError(
                "exact squared distances need whole numbers in 0..65,535 and the Euclidean metric; try kneighbors"
            )
        assert self._search is not None
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        return self._search.nearest(queries, k, self.n_jobs)

    def kneighbors(self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True) -> Any:
        """Find the nearest training images; see :meth:`sklearn.neighbors.KNeighborsClassifier.kneighbors`.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), optional
            Default: the training images, each without itself among its neighbours.
        n_neighbors : int, optional
            Default: the estimator's.
        return_distance : bool, default=True

        Returns
        -------
        distances : ndarray of shape (n_queries, n_neighbors)
            Only if `return_distance`.
        indices : ndarray of shape (n_queries, n_neighbors)
        """
        check_is_fitted(self, "_fit_method")
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        search = getattr(self, "_search", None)
        queries = None
        if search is not None and isinstance(k, Integral):
            queries = search.images if X is None else self._whole_queries(X)
        if search is None or queries is None or not 0 < k + (X is None) <= self.n_samples_fit_ or k <= 0:
            return super().kneighbors(X, n_neighbors, return_distance)
        squared, indices = search.nearest(queries, int(k) + (X is None), self.n_jobs)
        if X is None:
            squared, indices = _without_self(squared, indices)
        return (np.sqrt(squared), indices) if return_distance else indices

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the classes; see :meth:`sklearn.neighbors.KNeighborsClassifier.predict`.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), or None for the training images without themselves

        Returns
        -------
        ndarray of shape (n_queries,) or (n_queries, n_outputs)
        """
        check_is_fitted(self, "_fit_method")
        if not self.is_searched:
            return super().predict(X)
        distances, indices = self.kneighbors(X)
        return self.vote(distances, indices, self.weights)

    def scores_and_predictions(self, X: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Give the shares of one output (of two classes, those of the second) and `predict`, from one search."""
        check_is_fitted(self, "_fit_method")
        if not self.is_searched:
            shares, answers = super().predict_proba(X), super().predict(X)
        else:
            distances, indices = self.kneighbors(X)
            weights = neighbor_weights(distances, self.weights)
            shares = vote_shares(self._y[indices], weights, len(self.classes_))
            answers = self.vote(distances, indices, self.weights)
        return (shares[:, 1] if shares.shape[1] == 2 else shares), answers

    def vote(self, distances: NDArray[np.float64], indices: NDArray[np.intp], weighting: Any) -> NDArray[Any]:
        """Predict from neighbours that were found before; one search serves every number of them and weighting.

        Parameters
        ----------
        distances, indices : ndarray of shape (n_queries, k)
            The first columns of what `kneighbors` gave.
        weighting : {'uniform', 'distance'}, callable or None

        Returns
        -------
        ndarray of shape (n_queries,) or (n_queries, n_outputs)
        """
        weights = neighbor_weights(distances, weighting)
        uniform = is_uniform(weighting)
        if not self.outputs_2d_:
            return self.classes_[most_votes(self._y[indices], weights, len(self.classes_), uniform)]
        result = np.empty((len(indices), len(self.classes_)), dtype=self.classes_[0].dtype)
        if self._y.dtype == np.uint8 and (uniform or indices.shape[1] < SEQUENTIAL):
            codes = np.empty(result.shape, np.uint8)
            vote_columns(self._y, indices, np.asarray(weights, dtype=np.float64), np.zeros(256), codes)
            for k, classes in enumerate(self.classes_):
                result[:, k] = classes[codes[:, k]]
            return result
        for k, classes in enumerate(self.classes_):
            result[:, k] = classes[most_votes(self._y[indices, k], weights, len(classes), uniform)]
        return result

    def predict_proba(self, X: Any) -> Any:
        """Give the class shares; see :meth:`sklearn.neighbors.KNeighborsClassifier.predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), or None for the training images without themselves

        Returns
        -------
        ndarray of shape (n_queries, n_classes), or a list of n_outputs of such arrays
        """
        check_is_fitted(self, "_fit_method")
        if not self.is_searched:
            return super().predict_proba(X)
        distances, indices = self.kneighbors(X)
        weights = neighbor_weights(distances, self.weights)
        if not self.outputs_2d_:
            return vote_shares(self._y[indices], weights, len(self.classes_))
        return [
            vote_shares(self._y[:, k][indices], weights, len(classes)) for k, classes in enumerate(self.classes_)
        ]


def _without_self(
    squared: NDArray[np.int64], indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Drop each row's own index; where duplicates crowded it out, drop the first neighbour."""
    keep = indices != np.arange(len(indices))[:, np.newaxis]
    keep[keep.all(axis=1), 0] = False
    shape = (len(indices), indices.shape[1] - 1)
    return squared[keep].reshape(shape), indices[keep].reshape(shape)
