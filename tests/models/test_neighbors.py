"""The classifier against scikit-learn's own."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier as Reference
from sklearn.utils.estimator_checks import parametrize_with_checks

from misread.errors import ParameterError
from misread.models.neighbors import KNeighborsClassifier
from misread.models.neighbors_votes import most_votes, neighbor_weights, vote, vote_shares


@parametrize_with_checks([KNeighborsClassifier(), KNeighborsClassifier(weights="distance")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    """Images without ties at the edge of a neighbourhood, so that scikit-learn's answer is the only one."""
    rng = np.random.default_rng(0)
    X, y = load_digits(return_X_y=True)
    X = np.clip(X * 15 + rng.integers(0, 16, X.shape), 0, 255).astype(np.uint8)
    return X[:1300], y[:1300], X[1300:], y[1300:]


def agree(digits, y, **parameters):
    X, _, queries, _ = digits
    with_floats = Reference(algorithm="brute", **parameters).fit(X.astype(np.float64), y)
    ours = KNeighborsClassifier(**parameters).fit(X, y)
    assert ours._search is not None
    np.testing.assert_array_equal(ours.predict(queries), with_floats.predict(queries.astype(np.float64)))
    expected, found = with_floats.predict_proba(queries.astype(np.float64)), ours.predict_proba(queries)
    pairs = zip(found, expected, strict=True) if isinstance(found, list) else [(found, expected)]
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
    assert type(found) is type(expected)
    if isinstance(found, np.ndarray):
        assert found.dtype == expected.dtype
    return ours, with_floats


@pytest.mark.parametrize("k", [1, 2, 5, 9, 40])
@pytest.mark.parametrize("weights", ["uniform", "distance", None, lambda d: 1 / (1 + d)])
def test_ten_classes(digits, k, weights):
    agree(digits, digits[1], n_neighbors=k, weights=weights)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize(
    "target",
    [
        lambda y: y == 5,
        lambda y: np.array([f"digit {c}" for c in y]),
        lambda y: y.astype(np.float32),
        lambda y: y - 4,
        lambda y: np.c_[y >= 7, y % 2 == 1],
        lambda y: np.c_[y >= 7, y % 2 == 1].astype(int),
        lambda y: np.c_[y, y % 3, y * 0],
        lambda y: np.c_[y * 1000, y - 9],
        lambda y: np.array([["a", "b"], ["c", "d"]])[y % 2],
    ],
)
def test_kinds_of_targets(digits, target, weights):
    ours, theirs = agree(digits, target(digits[1]), weights=weights)
    assert ours.outputs_2d_ == theirs.outputs_2d_
    one, other = ours.classes_, theirs.classes_
    assert type(one) is type(other)
    for ours_k, theirs_k in zip(*((one, other) if ours.outputs_2d_ else ([one], [other])), strict=True):
        np.testing.assert_array_equal(ours_k, theirs_k)
        assert ours_k.dtype == theirs_k.dtype


