"""What a person decides on the page: verdicts on suspects, an image to enlarge, a threshold and its cost."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_page import Open, detector, settle

from misread.data import load
from misread.data.corrections import Corrections
from misread.data.words import composed, printable
from misread.recipes.evaluate import evaluate
from misread.recipes.train import train
from misread.report import write_report
from misread.report.classes import suspect_rows
from misread.report.kinds import evidence_of
from misread.results.study import StudyResult
from misread.spreadsheet import inert


def judged(page: Any) -> Path:
    with page.expect_download() as download:
        page.click("#corrections-save")
    assert download.value.suggested_filename == "corrections.csv"
    return Path(download.value.path())


def test_every_suspect_that_a_filter_promises_is_shown(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    choices = page.query_selector_all("#suspect-filter label")
    assert len(choices) > 1
    for choice in choices:
        promised = int(choice.query_selector("small").text_content())
        choice.click()
        while page.is_visible("#suspects-more"):
            page.click("#suspects-more")
        assert page.locator(".suspect:not([hidden])").count() == promised


def test_suspects_are_judged_by_keys_and_saved_as_corrections(
    open_report: Open, report_path: Path, study_result: StudyResult
) -> None:
    page = open_report(report_path)
    page.fill("#judged-by", "=me")
    page.click("#judge-start")
    for key in ("s", "j", "r", "j", "u", "j", "n", "k", "j"):
        page.keyboard.press(key)
    assert page.text_content("#judged-count") == "4 judged, not saved yet"
    path = judged(page)
    found = Corrections.read(path)
    rows = suspect_rows(evidence_of(study_result))
    assert [row.verdict for row in found.rows] == ["wrong", "right", "unclear", "none of the classes"]
    for row, suspect in zip(found.rows, rows, strict=False):
        assert row.hash == int(suspect["hash"], 16)
        assert (row.name, row.given, row.by) == (suspect["name"], suspect["given"], "=me")
    assert [row.label for row in found.rows] == [rows[0]["suggested"], rows[1]["given"], "", ""]
    known = dict(
        zip(study_result.arrays["names.train"].tolist(), study_result.arrays["hashes.train"].tolist(), strict=True)
    )
    assert set(found.decisions()) == {known[row.name] for row in found.rows}


def test_corrections_of_hostile_names_are_what_python_would_write(
    open_report: Open, hostile_result: StudyResult, tmp_path: Path
) -> None:
    page = open_report(write_report(hostile_result, tmp_path))
    page.click("#judge-start")
    for _ in range(12):
        page.keyboard.press("s")
        page.keyboard.press("j")
    path = judged(page)
    found = Corrections.read(path)
    rows = suspect_rows(evidence_of(hostile_result))[:12]
    assert [row.label for row in found.rows] == [printable(composed(row["suggested"].strip())) for row in rows]
    texts = ["=1+1", "a;=1+1", "-1", "T-shirt", "+x,@y", " \u200b=z", "'=q", "1;-2", "-.5e3|-b", "\uff1dfull"]
    assert page.evaluate("all => all.map(misread.inert)", texts) == [inert(text) for text in texts]


def test_an_image_is_enlarged_and_says_why(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    page.locator("#cell-tiles .tile").first.focus()
    page.keyboard.press("Enter")
    assert page.is_visible("dialog.viewer")
    first = page.text_content(".viewer-facts")
    page.keyboard.press("ArrowRight")
    assert page.text_content(".viewer-facts") != first
    assert page.text_content(".viewer-foot [role=status]").startswith("2 of ")
    assert page.text_content(".viewer-why h3").startswith("Weights of ")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog.viewer")
    assert page.evaluate("document.activeElement.classList.contains('tile')")


@pytest.mark.filterwarnings("ignore:these 360 images differ")  # 300 images teach little of what is usual
@pytest.mark.parametrize(
    ("model", "heads"),
    [
        ("knn", ["The training images nearest to it"]),
        ("forest", ["What flips it"]),
        ("convnet", ["What speaks for", "What flips it"]),
    ],
)
def test_the_report_of_an_evaluation_says_why(
    open_report: Open, tmp_path: Path, model: str, heads: list[str]
) -> None:
    params = {"forest": {"n_estimators": 5}, "convnet": {"widths": (4, 4), "depth": 1, "epochs": 20, "moved": 0.0}}
    if model == "convnet":
        pytest.importorskip("torch")
    digits = load("digits")
    small = replace(digits, train=digits.train.take(np.arange(300)))
    result = evaluate(train(model, small, params=params.get(model)), small)
    page = open_report(write_report(result, tmp_path))
    page.locator("#strips button").first.click()
    said = page.locator(".viewer-why h3").all_inner_texts()
    assert len(said) == len(heads)
    assert all(text.startswith(head) for text, head in zip(said, heads, strict=True))
    assert page.locator(".viewer-why :is(canvas, img)").count() >= len(heads)


def test_the_matrix_is_ordered_and_searched(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    names = "all => all.map(e => e.textContent)"
    page.select_option("#matrix-order", "confusion")
    assert sorted(page.eval_on_selector_all("#matrix thead th", names)) == [str(digit) for digit in range(10)]
    page.fill("#matrix-search", "3")
    assert page.eval_on_selector_all("#matrix tbody th", names)[0] == "3"
    page.fill("#matrix-search", "nothing")
    assert page.text_content("#matrix-view") == "No class of that name."


def test_a_notice_stays_as_long_as_it_is_true(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    assert "lowest threshold" in page.text_content("#wish-note")
    page.focus("#threshold-slider")
    page.keyboard.press("PageUp")
    settle(page)
    assert page.text_content("#wish-note") == ""
    page.keyboard.press("End")
    settle(page)
    assert "handful" in page.text_content("#threshold-warning") or "No image" in page.text_content(
        "#threshold-warning"
    )


def test_keys_take_useful_steps_and_fine_ones_with_shift(
    open_report: Open, report_path: Path, study_result: StudyResult
) -> None:
    page = open_report(report_path)
    distinct = np.unique(detector(study_result, 0)[1])

    def place() -> int:
        settle(page)
        return int(np.searchsorted(distinct, float(page.input_value("#threshold-exact"))))

    page.focus("#threshold-slider")
    start = place()
    page.keyboard.press("Shift+ArrowRight")
    assert place() == start + 1
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert place() > 5


@pytest.mark.parametrize("ratio", [1, 10, 0.2])
def test_the_cheapest_threshold_is_the_cheapest(
    open_report: Open, report_path: Path, study_result: StudyResult, ratio: float
) -> None:
    page = open_report(report_path)
    page.fill("#cost-ratio", str(ratio))
    page.click("#cost-go")
    settle(page)
    y, scores = detector(study_result, 0)

    def cost(threshold: float) -> float:
        yes = scores >= threshold
        return ratio * np.sum(y & ~yes) + np.sum(~y & yes)

    chosen = float(page.input_value("#threshold-exact"))
    assert cost(chosen) == min(cost(one) for one in [*np.unique(scores), np.inf])
    assert "95% interval" in page.text_content("#cost-said")
