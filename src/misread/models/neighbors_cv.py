"""Grid search over neighbours and weights with one neighbour search per fold."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import ParameterGrid, check_cv
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.errors import ParameterError
from misread.models.neighbors import KNeighborsClassifier
from misread.models.pixels import seen_by
from misread.parallel import inner_threads, task_threads

__all__ = ["KNeighborsClassifierCV"]


class KNeighborsClassifierCV(ClassifierMixin, BaseEstimator):
    """Choose the number of neighbours and the weighting by cross-validation, with one search per fold.

    The scores are those of :class:`sklearn.model_selection.GridSearchCV` over the same grid with
    accuracy; the neighbours of the largest `n_neighbors` serve every smaller one and every weighting.

    Parameters
    ----------
    n_neighbors : sequence of int, default=(3, 4, 5, 6)
    weights : sequence of {'uniform', 'distance'} or callables, default=('uniform', 'distance')
    cv : int, splitter or iterable, default=5
        As in GridSearchCV.
    n_jobs : int, optional
        Threads, as in joblib.

    Attributes
    ----------
    cv_results_ : dict of ndarrays
        `params`, `param_*`, `split*_test_score`, `mean_test_score`, `std_test_score`, `rank_test_score`, in the
        order of GridSearchCV.
    best_params_ : dict
    best_score_ : float
    best_index_ : int
    best_estimator_ : KNeighborsClassifier
        Fitted on all the data with the best parameters.
    n_splits_ : int
    classes_ : ndarray, or list of ndarrays
    """

    def __init__(
        self,
        n_neighbors: Any = (3, 4, 5, 6),
        *,
        weights: Any = ("uniform", "distance"),
        cv: Any = 5,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.cv = cv
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Self:
        """Score the grid and fit the best setting on all the data.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,) or (n, n_outputs)

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If the grid is empty or asks for more neighbours than a fold has training images.
        """
        X, y = validate_data(self, X, y, multi_output=True, order="C")
        check_classification_targets(y)
        choices = {"n_neighbors": list(self.n_neighbors), "weights": list(self.weights)}
        if not all(choices.values()):
            raise ParameterError(
                "the grid is empty; try n_neighbors=(3, 4, 5, 6), weights=('uniform', 'distance')"
            )
        if not all(isinstance(k, Integral) and int(k) >= 1 for k in choices["n_neighbors"]):
            raise ParameterError(f"n_neighbors must be whole numbers of at least 1, not {choices['n_neighbors']}")
        grid = list(ParameterGrid(choices))
        splitter = check_cv(self.cv, y, classifier=True)
        folds = list(splitter.split(X, y))
        base = KNeighborsClassifier(max(int(k) for k in self.n_neighbors))
        n_threads = task_threads()
        scores = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(_score_fold)(base, grid, X, y, train, test, n_threads) for train, test in folds
        )
        self._collect(grid, np.array(scores))
        self.n_splits_ = len(folds)
        best = KNeighborsClassifier(**self.best_params_, n_jobs=self.n_jobs)
        self.best_estimator_ = best.fit(X, y)
        self.classes_ = self.best_estimator_.classes_
        return self

    def _collect(self, grid: list[dict[str, Any]], scores: NDArray[np.float64]) -> None:
        results: dict[str, Any] = {"params": grid}
        for name in grid[0]:
            results[f"param_{name}"] = np.ma.array([setting[name] for setting in grid])
        for fold, row in enumerate(scores):
            results[f"split{fold}_test_score"] = row
        table = np.ascontiguousarray(scores.T)
        mean = np.average(table, axis=1)
        results["mean_test_score"] = mean
        results["std_test_score"] = np.sqrt(np.average((table - mean[:, np.newaxis]) ** 2, axis=1))
        results["rank_test_score"] = rankdata(-mean, method="min").astype(np.int32)
        self.cv_results_ = results
        self.best_index_ = int(results["rank_test_score"].argmin())
        self.best_params_ = grid[self.best_index_]
        self.best_score_ = mean[self.best_index_]

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict with the best setting.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)

        Returns
        -------
        ndarray of shape (n_queries,) or (n_queries, n_outputs)
        """
        check_is_fitted(self)
        return self.best_estimator_.predict(seen_by(self, X, order="C"))

    def scores_and_predictions(self, X: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Give the class shares (of two classes, those of the second) and `predict`, from one search."""
        check_is_fitted(self)
        return self.best_estimator_.scores_and_predictions(seen_by(self, X, order="C"))

    def predict_proba(self, X: Any) -> Any:
        """Give the class shares with the best setting.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)

        Returns
        -------
        ndarray of shape (n_queries, n_classes), or a list of n_outputs of such arrays
        """
        check_is_fitted(self)
        return self.best_estimator_.predict_proba(seen_by(self, X, order="C"))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _score_fold(
    base: KNeighborsClassifier,
    grid: list[dict[str, Any]],
    X: NDArray[Any],
    y: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    n_threads: int,
) -> list[float]:
    """Accuracy of every setting on one fold, from one search."""
    if base.n_neighbors > len(train):
        raise ParameterError(
            f"n_neighbors = {base.n_neighbors} needs at least as many training images per fold, "
            f"n_samples_fit = {len(train)}; try fewer neighbours or folds"
        )
    with inner_threads(n_threads):
        model = clone(base).fit(X[train], y[train])
        distances, indices = model.kneighbors(X[test])
    found = [setting | {"n_neighbors": int(setting["n_neighbors"])} for setting in grid]
    return [
        float(
            accuracy_score(
                y[test],
                model.vote(distances[:, : s["n_neighbors"]], indices[:, : s["n_neighbors"]], s["weights"]),
            )
        )
        for s in found
    ]
