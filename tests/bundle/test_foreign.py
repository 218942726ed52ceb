"""What scikit-learn's compiled code would follow out of bounds is refused before it is asked anything."""

import copy
import re

import numpy as np
import pytest
import skops.io
from crafted import edited_skops
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    StackingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsOneClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from misread.bundle import load, save
from misread.bundle.allowed import ESTIMATORS
from misread.bundle.foreign import dumps, loads
from misread.errors import ModelFileError
from misread.models import RandomForestClassifier


def reread(estimator):
    """Read an estimator as a file of an attacker would have it, whatever `dumps` thinks of it."""
    return loads(np.frombuffer(skops.io.dumps(estimator), np.uint8))


def refused(estimator) -> str:
    content = np.frombuffer(skops.io.dumps(estimator), np.uint8)
    with pytest.raises(ModelFileError) as caught:
        loads(content)
    return str(caught.value)


@pytest.fixture(scope="module")
def fitted(few):
    """Fit an estimator on a few digits, once for each test module."""
    known = {}

    def fit(estimator):
        key = repr(estimator)
        if key not in known:
            known[key] = estimator.fit(few.train.X, few.train.labels)
        return copy.deepcopy(known[key])

    return fit


ALLOWED = [
    make_pipeline(MinMaxScaler(), Normalizer(), LogisticRegression(max_iter=20)),
    CalibratedClassifierCV(LinearSVC(random_state=0), cv=2),
    CalibratedClassifierCV(GaussianNB(), cv=2, method="isotonic", ensemble=False),
    *(
        [CalibratedClassifierCV(LogisticRegression(max_iter=20), cv=2, method="temperature")]
        if "temperature" in str(CalibratedClassifierCV._parameter_constraints["method"])
        else []  # scikit-learn before 1.8
    ),
    GradientBoostingClassifier(n_estimators=2, random_state=0),
    GradientBoostingClassifier(n_estimators=2, init="zero", random_state=0),
    BaggingClassifier(DecisionTreeClassifier(), 3, max_features=0.5, random_state=0),
    StackingClassifier([("bayes", GaussianNB()), ("knn", KNeighborsClassifier(3))], LogisticRegression(), cv=2),
    OneVsOneClassifier(RidgeClassifier()),
    KNeighborsClassifier(3, metric="manhattan"),
    MLPClassifier((8,), max_iter=3, random_state=0),
    DummyClassifier(),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", ALLOWED, ids=lambda one: re.sub(r"\W+", "-", repr(one))[:60])
def test_what_is_allowed_comes_back(estimator, bundle_of, few, tmp_path):
    bundle = bundle_of(estimator)
    save(bundle, tmp_path / "m.misread")
    loaded = load(tmp_path / "m.misread")
    np.testing.assert_array_equal(loaded.answer(few.test.images).scores, bundle.answer(few.test.images).scores)


def _nodes(part):
    yield from (one for value in part for one in _nodes(value)) if isinstance(part, list) else ()
    if isinstance(part, dict):
        yield part
        yield from (one for value in part.values() for one in _nodes(value))


def _as_before_1_9(schema, kind=None):
    """What scikit-learn before 1.9 has skops write of a compiled loss."""
    for node in list(_nodes(schema)):
        if str(node.get("__class__")).startswith("Cy"):
            null = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
            old = {"__class__": kind or node["__class__"], "__module__": "_loss", "__loader__": "ObjectNode"}
            node.clear()
            node |= {**old, "content": {**null, "content": "null", "is_json": True}}
    return schema


@pytest.mark.parametrize(
    "estimator",
    [
        GradientBoostingClassifier(n_estimators=2, random_state=0),
        HistGradientBoostingClassifier(max_iter=2, random_state=0),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_loss_written_by_an_earlier_scikit_learn_is_read(estimator, fitted, few):
    model = fitted(estimator)
    content = edited_skops(model, _as_before_1_9)
    assert b'"_loss"' in content
    again = loads(np.frombuffer(content, np.uint8))
    np.testing.assert_array_equal(again.predict_proba(few.test.X), model.predict_proba(few.test.X))
    with pytest.raises(ModelFileError, match="CyEvilLoss, which is not allowed"):
        loads(np.frombuffer(edited_skops(model, lambda schema: _as_before_1_9(schema, "CyEvilLoss")), np.uint8))


def linear(X, Y):
    return X.astype(float) @ Y.T.astype(float)


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (GaussianProcessClassifier(), "GaussianProcessClassifier.*GaussianNB"),
        (RadiusNeighborsClassifier(radius=10_000), "RadiusNeighborsClassifier.*KNeighborsClassifier"),
        (KNeighborsClassifier(algorithm="kd_tree"), "KDTree"),
        (SVC(kernel=linear), "linear"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_is_not_allowed_is_not_written_either(estimator, said, few):
    with pytest.raises(ModelFileError, match=f"cannot be written.*{said}"):
        dumps(estimator.fit(few.train.X, few.train.labels))


def test_a_precomputed_kernel_makes_no_sense_for_images(few):
    machine = SVC(kernel="precomputed").fit(np.eye(100), few.train.labels)
    with pytest.raises(ModelFileError, match="kernel 'precomputed'; allowed are linear, poly"):
        dumps(machine)


def test_the_error_names_what_is_allowed(fitted):
    message = refused(RadiusNeighborsClassifier())
    assert "RadiusNeighborsClassifier" in message
    assert all(name.rpartition(".")[2] in message for name in ESTIMATORS)
    assert "\n" not in message


def test_trees(fitted):
    model = fitted(DecisionTreeClassifier(random_state=0))
    for field, value in (("feature", 10**6), ("left_child", 10**6), ("right_child", 0), ("left_child", -5)):
        crafted = copy.deepcopy(model)
        state = crafted.tree_.__getstate__()
        state["nodes"][field][0] = value
        crafted.tree_.__setstate__(state)
        assert "points outside" in refused(crafted)
    for n_features in (8, 10**6, 64.0, None):
        crafted = copy.deepcopy(model)
        crafted.n_features_in_ = n_features
        refused(crafted)
    del model.n_features_in_
    refused(model)


def test_a_tree_on_its_own_or_in_another_place(fitted):
    tree = fitted(DecisionTreeClassifier(random_state=0)).tree_
    model = fitted(GaussianNB())
    for name in ("tree_", "theta_", "parts"):
        crafted = copy.deepcopy(model)
        setattr(crafted, name, tree)
        assert "tree" in refused(crafted)


@pytest.mark.parametrize(
    "forest", [ExtraTreesClassifier(2, random_state=0), RandomForestClassifier(2, random_state=0)]
)
def test_forests(fitted, few, forest):
    model = fitted(forest)
    crafted = copy.deepcopy(model)
    crafted.estimators_[1] = DecisionTreeClassifier().fit(np.repeat(few.train.X, 4, axis=1), few.train.labels)
    assert "do not fit" in refused(crafted)
    crafted.estimators_[1] = fitted(GaussianNB())
    assert "do not fit" in refused(crafted)


def test_our_own_forest_has_a_share_for_every_class(fitted, few):
    model = fitted(RandomForestClassifier(2, random_state=0))
    model.n_classes_ = 3
    assert "do not fit" in refused(model)


def test_boosted_trees(fitted):
    model = fitted(GradientBoostingClassifier(n_estimators=2, random_state=0))
    zero = fitted(GradientBoostingClassifier(n_estimators=2, init="zero", random_state=0))

    def changed(source, **attributes):
        crafted = copy.deepcopy(source)
        vars(crafted).update(attributes)
        return crafted

    few_classes = copy.deepcopy(model.init_)
    few_classes.n_classes_, few_classes.classes_ = 3, few_classes.classes_[:3]
    few_classes.class_prior_ = few_classes.class_prior_[:3] * 2
    other = fitted(GaussianNB())
    for crafted in (
        changed(zero, n_trees_per_iteration_=1),
        changed(zero, n_trees_per_iteration_="10"),
        changed(zero, estimators_=np.tile(zero.estimators_, (1, 3))),
        changed(zero, estimators_=zero.estimators_[0]),
        changed(model, estimators_=np.tile(model.estimators_, (1, 3)), n_trees_per_iteration_=30),
        changed(model, init_="zero", n_trees_per_iteration_=4),
        changed(model, init_=few_classes),
        changed(model, init_=other),
        changed(model, n_features_in_=3),
    ):
        refused(crafted)
    wide = copy.deepcopy(model)
    wide.estimators_[0, 0] = fitted(DecisionTreeClassifier(random_state=0))
    assert "do not fit" in refused(wide)


def test_histogram_boosting(fitted):
    model = fitted(HistGradientBoostingClassifier(max_iter=2, random_state=0))
    for field, value in (
        ("left", 10**6),
        ("right", 0),
        ("feature_idx", 64),
        ("feature_idx", -1),
        ("is_categorical", 1),
    ):
        crafted = copy.deepcopy(model)
        crafted._predictors[0][0].nodes[field][0] = value
        refused(crafted)
    for name, value in (("n_features_in_", 3), ("n_features_in_", None), ("_preprocessor", MinMaxScaler())):
        crafted = copy.deepcopy(model)
        setattr(crafted, name, value)
        refused(crafted)
    model._bin_mapper.is_categorical_[:] = 1
    assert "categories" in refused(model)


def test_support_vector_machines(fitted):
    model = fitted(SVC())
    for name, value in (
        ("support_", model.support_ + 10**6),
        ("support_", model.support_ - 10**6),
        ("kernel", "precomputed"),
        ("kernel", "martian"),
        ("degree", 10**9),
        ("_dual_coef_", model._dual_coef_[:, :2]),
        ("_intercept_", model._intercept_[:-1]),
        ("_n_support", model._n_support + 1),
        ("_probA", np.zeros(45)),
        ("n_features_in_", 3),
        ("shape_fit_", (2, 64)),
        ("_impl", "one_class"),
    ):
        crafted = copy.deepcopy(model)
        vars(crafted)[name] = value
        assert re.search("support vector|redefines", refused(crafted)), name


def test_nearest_neighbours(fitted):
    model = fitted(KNeighborsClassifier(3))
    for name, value in (
        ("_y", model._y + 10**6),
        ("_y", model._y - 5),
        ("_y", model._y[:-1]),
        ("_y", model._y.astype(float)),
        ("classes_", model.classes_[:3]),
        ("n_neighbors", 0),
        ("n_neighbors", 101),
        ("n_samples_fit_", 10**6),
        ("n_features_in_", 3),
        ("_fit_X", model._fit_X[:, :3]),
        ("_fit_method", "kd_tree"),
        ("weights", "mine"),
        ("metric", "precomputed"),
        ("effective_metric_", "seuclidean"),
        ("effective_metric_params_", {"V": np.ones(3)}),
        ("metric_params", {"V": np.ones(3)}),
    ):
        crafted = copy.deepcopy(model)
        vars(crafted)[name] = value
        assert re.search("nearest neighbours|estimator", refused(crafted)), name


def test_a_part_deep_inside_is_checked_too(few):
    model = make_pipeline(
        FrozenEstimator(MinMaxScaler().fit(few.train.X)), BaggingClassifier(SVC(), 2, random_state=0)
    )
    model.fit(few.train.X, few.train.labels)
    model[-1].estimators_[1].support_[0] = 10**6
    assert "support vector" in refused(model)


def test_methods_are_not_hidden(fitted):
    model = fitted(GaussianNB())
    vars(model)["predict"] = fitted(DummyClassifier())
    assert "redefines 'predict'" in refused(model)


def test_a_file_does_not_say_how_many_processes_start_or_what_is_printed(few):
    model = BaggingClassifier(GaussianNB(), 2, random_state=0, n_jobs=1).fit(few.train.X, few.train.labels)
    model.n_jobs, model.verbose = 100_000, 9
    assert (reread(model).n_jobs, reread(model).verbose) == (None, 0)


def edited(estimator, edit):
    """The same with an edited schema, as an attacker would."""
    content = edited_skops(estimator, lambda schema: edit(schema) or schema)
    with pytest.raises(ModelFileError) as caught:
        loads(np.frombuffer(content, np.uint8))
    return str(caught.value)


@pytest.mark.parametrize("name", ["nodes", "values", "node_count", "max_depth", "args"])
def test_a_tree_is_looked_at_before_it_is_made(fitted, name):
    """scikit-learn reads the first side of an array that may have none: that ended the process."""
    model = fitted(DecisionTreeClassifier(random_state=0))
    scalar = np.int64(7)
    for attribute in ("n_features_in_", "max_features_"):
        setattr(model, attribute, 64)
    model.spare = scalar

    def plant(schema):
        content = schema["content"]["content"]
        tree = content["tree_"]
        if name == "args":
            tree["__reduce__"]["args"]["content"][1] = content["spare"]
        else:
            tree["content"]["content"][name] = content["spare"]

    assert "of a strange size or kind" in edited(model, plant)


@pytest.mark.parametrize(
    ("place", "value"), [(0, "-5"), (2, "0"), (2, "-1"), (2, "2147483647"), (2, "3"), (0, '"64"')]
)
def test_a_tree_has_as_many_outputs_as_it_says(fitted, place, value):
    def plant(schema):
        schema["content"]["content"]["tree_"]["__reduce__"]["args"]["content"][place]["content"] = value

    assert "of a strange size or kind" in edited(fitted(DecisionTreeClassifier(random_state=0)), plant)


@pytest.mark.parametrize("value", ["625", "-1", "2147483647", "1e5", "null"])
def test_a_generator_of_random_numbers_reads_inside_its_keys(few, value):
    model = DummyClassifier(strategy="stratified", random_state=np.random.RandomState(0))
    model.fit(few.train.X, few.train.labels)
    reread(model)

    def plant(schema):
        state = schema["content"]["content"]["random_state"]["content"]["content"]["state"]
        state["content"]["pos"]["content"] = value

    assert "of a strange size or kind" in edited(model, plant)
