"""What is saved comes back: every number of every kind of model."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from misread.bundle import Bundle, Evidence, Manifest, OperatingPointRecord, load, read_manifest, save
from misread.errors import ModelFileError, OutputError, ParameterError
from misread.models import KNeighborsClassifier, RandomForestClassifier, SGDClassifier
from misread.models.convnet import ConvNetClassifier
from misread.models.ensemble import ConvNetEnsembleClassifier
from misread.models.tiny import TinyNetClassifier
from misread.models.zoo import ZOO, make

BASIC = ("sgd", "sgd-scaled", "forest", "svc", "svc-ovr", "knn")
QUICK = [name for name in ZOO if not ZOO[name].extra]
FOREIGN = [
    RidgeClassifier(),
    LinearDiscriminantAnalysis(),
    make_pipeline(StandardScaler(), SVC(C=3.0)),
    ExtraTreesClassifier(4, random_state=0),
    HistGradientBoostingClassifier(max_iter=2, random_state=0),
    VotingClassifier([("bayes", GaussianNB()), ("trees", ExtraTreesClassifier(2, random_state=0))], voting="soft"),
    SGDClassifier(random_state=0, class_weight={code: 1.0 + code for code in range(10)}),
]


def same_answers(first, second, images) -> None:
    one, other = first.answer(images), second.answer(images)
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.sure, other.sure)
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    assert one.names == other.names


@pytest.mark.parametrize("positive", [None, "5"])
@pytest.mark.parametrize("model", QUICK)
def test_every_model_of_the_zoo_answers_the_same_after_saving(model, positive, bundle_of, few, tmp_path):
    bundle = bundle_of(model, positive=positive)
    save(bundle, tmp_path / "m.misread")
    loaded = load(tmp_path / "m.misread")
    same_answers(bundle, loaded, few.test.images)
    assert type(loaded.estimator) is type(bundle.estimator)
    assert loaded.manifest == Manifest.from_json(json.loads(json.dumps(bundle.manifest.as_json())))
    np.testing.assert_array_equal(loaded.example_images, bundle.example_images)
    np.testing.assert_array_equal(loaded.example_labels, bundle.example_labels)


def test_networks_answer_the_same_after_saving(bundle_of, few, tmp_path):
    pytest.importorskip("torch")
    networks = (ConvNetClassifier(epochs=1), ConvNetEnsembleClassifier(n_members=2, epochs=1))
    for network in (*networks, TinyNetClassifier(epochs=1), TinyNetClassifier(widths=(3, 5), epochs=1)):
        bundle = bundle_of(network.set_params(random_state=0))
        save(bundle, tmp_path / "m.misread")
        same_answers(bundle, load(tmp_path / "m.misread"), few.test.images)


@pytest.mark.parametrize("estimator", FOREIGN, ids=lambda one: type(one).__name__)
def test_foreign_estimators_answer_the_same_after_saving(estimator, bundle_of, few, tmp_path):
    bundle = bundle_of(estimator)
    save(bundle, tmp_path / "m.misread")
    same_answers(bundle, load(tmp_path / "m.misread"), few.test.images)


def test_coefficients_scaler_and_trees_are_exact(bundle_of, tmp_path):
    linear = bundle_of("sgd-scaled")
    save(linear, tmp_path / "l.misread")
    loaded = load(tmp_path / "l.misread").estimator
    for name in ("coef_", "intercept_", "classes_", "n_iter_", "t_"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(linear.estimator, name))
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        np.testing.assert_array_equal(getattr(loaded.scaler_, name), getattr(linear.estimator.scaler_, name))
    assert isinstance(loaded.scaler, FrozenEstimator)

    forest = bundle_of(RandomForestClassifier(5, max_depth=4, random_state=3))
    save(forest, tmp_path / "f.misread")
    loaded = load(tmp_path / "f.misread").estimator
    assert loaded.get_params() == forest.estimator.get_params()
    for one, other in zip(loaded.estimators_, forest.estimator.estimators_, strict=True):
        ours, theirs = one.tree_.__getstate__(), other.tree_.__getstate__()
        assert ours["max_depth"] == theirs["max_depth"]
        np.testing.assert_array_equal(ours["nodes"], theirs["nodes"])
        np.testing.assert_array_equal(ours["values"], theirs["values"])
        assert one.get_params() == other.get_params()


def test_neighbour_images_are_kept_once_as_bytes(bundle_of, few, tmp_path):
    save(bundle_of(KNeighborsClassifier(3, weights="distance")), tmp_path / "k.misread")
    with zipfile.ZipFile(tmp_path / "k.misread") as archive:
        images = [one for one in archive.infolist() if one.file_size >= few.train.X.size]
    assert [one.filename for one in images] == ["model.images.npy"]
    assert images[0].file_size < few.train.X.size + 200
    loaded = load(tmp_path / "k.misread")
    assert loaded.estimator.get_params()["weights"] == "distance"
    assert np.shares_memory(loaded.example_images, loaded.estimator._fit_X)


def test_evidence_and_operating_point_come_back(bundle_of, few, tmp_path):
    reached = {"precision": {"value": 0.91, "low": 0.9, "high": 0.92}}
    point = OperatingPointRecord(12.5, "precision", 0.9, 0.95, "held-out scores", reached)
    evidence = Evidence(np.array([True, False]), np.array([1.5, -0.25]))
    bundle = replace(bundle_of("sgd", positive="5", operating_point=point), held_out=evidence)
    save(bundle, tmp_path / "m.misread")
    loaded = load(tmp_path / "m.misread")
    assert loaded.manifest.operating_point == point
    assert loaded.tested is None
    np.testing.assert_array_equal(loaded.held_out.truth, evidence.truth)
    np.testing.assert_array_equal(loaded.held_out.scores, evidence.scores)
    answers = loaded.answer(few.test.images)
    np.testing.assert_array_equal(answers.labels, answers.scores[:, 0] >= 12.5)
    assert set(answers.names) <= {"5", "not 5"}


def test_a_classifier_is_sure_from_its_margin_on(small, few):
    best = np.sort(small.answer(few.test.images).scores, axis=1)
    lead = best[:, -1] - best[:, -2]
    point = replace(small.manifest.operating_point, threshold=float(np.median(lead[:19])))
    answers = replace(small, manifest=replace(small.manifest, operating_point=point)).answer(few.test.images)
    np.testing.assert_array_equal(answers.sure, lead >= point.threshold)
    assert 5 < answers.sure.sum() < 15


@pytest.mark.parametrize("learnt", [range(10), (3, 5, 8), (2, 7)])
def test_probabilities_of_a_calibrated_classifier(learnt, few, bundle_of):
    manifest = bundle_of("edge-kernel").manifest
    among = np.isin(few.train.labels, learnt)
    estimator = make("edge-kernel").fit(few.train.X[among], few.train.labels[among])
    bundle = Bundle(manifest, estimator, few.train.images[:5], few.train.labels[:5])
    assert bundle.answer(few.test.images).probabilities is None, "too few images to calibrate by"
    estimator.temperature_ = 0.5
    answers = bundle.answer(few.test.images)
    np.testing.assert_array_equal(answers.probabilities[:, learnt], estimator.predict_proba(few.test.X))
    np.testing.assert_allclose(answers.probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(answers.probabilities.argmax(axis=1), answers.labels)


def test_nearest_examples_equal_brute_force(small, few):
    distances, indices = small.nearest(few.test.images, k=7)
    wide = few.test.X.astype(np.float64)[:, None] - small.example_images.reshape(100, -1)[None].astype(np.float64)
    every = np.sqrt((wide**2).sum(axis=2))
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :7], rtol=1e-12)
    np.testing.assert_array_equal(np.take_along_axis(every, indices, axis=1), distances)
    assert small.nearest(few.test.images[:1], k=1_000)[1].shape == (1, 100)


def test_images_are_brought_to_the_models_size(small, few):
    np.testing.assert_array_equal(small.prepare(few.test.images[0]), few.test.images[0])
    large = np.kron(few.test.images[0], np.ones((4, 4), np.uint8))
    assert small.prepare(large).shape == (8, 8)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 8, 8)),
        np.zeros((2, 8, 9), np.uint8),
        np.zeros((0, 8, 8), np.uint8),
        np.zeros((8, 8), np.uint8),
    ],
)
def test_other_images_are_refused(small, images):
    with pytest.raises(ParameterError, match="expected uint8 images"):
        small.answer(images)


def test_saving_is_all_or_nothing(small, tmp_path, monkeypatch):
    target = tmp_path / "m.misread"
    target.write_bytes(b"old")
    monkeypatch.setattr(
        "misread.bundle.archive.npy.write_array", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OutputError, match="full"):
        save(small, target)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["m.misread"]


class Homemade(ClassifierMixin, BaseEstimator):
    """An estimator that is not scikit-learn's."""

    def fit(self, X, y):
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


