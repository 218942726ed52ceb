"""The report in a real browser: everything a person does, and every number against scikit-learn's."""

import re
from pathlib import Path

import numpy as np
import pytest
from report_page import Open, choose_model, counts, detector, settle, shown
from scipy.special import betainc
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from misread.analysis.words import score_text, share
from misread.evaluation.rejection import RejectionCurve, margins
from misread.evaluation.thresholds import ThresholdCurve
from misread.report import write_report
from misread.results.study import StudyResult


@pytest.mark.parametrize("model", [0, 1, 2])
def test_counts_at_any_threshold_are_scikit_learns(
    open_report: Open, report_path: Path, study_result: StudyResult, model: int
) -> None:
    page = open_report(report_path)
    choose_model(page, model)
    y, scores = detector(study_result, model)
    rng = np.random.default_rng(model)
    thresholds = [
        *rng.uniform(scores.min(), scores.max(), 8),
        *rng.choice(scores, 8),
        np.nextafter(rng.choice(scores), np.inf),
        scores.min() - 1,
        scores.max() + 1,
    ]
    for threshold in thresholds:
        page.fill("#threshold-exact", repr(float(threshold)))
        settle(page)
        positive = scores >= threshold
        assert counts(page) == confusion_matrix(y, positive, labels=[False, True]).tolist()
        precision, recall, f1 = shown(page, "m-precision", "m-recall", "m-f1")
        if positive.any():
            assert precision == share(precision_score(y, positive), 2)
        assert recall == share(recall_score(y, positive), 2)
        assert f1 == share(f1_score(y, positive), 2)


def test_shares_and_scores_are_written_as_in_python(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    shares = [
        0.0,
        1.0,
        0.5,
        54_579 / 60_000,
        1 / 60_000,
        59_999 / 60_000,
        1e-9,
        *np.random.default_rng(0).random(50),
    ]
    said = page.evaluate(
        "all => all.map((one) => [0, 1, 2].map((digits) => misread.percent(one, digits)))", shares
    )
    assert said == [[share(one, digits) for digits in range(3)] for one in shares]
    scores = [
        0.0,
        0.48987,
        -0.0000524,
        999.4,
        -33_412.4,
        6_941_000.0,
        2.5e9,
        *np.random.default_rng(1).normal(0, 40, 50),
    ]
    assert page.evaluate("all => all.map(misread.scoreText)", scores) == [score_text(one) for one in scores]


def test_the_page_counts_exactly_in_its_own_arrays(
    open_report: Open, report_path: Path, study_result: StudyResult
) -> None:
    page = open_report(report_path)
    for model in range(3):
        y, scores = detector(study_result, model)
        curve = ThresholdCurve.from_scores(y, scores)
        found = page.evaluate(
            """(k) => { const c = misread.detectorCurve(misread.report.explorer.models[k]);
            return [c.thresholds, c.tp, c.fp, c.precision, c.recall].map((a) => Array.from(a)); }""",
            model,
        )
        expected = [curve.thresholds, curve.true_positives, curve.false_positives, curve.precision, curve.recall]
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours[: len(theirs)], theirs)


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("wanted", [0.5, 0.9, 0.999, 1.0])
def test_a_wanted_precision_is_the_lowest_threshold_that_reaches_it(
    open_report: Open, report_path: Path, study_result: StudyResult, wanted: float, bound: bool
) -> None:
    page = open_report(report_path)
    curve = ThresholdCurve.from_scores(*detector(study_result, 0))
    expected = curve.for_precision(wanted, confidence=0.95 if bound else None)
    page.set_checked("#want-bound", bound)
    page.fill("#want-precision", f"{100 * wanted:.12g}")
    page.press("#want-precision", "Enter")
    settle(page)
    if expected is None:
        assert page.text_content("#wish-note").startswith("No threshold")
    else:
        assert float(page.input_value("#threshold-exact")) == expected.threshold
        assert counts(page) == expected.confusion


