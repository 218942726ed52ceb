"""The report for who hears it, and for who sees it twice as large."""

import re
from pathlib import Path
from typing import Any

from report_page import Open, settle


def test_a_screen_reader_is_told_what_is_seen(open_report: Open, report_path: Path) -> None:
    page = open_report(report_path)
    for chart in ("threshold", "pr", "roc", "compare", "reject"):
        said = page.get_attribute(f"#chart-{chart} svg[role=img]", "aria-label")
        assert re.search(r"\d%? at −?\d", said), (chart, said)
    nameless = page.eval_on_selector_all(
        "#cell-tiles button, .nearest button:not([hidden]), .refused button, .block button, .film button",
        "all => all.filter((one) => !/is .+(read as|score)/.test(one.ariaLabel ?? one.textContent)).length",
    )
    assert nameless == 0
    assert page.locator(".question").count() == page.locator(".question[aria-labelledby]").count() > 0
    assert page.locator("[aria-live], [role=status]").filter(has=page.locator("button")).count() == 0
    cell = page.locator("#matrix button.open")
    cell.click()
    assert page.evaluate("document.activeElement.id") == "cell-title"
    page.locator("#cell-tiles .tile").first.click()
    page.keyboard.press("ArrowRight")
    assert re.match(r"2 of \d+: image .+ is .+, read as", page.text_content(".viewer-foot [role=status]"))
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.classList.contains('open')")


def test_at_twice_the_size_all_fits_and_what_has_the_focus_is_seen(open_report: Open, report_path: Path) -> None:
    page = open_report(
        report_path, viewport={"width": 640, "height": 360}, device_scale_factor=2, reduced_motion="reduce"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 640
    covered = [_covered(page) for _ in range(60)]
    assert [one for one in covered if one] == []


def _covered(page: Any) -> str | None:
    """Go to the next control by key: its markup, if the page's head or the edge of the window hides it."""
    page.keyboard.press("Tab")
    settle(page)
    return page.evaluate(
        """() => {
          const one = document.activeElement.closest("label") ?? document.activeElement;
          if (one.closest(".top, .skip") || one === document.body) return null;
          const box = one.getBoundingClientRect();
          const head = document.querySelector(".top").getBoundingClientRect().bottom;
          const hidden = box.bottom <= head || box.top >= innerHeight;
          return hidden ? one.outerHTML.slice(0, 200) : null;
        }"""
    )
