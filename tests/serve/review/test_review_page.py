"""The page in a real browser: every key, groups, many classes, phones, the dark, screen readers."""

import os
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from misread.data.corrections import Corrections


def verdicts(file: Path) -> list[tuple[str, str, str]]:
    return [(one.given, one.label, one.verdict) for one in Corrections.read(file).rows]


def alone(page, judge) -> None:
    """Go on to an image that is asked about alone."""
    for _ in range(50):
        if page.locator("#single").is_visible():
            return
        judge(page, "ArrowRight")
    raise AssertionError("there are only groups")


def given(page) -> str:
    return page.locator("#question").inner_text().removeprefix("Labelled ").partition(":")[0]


def test_every_key(doubted, tmp_path, review_on, reviewing, judge):
    file = tmp_path / "corrections.csv"
    with review_on(doubted, file) as (url, _):
        page = reviewing(url)
        alone(page, judge)
        first = given(page)
        expect(page.locator("#words")).to_contain_text("which has not seen it")
        expect(page.locator("#nearest li")).to_have_count(8)
        judge(page, "Enter")
        assert verdicts(file)[-1] == (first, first, "right")
        expect(page.locator("#status")).to_contain_text(f"Recorded: {first} is right.")
        alone(page, judge)
        suggested = page.locator("#suggestion").inner_text()
        judge(page, "ArrowUp")
        assert suggested.startswith(f"It is {verdicts(file)[-1][1]}")
        alone(page, judge)
        judge(page, "?")
        assert verdicts(file)[-1][2] == "unclear"
        alone(page, judge)
        judge(page, "-")
        assert verdicts(file)[-1][2] == "none of the classes"
        alone(page, judge)
        other = "7" if given(page) != "7" else "1"
        shown = page.locator("html").get_attribute("data-shown")
        judge(page, other)
        assert verdicts(file)[-1][1:] == (other, "wrong")
        judge(page, "ArrowLeft")
        assert page.locator("html").get_attribute("data-shown") == shown
        expect(page.locator("#words")).to_contain_text(f"You said: it is {other}.")
        judge(page, "Space")
        assert verdicts(file)[-1][2] == "right"
        judge(page, "Control+z")
        assert verdicts(file)[-1][2] == "withdrawn"
        assert page.locator("html").get_attribute("data-shown") == shown
        expect(page.locator("#words")).to_contain_text(f"You said: it is {other}.")
        page.keyboard.press("Control+z")
        expect(page.locator("#words")).not_to_contain_text("You said")
        expect(page.locator("#seen")).to_contain_text("Seen 4 of")
        judge(page, "ArrowLeft")
        judge(page, "ArrowRight")
        assert len(verdicts(file)) == 8


def test_a_group_is_judged_at_once_but_for_who_is_taken_out(doubted, tmp_path, review_on, reviewing, judge):
    file = tmp_path / "corrections.csv"
    with review_on(doubted, file) as (url, _):
        page = reviewing(url)
        while page.locator("#group").is_hidden():
            judge(page, "ArrowRight")
        members = page.locator("#group button")
        n = members.count()
        assert n >= 3
        expect(page.locator("#words")).to_contain_text("look alike")
        members.nth(1).focus()
        page.keyboard.press("Space")
        expect(members.nth(1)).to_have_attribute("aria-pressed", "false")
        members.nth(2).click()
        members.nth(2).click()
        expect(members.nth(2)).to_have_attribute("aria-pressed", "true")
        label = page.locator("#suggestion").inner_text().removeprefix("All are ")[0]
        judge(page, label)
        said = verdicts(file)
        assert len(said) == n - 1
        assert {one[1] for one in said} == {label}
        expect(page.locator("#question")).to_have_text(f"Labelled {said[0][0]}: is that right?")
        judge(page, "Control+z")
        assert [verdict for *_, verdict in verdicts(file)[n - 1 :]] == ["withdrawn"] * (n - 1)


def test_thirty_a_minute_and_where_it_stopped(doubted, tmp_path, review_on, reviewing, judge):
    """A machine presses as fast as the page lets it: an image takes far less than two seconds."""
    file = tmp_path / "corrections.csv"
    with review_on(doubted, file) as (url, _):
        page = reviewing(url)
        began = time.monotonic()
        for _ in range(30):
            judge(page, "Enter")
        assert time.monotonic() - began < 30
        shown = page.locator("html").get_attribute("data-shown")
        n = len(verdicts(file))
        page.reload()
        page.locator("html[data-ready]").wait_for(state="attached")
        assert page.locator("html").get_attribute("data-shown") == shown
        expect(page.locator("#seen")).to_contain_text(f"Seen {n} of")
        expect(page.locator("#stop")).not_to_be_empty()