@pytest.mark.parametrize(
    "estimator",
    [Homemade(), make_pipeline(FunctionTransformer(lambda X: X), GaussianNB())],
    ids=["own", "function"],
)
def test_what_could_not_be_loaded_is_not_saved(estimator, bundle_of, tmp_path):
    with pytest.raises(ModelFileError, match="cannot be written to a model file"):
        save(bundle_of(estimator), tmp_path / "m.misread")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [{"dataset": {"name": "mine"}}, {"versions": {"numpy": 2}}, {"task": "mining"}])
def test_a_manifest_that_could_not_be_read_is_not_saved(small, wrong, tmp_path):
    with pytest.raises(ModelFileError, match="sense"):
        save(replace(small, manifest=replace(small.manifest, **wrong)), tmp_path / "m.misread")
    assert not list(tmp_path.iterdir())


def test_golden_files_answer_what_they_did(golden, few):
    """A file written today loads tomorrow."""
    expected = json.loads((golden / "answers.json").read_text())
    assert sorted(expected) == sorted(path.stem for path in golden.glob("*.misread")) == sorted(BASIC)
    for name, said in expected.items():
        bundle = load(golden / f"{name}.misread")
        answers = bundle.answer(few.test.images)
        scale = np.abs(said["scores"]).max()
        np.testing.assert_allclose(answers.scores, said["scores"], rtol=0, atol=1e-9 * scale)
        assert answers.names == said["names"]
        promised = bundle.manifest.operating_point is not None
        assert answers.sure.tolist() == (said["sure"] if promised else [False] * 20)
        assert read_manifest(golden / f"{name}.misread") == bundle.manifest
