"""Tuning goes by the same out-of-fold pass as everything else, and gives GridSearchCV's numbers."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from misread import load
from misread.fitting.folds import folds_by_class
from misread.fitting.tune import tune
from misread.models.zoo import make


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.mark.parametrize(
    ("model", "positive", "grid"),
    [
        ("sgd", None, {"alpha": [1e-4, 1e-2], "n_iter_no_change": [5, 3]}),
        ("sgd", "5", {"alpha": [1e-4, 1e-2]}),
        ("forest", "5", {"n_estimators": [3, 5]}),
        ("knn", None, {"n_neighbors": [1, 3, 5]}),
        ("knn", "5", {"n_neighbors": [3, 4], "weights": ["uniform", "distance"]}),
        ("knn", None, {"n_neighbors": [3, 4], "weights": ["uniform", "distance"]}),
    ],
)
def test_as_grid_search_to_the_last_bit(model, positive, grid, digits):
    told = []
    tuned = tune(model, digits, positive=positive, grid=grid, cv=3, on_stage=told.append)
    y = digits.train.labels
    target = y if positive is None else y == int(positive)
    scoring = "accuracy" if positive is None else "average_precision"
    search = GridSearchCV(make(model, seed=42), grid, cv=folds_by_class(y, 3), scoring=scoring, refit=False)
    search.fit(digits.train.X, target)
    assert list(tuned.params) == search.cv_results_["params"]
    np.testing.assert_array_equal(tuned.means, search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(tuned.spreads, search.cv_results_["std_test_score"])
    assert tuned.best == search.best_index_
    assert tuned.best_params == search.best_params_
    if model == "knn" and positive is None and len(grid) == 2:  # all at once, in a second
        assert told == []
    else:
        assert f"({len(tuned.params)} of {len(tuned.params)})" in told[-1]