def test_forty_seven_letters_are_their_own_keys(many_classes, tmp_path, review_on, reviewing, judge):
    names = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")
    file = tmp_path / "corrections.csv"
    with review_on(many_classes(names), file) as (url, _):
        page = reviewing(url)
        for key in ("A", "a", "c", "7"):  # there is only a large C
            judge(page, key)
        assert [label for _, label, _ in verdicts(file)] == ["A", "a", "C", "7"]
        expect(page.locator("#typing")).to_be_hidden()
        expect(page.locator("#stop")).to_contain_text("an estimated")


def test_a_hundred_words_are_typed(many_classes, tmp_path, review_on, reviewing, judge):
    names = (*(f"kind {i}" for i in range(97)), "otter", "oak tree", "10")
    file = tmp_path / "corrections.csv"
    with review_on(many_classes(names), file) as (url, _):
        page = reviewing(url)
        page.keyboard.type("oa")
        expect(page.locator("#matches [aria-selected=true]")).to_have_text("oak tree")
        judge(page, "Enter")
        page.keyboard.type("kind 1")
        page.keyboard.press("ArrowDown")
        judge(page, "Enter")
        page.keyboard.type("ot")
        page.keyboard.press("Escape")
        judge(page, "Enter")
        page.keyboard.type("10")
        judge(page, "Enter")
        page.keyboard.type("xyz")
        page.keyboard.press("Enter")
        assert [label for _, label, _ in verdicts(file)] == ["oak tree", "kind 10", "kind 2", "10"]
        page.keyboard.press("Escape")
        judge(page, "?")


def test_few_words_are_numbered(many_classes, tmp_path, review_on, reviewing, judge):
    file = tmp_path / "corrections.csv"
    with review_on(many_classes(("cat", "dog", "<b>owl</b>")), file) as (url, _):
        page = reviewing(url)
        judge(page, "3")
        page.keyboard.type("do")
        judge(page, "Enter")
        page.locator("#classes button", has_text="cat").click()
        page.wait_for_function("() => document.documentElement.dataset.shown === '3'")
        assert [label for _, label, _ in verdicts(file)] == ["<b>owl</b>", "dog", "cat"]
        assert page.locator("b").count() == 0


def test_what_cannot_be_written_is_told_and_stays_on_the_page(doubted, tmp_path, review_on, reviewing, judge):
    file = tmp_path / "corrections.csv"
    with review_on(doubted, file) as (url, _):
        page = reviewing(url)
        file.mkdir()
        shown = page.locator("html").get_attribute("data-shown")
        page.keyboard.press("Enter")
        expect(page.locator("#trouble")).to_contain_text("cannot write")
        assert page.locator("html").get_attribute("data-shown") == shown
        file.rmdir()
        judge(page, "Enter")
        expect(page.locator("#trouble")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_contain_text("The server does not answer")


def test_all_seen(many_classes, tmp_path, review_on, reviewing, judge):
    with review_on(many_classes(("cat", "dog")), tmp_path / "corrections.csv") as (url, _):
        page = reviewing(url)
        for _ in range(60):
            judge(page, "Enter")
        expect(page.locator("#done")).to_be_visible()
        expect(page.locator("#done-words")).to_contain_text("All labels were seen: 0 of 60")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1100, "light")])
def test_widths_and_axe(doubted, tmp_path, review_on, reviewing, judge, width, scheme):
    with review_on(doubted, tmp_path / "c.csv") as (url, _):
        page = reviewing(url, width, 844, color_scheme=scheme)
        kinds = set()
        for _ in range(12):
            kind = page.locator("#group").is_visible()
            if kind not in kinds:
                kinds.add(kind)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                for button in page.locator("button:visible").all():
                    assert button.bounding_box()["height"] >= 44
                axe = os.environ.get("MISREAD_AXE", "")
                if Path(axe).is_file():
                    page.evaluate("source => { (0, eval)(source) }", Path(axe).read_text("utf-8"))
                    found = page.evaluate("axe.run()")["violations"]
                    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
            judge(page, "ArrowRight")
        assert kinds == {True, False}
