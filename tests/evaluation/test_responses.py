"""An estimator's `predict` is the truth for its answers; scores that are not about these are refused."""

import dataclasses
import warnings

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC, NuSVC

import misread
from misread.bundle import load as load_model
from misread.bundle import save
from misread.data import Split, load
from misread.errors import ParameterError
from misread.evaluation.responses import boundary, responses
from misread.evaluation.scores import class_table, unlike_scores
from misread.fitting.out_of_fold import out_of_fold
from misread.models import KNeighborsClassifier, KNeighborsClassifierCV, RandomForestClassifier, SGDClassifier
from misread.models.augmented import ShiftedCopiesClassifier
from misread.recipes.evaluate import evaluate

DUELS = [
    SVC(decision_function_shape="ovo"),
    NuSVC(nu=0.1, decision_function_shape="ovo"),
    make_pipeline(StandardScaler(), SVC(decision_function_shape="ovo")),
    GridSearchCV(SVC(decision_function_shape="ovo"), {"C": [1]}, cv=2),
]
OWN_THRESHOLDS = [
    FixedThresholdClassifier(LogisticRegression(max_iter=300), threshold=0.999),
    FixedThresholdClassifier(LogisticRegression(max_iter=300), threshold=0.9, pos_label=0),
    FixedThresholdClassifier(LogisticRegression(max_iter=300), threshold=-2, response_method="decision_function"),
    TunedThresholdClassifierCV(GaussianNB(), cv=2),
    make_pipeline(StandardScaler(), FixedThresholdClassifier(GaussianNB(), threshold=0.2)),
    GridSearchCV(FixedThresholdClassifier(GaussianNB()), {"threshold": [0.1]}, cv=2),
    ShiftedCopiesClassifier(FixedThresholdClassifier(GaussianNB(), threshold=0.1)),
    OneVsOneClassifier(GaussianNB()),
]
OTHERS = [
    SVC(),
    RidgeClassifier(),
    Perceptron(),
    LinearSVC(random_state=0),
    CalibratedClassifierCV(GaussianNB(), cv=2),
    OneVsOneClassifier(LinearSVC(random_state=0)),
    OneVsRestClassifier(GaussianNB(var_smoothing=1e-3)),
    OutputCodeClassifier(LinearSVC(random_state=0), random_state=0),
    VotingClassifier([("bayes", GaussianNB()), ("ridge", RidgeClassifier()), ("line", Perceptron())]),
    KNeighborsClassifier(3, weights="distance"),
    KNeighborsClassifier(metric="manhattan"),
    KNeighborsClassifierCV((1, 3), cv=2),
    RandomForestClassifier(3, random_state=0),
    SGDClassifier(random_state=0),
    ShiftedCopiesClassifier(),
    make_pipeline(StandardScaler(), KNeighborsClassifier()),
]


def named(estimator):
    return "".join(c if c.isalnum() else "-" for c in repr(estimator))[:70]


@pytest.fixture(scope="module")
def digits():
    whole = load("digits")
    return dataclasses.replace(whole, train=Split(whole.train.images[:400], whole.train.labels[:400]))


def only(dataset, *names):
    codes = [dataset.class_names.index(name) for name in names]

    def part(split):
        chosen = np.isin(split.labels, codes)
        return Split(split.images[chosen], np.searchsorted(codes, split.labels[chosen]))

    return dataclasses.replace(
        dataset, train=part(dataset.train), test=part(dataset.test), class_names=tuple(names)
    )


@pytest.mark.parametrize("estimator", DUELS, ids=named)
def test_duels_are_not_taken_for_class_scores(estimator, digits):
    with pytest.raises(ParameterError, match=r"gives 45 scores an image for 10 classes.*'ovr'"):
        misread.train(estimator, digits)
    with pytest.raises(ParameterError, match=r"another class than its best score.*'ovr'"):
        misread.train(estimator, only(digits, "3", "5", "8"))
    with pytest.raises(ParameterError, match=r"another class than its best score.*'ovr'"):
        three = only(digits, "3", "5", "8").train
        out_of_fold(estimator, three.X, three.labels)
    bundle = misread.train(estimator, only(digits, "3", "8"))  # of two classes there is one duel
    assert bundle.manifest.metrics["test"]["accuracy"]["value"] > 0.8


def check_answers(estimator, dataset, positive=None):
    """Answers, metrics and scores all tell what `predict` tells."""
    bundle = misread.train(estimator, dataset, positive=positive)
    test = dataset.test
    predicted = bundle.estimator.predict(test.X)
    answers = bundle.answer(test.images)
    np.testing.assert_array_equal(answers.labels, predicted)
    truth = test.labels if positive is None else test.labels == dataset.class_names.index(positive)
    assert bundle.manifest.metrics["test"]["accuracy"]["count"] == (predicted == truth).sum()
    result = evaluate(bundle, dataset)
    if positive is None:
        assert unlike_scores(answers.scores, answers.labels).mean() < 0.05
    else:
        np.testing.assert_array_equal(answers.scores[:, 0] >= result.manifest["threshold"], predicted)
    return bundle


@pytest.mark.parametrize("estimator", OWN_THRESHOLDS, ids=named)
def test_an_estimators_own_threshold_is_kept(estimator, digits):
    check_answers(estimator, only(digits, "3", "8"))
    check_answers(estimator, digits, positive="5")


@pytest.mark.parametrize("estimator", OTHERS, ids=named)
def test_predict_is_the_truth_of_any_estimator(estimator, digits):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*than its best score")
        check_answers(estimator, digits)
        check_answers(estimator, only(digits, "3", "8"))
        check_answers(estimator, digits, positive="5")