@pytest.mark.parametrize("wanted", [0.3, 0.9, 1.0])
def test_a_wanted_recall_is_the_highest_threshold_that_still_reaches_it(
    open_report: Open, report_path: Path, study_result: StudyResult, wanted: float
) -> None:
    page = open_report(report_path)
    expected = ThresholdCurve.from_scores(*detector(study_result, 0)).for_recall(wanted)
    assert expected is not None
    page.fill("#want-recall", f"{100 * wanted:g}")
    page.press("#want-recall", "Enter")
    settle(page)
    assert float(page.input_value("#threshold-exact")) == expected.threshold
    assert counts(page) == expected.confusion


def test_dragging_moves_everything_together(
    open_report: Open, report_path: Path, study_result: StudyResult
) -> None:
    page = open_report(report_path)
    slider = page.locator("#threshold-slider")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y, scores = detector(study_result, 0)

    def marks() -> list[str]:
        return page.evaluate(
            "['chart-threshold','chart-pr','chart-roc'].map(id => {"
            " const c = document.querySelector('#' + id + ' circle');"
            " return c.getAttribute('cx') + ',' + c.getAttribute('cy') })"
        )

    seen = []
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    page.mouse.down()
    for way in (0.5, 0.85, 0.93, 0.99):
        page.mouse.move(box["x"] + box["width"] * way, box["y"] + box["height"] / 2, steps=4)
        settle(page)
        threshold = float(page.input_value("#threshold-exact"))
        assert counts(page) == confusion_matrix(y, scores >= threshold).tolist()
        seen.append([*marks(), page.text_content("#m-recall")])
    page.mouse.up()
    assert all(len({row[k] for row in seen}) == 4 for k in range(4))


def test_a_chart_can_be_dragged_and_the_slider_takes_keys(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    chart = page.locator("#chart-pr")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 50)
    page.mouse.down()
    settle(page)
    low_recall = page.text_content("#m-recall")
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 50, steps=5)
    page.mouse.up()
    settle(page)
    assert float(low_recall.rstrip("%")) < float(page.text_content("#m-recall").rstrip("%"))
    before = float(page.input_value("#threshold-exact"))
    page.focus("#threshold-slider")
    page.keyboard.press("ArrowRight")
    settle(page)
    assert float(page.input_value("#threshold-exact")) > before
    assert "precision" in page.get_attribute("#threshold-slider", "aria-valuetext")


def test_images_on_both_sides_of_the_threshold(
    open_report: Open, report_path: Path, study_result: StudyResult
) -> None:
    page = open_report(report_path)
    scores, stored = detector(study_result, 0)[1], study_result.arrays["gallery.index"]
    threshold = float(np.median(scores[scores > np.quantile(scores, 0.8)]))
    page.fill("#threshold-exact", repr(threshold))
    settle(page)
    truth = study_result.arrays["labels.train"]
    for side, inside, sign in (
        ("below", scores[stored] < threshold, -1),
        ("above", scores[stored] >= threshold, 1),
    ):
        nearest = stored[inside][np.argsort(sign * scores[stored][inside], kind="stable")[:10]]
        labels = page.eval_on_selector_all(
            f"#near-{side} .tile:not([hidden]) .name", "all => all.map(e => e.textContent)"
        )
        assert labels == [str(truth[i]) for i in nearest]


def test_the_threshold_is_confirmed_on_the_test_set(
    open_report: Open, report_path: Path, study_result: StudyResult
) -> None:
    page = open_report(report_path)
    threshold = float(page.input_value("#threshold-exact"))
    y, scores = study_result.arrays["labels.test"] == 5, study_result.arrays["sgd_scaled.test_scores"][:, 5]
    positive = scores >= threshold
    hits, answered = int(np.sum(y & positive)), int(positive.sum())
    two_sided = binomtest(hits, answered).proportion_ci(method="exact")
    one_sided = binomtest(hits, answered).proportion_ci(0.9, method="exact").low
    cell = page.text_content("#c-test-p")
    assert cell.startswith(share(hits / answered, 2))
    assert f"({share(two_sided.low)} – {share(two_sided.high)})" in cell
    assert page.text_content("#c-test-l") == share(one_sided, 2)
    assert page.text_content("#c-test-n") == f"{answered} of {len(y)}"
    assert re.match("Held|Not held|Not proven", page.text_content("#confirm-verdict"))


