"""The page that compares two models, in a browser: with and without scripts, light and dark, wide and narrow."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import misread
from misread import load
from misread.evaluation.answers import Answers
from misread.recipes.attach import answers_on
from misread.recipes.sources import Source
from misread.report.comparison import write_comparison


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    digits = load("digits")
    rng, sources = np.random.default_rng(0), []
    for name in ("old", "new"):
        said = np.where(rng.random(360) < 0.05, rng.integers(0, 10, 360), digits.test.labels)
        table, images = answers_on(Answers.from_scores(None, said, class_names=digits.class_names), digits)
        sources.append(Source(name, table, images=images))
    path = tmp_path_factory.mktemp("compared") / "page.html"
    write_comparison(misread.compare(*sources), path)
    return path


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_spills_and_every_image_is_there(
    chromium: Any, page_path: Path, width: int, scheme: str, scripts: bool
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, java_script_enabled=scripts
    )
    page = context.new_page()
    page.goto(page_path.as_uri())
    image = page.locator("main figure img").first
    small = image.bounding_box()["width"]
    page.locator("main figure").first.focus()
    page.wait_for_timeout(300)
    assert image.bounding_box()["width"] > 1.5 * small, "an image is opened by focus, without a script"
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(chromium: Any, page_path: Path, scheme: str, width: int) -> None:
    axe = os.environ.get("MISREAD_AXE", "")
    if not Path(axe).is_file():
        pytest.skip("set MISREAD_AXE to the path of axe.min.js (npm pack axe-core) to check accessibility")
    context = chromium.new_context(bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(page_path.as_uri())
    page.evaluate("source => { (0, eval)(source) }", Path(axe).read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [(f["id"], f["impact"], f["nodes"][0]["html"]) for f in found] == []
    context.close()
