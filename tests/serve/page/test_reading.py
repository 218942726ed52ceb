"""The page reads what is drawn and photographed: MNIST models, real strokes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from misread.bundle import Bundle, Evidence, Manifest
from misread.data.loading import load
from misread.evaluation.rejection import margins
from misread.models.zoo import make
from misread.recipes.operating import choose_threshold

Strokes = list[list[tuple[float, float]]]
Watched = Callable[..., Page]
Draw = Callable[..., None]
Settled = Callable[[Page], str]
Seen = Callable[[Page], list[int]]


DIGITS = {digit: digit for digit in "0123456789"}


def read_in_turn(
    page: Page, hand: dict[str, Strokes], draw: Draw, settled: Settled
) -> tuple[dict[str, str], set[str]]:
    """Draw one digit after another; gives what the page read of each, and those it was not sure of."""
    read, unsure = {}, set()
    for digit, strokes in hand.items():
        draw(page, strokes)
        read[digit] = settled(page)
        if page.locator("#says").get_attribute("data-state") == "unsure":
            unsure.add(digit)
        page.keyboard.press("Escape")
        expect(page.locator("#says")).to_have_attribute("data-state", "empty")
    return read, unsure


@pytest.mark.mnist
def test_all_ten_digits_in_five_hands(
    mnist_url: str, watched: Watched, hand: dict[str, Strokes], draw: Draw, settled: Settled
) -> None:
    read, _ = read_in_turn(watched(mnist_url), hand, draw, settled)
    assert read == DIGITS


QUICK = {"edge-kernel": {"n_centres": 2_000, "n_rounds": 2}, "convnet": {"epochs": 3, "widths": (12, 32, 64)}}
"""The ladder's best models, as far as they learn in a minute."""


@pytest.fixture(scope="module", params=QUICK)
def best_url(
    request: pytest.FixtureRequest, mnist_folder: Path, serve: Callable[..., AbstractContextManager[str]]
) -> Iterator[str]:
    """A model that is sure where the answers to held-out images were right to 99.9%."""
    if request.param == "convnet":
        pytest.importorskip("torch")
    data = load("mnist", data_dir=mnist_folder)
    images, labels = data.train.images, data.train.labels.astype(np.int64)
    estimator = make(request.param, seed=42, params=QUICK[request.param])
    estimator.fit(images.reshape(len(images), -1), labels)
    scores = estimator.held_out_scores_
    right = scores.argmax(axis=1) == labels[estimator.held_out_indices_]
    point = choose_threshold(Evidence(right, margins(scores)), "classification", precision=0.999)
    manifest = Manifest(
        "classification",
        request.param,
        tuple(data.class_names),
        images.shape[1:],
        fit="mnist",
        operating_point=point,
    )
    with serve(Bundle(manifest, estimator, images, labels)) as url:
        yield url


@pytest.mark.mnist
@pytest.mark.slow
def test_the_best_models_are_sure_of_every_hand_and_right(
    best_url: str, watched: Watched, hand: dict[str, Strokes], draw: Draw, settled: Settled
) -> None:
    """All but one of the fifty at most, a 1 with a long flag; of that they say that they are not sure."""
    read, unsure = read_in_turn(watched(best_url), hand, draw, settled)
    assert len(unsure) <= 1
    assert read | {digit: digit for digit in unsure} == DIGITS


@pytest.mark.mnist
@pytest.mark.parametrize("digit", ["2", "4", "5"])
def test_where_and_how_large_makes_no_difference(
    mnist_url: str,
    watched: Watched,
    handwriting: dict[str, Strokes],
    digit: str,
    draw: Draw,
    settled: Settled,
    seen_pixels: Seen,
) -> None:
    page = watched(mnist_url)
    pixels = []
    for zoom, dx, dy in [(1, 0, 0), (0.4, 0.3, 0.3), (0.4, -0.08, -0.05), (0.4, 0.62, 0.65)]:
        draw(page, handwriting[digit], zoom, dx, dy)
        assert settled(page) == digit
        pixels.append(seen_pixels(page))
        page.locator("#clear").click()
    for other in pixels[1:]:
        assert np.abs(np.subtract(pixels[0], other)).mean() < 6  # the mouse moves by whole pixels


@pytest.mark.mnist
def test_a_phone_photo_of_ink_on_paper(mnist_url: str, watched: Watched, tmp_path: Path, settled: Settled) -> None:
    rows, columns = np.mgrid[:600, :800]
    paper = 215 - 60 * columns / 800 + np.random.default_rng(0).normal(0, 3, (600, 800))
    ring = np.abs(np.hypot((rows - 250) / 1.4, columns - 500) - 90) < 14
    photo = np.where(ring, 40, paper).clip(0, 255).astype(np.uint8)
    path = tmp_path / "zero.jpg"
    Image.fromarray(photo).convert("RGB").save(path, quality=80)
    page = watched(mnist_url)
    page.locator("#file").set_input_files(path)
    assert settled(page) == "0"
    expect(page.locator("#photo")).to_be_visible()
    page.locator("#undo").click()
    expect(page.locator("#photo")).to_be_hidden()
    expect(page.locator("#says")).to_have_attribute("data-state", "empty")


@pytest.mark.mnist
def test_answers_quickly(
    mnist_url: str, watched: Watched, handwriting: dict[str, Strokes], draw: Draw, settled: Settled
) -> None:
    """Every request while one draws, by the browser's clock; half of them, as a busy machine holds up a few."""
    page = watched(mnist_url)
    page.evaluate("performance.setResourceTimingBufferSize(5000)")
    for strokes in handwriting.values():
        draw(page, strokes)
        settled(page)
        page.locator("#clear").click()
    asked = "performance.getEntriesByType('resource').filter((one) => one.name.includes('predict'))"
    times = page.evaluate(f"{asked}.map((one) => one.duration)")
    assert len(times) > 20
    assert np.median(times) < 100