def test_disagreement_is_said_and_such_answers_are_not_sure(digits):
    # Its answers are votes, its scores are means.
    estimator = BaggingClassifier(LinearSVC(random_state=0), 5, random_state=0)
    with pytest.warns(UserWarning, match=r"BaggingClassifier answers another class .* of 400 held-out images"):
        bundle = misread.train(estimator, digits, precision=0.97)
    answers = bundle.answer(digits.test.images)
    unlike = unlike_scores(answers.scores, answers.labels)
    assert unlike.any()
    assert bundle.manifest.operating_point.threshold > 0
    assert not answers.sure[unlike].any()
    assert answers.sure.any()


def test_random_answers_have_scores_of_other_draws(digits):
    class Deaf(DummyClassifier):
        def predict(self, X):
            return np.roll(self.classes_, 1)[super().predict_proba(X).argmax(axis=1)]

    with pytest.raises(ParameterError, match="another class than its best score for 400 of 400"):
        out_of_fold(Deaf(), digits.train.X, digits.train.labels)


def test_a_subclass_that_answers_otherwise_is_asked_by_its_own_predict(digits):
    class Never(SGDClassifier):
        def predict(self, X):
            return np.repeat(self.classes_[:1], len(X))

    class Nearest(KNeighborsClassifier):
        def predict(self, X):
            return np.repeat(self.classes_[:1], len(X))

    for estimator in (Never(), Nearest()):
        fitted = estimator.fit(digits.train.X, digits.train.labels)
        assert (responses(fitted, digits.test.X)[1] == 0).all()
        assert (responses(make_pipeline(fitted), digits.test.X)[1] == 0).all()


@pytest.mark.parametrize("n_columns", [1, 2])
def test_two_classes_may_come_as_one_column_or_two(n_columns, digits):
    class Columns(RidgeClassifier):
        def decision_function(self, X):
            scores = super().decision_function(X)
            return scores[:, None] if n_columns == 1 else np.column_stack([-scores / 2, scores / 2])

        def predict(self, X):
            return self.classes_[(super().decision_function(X) > 0).astype(int)]

    train = digits.train
    held_out = out_of_fold(Columns(), train.X, train.labels == 5)
    expected = out_of_fold(RidgeClassifier(), train.X, train.labels == 5)
    np.testing.assert_allclose(held_out.scores, expected.scores)
    np.testing.assert_array_equal(held_out.predictions, expected.predictions)


@pytest.mark.parametrize(
    "estimator",
    [
        OneVsOneClassifier(GaussianNB()),
        VotingClassifier([("bayes", GaussianNB()), ("ridge", RidgeClassifier()), ("line", Perceptron())]),
    ],
    ids=named,
)
def test_a_model_file_answers_by_predict_too(estimator, digits, tmp_path):
    bundle = misread.train(estimator, digits, positive="5")
    save(bundle, tmp_path / "m.misread")
    answers = load_model(tmp_path / "m.misread").answer(digits.test.images)
    np.testing.assert_array_equal(answers.labels, bundle.estimator.predict(digits.test.X))


def test_folds_with_thresholds_of_their_own(digits):
    held_out = out_of_fold(
        TunedThresholdClassifierCV(GaussianNB(), cv=2), digits.train.X, digits.train.labels == 5
    )
    np.testing.assert_array_equal(
        class_table(held_out.scores, held_out.boundaries).argmax(axis=1), held_out.predictions
    )
    assert not held_out.unlike.any()


def test_boundaries():
    assert boundary(RandomForestClassifier()) == 0.5
    assert boundary(FixedThresholdClassifier(GaussianNB())) == 0.5
    assert boundary(SVC()) == 0.0


def test_what_is_no_classifier_is_said(digits):
    search = GridSearchCV(RidgeClassifier(), {"alpha": [1]}, cv=2, refit=False)
    for estimator, missing in ((LinearRegression(), "classes_"), (KMeans(10, n_init=1), "classes_"), (search, "")):
        with pytest.raises(ParameterError, match=f"no classifier that can be asked: it has no {missing}"):
            misread.train(estimator, digits)


def test_an_answer_that_is_no_class_is_said(digits):
    estimator = RadiusNeighborsClassifier(1.0, outlier_label=-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ParameterError, match=r"answers .*-1.*, which is none of the classes"):
            misread.train(estimator, digits)


class Answering(GaussianNB):
    def __init__(self, kind="O"):
        super().__init__()
        self.kind = kind

    def predict(self, X):
        return super().predict(X).astype(self.kind)


@pytest.mark.parametrize("kind", ["O", "f8"])
def test_answers_as_objects_or_floats_are_classes(kind, digits):
    X, labels = digits.train.X[:200], digits.train.labels[:200]
    (_, plain), (_, other) = (responses(model.fit(X, labels), X) for model in (GaussianNB(), Answering(kind)))
    np.testing.assert_array_equal(other, plain)
    assert other.dtype == plain.dtype


@pytest.mark.parametrize("around", [lambda model: model, lambda model: CalibratedClassifierCV(model, cv=2)])
def test_what_a_frozen_classifier_learned_is_not_held_out(around, digits):
    learned = FrozenEstimator(GaussianNB().fit(digits.train.X, digits.train.labels))
    with pytest.raises(ParameterError, match=r"holds a frozen GaussianNB: .* cannot be held out .*misread\.judge"):
        misread.train(around(learned), digits)
