"""SGDClassifier against scikit-learn: 1.7.2 through its recorded results, the installed one side by side.

The study's numbers on all of MNIST are asked in tests/recipes/study/test_mnist.py.
"""

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import SGDClassifier as SklearnSGDClassifier
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from misread.data import load
from misread.errors import ParameterError
from misread.models import scaling
from misread.models.sgd import INSTALLED_STOPPING, SGDClassifier

GOLDEN = json.loads((Path(__file__).parent / "golden" / "sgd_scikit_learn_1_7.json").read_text())["cases"]
needs_objective = pytest.mark.skipif(INSTALLED_STOPPING != "objective", reason="needs scikit-learn 1.8 or later")
# scikit-learn expects these of its own SGDClassifier: weighting a sample is not repeating it in a stochastic fit
STOCHASTIC = dict.fromkeys(
    ["check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"],
    "the order of a stochastic fit depends on the number of samples",
)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.astype(np.uint8), y


def fit_quietly(model, X, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **options)


def assert_same_fit(model, other):
    assert model.coef_.shape == other.coef_.shape
    assert model.coef_.dtype == other.coef_.dtype
    assert model.coef_.tobytes() == other.coef_.tobytes()
    assert model.intercept_.tobytes() == other.intercept_.tobytes()
    assert (model.n_iter_, model.t_) == (other.n_iter_, other.t_)
    assert model.classes_.tolist() == other.classes_.tolist()


@parametrize_with_checks(
    [SGDClassifier(), *([SGDClassifier(stopping="objective")] if INSTALLED_STOPPING == "objective" else [])],
    expected_failed_checks=lambda _: STOCHASTIC,
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("form", ["uint8", "float64", "scaled inside", "scaled and frozen"])
@pytest.mark.parametrize("case", GOLDEN, ids=[str(i) for i in range(len(GOLDEN))])
def test_loss_rule_equals_scikit_learn_1_7(digits, case, form):
    X, y = digits
    scaler = None
    if form.startswith("scaled"):
        if not case["scaled"]:
            pytest.skip("raw case")
        scaler = StandardScaler() if form == "scaled inside" else FrozenEstimator(StandardScaler().fit(X))
    elif case["scaled"]:
        X = StandardScaler().fit_transform(X)
    elif form == "float64":
        X = X.astype(np.float64)
    target = y if case["positive"] is None else y == case["positive"]
    model = fit_quietly(SGDClassifier(scaler=scaler, **case["options"]), X, target)
    numbers = np.concatenate([model.coef_.ravel(), model.intercept_]).astype("<f8")
    assert model.n_iter_ == case["epochs"]
    assert model.t_ == case["t"]
    assert hashlib.sha256(numbers.tobytes()).hexdigest() == case["sha256"]


@needs_objective
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"loss": "perceptron"},
        {"penalty": None},
        {"alpha": 1.0},
        {"class_weight": {3: 2.5}},
        {"tol": 0.0, "n_iter_no_change": 2},
        {"loss": "log_loss", "max_iter": 5},
        {"penalty": "elasticnet", "max_iter": 5},
        {"average": True, "max_iter": 5},
        {"early_stopping": True},
        {"learning_rate": "adaptive", "eta0": 0.1, "max_iter": 20},
    ],
    ids=str,
)
def test_objective_rule_equals_the_installed_scikit_learn(digits, options, scaled):
    X, y = digits
    data = StandardScaler().fit_transform(X) if scaled else X
    expected = fit_quietly(SklearnSGDClassifier(random_state=7, **options), data, y)
    model = SGDClassifier(
        random_state=7, stopping="objective", scaler=StandardScaler() if scaled else None, **options
    )
    assert_same_fit(fit_quietly(model, X, y), expected)
    np.testing.assert_array_equal(model.decision_function(X), expected.decision_function(data.astype(np.float64)))
    assert_same_fit(fit_quietly(clone(model).set_params(scaler=None), data, y), expected)


ODD = {
    "all zero": lambda rng: np.zeros((60, 20), np.uint8),
    "all equal": lambda rng: np.full((60, 20), 7, np.uint8),
    "all white": lambda rng: np.full((60, 20), 255, np.uint8),
    "one pixel": lambda rng: rng.integers(0, 256, (60, 1), dtype=np.uint8),
    "4096 features": lambda rng: rng.integers(0, 256, (60, 4096), dtype=np.uint8),
    "black and white": lambda rng: rng.integers(0, 2, (60, 50), dtype=np.uint8) * np.uint8(255),
    "constant features": lambda rng: np.hstack(
        [np.full((60, 9), 255, np.uint8), rng.integers(0, 9, (60, 3), np.uint8)]
    ),
    "zero rows": lambda rng: rng.integers(0, 256, (60, 30), dtype=np.uint8) * (np.arange(60) % 2 == 0)[:, None],
    "duplicates": lambda rng: np.repeat(rng.integers(0, 256, (6, 30), dtype=np.uint8), 10, axis=0),
}


