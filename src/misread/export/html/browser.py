"""The page asked in a real browser, from a file and without a network."""

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.errors import MissingExtraError, ModelFileError
from misread.export.agreement import Ask, Outputs

__all__ = ["asked_in_browser", "browser_program"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 300
_START = 30_000
_MOST_TABS = 8
_BEGIN = """pixels => {
    globalThis.asked = new Promise((done, failed) => setTimeout(() => {
        try { done(misread.answers(pixels)) } catch (error) { failed(error) }
    }))
}"""
"""Begins to answer, and does not wait; a block, so that nothing is given back that would be waited for."""


def browser_program() -> str:
    """A Chromium of this machine.

    Raises
    ------
    ModelFileError
        If there is none.
    """
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise ModelFileError(
            "there is no Chromium to check the page in; apt-get install chromium, or leave out --check"
        )
    return found


@contextmanager
def asked_in_browser(page: str) -> Iterator[tuple[Ask, str]]:
    """Open a page and give a function that asks it, and what the browser is called.

    Raises
    ------
    MissingExtraError
        If playwright is not installed.
    ModelFileError
        If there is no Chromium, or the page does not start there.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise MissingExtraError("playwright", "test") from error
    program = browser_program()
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder, "page.html")
        path.write_text(page, "utf-8")
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        try:
            context = browser.new_context(offline=True)
            tabs, wrong = [context.new_page() for _ in range(min(_MOST_TABS, os.cpu_count() or 1))], list[str]()
            for tab in tabs:
                tab.set_default_timeout(1_000 * _SECONDS)
                tab.on("pageerror", lambda error: wrong.append(str(error)))
                tab.goto(path.as_uri())
                tab.locator("html[data-ready]").wait_for(state="attached", timeout=_START)
            yield lambda images: _ask(tabs, images), f"Chromium {browser.version}"
        except Error as error:
            said = (wrong or str(error).splitlines())[0][:200]
            raise ModelFileError(f"the page does not run in Chromium ({said}); nothing was written") from error
        finally:
            browser.close()


def _ask(tabs: list[Any], images: NDArray[np.uint8]) -> Outputs:
    """Each tab answers its part of the images; a tab is a process, so that all cores work."""
    parts = [part for part in np.array_split(images, len(tabs)) if len(part)]
    for tab, part in zip(tabs, parts, strict=False):
        pixels = base64.b64encode(np.ascontiguousarray(part).tobytes()).decode()
        tab.evaluate(_BEGIN, pixels)
    answers = [tab.evaluate("() => asked") for tab in tabs[: len(parts)]]
    found = {name: [one for answer in answers for one in answer[name]] for name in answers[0]}
    outputs: Outputs = {
        "label": np.array(found["label"], np.int64),
        "sure": np.array(found["sure"], bool),
        "blank": np.array(found["blank"], bool),
        "scores": np.array(found["scores"], np.float64),
    }
    if found["probabilities"][0] is not None:
        outputs["probabilities"] = np.array(found["probabilities"], np.float64)
    if found["unlike"][0] is not None:
        outputs["unlike"] = np.array(found["unlike"], bool)
    return outputs
