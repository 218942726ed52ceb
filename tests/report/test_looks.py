"""How the report looks in a browser: on a phone, in the dark, on paper, to screen readers, without scripts."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from report_page import Open

from misread.analysis.confusion import confusion_counts
from misread.analysis.pairs import most_confused
from misread.report import write_report
from misread.results.study import StudyResult


@pytest.mark.parametrize("width", [1280, 800, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_spills_sideways(open_report: Open, report_path: Path, width: int, scheme: str) -> None:
    page = open_report(report_path, viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_long_name_stays_in_its_column_on_a_phone(
    open_report: Open, hostile_result: StudyResult, tmp_path: Path
) -> None:
    page = open_report(write_report(hostile_result, tmp_path), viewport={"width": 390, "height": 844})
    page.evaluate(
        "document.querySelectorAll('h3 .name, h4 .name').forEach((name) => { name.textContent = 'w'.repeat(40) })"
    )
    wider = """[...document.querySelectorAll('h3 .name, h4 .name')].filter((name) => name.offsetParent
      && name.getBoundingClientRect().right > name.parentElement.getBoundingClientRect().right + 1).length"""
    assert page.locator("h3 .name, h4 .name").count() > 4
    assert page.evaluate(wider) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(open_report: Open, report_path: Path, scheme: str, width: int) -> None:
    axe = os.environ.get("MISREAD_AXE", "")
    if not Path(axe).is_file():
        pytest.skip("set MISREAD_AXE to the path of axe.min.js (npm pack axe-core) to check accessibility")
    page = open_report(report_path, bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 844})
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true })")
    page.evaluate("source => { (0, eval)(source) }", Path(axe).read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [
        (f["id"], f["impact"], f["nodes"][0]["html"]) for f in found if f["impact"] in ("serious", "critical")
    ] == []


def test_it_prints_within_ten_pages(open_report: Open, report_path: Path) -> None:
    printed = open_report(report_path).pdf(format="A4")
    assert 2 <= len(re.findall(rb"/Type /Page\b", printed)) <= 10


def test_on_paper_charts_stand_side_by_side_and_no_image_is_cut(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path, viewport={"width": 718, "height": 1000})  # of A4, within its margins
    page.emulate_media(media="print")
    boxes = "(what) => [...document.querySelectorAll(what)].map((one) => one.getBoundingClientRect().toJSON())"
    charts = page.evaluate(boxes, ".charts figure")
    assert len(charts) == 3
    assert len({round(chart["top"]) for chart in charts}) == 1
    (panel,) = page.evaluate(boxes, "#cell-tiles")
    tiles = [tile for tile in page.evaluate(boxes, "#cell-tiles .tile") if tile["height"]]
    assert 0 < len(tiles) <= 10
    assert max(tile["bottom"] for tile in tiles) <= panel["bottom"] + 1


def test_it_reads_without_javascript(chromium: Any, report_path: Path, study_result: StudyResult) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report_path.as_uri())
    assert page.locator("#matrix tbody td").count() == 100
    assert page.text_content("h1")
    pairs = most_confused(
        confusion_counts(study_result.arrays["labels.train"], study_result.arrays["sgd_scaled.predictions"], 10), 4
    )
    assert page.locator("#glance .still").count() == len(pairs)
    assert page.locator("#confirm td.num:visible").count() == 15
    doubted = min(24, len(study_result.arrays["suspects.index"]))
    assert page.locator(".suspect:visible").count() == page.locator(".suspect img.still").count() == doubted
    for dead in (
        "#threshold-slider",
        "#matrix-modes",
        "#pair-a",
        "#suspect-filter",
        "#want-accuracy",
        "main canvas",
    ):
        assert page.locator(dead).filter(visible=True).count() == 0, dead
    context.close()
