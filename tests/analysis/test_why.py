import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from misread.analysis.why import explain
from misread.data import load
from misread.models import KNeighborsClassifier, SGDClassifier
from misread.models.convnet import ConvNetClassifier
from misread.models.ensemble import ConvNetEnsembleClassifier

data = load("digits")
X, y = data.train.X[:400], data.train.labels[:400]
X_test, y_test = data.test.X[:200], data.test.labels[:200]


def test_weights_say_what_a_grey_level_adds_to_each_score() -> None:
    model = SGDClassifier(random_state=1, max_iter=5, tol=None, scaler=StandardScaler()).fit(X, y)
    found = explain(model, X_test, y_test, model.predict(X_test), data.shape)
    brighter = X_test[:1].copy()
    brighter[0, 30] += 1
    added = model.decision_function(brighter) - model.decision_function(X_test[:1])
    np.testing.assert_allclose(found["weights"][:, 30], added[0], rtol=1e-4, atol=1e-6)


def test_two_classes_have_a_plane_each() -> None:
    model = SGDClassifier(random_state=1, max_iter=5, tol=None).fit(X, y == 5)
    weights = explain(model, X_test, (y_test == 5).astype(np.int64), np.zeros(200, np.int64), data.shape)[
        "weights"
    ]
    np.testing.assert_array_equal(weights[0], -weights[1])


def test_neighbours_are_the_nearest_of_the_misread_images() -> None:
    model = KNeighborsClassifier(n_neighbors=3).fit(X, y)
    predictions = model.predict(X_test)
    found = explain(model, X_test, y_test, predictions, data.shape)
    assert found["rows"].tolist() == np.flatnonzero(predictions != y_test).tolist()
    nearest = NearestNeighbors(n_neighbors=4).fit(X.astype(float))
    distances, _ = nearest.kneighbors(X_test[found["rows"]].astype(float))
    np.testing.assert_allclose(found["distances"], distances, rtol=1e-5)


def test_of_other_models_it_is_said_what_flips_them() -> None:
    model = LogisticRegression(max_iter=30, tol=1e-1).fit(X / 255, y)
    model.coef_ /= 255
    predictions = model.predict(X_test)
    found = explain(model, X_test, y_test, predictions, data.shape)
    rows = found["rows"]
    assert found["changes"].shape == found["flips"].shape == (len(rows), 7, 7)
    blanked = X_test[rows[:1]].reshape(1, 8, 8).copy()
    blanked[0, 3:5, 1:2] = 0
    scores = [model.decision_function(one.reshape(1, -1))[0] for one in (X_test[rows[:1]], blanked)]
    leads = [score[predictions[rows[0]]] - score[y_test[rows[0]]] for score in scores]
    assert np.isclose(found["changes"][0, 3, 1], leads[1] - leads[0], atol=1e-4)
    assert found["flips"][0, 3, 1] == (model.predict(blanked.reshape(1, -1))[0] != predictions[rows[0]])


def test_nothing_misread_is_nothing_to_say() -> None:
    model = KNeighborsClassifier(n_neighbors=1).fit(X, y)
    found = explain(model, X, y, model.predict(X), data.shape)
    assert len(found["rows"]) == len(found["neighbors"]) == 0


def test_of_a_network_it_is_said_what_each_grey_level_adds() -> None:
    pytest.importorskip("torch")
    model = ConvNetClassifier(widths=(6, 8), depth=1, epochs=2, moved=0, random_state=1, n_jobs=1).fit(X, y)
    predictions = model.predict(X_test)
    found = explain(model, X_test, y_test, predictions, data.shape)
    row = found["rows"][0]
    one, other = predictions[row], y_test[row]
    spot = int(np.abs(found["slopes"][0]).argmax())
    near = np.repeat(X_test[row : row + 1], 2, axis=0)
    near[:, spot] = np.minimum(near[0, spot], 251)
    near[1, spot] += 4
    scores = model.decision_function(near)
    leads = scores[:, one] - scores[:, other]
    assert found["slopes"].shape == (len(found["rows"]), 8, 8)
    assert np.isclose(found["slopes"][0].ravel()[spot], (leads[1] - leads[0]) / 4, rtol=0.25)


def test_an_ensemble_says_what_each_grey_level_adds_to_its_mean() -> None:
    pytest.importorskip("torch")
    members = [
        ConvNetClassifier(widths=(4,), depth=1, epochs=2, moved=0, held_out=0, random_state=seed, n_jobs=1).fit(
            X, y
        )
        for seed in (1, 2)
    ]
    model = ConvNetEnsembleClassifier(n_members=2)
    model.estimators_, model.classes_, model.n_features_in_ = members, members[0].classes_, X.shape[1]
    image, one, other = X_test[:1], [3], [8]
    slopes = model.lead_slopes(image, one, other)[0].ravel()
    spot = int(np.abs(slopes).argmax())
    near = np.repeat(image, 2, axis=0)
    near[:, spot] = np.minimum(near[0, spot], 253)
    near[1, spot] += 2
    scores = model._ask(near)
    leads = scores[:, 3] - scores[:, 8]
    assert np.isclose(
        model.lead_slopes(near[:1], one, other)[0].ravel()[spot], (leads[1] - leads[0]) / 2, rtol=0.2
    )