@pytest.mark.parametrize(("weights", "k"), [("uniform", 5), ("uniform", 12), ("distance", 4), ("distance", 12)])
def test_noise_out_of_pixels(digits, weights, k):
    clean = digits[0]
    rng = np.random.default_rng(1)
    noisy = clean + rng.integers(0, 100, clean.shape)
    queries = digits[2][:50] + rng.integers(0, 100, (50, 64))
    ours = KNeighborsClassifier(k, weights=weights).fit(noisy, clean)
    theirs = Reference(k, weights=weights, algorithm="brute").fit(noisy, clean)
    assert ours._fit_X.dtype == np.uint16
    assert ours._y.dtype == np.uint8
    np.testing.assert_array_equal(ours.predict(queries), theirs.predict(queries))
    assert ours.predict(queries).dtype == np.uint8
    for one, other in zip(ours.classes_, theirs.classes_, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(ours.predict_proba(queries), theirs.predict_proba(queries), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_multilabel_out_of_fold(digits):
    X, y = digits[:2]
    labels = np.c_[y >= 7, y % 2 == 1]
    ours = cross_val_predict(KNeighborsClassifier(), X, labels, cv=3)
    np.testing.assert_array_equal(ours, cross_val_predict(Reference(), X.astype(float), labels, cv=3))


def test_neighbours_of_the_training_images(digits):
    X, y = digits[:2]
    ours, theirs = KNeighborsClassifier().fit(X, y), Reference(algorithm="brute").fit(X.astype(float), y)
    np.testing.assert_array_equal(ours.kneighbors()[1], theirs.kneighbors()[1])
    np.testing.assert_allclose(ours.kneighbors()[0], theirs.kneighbors()[0], rtol=1e-12)
    assert ours.score(None, y) == theirs.score(None, y)
    same = KNeighborsClassifier(2).fit(np.zeros((5, 3), np.uint8), np.arange(5))
    np.testing.assert_array_equal(same.kneighbors(return_distance=False), [[1, 2], [0, 2], [0, 1], [1, 2], [1, 2]])


def test_distances_are_exact_and_ties_ascend():
    X = np.array([[9, 9], [3, 4], [0, 5], [5, 0], [4, 3]], np.uint8)
    model = KNeighborsClassifier(4).fit(X, np.arange(5))
    query = np.zeros((1, 2), np.uint8)
    distances, indices = model.kneighbors(query)
    np.testing.assert_array_equal(indices, [[1, 2, 3, 4]])
    np.testing.assert_array_equal(distances, [[5.0] * 4])
    np.testing.assert_array_equal(model.nearest(query, 5)[0], [[25, 25, 25, 25, 162]])
    assert model.predict(query) == [1]


def test_zero_distances_take_all_the_weight():
    X = np.array([[0], [0], [1], [1], [1]], np.uint8)
    model = KNeighborsClassifier(5, weights="distance").fit(X, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(model.predict_proba(X[:1]), [[1.0, 0.0]])
    np.testing.assert_array_equal(model.predict(X), [0, 0, 1, 1, 1])


@pytest.mark.parametrize("kind", [np.int64, np.float64, np.float32, np.uint16, np.int32])
def test_other_kinds_that_hold_small_integers(digits, kind):
    X, y, queries, _ = digits
    ours = KNeighborsClassifier().fit(X.astype(kind), y)
    assert ours._fit_X.dtype == (np.uint16 if kind is np.uint16 else np.uint8)
    bytes_only = KNeighborsClassifier().fit(X, y)
    for asked in (queries, queries.astype(kind), queries.tolist()):
        for one, other in zip(ours.kneighbors(asked), bytes_only.kneighbors(queries), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("algorithm", ["auto", "brute", "kd_tree"])
@pytest.mark.parametrize("metric", ["manhattan", "cosine", "chebyshev"])
def test_other_metrics_are_scikit_learn(digits, metric, algorithm):
    if metric == "cosine" and algorithm == "kd_tree":
        return
    X, y, queries, _ = digits
    ours = KNeighborsClassifier(metric=metric, algorithm=algorithm).fit(X, y)
    assert ours._search is None
    theirs = Reference(metric=metric, algorithm=algorithm).fit(X, y)
    np.testing.assert_array_equal(ours.predict_proba(queries), theirs.predict_proba(queries))
    with pytest.raises(ParameterError, match="try kneighbors"):
        ours.nearest(queries)


def test_other_data_are_scikit_learn(digits):
    X, y, queries, _ = digits
    for change in (lambda a: a / 3, lambda a: -a.astype(int), csr_matrix):
        ours = KNeighborsClassifier().fit(change(X), y)
        theirs = Reference().fit(change(X), y)
        np.testing.assert_array_equal(ours.predict(change(queries)), theirs.predict(change(queries)))
    bytes_in = KNeighborsClassifier().fit(X, y)
    theirs = Reference(algorithm="brute").fit(X.astype(float), y)
    np.testing.assert_allclose(
        bytes_in.kneighbors(queries + 0.25)[0], theirs.kneighbors(queries + 0.25)[0], rtol=1e-9
    )
    np.testing.assert_array_equal(bytes_in.predict(queries + 0.25), theirs.predict(queries + 0.25))
    np.testing.assert_array_equal(bytes_in.predict(csr_matrix(queries)), theirs.predict(csr_matrix(queries)))


def test_fitting_again_with_other_data_forgets_the_search(digits):
    X, y, queries, _ = digits
    model = KNeighborsClassifier().fit(X, y).fit(X / 3, y)
    np.testing.assert_array_equal(model.predict(queries / 3), Reference().fit(X / 3, y).predict(queries / 3))


def test_images_are_kept_as_they_are(digits):
    X, y, queries, _ = digits
    before = X.copy()
    model = KNeighborsClassifier(n_jobs=2).fit(X, y)
    assert model._fit_X is X or np.shares_memory(model._fit_X, X)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        again.predict(queries), clone(model).set_params(n_jobs=None).fit(X, y).predict(queries)
    )
    np.testing.assert_array_equal(X, before)
    assert (model.effective_metric_, model.n_samples_fit_, model.n_features_in_) == ("euclidean", 1300, 64)


def test_errors_are_scikit_learns(digits):
    X, y, queries, _ = digits
    with pytest.raises(NotFittedError):
        KNeighborsClassifier().predict(queries)
    with pytest.raises(ValueError, match="n_neighbors <= n_samples_fit"):
        KNeighborsClassifier(20).fit(X[:10], y[:10]).predict(queries)
    with pytest.raises(ValueError, match="n_neighbors < n_samples_fit"):
        KNeighborsClassifier(10).fit(X[:10], y[:10]).kneighbors()
    with pytest.raises(ValueError, match="n_neighbors > 0"):
        KNeighborsClassifier().fit(X, y).kneighbors(queries, 0)
    with pytest.raises(TypeError, match="integer"):
        KNeighborsClassifier().fit(X, y).kneighbors(queries, 2.5)
    with pytest.raises(ValueError, match="features"):
        KNeighborsClassifier().fit(X, y).predict(queries[:, :5])
    with pytest.raises(ValueError, match="zero weights"):
        KNeighborsClassifier(weights=lambda d: d * 0).fit(X, y).predict(queries)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = KNeighborsClassifier().fit(X, y[:, None])
    assert model.predict(queries).ndim == 1


def test_one_search_serves_every_setting(digits):
    X, y, queries, _ = digits
    model = KNeighborsClassifier(9).fit(X, y)
    squared, indices = model.nearest(queries)
    for k in range(1, 10):
        for weights in ("uniform", "distance"):
            alone = KNeighborsClassifier(k, weights=weights).fit(X, y).predict(queries)
            np.testing.assert_array_equal(vote(y[indices], squared, k, weights, 10), alone)
            np.testing.assert_array_equal(model.vote(np.sqrt(squared[:, :k]), indices[:, :k], weights), alone)
    with pytest.raises(ParameterError, match="between 1 and 9"):
        vote(y[indices], squared, 10, "uniform", 10)


def test_votes_by_hand():
    codes = np.array([[2, 1, 1, 2], [0, 3, 3, 3]])
    squared = np.array([[1, 4, 4, 25], [0, 1, 1, 1]])
    np.testing.assert_array_equal(vote(codes, squared, 4, "uniform", 4), [1, 3])
    np.testing.assert_array_equal(vote(codes, squared, 4, "distance", 4), [2, 0])
    np.testing.assert_array_equal(vote(codes, squared, 1, None, 4), [2, 0])
    weights = neighbor_weights(np.sqrt(squared), "distance")
    np.testing.assert_array_equal(weights, [[1, 0.5, 0.5, 0.2], [1, 0, 0, 0]])
    np.testing.assert_allclose(vote_shares(codes, weights, 4), [[0, 1 / 2.2, 1.2 / 2.2, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(most_votes(codes, np.ones(codes.shape), 4, exact_sums=True), [1, 3])
