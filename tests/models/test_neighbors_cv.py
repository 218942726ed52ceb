"""The one-search grid against GridSearchCV."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.neighbors import KNeighborsClassifier as Reference
from sklearn.utils.estimator_checks import parametrize_with_checks

from misread.errors import ParameterError
from misread.models.neighbors_cv import KNeighborsClassifierCV


@parametrize_with_checks([KNeighborsClassifierCV(n_neighbors=(1, 3), cv=2)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def check_against_grid_search(X, y, exact_X, grid, cv):
    theirs = GridSearchCV(Reference(algorithm="brute"), grid, cv=cv).fit(exact_X, y)
    ours = KNeighborsClassifierCV(**grid, cv=cv, n_jobs=2).fit(X, y)
    for name, values in ours.cv_results_.items():
        expected = theirs.cv_results_[name]
        assert list(values) == list(expected), name
    assert set(theirs.cv_results_) - set(ours.cv_results_) == {
        f"{what}_{which}_time" for what in ("mean", "std") for which in ("fit", "score")
    }
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == theirs.best_score_
    assert ours.best_index_ == theirs.best_index_
    assert ours.n_splits_ == theirs.n_splits_
    np.testing.assert_array_equal(ours.predict(X[:200]), theirs.predict(exact_X[:200]))
    np.testing.assert_allclose(ours.predict_proba(X[:200]), theirs.predict_proba(exact_X[:200]), rtol=1e-9)
    return ours


@pytest.fixture(scope="module")
def digits():
    rng = np.random.default_rng(0)
    X, y = load_digits(return_X_y=True)
    return np.clip(X * 15 + rng.integers(0, 16, X.shape), 0, 255).astype(np.uint8), y


@pytest.mark.parametrize("cv", [5, 3, ShuffleSplit(3, random_state=0)])
def test_equals_grid_search(digits, cv):
    X, y = digits
    grid = {"n_neighbors": [6, 3, 5, 4, 11], "weights": ["uniform", "distance"]}
    check_against_grid_search(X, y, X.astype(np.float64), grid, cv)


def test_equals_grid_search_on_names_and_other_data(digits):
    X, y = digits
    grid = {"n_neighbors": [1, 2], "weights": ["distance"]}
    names = np.array([f"digit {c}" for c in y])
    check_against_grid_search(X, names, X.astype(np.float64), grid, 3)
    check_against_grid_search(X / 7, y, X / 7, grid, 3)


def test_several_labels(digits):
    X, y = digits
    labels = np.c_[y >= 7, y % 2 == 1]
    grid = {"n_neighbors": [3, 4], "weights": ["uniform", "distance"]}
    theirs = GridSearchCV(Reference(algorithm="brute"), grid, cv=3).fit(X.astype(np.float64), labels)
    ours = KNeighborsClassifierCV(**grid, cv=3).fit(X, labels)
    np.testing.assert_array_equal(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X.astype(np.float64)))


def test_a_class_missing_in_a_fold(digits):
    X, y = digits
    X, y = X[:300], y[:300]
    half = [(np.flatnonzero(y != 3), np.flatnonzero(y == 3)), (np.arange(150), np.arange(150, 300))]
    ours = KNeighborsClassifierCV(cv=half).fit(X, y)
    grid = {"n_neighbors": [3, 4, 5, 6], "weights": ["uniform", "distance"]}
    theirs = GridSearchCV(Reference(algorithm="brute"), grid, cv=half).fit(X.astype(np.float64), y)
    np.testing.assert_array_equal(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])
    assert (ours.cv_results_["split0_test_score"] == 0).all()


def test_clear_errors(digits):
    X, y = digits
    with pytest.raises(ParameterError, match="grid is empty"):
        KNeighborsClassifierCV(n_neighbors=()).fit(X, y)
    with pytest.raises(ParameterError, match="fewer neighbours"):
        KNeighborsClassifierCV(n_neighbors=(3, 50), cv=2).fit(X[:60], y[:60] % 2)
    with pytest.raises(ParameterError, match="whole numbers"):
        KNeighborsClassifierCV(n_neighbors=(0, 3)).fit(X, y)
