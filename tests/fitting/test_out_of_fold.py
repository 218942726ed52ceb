import threading
import time

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from misread.data import load
from misread.errors import ParameterError
from misread.fitting import out_of_fold as module
from misread.fitting.out_of_fold import out_of_fold


@pytest.fixture(scope="module")
def digits():
    train = load("digits").train
    return train.X, train.labels


@pytest.mark.parametrize(
    ("estimator", "method"),
    [
        (RidgeClassifier(), "decision_function"),
        (RandomForestClassifier(5, random_state=0), "predict_proba"),
    ],
)
def test_one_pass_gives_what_scikit_learn_needs_three_for(digits, estimator, method):
    X, y = digits
    held_out = out_of_fold(estimator, X, y)
    np.testing.assert_array_equal(held_out.scores, cross_val_predict(estimator, X, y, cv=3, method=method))
    np.testing.assert_array_equal(held_out.predictions, cross_val_predict(estimator, X, y, cv=3))
    np.testing.assert_array_equal(held_out.fold_accuracies, cross_val_score(estimator, X, y, cv=3))
    for fold, (_, test) in enumerate(StratifiedKFold(3).split(X, y)):
        assert (held_out.folds[test] == fold).all()


def test_binary_scores_have_one_column(digits):
    X, y = digits
    forest = out_of_fold(RandomForestClassifier(5, random_state=0), X, y == 5)
    expected = cross_val_predict(
        RandomForestClassifier(5, random_state=0), X, y == 5, method="predict_proba", cv=3
    )
    np.testing.assert_array_equal(forest.scores, expected[:, 1])
    assert forest.predictions.dtype == bool


def test_several_targets_are_predicted_without_scores(digits):
    X, y = digits
    labels = np.column_stack([y >= 7, y % 2])
    held_out = out_of_fold(KNeighborsClassifier(), X, labels, scores=False)
    np.testing.assert_array_equal(held_out.predictions, cross_val_predict(KNeighborsClassifier(), X, labels, cv=3))
    assert held_out.scores.shape == (len(X), 0)
    right = (held_out.predictions == labels).all(axis=1)
    assert held_out.fold_accuracies[0] == right[held_out.folds == 0].mean()


def test_a_class_missing_in_a_fold_is_never_predicted_there():
    X, y = np.arange(9.0).reshape(9, 1), np.array([0, 1, 0, 1, 0, 1, 2, 2, 2])
    held_out = out_of_fold(DummyClassifier(strategy="prior"), X, y, cv=KFold(3))
    assert held_out.scores.shape == (9, 3)
    assert held_out.scores[6:, 2].tolist() == [0, 0, 0]
    held_out = out_of_fold(RidgeClassifier(), X, y, cv=KFold(3))
    np.testing.assert_array_equal(held_out.predictions[6:] == 2, False)


def test_the_number_of_jobs_does_not_matter(digits):
    X, y = digits
    alone = out_of_fold(RidgeClassifier(), X, y)
    with parallel_config(n_jobs=2):
        together = out_of_fold(RidgeClassifier(), X, y)
    np.testing.assert_array_equal(alone.scores, together.scores)


def test_a_class_that_a_fold_never_saw_keeps_one_column_of_two(digits):
    X, y = digits
    X, y = X[:60], np.arange(60) == 59
    splits = list(KFold(3).split(X))
    held_out = out_of_fold(DummyClassifier(), X, y, cv=splits)
    assert held_out.scores.shape == (60,)
    assert (held_out.scores[40:] == 0).all()


@pytest.mark.parametrize("cv", [ShuffleSplit(3, random_state=0), [([0, 1, 2], [3, 3])]])
def test_every_sample_is_held_out_once(digits, cv):
    X, y = digits
    with pytest.raises(ParameterError, match="exactly once"):
        out_of_fold(DummyClassifier(), X, y, cv=cv)


class Watched(DummyClassifier):
    """Counts how many are fitted at a time."""

    lock, now, most = threading.Lock(), 0, 0

    def fit(self, X, y):
        with Watched.lock:
            Watched.now += 1
            Watched.most = max(Watched.most, Watched.now)
        time.sleep(0.1)
        with Watched.lock:
            Watched.now -= 1
        return super().fit(X, y)


@pytest.mark.parametrize(("limit", "most"), [(2**28, 2), (10, 1)])
def test_folds_of_large_data_are_fitted_one_after_another(digits, monkeypatch, limit, most):
    """Each of them has a copy of the samples."""
    monkeypatch.setattr(module, "MOST_SIDE_BY_SIDE", limit)
    Watched.most = 0
    with parallel_config("threading", n_jobs=2):
        out_of_fold(Watched(), *digits)
    assert Watched.most == most
