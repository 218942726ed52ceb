"""Nearest neighbours on all of MNIST; the numbers of the study are asked in tests/recipes/study/test_mnist.py."""

import gzip

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier as Reference

from misread.models.neighbors import KNeighborsClassifier
from misread.models.neighbors_cv import KNeighborsClassifierCV
from misread.models.neighbors_votes import vote

pytestmark = [pytest.mark.mnist, pytest.mark.slow]


def read(path, header):
    plain = path if path.exists() else path.with_name(path.name + ".gz")
    content = gzip.decompress(plain.read_bytes()) if plain.suffix == ".gz" else plain.read_bytes()
    return np.frombuffer(content, np.uint8, offset=header)


@pytest.fixture(scope="module")
def mnist(mnist_folder):
    folder = mnist_folder / "mnist"
    return (
        read(folder / "train-images-idx3-ubyte", 16).reshape(-1, 784),
        read(folder / "train-labels-idx1-ubyte", 8),
        read(folder / "t10k-images-idx3-ubyte", 16).reshape(-1, 784),
        read(folder / "t10k-labels-idx1-ubyte", 8),
    )


def test_one_search_gives_the_baseline_and_the_tuned_accuracy(mnist):
    X, y, queries, truth = mnist
    squared, indices = KNeighborsClassifier(n_jobs=2).fit(X, y).nearest(queries, 5)
    assert (vote(y[indices], squared, 5, "uniform", 10) == truth).mean() == 0.9688
    assert (vote(y[indices], squared, 4, "distance", 10) == truth).mean() == 0.9714
    for q in range(0, 10_000, 250):
        exact = ((X.astype(np.int32) - queries[q]) ** 2).sum(axis=1, dtype=np.int64)
        nearest = np.argsort(exact, kind="stable")[:5]
        np.testing.assert_array_equal(indices[q], nearest)
        np.testing.assert_array_equal(squared[q], exact[nearest])


def test_grid(mnist):
    X, y = mnist[0][:4_000], mnist[1][:4_000]
    ours = KNeighborsClassifierCV(n_jobs=2).fit(X, y)
    grid = {"n_neighbors": [3, 4, 5, 6], "weights": ["uniform", "distance"]}
    theirs = GridSearchCV(Reference(algorithm="brute"), grid, cv=5).fit(X.astype(np.float32), y)
    assert ours.best_params_ == theirs.best_params_
    for name, values in ours.cv_results_.items():
        assert list(values) == list(theirs.cv_results_[name])


def test_noise_out_of_pixels(mnist):
    X, _, queries, _ = mnist
    rng = np.random.default_rng(0)
    noisy = X + rng.integers(0, 100, X.shape).astype(np.uint16)
    asked = queries[:3] + rng.integers(0, 100, (3, 784)).astype(np.uint16)
    model = KNeighborsClassifier(n_jobs=2).fit(noisy, X)
    found = model.predict(asked)
    for one, result in zip(asked.astype(np.int64), found, strict=True):
        nearest = np.argsort(((noisy - one) ** 2).sum(axis=1), kind="stable")[:5]
        expected = [np.bincount(column).argmax() for column in X[nearest].T]
        np.testing.assert_array_equal(result, expected)