@needs_objective
@pytest.mark.parametrize("scaled", [False, True], ids=["raw", "scaled"])
@pytest.mark.parametrize("name", ODD)
def test_odd_images_equal_the_installed_scikit_learn(name, scaled):
    X, y = ODD[name](np.random.default_rng(3)).astype(np.uint8), np.arange(60) % 3
    data = StandardScaler().fit_transform(X) if scaled else X
    model = SGDClassifier(
        random_state=5, max_iter=30, stopping="objective", scaler=StandardScaler() if scaled else None
    )
    assert_same_fit(
        fit_quietly(model, X, y), fit_quietly(SklearnSGDClassifier(random_state=5, max_iter=30), data, y)
    )


@needs_objective
@pytest.mark.parametrize("kind", ["uint8", "float64", "float32", "csr"])
def test_weights_and_warm_starts(digits, kind):
    X, y = digits
    data = sparse.csr_array(X.astype(np.float64)) if kind == "csr" else X.astype(kind)
    rng = np.random.default_rng(0)
    weight = rng.uniform(0, 2, len(y))
    weight[rng.random(len(y)) < 0.1] = 0.0
    fits = [{"sample_weight": weight}, {"coef_init": np.ones((10, 64)), "intercept_init": np.arange(10.0)}, {}]
    ours = SGDClassifier(random_state=1, max_iter=4, warm_start=True, stopping="objective")
    theirs = SklearnSGDClassifier(random_state=1, max_iter=4, warm_start=True)
    for options in fits:
        assert_same_fit(fit_quietly(ours, data, y, **options), fit_quietly(theirs, data, y, **options))


@pytest.mark.parametrize("kind", ["uint8", "float64", "csr"])
def test_one_epoch_is_the_same_by_any_rule(digits, kind):
    X, y = digits
    data = sparse.csr_array(X.astype(np.float64)) if kind == "csr" else X.astype(kind)
    start = {"coef_init": np.linspace(-1, 1, 640).reshape(10, 64), "intercept_init": np.arange(10.0)}
    for options in ({}, start):
        ours = fit_quietly(SGDClassifier(random_state=1, max_iter=1), data, y, **options)
        theirs = fit_quietly(SklearnSGDClassifier(random_state=1, max_iter=1), data, y, **options)
        assert_same_fit(ours, theirs)


def test_classes_in_threads_give_the_same_numbers(digits):
    one = fit_quietly(SGDClassifier(random_state=0, n_jobs=1), *digits)
    assert_same_fit(fit_quietly(SGDClassifier(random_state=0, n_jobs=4), *digits), one)


def test_a_random_state_object_is_drawn_from_as_by_scikit_learn(digits):
    X, y = digits
    for target in (y, y == 5):
        ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
        for _ in range(2):
            model = fit_quietly(SGDClassifier(random_state=ours, max_iter=1), X, target)
            other = fit_quietly(SklearnSGDClassifier(random_state=theirs, max_iter=1), X, target)
            assert_same_fit(model, other)


@pytest.mark.parametrize("with_mean", [False, True])
@pytest.mark.parametrize("with_std", [False, True])
def test_a_scaler_without_mean_or_scale(digits, with_mean, with_std):
    X, y = digits
    scaler = StandardScaler(with_mean=with_mean, with_std=with_std)
    expected = SGDClassifier(random_state=0, max_iter=5, tol=None).fit(scaler.fit_transform(X), y)
    model = SGDClassifier(random_state=0, max_iter=5, tol=None, scaler=clone(scaler)).fit(X, y)
    assert_same_fit(model, expected)
    np.testing.assert_array_equal(model.decision_function(X), expected.decision_function(scaler.transform(X)))


