"""In a real JupyterLab: what is chosen with the mouse and by keyboard comes back to Python."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytest.importorskip("jupyterlab", reason="pip install jupyterlab")
playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

CELLS = [
    """import numpy as np
from misread import Answers
from misread.widgets import ConfusionMatrix, ThresholdExplorer
rng = np.random.default_rng(0)
truth = rng.random(400) < 0.3
explorer = ThresholdExplorer(truth, rng.normal(size=400) + 2 * truth)
explorer""",
    """labels = rng.choice(["3", "<b>5"], 60)
answers = Answers.from_scores(labels, rng.dirichlet([1, 1], 60), class_names=["3", "<b>5"])
matrix = ConfusionMatrix(answers, rng.integers(0, 256, (60, 8, 8), dtype=np.uint8))
matrix""",
    """place = (explorer._steps[::-1] + [explorer.threshold]).index(explorer.threshold)
print("chosen", place, matrix.cell, len(matrix.rows))""",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    cells = [
        {"cell_type": "code", "id": str(i), "source": text, "metadata": {}, "outputs": [], "execution_count": None}
        for i, text in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": {"kernelspec": kernel}}
    (folder / "n.ipynb").write_text(json.dumps(notebook), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    homes = {
        name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"],
            stdout=log,
            stderr=log,
            env=os.environ | homes,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            assert server.poll() is None, (folder / "log").read_text("utf-8")
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).read()
                break
            except OSError:
                time.sleep(0.5)
        yield f"{address}/lab/tree/n.ipynb?reset"
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.slow
def test_what_is_chosen_comes_back_to_python(lab):
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs the program chromium: apt-get install chromium")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 1600})
        page.set_default_timeout(120_000)
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(lab)
        page.get_by_text(re.compile(r"Python 3.* \| Idle")).wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()

        slider = page.get_by_role("slider", name="Threshold")
        slider.wait_for()
        cell = page.get_by_role("button", name=re.compile(r"^\d+ of 3 answered as <b>5$"))
        cell.wait_for()
        page.get_by_text(re.compile(r"^chosen \d+ None 0")).wait_for()

        slider.focus()
        slider.press("End")
        for _ in range(3):
            slider.press("ArrowLeft")
        page.get_by_text(re.compile(r"^Recall \d\.\d%")).wait_for()
        cell.click()
        page.get_by_text(re.compile(r"images of 3 answered as <b>5")).wait_for()
        assert page.locator(".misread-widget figure img").count() > 0

        page.get_by_text('print("chosen"').click()
        page.keyboard.press("Control+Enter")
        count = cell.inner_text()
        page.get_by_text(f"chosen 3 ('3', '<b>5') {count}").wait_for()
        if os.environ.get("MISREAD_LOOK"):
            page.screenshot(path=os.environ["MISREAD_LOOK"])
        assert not wrong
        browser.close()
