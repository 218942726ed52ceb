"""Draw the pictures of README and site again: `make docs-pictures`. Needs MNIST, chromium and some minutes.

Every picture is made here, from the numbers that misread gives; none is edited by hand.
"""

import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from playwright.sync_api import sync_playwright

from misread import load, run_study, train
from misread.bundle import save
from misread.figures.display import STYLE
from misread.figures.displays import BLUE, GREEN, GREY, RED
from misread.models import SGDClassifier

PICTURES = Path(__file__).parent / "pictures"
FROM_STUDY = ("confusion_matrix_plot_2", "precision_recall_vs_threshold_plot")
PORT = 8472
DIMENSIONS = 63
LOOKS_LIKE = (6, 7, 8, 5, 9, 3, 0, 1, 2, 4)


def main() -> None:
    """Draw all, or those whose names are given."""
    wanted = sys.argv[1:] or ["study", "page", "review", "updates", "neighbours"]
    for name in wanted:
        print(f"{name} ...", flush=True)
        {"study": study, "page": page, "review": review, "updates": updates, "neighbours": neighbours}[name]()


def study() -> None:
    """The report's first screen, and two figures of the study of MNIST."""
    with tempfile.TemporaryDirectory() as folder:
        run_study("mnist", folder)
        for name in FROM_STUDY:
            shutil.copy(Path(folder) / "figures" / f"{name}.png", PICTURES)
        with browser() as opened:
            tab = opened.new_page(viewport={"width": 1280, "height": 900})
            tab.goto((Path(folder) / "report.html").as_uri())
            tab.wait_for_timeout(2_000)
            tab.screenshot(path=PICTURES / "report.png")


def page() -> None:
    """The served page after a 2 was drawn."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mnist.misread"
        save(train("knn", "mnist", precision=0.99), file)
        command = [sys.executable, "-m", "misread", "serve", str(file), "--port", str(PORT)]
        server = subprocess.Popen(command)
        try:
            _wait(f"http://127.0.0.1:{PORT}/healthz")
            with browser() as opened:
                tab = opened.new_page(viewport={"width": 1000, "height": 785})
                tab.goto(f"http://127.0.0.1:{PORT}")
                tab.locator("html[data-ready]").wait_for(state="attached")
                _draw_two(tab)
                tab.wait_for_timeout(3_000)
                tab.screenshot(path=PICTURES / "page.png")
        finally:
            server.terminate()
            server.wait()


def review() -> None:
    """The page to review labels on: one image, and a group; of MNIST digits some lie in wrong folders."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "photos"
        images = load("mnist").train
        for row in range(4_000):
            label = int(images.labels[row])
            place = root / str(LOOKS_LIKE[label] if row % 30 == 7 else label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images.images[row]).resize((112, 112), Image.Resampling.BICUBIC).save(
                place / f"{row}.png"
            )
        command = [sys.executable, "-m", "misread", "review", str(root), "--size", "28", "--model", "knn"]
        command += ["--corrections", str(Path(folder) / "corrections.csv"), "--by", "you"]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert server.stderr is not None
            address = next(found[0] for line in server.stderr if (found := re.search(r"http://\S+", line)))
            with browser() as opened:
                tab = opened.new_page(viewport={"width": 1000, "height": 830})
                tab.goto(address)
                tab.locator("html[data-ready]").wait_for(state="attached")
                for name, what in (("review", "#single"), ("review_group", "#group")):
                    for _ in range(60):
                        if tab.locator(what).is_visible():
                            break
                        tab.keyboard.press("ArrowUp")
                        tab.wait_for_timeout(500)
                    tab.wait_for_timeout(500)
                    tab.screenshot(path=PICTURES / f"{name}.png")
        finally:
            server.terminate()
            server.wait()


def updates() -> None:
    """How few images change the weights of the 5-detector, pass by pass."""
    train_images = load("mnist").train
    X, y = train_images.X, train_images.labels == 5
    passes = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 239]
    shares = []
    for count in passes:
        model = SGDClassifier(random_state=42, max_iter=count, tol=None).fit(X, y)
        shares.append(float(np.mean(np.where(y, 1, -1) * model.decision_function(X) <= 1)))
    with drawing("updates_by_pass", (7, 4)) as (axes,):
        axes.plot(passes, shares, "o-", color=BLUE)
        axes.set(xscale="log", xlabel="passes over the images", ylabel="share of images", ylim=(0, None))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.set_title("Within the margin, after so many passes")


def neighbours() -> None:
    """Distances of short vectors against true ones, and what the screen leaves over."""
    images = load("mnist").train.X.astype(np.float64)
    centred = images - images.mean(axis=0)
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :DIMENSIONS]
    seen = centred @ directions
    rest = np.sqrt(np.maximum((centred**2).sum(axis=1) - (seen**2).sum(axis=1), 0))
    short = np.column_stack([seen, rest])
    rng = np.random.default_rng(0)
    queries = rng.choice(len(images), 150, replace=False)
    pairs: list[tuple[float, float]] = []
    left = []
    for query in queries:
        true = np.sqrt(((images - images[query]) ** 2).sum(axis=1))
        bound = np.sqrt(((short - short[query]) ** 2).sum(axis=1))
        fifth = np.partition(true, 5)[5]  # the nearest is the image itself
        left.append(int(np.count_nonzero(bound <= fifth)) - 1)
        chosen = np.append(rng.choice(len(images), 20), np.argsort(true)[1:11])
        pairs += zip(true[chosen], bound[chosen], strict=True)
    true_pairs, bound_pairs = np.array(pairs).T
    with drawing("neighbour_bounds", (6, 5)) as (axes,):
        limit = true_pairs.max() * 1.03
        axes.plot([0, limit], [0, limit], "-", color=GREY, linewidth=1)
        axes.plot(true_pairs, bound_pairs, ".", color=BLUE, markersize=2, alpha=0.5)
        axes.set(
            xlabel="distance of the images",
            ylabel="distance of their 64 numbers",
            xlim=(0, limit),
            ylim=(0, limit),
        )
        axes.set_title("Never above the line")
    with drawing("neighbour_survivors", (7, 4)) as (axes,):
        axes.hist(np.maximum(left, 1), bins=np.geomspace(1, len(images), 40), color=GREEN)
        axes.axvline(len(images), color=RED)
        axes.annotate(
            "all 60,000",
            (len(images), 0.5),
            xycoords=("data", "axes fraction"),
            xytext=(-6, 0),
            textcoords="offset points",
            color=RED,
            rotation=90,
            ha="right",
        )
        axes.set(xscale="log", xlabel="images left to measure (of 60,000)", ylabel="queries")
        axes.set_title(f"Half of the queries measure at most {int(np.median(left)):,} images")


@contextmanager
def drawing(name: str, size: tuple[float, float]) -> Iterator[Any]:
    """A figure with one pair of axes, saved at the end."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        yield (figure.subplots(),)
        figure.savefig(PICTURES / f"{name}.png")


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{url} does not answer")


def _draw_two(tab: Any) -> None:
    box = tab.locator("#pad").bounding_box()
    arc = [(0.5 - 0.17 * math.cos(t), 0.36 - 0.16 * math.sin(t)) for t in np.linspace(0.1, 3.6, 24)]
    points = [*arc, (0.34, 0.78), (0.7, 0.78)]
    for place, (x, y) in enumerate(points):
        tab.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if place == 0:
            tab.mouse.down()
    tab.mouse.up()


if __name__ == "__main__":
    main()
