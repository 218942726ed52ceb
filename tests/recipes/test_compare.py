"""Two models side by side, and the gate: on answers that are made up, so that every number is known."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from sklearn.svm import SVC

from misread import load, train
from misread.bundle import save
from misread.errors import AnswersError, MisreadError, ParameterError
from misread.evaluation.answers import Answers
from misread.recipes.check import check_source
from misread.recipes.compare import compare_sources
from misread.recipes.evaluate import evaluate
from misread.recipes.sources import Source, ask_bundle, source_of
from misread.report.comparison import render_comparison
from misread.results.answers import answers_of
from misread.results.study import StudyResult

N = 10_000
Y = np.arange(N) % 10


def answering(wrong, title="made up", **more):
    """A source that misreads exactly these images."""
    predictions = np.where(wrong, (Y + 1) % 10, Y)
    names = [str(digit) for digit in range(10)]
    return Source(title, Answers(tuple(names), predictions, Y, **more))


def some(rng, share):
    return rng.random(N) < share


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def models(digits):
    return {name: train(name, digits, precision=0.98) for name in ("sgd", "knn")}


def test_every_number_of_a_comparison():
    first, second = np.zeros(N, bool), np.zeros(N, bool)
    first[:300] = True
    second[200:350] = True
    compared = compare_sources(answering(first, "old"), answering(second, "new"))
    values = compared.values
    assert (values["fixed"], values["broken"], values["both_wrong"]) == (200, 50, 100)
    assert values["difference"]["value"] == 150 / N
    assert values["models"][1]["accuracy"]["count"] == N - 150
    assert sum(one["fixed"] for one in values["classes"]) == 200
    assert list(compared.broken.names)[:2] == ["300", "301"]
    assert "new reads 1.50 points more than old" in compared.verdict
    assert len(compared.as_json()["images"]["fixed"]) == 200


def test_an_equal_model_is_not_called_better_or_worse():
    compared = compare_sources(answering(Y == 3), answering(Y == 3))
    assert compared.values["p_value"] == 1
    assert "no difference that is not chance" in compared.verdict


@pytest.mark.parametrize("agreeing", [0.0, 0.7])
def test_the_gate_lets_equal_models_through_and_stops_a_planted_loss(agreeing):
    """200 runs each on 10,000 images: models equally good, and half a point worse."""
    rng = np.random.default_rng(3)
    stopped = {"equal": 0, "worse": 0}
    for _ in range(200):
        common = some(rng, 0.03 * agreeing)
        old = answering(common | some(rng, 0.03 * (1 - agreeing)), "old")
        equal = common | some(rng, 0.03 * (1 - agreeing))
        stopped["equal"] += not check_source(answering(equal), not_worse_than=old).passed
        worse = ~old.answers.right
        fixed = rng.choice(np.flatnonzero(worse), 20, replace=False)
        worse[rng.choice(np.flatnonzero(~worse), 70, replace=False)] = True
        worse[fixed] = False
        stopped["worse"] += not check_source(answering(worse), not_worse_than=old).passed
    assert stopped["equal"] <= 10
    assert stopped["worse"] >= 190


def test_a_comparison_of_equals_is_rarely_a_cry():
    rng = np.random.default_rng(4)
    cries = 0
    for _ in range(200):
        first, second = answering(some(rng, 0.03)), answering(some(rng, 0.03))
        verdict = compare_sources(first, second).verdict
        cries += "no difference" not in verdict and "points more" in verdict
    assert cries <= 10


def test_shares_are_checked_by_what_was_counted_or_by_their_bound():
    wrong = np.zeros(N, bool)
    wrong[:100] = True
    source = answering(wrong)
    assert check_source(source, accuracy=0.99).passed
    assert not check_source(source, accuracy=0.9901).passed
    assert not check_source(source, accuracy=0.99, confidence=0.95).passed
    assert check_source(source, accuracy=0.988, confidence=0.95).passed
    by_class = check_source(source, precision={"1": 0.99}, recall={"5": 0.99, "0": 0.999})
    assert [one.passed for one in by_class.requirements] == [True, True, False]
    assert by_class.requirements[0].details["count"] == 990


def test_what_was_newly_misread_is_named_and_junit_says_it():
    wrong = np.zeros(N, bool)
    wrong[40:80] = True
    checked = check_source(
        answering(wrong), accuracy=0.5, not_worse_than=answering(np.zeros(N, bool), "old\x1b[31m")
    )
    assert checked.newly_wrong == tuple(str(row) for row in range(40, 80))
    suite = ElementTree.fromstring(checked.as_junit("new"))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "40\n41" in suite.find(".//failure").text
    assert checked.as_json()["passed"] is False


def test_what_cannot_be_asked():
    source = answering(np.zeros(N, bool))
    with pytest.raises(ParameterError, match="nothing is asked"):
        check_source(source)
    with pytest.raises(ParameterError, match="there is no class 'cat'"):
        check_source(source, recall={"cat": 0.5})
    with pytest.raises(ParameterError, match="accuracy must be more than 0"):
        check_source(source, accuracy=99)
    with pytest.raises(ParameterError, match="confidence"):
        compare_sources(source, source, confidence=95)


def test_models_runs_and_tables_are_sources(digits, models, tmp_path):
    for name, bundle in models.items():
        save(bundle, tmp_path / f"{name}.misread")
    evaluate(models["sgd"], digits).save(tmp_path / "run")
    theirs = SVC().fit(digits.train.X, digits.train.labels).decision_function(digits.test.X)
    Answers.from_scores(digits.test.labels, theirs).write(tmp_path / "theirs.csv")
    sources = [
        source_of(tmp_path / name, lambda manifest: digits)
        for name in ("sgd.misread", "knn.misread", "run", "theirs.csv")
    ]
    counts = [int(np.count_nonzero(source.answers.right)) for source in sources]
    assert counts[0] == counts[2] == models["sgd"].manifest.metrics["test"]["accuracy"]["count"]
    assert counts[3] == np.count_nonzero(theirs.argmax(axis=1) == digits.test.labels)
    for other in sources[1:]:
        compared = compare_sources(sources[0], other)
        assert compared.values["n"] == 360
        assert (
            compared.values["fixed"] - compared.values["broken"]
            == np.count_nonzero(other.answers.right) - counts[0]
        )
    held_out = source_of(tmp_path / "sgd.misread", None)
    said = models["sgd"].manifest.metrics["out_of_fold"]["accuracy"]
    assert (said["count"], said["of"]) == (np.count_nonzero(held_out.answers.right), len(held_out.answers))
    save(replace(models["sgd"], kept=None), tmp_path / "old.misread")
    with pytest.raises(ParameterError, match="give the data that it is to be asked about"):
        source_of(tmp_path / "old.misread", None)


def test_promise_cost_and_images_are_shown(digits, models):
    compared = compare_sources(*(ask_bundle(bundle, digits, title=name) for name, bundle in models.items()))
    first = compared.values["models"][0]
    assert first["promise"]["target"] == 0.98
    assert first["microseconds"] > 0
    assert compared.fixed.images.shape == (len(compared.fixed), 8, 8)
    page = render_comparison(compared)
    assert page.count('<img src="data:image/png') == len(compared.fixed) + len(compared.broken) + len(
        compared.both_wrong
    )
    assert "<script" not in page


def test_a_promise_is_counted_as_evaluate_counts_it(digits, models, tmp_path):
    """What is unlike all that was learnt is sure for neither; also where the model is a file, or a run of one."""
    result = evaluate(models["sgd"], digits)
    answered = result.values["model.answered"]
    said = models["sgd"].answer(digits.test.images)
    assert said.unlike.any()
    assert answered["coverage"]["count"] == np.count_nonzero(said.sure)
    assert answered["coverage"]["count"] < np.count_nonzero(
        said.lead >= models["sgd"].manifest.operating_point.threshold
    )
    promise = compare_sources(*(ask_bundle(one, digits) for one in models.values())).values["models"][0]["promise"]
    assert (promise["count"], promise["of"]) == (answered["precision"]["count"], answered["precision"]["of"])
    np.testing.assert_array_equal(answers_of(result).refused, said.refused)


def test_names_are_escaped_in_the_page():
    names = ("<b>x</b>", "y")
    hostile = Answers(names, np.array([0, 1, 0]), np.array([0, 0, 0]), names=np.array(["<i>", "&", "c"]))
    page = render_comparison(compare_sources(Source("<u>", hostile), Source("other", hostile)))
    assert "<b>x</b>" not in page
    assert "<i>" not in page
    assert "<u>" not in page


def test_a_detector_and_a_classifier_are_compared_as_detectors(digits):
    detector = train("sgd", digits, positive="5")
    classifier = train("knn", digits)
    compared = compare_sources(ask_bundle(detector, digits), ask_bundle(classifier, digits))
    assert compared.class_names == ("not 5", "5")
    truth = digits.test.labels == 5
    said = detector.answer(digits.test.images).labels
    assert compared.values["models"][0]["accuracy"]["count"] == np.count_nonzero(said == truth)


def test_different_images_are_an_error():
    one = Source("a", Answers(("x", "y"), np.array([0]), np.array([0]), names=np.array(["p"])))
    other = Source("b", Answers(("x", "y"), np.array([0]), np.array([0]), names=np.array(["q"])))
    with pytest.raises(AnswersError, match="no image is in both tables"):
        compare_sources(one, other)


def test_a_crafted_run_folder_is_one_sentence(tmp_path, digits, models):
    result = evaluate(models["sgd"], digits)
    for name, strange in (("labels.test", np.zeros((2, 2))), ("model.predictions", np.array(["x"]))):
        folder = tmp_path / name
        StudyResult(result.values, {**result.arrays, name: strange}, manifest=result.manifest).save(folder)
        with pytest.raises(MisreadError, match=name):
            source_of(folder, None)


def test_tables_without_labels_are_compared_on_data(digits):
    """They are Answers in memory; the data knows what each image is."""
    import misread

    y = digits.test.labels
    wrong = np.where(np.arange(len(y)) < 7, (y + 1) % 10, y)
    first, second = (Answers.from_scores(None, said, class_names=digits.class_names) for said in (y, wrong))
    compared = misread.compare(first, second, digits)
    assert (len(compared.fixed), len(compared.broken)) == (0, 7)
    assert compared.broken.images is not None
    assert misread.check(second, digits, accuracy=0.98).passed
