"""The convolutional networks; skipped where PyTorch is not installed."""

import builtins
import copy
import pickle
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks

from misread.errors import MissingExtraError, ParameterError
from misread.images.deform import Deformation, deskew, move
from misread.models.convnet import ConvNetClassifier
from misread.models.ensemble import ConvNetEnsembleClassifier

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

POINTS = {"check_classifiers_train": "made for images; a few points are too few steps to learn from"}


def quick(**parameters):
    settings = {"widths": (8, 16, 16), "depth": 1, "epochs": 4, "batch_size": 32, "random_state": 0, "n_jobs": 1}
    return ConvNetClassifier(**settings | parameters)


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
    model = quick(epochs=6, on_epoch=lambda *news: told.append(news)).fit(digits[0][:1400], digits[1][:1400])
    return model, told


def test_it_learns_and_tells(digits, fitted):
    model, told = fitted
    X, y = digits
    assert np.mean(model.predict(X[1400:]) == y[1400:]) > 0.85
    assert [epoch for epoch, _, _ in told] == [1, 2, 3, 4, 5, 6]
    assert told[-1][2] < told[0][2]
    probabilities = model.predict_proba(X[1400:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), model.predict(X[1400:]))
    held = model.held_out_indices_
    np.testing.assert_allclose(model.decision_function(X[held]), model.held_out_scores_, rtol=1e-4, atol=1e-4)


def test_every_image_is_asked_about_from_four_more_places(digits, fitted):
    model, X = copy.copy(fitted[0]), digits[0][1400:1450]
    still = copy.copy(model).set_params(moved=0)
    step = 0.5 * 8 / 28
    images = X.reshape(-1, 8, 8)
    views = [move(images, (step * down, step * right)) for down in (1, -1) for right in (1, -1)]
    still.temperature_ = model.temperature_ = 1.0
    shares = [still.predict_proba(view.reshape(-1, 64)) for view in views]
    expected = (still.predict_proba(X) + np.mean(shares, axis=0)) / 2
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-5, atol=1e-8)


def test_the_seed_decides_and_nothing_else(digits):
    X, y = digits[0][:300], digits[1][:300]
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    one = quick(epochs=1).fit(X, y)
    before = torch.random.get_rng_state()
    two = quick(epochs=1).fit(X, y)
    assert torch.equal(before, torch.random.get_rng_state())
    assert one.weights_ == two.weights_
    assert quick(epochs=1, random_state=1).fit(X, y).weights_ != one.weights_
    assert torch.get_num_threads() == threads


def test_a_pickle_holds_safetensors_and_answers_alike(digits, fitted):
    from safetensors.numpy import load

    model, _ = fitted
    trained = clone(model).fit(digits[0][:60], digits[1][:60])
    again = pickle.loads(pickle.dumps(trained))
    assert "_network" not in again.__getstate__()
    assert again.on_epoch is None
    weights = load(again.weights_)
    assert all(np.isfinite(array).all() for array in weights.values())
    X = digits[0][1400:]
    np.testing.assert_array_equal(again.predict_proba(X), trained.predict_proba(X))
    assert len(np.unique(again.predict(X))) > 2


def test_it_stops_when_it_gets_no_better(digits):
    told = []
    X, y = digits[0][:400], digits[1][:400]
    model = quick(epochs=40, patience=1, learning_rate=0.5, held_out=0.3, on_epoch=lambda *news: told.append(news))
    model.fit(X, y)
    assert len(told) < 40


@pytest.mark.parametrize("normalised", [(), ("slant", "aspect")])
@pytest.mark.parametrize("shape", [(1, 9), (2, 2), (5, 40), (30, 30)])
def test_images_of_any_shape(shape, normalised):
    X = np.random.default_rng(0).integers(0, 256, (40, shape[0] * shape[1]), dtype=np.uint8)
    y = np.array(["a", "b"])[np.arange(40) % 2]
    model = quick(epochs=1, shape=shape, normalised=normalised).fit(X, y)
    assert set(model.predict(X)) <= {"a", "b"}
    assert model.decision_function(X).shape == (40,)


def test_a_network_that_takes_the_slant_out_does_not_see_it(digits, fitted):
    X, y = digits[0][:600], digits[1][:600]
    upright = deskew(X.reshape(-1, 8, 8)).reshape(len(X), -1)
    model = quick(normalised=("slant",)).fit(X, y)
    told = model.decision_function(X[:50])
    np.testing.assert_array_equal(quick().fit(upright, y).decision_function(upright[:50]), told)