def test_intervals_in_the_page_are_scipys(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    cases = [
        (0, 1),
        (1, 1),
        (5, 10),
        (999, 1000),
        (3530, 4217),
        (53892, 54579),
        (59999, 60000),
        (0, 60000),
        (1, 60000),
    ]
    for (k, n), found in zip(
        cases, page.evaluate("all => all.map(([k, n]) => misread.clopperPearson(k, n))", cases), strict=True
    ):
        expected = binomtest(k, n).proportion_ci(method="exact")
        assert found == pytest.approx([expected.low, expected.high], rel=1e-7, abs=1e-12)
    grid = [(x, a, b) for x in (1e-6, 0.1, 0.5, 0.93, 1 - 1e-6) for a in (1, 7.5, 4000) for b in (1, 80, 30000)]
    found = page.evaluate("all => all.map(([x, a, b]) => misread.betaShare(x, a, b))", grid)
    assert found == pytest.approx([float(betainc(a, b, x)) for x, a, b in grid], rel=1e-7, abs=1e-12)


def test_cells_open_by_click_and_by_key(open_report: Open, report_path: Path, study_result: StudyResult) -> None:
    page = open_report(report_path)
    truth, predicted = study_result.arrays["labels.train"], study_result.arrays["sgd_scaled.predictions"]
    matrix = confusion_matrix(truth, predicted)
    off = matrix * (1 - np.eye(10, dtype=int))
    i, j = np.unravel_index(off.argmax(), off.shape)
    margin = margins(study_result.arrays["sgd_scaled.scores"])
    wrong = np.flatnonzero((truth == i) & (predicted == j))
    page.click(f"#matrix tbody tr:nth-child({i + 1}) td:nth-child({j + 2}) button")
    tiles = "#cell-tiles .tile"
    assert page.locator(tiles).count() == matrix[i, j]
    for sort, expected in [
        ("sure", wrong[np.argsort(-margin[wrong], kind="stable")]),
        ("unsure", wrong[np.argsort(margin[wrong], kind="stable")]),
        ("order", wrong),
    ]:
        page.select_option("#cell-sort", sort)
        titles = page.eval_on_selector_all(tiles, "all => all.map(e => e.title)")
        assert [int(re.match(r"image (\d+)", title)[1]) for title in titles] == expected.tolist()
    page.focus("#matrix tbody tr:nth-child(1) td button[tabindex='0'], #matrix button[tabindex='0']")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "read as" in label
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("document.activeElement.id") == "cell-title"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == label


def test_the_six_matrices(open_report: Open, report_path: Path, study_result: StudyResult) -> None:
    page = open_report(report_path)
    truth, predicted = study_result.arrays["labels.train"], study_result.arrays["sgd_scaled.predictions"]
    matrix = confusion_matrix(truth, predicted)
    errors = matrix * (1 - np.eye(10, dtype=int))
    with np.errstate(invalid="ignore"):
        expected = {
            "errors": errors,
            "counts": matrix,
            "row": confusion_matrix(truth, predicted, normalize="true"),
            "column": confusion_matrix(truth, predicted, normalize="pred"),
            "errors-row": np.nan_to_num(errors / errors.sum(axis=1, keepdims=True)),
            "errors-column": np.nan_to_num(errors / errors.sum(axis=0, keepdims=True)),
        }
    for mode, values in expected.items():
        page.check(f"#matrix-modes input[value='{mode}']", force=True)
        texts = page.eval_on_selector_all("#matrix button", "all => all.map(e => e.textContent)")
        known = {"·": 0.0, "": 0.0, "all": 100.0, "<.1": 0.05}
        found = np.array([known[t] if t in known else float(t.replace(",", "")) for t in texts]).reshape(10, 10)
        exact = mode in ("errors", "counts")
        np.testing.assert_allclose(found, values * (1 if exact else 100), atol=0 if exact else 0.51)
        if mode.startswith("errors"):
            assert "100" not in texts
    page.check("#matrix-modes input[value='row']", force=True)
    rows = page.eval_on_selector_all("#matrix tbody tr", "all => all.map(r => r.innerText.split(/\\s+/))")
    assert not [row for row in rows if "100" in row and set(row[1:]) - {"·", "100", ""}]


def test_two_classes_side_by_side(open_report: Open, report_path: Path, study_result: StudyResult) -> None:
    page = open_report(report_path)
    page.select_option("#pair-a", "8")
    page.select_option("#pair-b", "1")
    truth, predicted = study_result.arrays["labels.train"], study_result.arrays["sgd_scaled.predictions"]
    found = page.eval_on_selector_all(".pair-cell", "all => all.map(e => e.querySelectorAll('canvas').length)")
    expected = [np.sum((truth == a) & (predicted == b)) for a in (8, 1) for b in (8, 1)]
    assert found == [min(25, count) for count in expected]


@pytest.mark.parametrize("bound", [False, True])
def test_the_reject_option(open_report: Open, report_path: Path, study_result: StudyResult, bound: bool) -> None:
    page = open_report(report_path)
    right = study_result.arrays["labels.train"] == study_result.arrays["sgd_scaled.predictions"]
    curve = RejectionCurve.from_margins(right, margins(study_result.arrays["sgd_scaled.scores"]))
    point = curve.for_accuracy(0.97, confidence=0.95 if bound else None)
    assert point is not None
    page.set_checked("#accuracy-bound", bound)
    page.fill("#want-accuracy", "97")
    page.press("#want-accuracy", "Enter")
    settle(page)
    text = page.text_content("#reject-verdict")
    assert f"answers {share(point.coverage)} of the images and reads {share(point.accuracy, 2)}" in text
    assert f"({point.answered - point.right} wrong of {point.answered:,})" in text
    test_margins = margins(study_result.arrays["sgd_scaled.test_scores"])
    test_right = study_result.arrays["sgd_scaled.test_predictions"] == study_result.arrays["labels.test"]
    sure = test_margins >= point.threshold
    assert f"On the test set: {share(sure.mean())} answered, {share(test_right[sure].mean(), 2)} right" in text


def test_suspects_filter_and_save(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    page.check("#suspect-filter input[value='label error']", force=True)
    verdicts = page.eval_on_selector_all(".suspect:not([hidden])", "all => all.map(e => e.dataset.verdict)")
    assert verdicts
    assert set(verdicts) == {"label error"}
    with page.expect_download() as download:
        page.click("#suspects-save")
    assert Path(download.value.path()).read_bytes() == (report_path.parent / "suspects.csv").read_bytes()


def test_hostile_names_do_nothing(open_report: Open, hostile_result: StudyResult, tmp_path: Path) -> None:
    page = open_report(write_report(hostile_result, tmp_path))
    for button in page.query_selector_all("#matrix button")[::7]:
        button.click()
    page.select_option("#pair-a", "0")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img:not([src^='data:image/png'])").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_once_is_one_time(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    pairs = page.evaluate("JSON.parse(document.getElementById('data').textContent)")["matrix"]["pairs"]
    said = page.locator("#strips").inner_text()
    assert re.findall(r"([\d,]+) (times?),", said) == [
        (f"{pair['count']:,}", "time" if pair["count"] == 1 else "times")
        for pair in pairs[: said.count("of the class")]
    ]
