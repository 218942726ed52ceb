"""The models of the ladder: scikit-learn's checks, seeds, pickles, strange images."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from misread.errors import ParameterError
from misread.images.deform import Deformation
from misread.images.transforms import shifted_copies
from misread.models.augmented import DeformedCopiesClassifier, ShiftedCopiesClassifier
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.models.features import Deskew, OrientedGradients, edge_histograms
from misread.models.held_out import held_out_part
from misread.models.pixels import PixelReader, image_shape
from misread.models.zoo import make

POINTS = {"check_classifiers_train": "it reads pictures: points in three dimensions, once centred, are all alike"}
SCALES = ((7, 2), (4, 2))


@parametrize_with_checks(
    [
        Deskew(),
        OrientedGradients(),
        ShiftedCopiesClassifier(),
        DeformedCopiesClassifier(n_copies=1),
        EdgeKernelClassifier(n_centres=100, n_rounds=0, random_state=0),
    ],
    expected_failed_checks=lambda estimator: POINTS if isinstance(estimator, EdgeKernelClassifier) else {},
)
def test_sklearn_compatible(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X * 15).astype(np.uint8), y


def small(**parameters):
    return EdgeKernelClassifier(n_centres=300, n_rounds=2, scales=((4, 2),), random_state=0).set_params(
        **parameters
    )


def test_edge_kernel_learns(digits):
    X, y = digits
    model = small().fit(X[:1200], y[:1200])
    assert np.mean(model.predict(X[1200:]) == y[1200:]) > 0.93
    held = model.held_out_indices_
    assert np.bincount(y[held]).min() >= 8
    assert model.held_out_scores_.shape == (len(held), 10)
    assert np.mean(model.held_out_scores_.argmax(axis=1) == y[held]) > 0.9
    probabilities = model.predict_proba(X[1200:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), model.predict(X[1200:]))


def test_edge_kernel_repeats_itself_with_a_seed(digits):
    X, y = digits
    one, two = (small(n_jobs=jobs).fit(X[:500], y[:500]) for jobs in (1, 2))
    np.testing.assert_array_equal(one.coef_, two.coef_)
    other = small(random_state=1).fit(X[:500], y[:500])
    assert not np.array_equal(one.coef_, other.coef_)
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(again.predict_proba(X[500:600]), one.predict_proba(X[500:600]))


def test_edge_kernel_is_ridge_regression_on_similarities(digits):
    """Against the textbook: normal equations in double precision on the similarities it computes."""
    X, y = digits
    model = small(n_rounds=0, held_out=0, alpha=1e-3).fit(X[:400], y[:400])
    similar = model._similarities(X[:400].reshape(-1, 8, 8)).astype(np.float64)
    targets = np.eye(10)[y[:400]] - 0.1
    gram = similar.T @ similar
    expected = np.linalg.solve(gram + 1e-3 * np.diag(gram).mean() * np.eye(len(gram)), similar.T @ targets)
    np.testing.assert_allclose(model.coef_, expected, atol=2e-3 * np.abs(expected).max())


def test_edge_kernel_along_its_main_axes(digits):
    X, y = digits
    whole, turned, few = (small(n_components=n).fit(X[:600], y[:600]) for n in (None, 10_000, 40))
    assert whole.axes_ is None
    assert turned.axes_.shape == (whole.centres_.shape[1], min(whole.centres_.shape))
    assert few.centres_.shape == (300, 40)
    np.testing.assert_allclose(few.axes_.T @ few.axes_, np.eye(40), atol=1e-5)
    plain = [small(n_components=n, n_rounds=0, held_out=0, alpha=1e-2).fit(X[:300], y[:300]) for n in (None, 999)]
    np.testing.assert_allclose(*(model.decision_function(X[600:]) for model in plain), atol=0.02)
    right = [np.mean(model.predict(X[600:]) == y[600:]) for model in (whole, few)]
    assert right[1] > right[0] - 0.02


def test_images_scaled_to_one_are_the_same_images(digits):
    X, y = digits
    one = small(n_rounds=0).fit(X[:300], y[:300])
    full = X[:300].astype(np.float64)
    two = small(n_rounds=0).fit(full, y[:300])
    np.testing.assert_array_equal(one.predict_proba(X[300:]), two.predict_proba(X[300:].astype(np.float32)))


def test_constant_and_tiny_sets(digits):
    X = np.zeros((30, 49), np.uint8)
    model = small(held_out=0.5).fit(X, np.arange(30) % 2)
    assert set(model.predict(X)) <= {0, 1}
    assert model.decision_function(X).shape == (30,)
    images, labels = digits
    few = small().fit(images[:12], labels[:12])
    assert len(few.held_out_indices_) == 0
    assert few.temperature_ == 1


def test_shifted_copies_are_learnt(digits):
    X, y = digits
    model = ShiftedCopiesClassifier(KNeighborsClassifier(3)).fit(X[:300], y[:300])
    copies = shifted_copies(X[:300].reshape(-1, 8, 8)).reshape(-1, 64)
    expected = KNeighborsClassifier(3).fit(copies, np.tile(y[:300], 5))
    np.testing.assert_array_equal(model.predict_proba(X[300:]), expected.predict_proba(X[300:]))
    assert not hasattr(model, "decision_function")


def slow_histograms(image, n_directions, count, overlap):
    """One image, one scale, by the definition."""
    height, width = image.shape
    padded = np.pad(image / 255.0, 1)
    sobel = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]) / 4
    gradient = np.zeros((2, height, width))
    for y in range(height):
        for x in range(width):
            patch = padded[y : y + 3, x : x + 3]
            gradient[:, y, x] = (patch * sobel).sum(), (patch * sobel.T).sum()
    angles = 2 * np.pi * np.arange(n_directions) / n_directions
    strength = np.linalg.norm(gradient, axis=0)
    planes = np.stack([np.sin(a) * gradient[0] + np.cos(a) * gradient[1] for a in angles], axis=-1)
    planes = np.maximum(0, planes - np.cos(2 * np.pi / n_directions) * strength[..., None])

    def windows(size):
        half = max(size / count, 1)
        n = max(1, int((size - half) / (half / overlap)) + 1)
        middles = (size - 1) / 2 + half / overlap * (np.arange(n) - (n - 1) / 2)
        return np.maximum(0, 1 - abs(np.arange(size) - middles[:, None]) / half)

    pooled = np.einsum("py,qx,yxk->pqk", windows(height), windows(width), planes)
    energy = (pooled**2).sum(axis=-1)
    out = np.zeros_like(pooled)
    for p, q in np.ndindex(energy.shape):
        around = energy[max(p - 1, 0) : p + 2, max(q - 1, 0) : q + 2].mean()
        out[p, q] = pooled[p, q] / np.sqrt(around + 0.1 * energy.mean())
    return out.ravel() / np.linalg.norm(out)


@pytest.mark.parametrize("shape", [(8, 8), (12, 9)])
def test_histograms_are_their_definition(shape):
    images = np.random.default_rng(0).integers(0, 256, (5, *shape), dtype=np.uint8)
    features = edge_histograms(images, 6, SCALES)
    expected = [
        np.concatenate([slow_histograms(image, 6, *scale) for scale in SCALES]) / np.sqrt(2) for image in images
    ]
    np.testing.assert_allclose(features, expected, atol=1e-5)
    np.testing.assert_array_equal(edge_histograms(np.zeros((2, *shape), np.uint8), 6, SCALES), 0)


def test_held_out_parts_are_fair():
    codes = np.repeat([0, 1, 2], [600, 300, 3])
    rest, held = held_out_part(codes, 0.1, np.random.default_rng(0))
    assert np.bincount(codes[held], minlength=3).tolist() == [60, 30, 0]
    np.testing.assert_array_equal(np.sort(np.concatenate([rest, held])), np.arange(903))


def test_readers():
    assert image_shape(784) == (28, 28)
    assert image_shape(12) == (1, 12)
    assert image_shape(12, (3, 4)) == (3, 4)
    with pytest.raises(ParameterError, match="3x4"):
        image_shape(13, (3, 4))
    X = np.random.default_rng(0).integers(0, 256, (20, 9)).astype(np.uint8)
    X[0, :2] = 0, 255
    for same in (X, X.astype(np.float32), X / 255, X.astype(np.int64)):
        np.testing.assert_array_equal(PixelReader.learn(same).read(same).reshape(20, 9), X)


def test_estimators_take_their_parameters_whole():
    model = EdgeKernelClassifier(deformation=Deformation(rotation=3), shape=(4, 4))
    assert clone(model).get_params()["deformation"] == Deformation(rotation=3)


def test_the_command_line_gives_several_values_as_a_list_of_them():
    assert make("tiny", params={"widths": "8,8,16"}).widths == (8, 8, 16)
    convnet = make("convnet", params={"widths": 8, "fade": "1.5,0.4", "normalised": "slant,aspect"})
    assert (convnet.widths, convnet.fade, convnet.normalised) == ((8,), (1.5, 0.4), ("slant", "aspect"))
    with pytest.raises(ParameterError, match="expected widths such as widths=16,16,32,32,28, got 'a,b'"):
        make("tiny", params={"widths": "a,b"})
