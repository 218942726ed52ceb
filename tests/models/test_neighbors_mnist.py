"""The study's nearest-neighbour numbers on all of MNIST."""

import gzip

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
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


def test_shifted_copies(mnist):
    X, y, queries, truth = mnist
    images = X.reshape(-1, 28, 28)
    copies = np.zeros((5, *images.shape), np.uint8)
    copies[0] = images
    copies[1, :, :, :-1], copies[2, :, :, 1:] = images[:, :, 1:], images[:, :, :-1]
    copies[3, :, :-1], copies[4, :, 1:] = images[:, 1:], images[:, :-1]
    model = KNeighborsClassifier(4, weights="distance", n_jobs=2).fit(copies.reshape(-1, 784), np.tile(y, 5))
    assert model.score(queries, truth) == 0.9763


def test_labels_out_of_fold(mnist):
    X, y = mnist[:2]
    labels = np.c_[y >= 7, y % 2 == 1]
    found = cross_val_predict(KNeighborsClassifier(n_jobs=2), X, labels, cv=3)
    assert f1_score(labels, found, average="macro") == pytest.approx(0.976410265560605, abs=1e-12)
    assert f1_score(labels, found, average="weighted") == pytest.approx(0.9778357403921755, abs=1e-12)


def test_grid(mnist):
    X, y = mnist[0][:10_000], mnist[1][:10_000]
    ours = KNeighborsClassifierCV(n_jobs=2).fit(X, y)
    assert ours.best_params_ == {"n_neighbors": 4, "weights": "distance"}
    assert ours.best_score_ == pytest.approx(0.9442, abs=1e-12)
    grid = {"n_neighbors": [3, 4, 5, 6], "weights": ["uniform", "distance"]}
    theirs = GridSearchCV(Reference(algorithm="brute"), grid, cv=5).fit(X.astype(np.float32), y)
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
