"""The whole loop in a real browser: planted errors in, corrections by keyboard, train again, compare: better."""

import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from misread.cli import app
from misread.data.corrections import Corrections


def misread(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.stdout


@contextmanager
def reviewer(folder: Path, file: Path, by: str):
    """`misread review` as a process of its own; gives it and the address to open."""
    words = [folder, "--model", "knn", "--corrections", file, "--by", by, "--port", 0]
    process = subprocess.Popen(
        [sys.executable, "-m", "misread", "review", *map(str, words)], stderr=subprocess.PIPE, text=True
    )
    try:
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"http://\S+", line):
                break
        else:
            pytest.fail(said)
        yield process, found[0]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def look_and_judge(page, truth: dict[str, str]) -> int:
    """Judge what is on screen by the truth, with keys alone; how many images that were."""
    shown = page.locator("html").get_attribute("data-shown")
    if page.locator("#group").is_visible():
        members = page.locator("#group button").all()
        label = page.locator("#suggestion").inner_text().removeprefix("All are ")[0]
        inside = [truth[Path(one.get_attribute("title")).name] == label for one in members]
        for member, right in zip(members, inside, strict=True):
            if not right:
                member.press("Space")
        if not any(inside):
            label = "ArrowRight"
            members[0].press("Space")
        count = sum(inside)
    else:
        label, count = truth[Path(page.locator("#name").inner_text()).name], 1
    page.keyboard.press(label)
    page.wait_for_function("shown => document.documentElement.dataset.shown !== shown", arg=shown)
    return count


def judged(file: Path) -> set[str]:
    return {one.name for one in Corrections.read(file).rows}


def open_page(browser, url):
    page = browser.new_context(viewport={"width": 1000, "height": 800}).new_page()
    page.set_default_timeout(30_000)
    page.goto(url)
    page.locator("html[data-ready]").wait_for(state="attached")
    return page


def test_planted_errors_corrections_by_keyboard_retrain_better(spoilt, tmp_path, browser):
    folder, truth = spoilt
    old, new, file = tmp_path / "old.misread", tmp_path / "new.misread", tmp_path / "corrections.csv"
    misread("train", "knn", folder, "--out", old)

    with reviewer(folder, file, "Ann") as (process, url):
        page = open_page(browser, url)
        done = sum(look_and_judge(page, truth) for _ in range(8))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(judged(file)) == done  # nothing but what is on the screen is lost
        page.keyboard.press("Enter")
        page.locator("#trouble:visible").wait_for()

    with reviewer(folder, file, "Ann") as (_, url), reviewer(folder, file, "Bob") as (_, other):
        pages = [open_page(browser, one) for one in (url, other)]
        for page in pages:
            assert f"Seen {done} of" in page.locator("#seen").inner_text()
        for _ in range(200):
            working = [page for page in pages if page.locator("#work").is_visible()]
            for page in working:
                look_and_judge(page, truth)
            if not working:
                break
        assert all(page.locator("#done").is_visible() for page in pages)

    rows = Corrections.read(file).rows
    assert {one.by for one in rows} == {"Ann", "Bob"}
    assert all((one.label or one.given) == truth[Path(one.name).name] for one in rows)
    twice = len(rows) - len(judged(file))
    assert twice <= 0.1 * len(rows)  # what both had on the screen at the same moment
    wrong = {one.name for one in rows if one.verdict == "wrong"}
    planted = [
        f"{path.parent.name}/{path.name}" for path in folder.glob("*/*") if truth[path.name] != path.parent.name
    ]
    assert len(planted) > 10
    assert len(wrong & set(planted)) >= 0.9 * len(planted)

    said = json.loads(
        misread("retrain", old, "--corrections", file, "--out", new, "--html", tmp_path / "c.html", "--json")
    )
    compared = said["comparison"]
    (tmp_path / "said.json").write_text(json.dumps(compared))
    assert compared["fixed"] > compared["broken"]
