"""The report of one model's evaluation: its numbers are the evaluation's, its images are test images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_page import unpacked
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from misread.bundle import Bundle
from misread.data import Dataset, load
from misread.evaluation.rejection import margins
from misread.recipes.evaluate import evaluate
from misread.recipes.study import StudyResult
from misread.recipes.train import train
from misread.report import report_data, summary, write_report


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture(scope="module")
def classifier(digits: Dataset) -> Bundle:
    return train("sgd-scaled", digits, precision=0.98)


@pytest.fixture(scope="module")
def detector(digits: Dataset) -> Bundle:
    return train("forest", digits, positive="5", precision=0.95, params={"n_estimators": 20})


@pytest.fixture(scope="module")
def run(digits: Dataset, classifier: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _run(classifier, digits, tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def detector_run(digits: Dataset, detector: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _run(detector, digits, tmp_path_factory.mktemp("detector"))


def _run(bundle: Bundle, digits: Dataset, folder: Path) -> Path:
    result = evaluate(bundle, digits)
    result.save(folder)
    write_report(result, folder)
    return folder


def test_a_classifier_is_shown_as_it_was_evaluated(run: Path, digits: Dataset, classifier: Bundle) -> None:
    result = StudyResult.load(run)
    data = report_data(result)
    truth, said = digits.test.labels, classifier.answer(digits.test.images).labels
    assert data["matrix"]["counts"] == confusion_matrix(truth, said).tolist() == result.values["model.confusion"]
    assert data["matrix"]["model"] == "sgd-scaled"
    assert data["matrix"]["where"] == "on the test images"
    accuracy = result.values["model.accuracy"]
    card = data["glance"]["cards"][0]
    assert {key: card[key] for key in ("value", "low", "high")} == {
        key: accuracy[key] for key in ("value", "low", "high")
    }
    assert (card["k"], card["n"]) == (accuracy["count"], accuracy["of"]) == (int((truth == said).sum()), 360)
    wrong = int((truth != said).sum())
    assert f"sgd-scaled misreads {wrong} of 360 test images" in data["glance"]["lead"]
    checked = [one["code"] for kind in ("findings", "not_applicable") for one in summary(result)[kind]]
    assert sorted(checked) == ["E1", "E2", "E3"]


def test_cells_open_test_images(run: Path, digits: Dataset, classifier: Bundle) -> None:
    data = report_data(StudyResult.load(run))
    answers = classifier.answer(digits.test.images)
    gallery = data["gallery"]
    index, predicted = unpacked(gallery["index"]), unpacked(gallery["predicted"])
    np.testing.assert_array_equal(unpacked(gallery["true"]), digits.test.labels[index])
    np.testing.assert_array_equal(predicted, answers.labels[index])
    np.testing.assert_array_equal(unpacked(gallery["margin"]), margins(answers.scores)[index].astype(np.float32))
    wrong = np.flatnonzero(digits.test.labels != answers.labels)
    assert set(wrong) <= set(index)
    assert data["matrix"]["errors_shown"] == data["matrix"]["errors"] == len(wrong)
    assert set(digits.test.labels[np.setdiff1d(index, wrong)]) == set(range(10))
    stored = StudyResult.load(run).arrays["gallery.images"]
    np.testing.assert_array_equal(stored, digits.test.images[index])


def test_margins_are_chosen_out_of_fold_and_tried_on_test_images(run: Path, classifier: Bundle) -> None:
    result = StudyResult.load(run)
    row = next(row for row in report_data(result)["rejection"]["rows"] if row["wanted"] == 0.98)
    assert row["point"]["threshold"] == classifier.manifest.operating_point.threshold
    answered = result.values["model.answered"]
    assert row["test"]["coverage"] == answered["coverage"]["value"]
    assert (row["test"]["k"], row["test"]["n"]) == (answered["precision"]["count"], answered["precision"]["of"])


def test_a_detector_starts_at_its_own_threshold(detector_run: Path, digits: Dataset, detector: Bundle) -> None:
    result = StudyResult.load(detector_run)
    data = report_data(result)
    [model] = data["explorer"]["models"]
    assert model["title"] == "forest"
    assert model["default"] == detector.manifest.operating_point.threshold
    assert data["explorer"]["wanted"] == 0.95
    scores = detector.answer(digits.test.images).scores[:, 0]
    truth, thresholds = digits.test.labels == 5, unpacked(model["test"]["thresholds"])
    np.testing.assert_array_equal(thresholds, np.unique(scores))
    yes = thresholds >= model["default"]
    found, alarms = (int(unpacked(model["test"][part])[yes].sum()) for part in ("positives", "negatives"))
    [[_, fp], [_, tp]] = result.values["model.confusion"]
    assert (found, alarms) == (tp, fp)
    cards = {card["title"]: card["value"] for card in data["glance"]["cards"]}
    said = scores >= model["default"]
    assert cards["Precision, test images"] == precision_score(truth, said)
    assert cards["Recall, test images"] == recall_score(truth, said)
    held_out = unpacked(model["curve"]["positives"]), unpacked(model["curve"]["negatives"])
    assert (held_out[0].sum(), held_out[1].sum()) == (
        (digits.train.labels == 5).sum(),
        (digits.train.labels != 5).sum(),
    )
    checked = [one["code"] for kind in ("findings", "not_applicable") for one in summary(result)[kind]]
    assert sorted(checked) == ["T1", "T2", "T3"]
    notes = {card["title"]: card["note"] for card in data["glance"]["cards"]}
    assert notes["Accuracy, test images"] == f"forest; always 'no': {np.mean(~truth):.2%}"
    gallery = data["gallery"]
    np.testing.assert_array_equal(unpacked(gallery["score"]), scores[unpacked(gallery["index"])])


def test_what_an_evaluation_has_not_is_left_out_with_a_reason(run: Path, detector_run: Path) -> None:
    data = report_data(StudyResult.load(run))
    assert data["absent"]["suspects"].startswith("part of a study")
    assert "explorer" in data["absent"]
    data = report_data(StudyResult.load(detector_run))
    assert "does not tell classes apart" in data["absent"]["matrix"]
    assert "does not tell classes apart" in data["absent"]["rejection"]


def test_a_model_without_out_of_fold_scores_has_no_threshold_to_explore(detector_run: Path) -> None:
    result = StudyResult.load(detector_run)
    for name in [name for name in result.arrays if name.startswith("model.held_out.")]:
        del result.arrays[name]
    data = report_data(result)
    assert "out-of-fold" in data["absent"]["explorer"]
    assert data["glance"]["cards"]


def test_other_tasks_have_a_first_screen(digits: Dataset, tmp_path: Path) -> None:
    result = evaluate(train("knn", digits, denoise=True), digits)
    assert "glance" in report_data(result)
    assert write_report(result, tmp_path).stat().st_size > 10_000


def test_in_a_browser_a_cell_opens_its_images(open_report: Any, run: Path) -> None:
    page = open_report(run / "report.html")
    counts = np.array(report_data(StudyResult.load(run))["matrix"]["counts"])
    np.fill_diagonal(counts, 0)
    true, read = divmod(int(counts.argmax()), 10)
    page.locator("#matrix tbody tr").nth(true).locator("td button").nth(read).click()
    assert page.locator("#cell-tiles .tile.wrong").count() == counts.max()


def test_in_a_browser_the_detector_shows_the_evaluation_beside_its_promise(
    open_report: Any, detector_run: Path
) -> None:
    values = StudyResult.load(detector_run).values
    page = open_report(detector_run / "report.html")
    page.wait_for_function("document.getElementById('c-test-n').textContent !== ''")
    [[_, fp], [_, tp]] = values["model.confusion"]
    assert page.text_content("#c-test-n") == f"{tp + fp} of 360"
    assert page.text_content("#c-test-p").startswith(f"{values['model.precision']['value']:.2%}")
    assert page.text_content("#c-test-r").startswith(f"{values['model.recall']['value']:.2%}")
    assert page.locator("#near-above .tile:visible").count() == 10
    assert page.locator("#near-below .tile:visible").count() == 10