@pytest.mark.parametrize(("with_mean", "with_std"), [(True, True), (False, True), (True, False), (False, False)])
def test_the_scaler_is_fitted_in_a_kernel_with_the_same_numbers(monkeypatch, with_mean, with_std):
    X = np.random.default_rng(0).integers(0, 256, (3001, 33)).astype(np.uint8)
    X[:, 4], X[:, 5], X[:7, 6], X[7:, 6] = 9, 0, 1, 0
    monkeypatch.setattr(scaling, "LARGE", 10_000)
    whole = StandardScaler(with_mean=with_mean, with_std=with_std).fit(X)
    fit, widths = StandardScaler.fit, []
    monkeypatch.setattr(StandardScaler, "fit", lambda self, X: widths.append(X.shape[1]) or fit(self, X))
    ours = scaling.fit_scaler(whole, X)
    assert widths == [2]
    for name in ("mean_", "var_", "scale_"):
        value, expected = getattr(ours, name), getattr(whole, name)
        assert value is expected if expected is None else value.tobytes() == expected.tobytes()
    assert ours.n_samples_seen_ == whole.n_samples_seen_
    assert ours.n_features_in_ == whole.n_features_in_


def test_a_scikit_learn_that_counts_in_another_way_fits_all_columns(monkeypatch):
    X = np.random.default_rng(0).integers(0, 256, (300, 33)).astype(np.uint8)
    monkeypatch.setattr(scaling, "LARGE", 1_000)
    monkeypatch.setattr(
        scaling, "_fitted", lambda X: {"var_": np.ones(33), "mean_": np.ones(33), "scale_": np.ones(33)}
    )
    assert scaling.fit_scaler(StandardScaler(), X).mean_.tobytes() == StandardScaler().fit(X).mean_.tobytes()


def test_partial_fit_is_scikit_learns(digits):
    X, y = digits
    frozen = FrozenEstimator(StandardScaler().fit(X))
    for scaler, data in ((None, X), (frozen, frozen.transform(X))):
        ours, theirs = SGDClassifier(random_state=0, scaler=scaler), SklearnSGDClassifier(random_state=0)
        for part in (slice(0, 900), slice(900, None)):
            ours.partial_fit(X[part], y[part], classes=np.arange(10))
            theirs.partial_fit(data[part], y[part], classes=np.arange(10))
        np.testing.assert_array_equal(ours.coef_, theirs.coef_)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(data))


def test_cross_validation_with_a_scaler_inside(digits):
    X, y = digits
    model = SGDClassifier(random_state=0, scaler=StandardScaler())
    assert cross_val_score(model, X, y, cv=3).mean() > 0.9


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"stopping": "never"}, "'loss' .* or 'objective'"),
        ({"scaler": MinMaxScaler()}, "make_pipeline"),
        ({"loss": "log_loss"}, "stopping='loss' is available for loss 'hinge'"),
        ({"penalty": "l1"}, "penalty='l1'"),
        ({"average": True}, "average=True"),
    ],
)
def test_parameters_that_make_no_sense(digits, parameters, message):
    if INSTALLED_STOPPING == "loss" and message.startswith(("stopping", "penalty", "average")):
        pytest.skip("the installed scikit-learn has the rule")
    with pytest.raises(ParameterError, match=message):
        SGDClassifier(**parameters).fit(*digits)


def test_partial_fit_cannot_fit_a_scaler(digits):
    with pytest.raises(ParameterError, match="FrozenEstimator"):
        SGDClassifier(scaler=StandardScaler()).partial_fit(*digits, classes=np.arange(10))


def test_what_scikit_learn_refuses_is_refused_alike(digits):
    X, y = digits
    for model in (SGDClassifier(), SklearnSGDClassifier()):
        with pytest.raises(ValueError, match=r"The number of classes has to be greater than one; got 1 class"):
            model.fit(X, np.zeros(len(y)))
        with pytest.raises(ValueError, match="alpha must be > 0"):
            model.set_params(alpha=0.0).fit(X, y)
        with pytest.raises(ValueError, match=r"Floating-point under-/overflow occurred at epoch #1\."):
            model.set_params(alpha=1e-4).fit(X * 1e307, y)


def test_the_epoch_limit_warns(digits):
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached"):
        SGDClassifier(max_iter=2).fit(*digits)


@pytest.fixture(scope="module")
def mnist(mnist_folder):
    train = load("mnist", data_dir=mnist_folder).train
    return np.ascontiguousarray(train.images.reshape(len(train.images), -1)), np.asarray(train.labels)


@needs_objective
@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
def test_many_images_equal_the_installed_scikit_learn(mnist, scaled):
    X, y = mnist[0][:12_000], mnist[1][:12_000] == 5
    scaler = StandardScaler() if scaled else None
    expected = SklearnSGDClassifier(random_state=42).fit(scaler.fit_transform(X) if scaled else X, y)
    assert_same_fit(SGDClassifier(random_state=42, stopping="objective", scaler=scaler).fit(X, y), expected)
