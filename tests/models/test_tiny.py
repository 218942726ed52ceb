"""The network for microcontrollers: whole numbers that answer as they were learnt; skipped without PyTorch."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks

from misread.models.tiny import TinyNetClassifier
from misread.models.whole import WholeConv, packed, plan, unpacked

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

POINTS = {"check_classifiers_train": "made for images; a few points are too few steps to learn from"}


def quick(**parameters):
    settings = {"widths": (8, 8, 12), "epochs": 6, "batch_size": 32, "random_state": 0, "n_jobs": 1}
    return TinyNetClassifier(**settings | parameters)


@parametrize_with_checks([quick(epochs=1)], expected_failed_checks=lambda estimator: POINTS)
def test_sklearn_compatible(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X * 15).astype(np.uint8), y


@pytest.fixture(scope="module")
def fitted(digits):
    told = []
    model = quick(on_epoch=lambda *news: told.append(news)).fit(digits[0][:1400], digits[1][:1400])
    return model, told


def test_it_learns_and_tells(digits, fitted):
    model, told = fitted
    X, y = digits
    assert np.mean(model.predict(X[1400:]) == y[1400:]) > 0.8
    assert [epoch for epoch, _, _ in told] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    held = model.held_out_indices_
    np.testing.assert_array_equal(model.decision_function(X[held]), model.held_out_scores_)


def test_the_seed_decides(digits):
    X, y = digits[0][:300], digits[1][:300]
    one, two, other = (quick(epochs=1, random_state=seed).fit(X, y).decision_function(X) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_pickle_answers_without_pytorch(digits, fitted, monkeypatch):
    model, _ = fitted
    content = pickle.dumps(model)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    again = pickle.loads(content)
    assert again.on_epoch is None
    np.testing.assert_array_equal(again.predict_proba(digits[0]), model.predict_proba(digits[0]))


@pytest.mark.parametrize("shape", [(1, 9), (2, 2), (5, 40), (31, 30), (28, 28)])
def test_whole_numbers_answer_as_what_was_trained(shape):
    rounded, training = (pytest.importorskip(f"misread.models.deep.{name}") for name in ("rounded", "training"))
    images = np.random.default_rng(0).integers(0, 256, (60, *shape), dtype=np.uint8)
    with training.seeded(0):
        network = rounded.build_rounded_network(shape, 3, (4, 6, 5, 7)).train()
        network(torch.from_numpy(images.astype(np.float32))[:, None] / 255)
        for layer in network:
            if hasattr(layer, "norm"):  # as after training: some gains, some of them below zero
                layer.norm.weight.data = torch.randn(len(layer.norm.weight))
                layer.norm.bias.data = torch.randn(len(layer.norm.weight))
                layer.norm.num_batches_tracked.zero_()
    for _ in range(60):
        network(torch.from_numpy(images.astype(np.float32))[:, None] / 255)
    expected = training.logits_of(network.eval(), images)
    found = rounded.in_whole_numbers(network).scores(images)
    assert np.abs(found - expected).max() <= 0.06 * max(1, np.abs(expected).max())
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999


def _slow(layer: WholeConv, image: np.ndarray) -> np.ndarray:
    """One image, number by number."""
    spot, (height, width, _) = layer.spot, image.shape
    out = np.zeros((len(spot.rows), len(spot.columns), len(layer.weights)), np.uint8)
    for row, (top, bottom) in enumerate(spot.rows):
        for column, (left, right) in enumerate(spot.columns):
            for k, kernel in enumerate(layer.weights.astype(int)):
                sums = []
                for y in range(top, bottom):
                    for x in range(left, right):
                        total = 0
                        for dy in range(spot.side):
                            for dx in range(spot.side):
                                at = y * spot.strides[0] + dy - spot.side // 2
                                along = x * spot.strides[1] + dx - spot.side // 2
                                if 0 <= at < height and 0 <= along < width:
                                    total += int(kernel[dy, dx] @ image[at, along].astype(int))
                        sums.append(total)
                value = max(0, max(sums) + int(layer.biases[k])) * int(layer.multipliers[k])
                shift = int(layer.shifts[k])
                out[row, column, k] = min(255, (value + ((1 << shift) >> 1)) >> shift)
    return out


@pytest.mark.parametrize(("number", "channels"), [(1, 1), (2, 3), (3, 4)])
def test_a_layer_computes_what_its_description_says(number, channels):
    rng = np.random.default_rng(number)
    shape = (11, 17)
    for spot in plan(shape, 3)[: number - 1]:
        shape = (len(spot.rows), len(spot.columns))
    spot = plan((11, 17), 3)[number - 1]
    weights = rng.integers(-7, 8, (5, spot.side, spot.side, channels)).astype(np.int8)
    layer = WholeConv.of(weights, rng.uniform(1e-4, 0.05, 5), rng.normal(0, 40, 5), spot)
    images = rng.integers(0, 256, (3, *shape, channels)).astype(np.uint8)
    found = layer.run(images)
    assert len(np.unique(found)) > 20
    np.testing.assert_array_equal(found, [_slow(layer, image) for image in images])


@pytest.mark.parametrize("n", [1, 2, 25, 144])
def test_packed_weights_are_unpacked(n):
    weights = np.random.default_rng(0).integers(-7, 8, (6, n)).astype(np.int8)
    rows = packed(weights)
    assert rows.shape == (6, -(-n // 2))
    np.testing.assert_array_equal(unpacked(rows, n), weights)
