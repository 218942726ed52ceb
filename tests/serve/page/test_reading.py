"""The page reads what is drawn and photographed: MNIST models, real strokes."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

Strokes = list[list[tuple[float, float]]]
Watched = Callable[..., Page]
Draw = Callable[..., None]
Settled = Callable[[Page], str]
Seen = Callable[[Page], list[int]]


@pytest.mark.mnist
def test_all_ten_digits_in_five_hands(
    mnist_url: str, watched: Watched, hand: dict[str, Strokes], draw: Draw, settled: Settled
) -> None:
    page = watched(mnist_url)
    read = {}
    for digit, strokes in hand.items():
        draw(page, strokes)
        read[digit] = settled(page)
        page.keyboard.press("Escape")
        expect(page.locator("#says")).to_have_attribute("data-state", "empty")
    assert read == {digit: digit for digit in "0123456789"}


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
    """The page's own clock, from the drawing to the answer; the target is 100 ms, the bound leaves room for CI."""
    page = watched(mnist_url)
    times = []
    for strokes in handwriting.values():
        draw(page, strokes)
        settled(page)
        times.append(int(re.findall(r"\d+", page.locator("#timing").inner_text())[0]))
        page.locator("#clear").click()
    assert np.median(times) < 300
