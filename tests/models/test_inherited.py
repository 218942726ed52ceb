"""What our estimators inherit from scikit-learn's works on ours too, and gives the same."""

import pickle

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier as SklearnForest
from sklearn.preprocessing import StandardScaler

import misread
from misread.bundle import load as load_model
from misread.bundle import save
from misread.data import load
from misread.export import export_onnx
from misread.models import RandomForestClassifier, SGDClassifier
from misread.models.sgd import INSTALLED_STOPPING


@pytest.fixture(scope="module")
def digits():
    data = load("digits")
    return data.train.X[:300], data.train.labels[:300], data.test.X[:100]


@pytest.mark.parametrize("scaler", [None, StandardScaler()], ids=["raw", "scaled"])
@pytest.mark.parametrize("binary", [False, True], ids=["ten", "two"])
def test_a_sparsified_model_answers_as_before(digits, scaler, binary):
    X, y, queries = digits
    y = y == 5 if binary else y
    model = SGDClassifier(random_state=0, scaler=scaler).fit(X, y)
    scores, answers = model.decision_function(queries), model.predict(queries)
    assert model.sparsify() is model
    for form in (queries, queries.astype(float)):
        np.testing.assert_allclose(model.decision_function(form), scores, rtol=1e-12)
        np.testing.assert_array_equal(model.predict(form), answers)
    assert model.score(X, y) > 0.9
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(queries), answers)
    model.densify()
    np.testing.assert_array_equal(model.decision_function(queries), scores)


@pytest.mark.parametrize("binary", [False, True], ids=["ten", "two"])
def test_a_sparsified_model_goes_on_learning(digits, binary):
    X, y, _ = digits
    y = y == 5 if binary else y
    for learn in (
        lambda model: model.set_params(warm_start=True).fit(X, y),
        lambda model: model.partial_fit(X, y),
        lambda model: model.set_params(loss="log_loss", stopping=INSTALLED_STOPPING, warm_start=True).fit(X, y),
        lambda model: model.fit(X, y),
    ):
        dense, sparse = (SGDClassifier(random_state=0).fit(X, y) for _ in range(2))
        learn(dense)
        learn(sparse.sparsify())
        np.testing.assert_array_equal(sparse.coef_, dense.coef_)


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")  # of earlier scikit-learns, on 0 / 0
def test_a_sparsified_model_has_probabilities(digits):
    X, y, queries = digits
    model = SGDClassifier("log_loss", tol=None, max_iter=5, random_state=0).fit(X, y)
    before = model.predict_proba(queries)
    np.testing.assert_allclose(model.sparsify().predict_proba(queries), before, atol=1e-12)


def test_a_sparsified_model_is_written_and_exported(tmp_path):
    data = load("digits")
    bundle = misread.train("sgd", data)
    scores = bundle.answer(data.test.images).scores
    bundle.estimator.sparsify()
    save(bundle, tmp_path / "m.misread")
    np.testing.assert_array_equal(load_model(tmp_path / "m.misread").answer(data.test.images).scores, scores)
    pytest.importorskip("onnxruntime")
    assert export_onnx(bundle, tmp_path / "m.onnx")


@pytest.mark.parametrize("name", ["apply", "predict", "predict_proba"])
def test_a_forest_tells_what_scikit_learns_tells(digits, name):
    X, y, queries = digits
    ours, theirs = (kind(5, random_state=0).fit(X, y) for kind in (RandomForestClassifier, SklearnForest))
    np.testing.assert_array_equal(getattr(ours, name)(queries), getattr(theirs, name)(queries))
    np.testing.assert_array_equal(ours.decision_path(queries)[1], theirs.decision_path(queries)[1])
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_)