@pytest.mark.parametrize(("helps", "members"), [(False, 3), (True, 5)])
def test_members_that_do_not_help_are_not_trained(digits, helps, members, monkeypatch):
    asked = []

    def answer(before, after):
        asked.append((before, after))
        return helps

    monkeypatch.setattr("misread.models.ensemble._helps", answer)
    X, y = digits[0][:400], digits[1][:400]
    model = ConvNetEnsembleClassifier(5, epochs=1, random_state=0, n_jobs=1).fit(X, y)
    assert len(model.estimators_) == members
    held = model.held_out_indices_
    np.testing.assert_allclose(model.held_out_scores_, model.decision_function(X[held]), rtol=1e-4, atol=1e-4)
    ((before, after),) = asked
    one, three = (one.decision_function(X[held]) for one in (model.estimators_[0], model))
    shares = np.exp(one) / np.exp(one).sum(axis=1, keepdims=True)
    truth = (np.arange(len(held)), y[held])
    np.testing.assert_allclose(before, -np.log(shares)[truth], rtol=1e-3, atol=1e-4)
    if not helps:
        np.testing.assert_allclose(after, -three[truth], rtol=1e-3, atol=1e-4)


def test_help_is_more_than_chance():
    from misread.models.ensemble import _helps

    losses = np.random.default_rng(0).gamma(0.1, 1, 500)
    assert _helps(losses, losses * 0.5)
    assert not _helps(losses, np.random.default_rng(1).permutation(losses) * 0.97)
    assert not _helps(losses, losses)


@pytest.mark.parametrize(("side", "expected"), [(8, 1), (40, 2)])
def test_small_steps_are_not_shared_among_threads(side, expected, monkeypatch):
    """A step of 128 images of 8x8 costs many times its work where threads wait for each other at every layer."""
    from misread.models.deep import training

    used, real = [], training._rate
    monkeypatch.setattr(training, "_rate", lambda done: used.append(torch.get_num_threads()) or real(done))
    X = np.random.default_rng(0).integers(0, 256, (64, side * side), dtype=np.uint8)
    quick(widths=(2,), epochs=1, n_jobs=2).fit(X, np.arange(64) % 2)
    assert set(used) == {expected}


def test_an_unknown_pose_is_refused(digits):
    with pytest.raises(ParameterError, match="normalised may name slant, aspect, got size"):
        quick(normalised=("aspect", "size")).fit(*digits)


def test_the_deformation_fades():
    from misread.models.deep.training import Settings

    settings = Settings(5, 1, 0.1, 0.0, 0.0, 0.9, None, Deformation(rotation=10), (1.5, 0.5))
    assert [settings.deformation_in(epoch).rotation for epoch in range(1, 6)] == [15, 12.5, 10, 7.5, 5]


def test_an_ensemble_is_the_mean_of_its_members(digits, monkeypatch):
    X, y = digits[0][:400], digits[1][:400]
    told = []
    monkeypatch.setattr("misread.models.ensemble._helps", lambda before, after: True)
    model = ConvNetEnsembleClassifier(
        4, epochs=1, random_state=0, n_jobs=1, on_epoch=lambda *news: told.append(news)
    )
    model.fit(X, y)
    assert [(epoch, epochs) for epoch, epochs, _ in told] == [(1, 3), (2, 3), (3, 3), (4, 4)]
    assert [one.normalised for one in model.estimators_] == [(), ("aspect",), ("slant", "aspect"), ()]
    members = [one.set_params().decision_function(X) for one in model.estimators_]
    shares = [np.exp(one) / np.exp(one).sum(axis=1, keepdims=True) for one in members]
    np.testing.assert_allclose(np.exp(model.decision_function(X)), np.mean(shares, axis=0), rtol=1e-6)
    assert not np.array_equal(members[0], members[3])


def test_without_pytorch_the_message_names_the_extra(digits, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("misread.models.deep")]:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def no_torch(name, *rest, **others):
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest, **others)

    monkeypatch.setattr(builtins, "__import__", no_torch)
    with pytest.raises(MissingExtraError, match=r"misread\[deep\]"):
        quick().fit(digits[0][:50], digits[1][:50])
