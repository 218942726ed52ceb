"""The pad's corner cases: undo in mid-stroke, mouse and keys at once, models of small things."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

Watched = Callable[..., Page]
Draw = Callable[..., None]
Settled = Callable[[Page], str]


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    box = page.locator("#pad").bounding_box()
    assert box
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def is_empty(page: Page) -> None:
    expect(page.locator("#says")).to_have_attribute("data-state", "empty")
    expect(page.locator("#hint")).to_be_visible()


def ink(page: Page) -> int:
    """Pixels of the pad that are drawn on."""
    pixels = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
    return int(page.locator("#pad").evaluate(f"c => ({pixels})(c).filter((v, i) => i % 4 == 3 && v).length"))


@pytest.mark.parametrize("key", ["Escape", "Control+z"])
def test_a_stroke_taken_back_under_the_pen_is_over(digits_url: str, watched: Watched, key: str) -> None:
    page = watched(digits_url)
    page.mouse.move(*at(page, 0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*at(page, 0.3, 0.3))
    page.keyboard.press(key)
    page.mouse.move(*at(page, 0.8, 0.8), steps=4)
    is_empty(page)
    page.mouse.up()
    page.mouse.move(*at(page, 0.5, 0.5))
    is_empty(page)


def test_undo_in_mid_stroke_leaves_the_stroke_before(
    digits_url: str, watched: Watched, draw: Draw, settled: Settled
) -> None:
    page = watched(digits_url)
    draw(page, [[(0.2, 0.2), (0.2, 0.8)]])
    settled(page)
    before = ink(page)
    page.mouse.move(*at(page, 0.6, 0.2))
    page.mouse.down()
    page.mouse.move(*at(page, 0.8, 0.2))
    page.keyboard.press("Control+z")
    page.mouse.move(*at(page, 0.8, 0.8), steps=4)
    assert ink(page) == before
    page.mouse.up()


# --- a pad of its own, whose strokes can be counted ----------------------------------------------------------


@pytest.fixture
def pad(digits_url: str, watched: Watched) -> Page:
    page = watched(digits_url)
    page.evaluate(
        """async () => {
            const { Pad } = await import('/static/pad.js');
            const canvas = document.createElement('canvas');
            canvas.tabIndex = 0;
            canvas.style.cssText = 'position: fixed; top: 0; left: 0; width: 200px; height: 200px; z-index: 1'
            document.body.append(canvas);
            window.pad = new Pad(canvas);
            canvas.focus();
        }"""
    )
    return page


def strokes(page: Page) -> list[int]:
    """The number of points of each stroke."""
    return list(page.evaluate("pad.strokes.map((stroke) => stroke.length)"))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_undo_lifts_the_keyboards_pen(pad: Page) -> None:
    press(pad, "Space", "ArrowDown", "ArrowDown", "Space", "ArrowRight", "Space", "ArrowRight")
    assert strokes(pad) == [3, 2]
    pad.evaluate("pad.undo()")
    press(pad, "ArrowRight", "ArrowRight")
    assert strokes(pad) == [3]
    press(pad, "Space", "ArrowRight")
    assert strokes(pad) == [3, 2]


def test_mouse_and_keys_do_not_draw_on_each_others_strokes(pad: Page) -> None:
    press(pad, "Space", "ArrowDown")
    pad.mouse.move(150, 150)
    pad.mouse.down()
    pad.mouse.move(150, 100)
    press(pad, "ArrowLeft", "Space", "ArrowLeft")
    pad.mouse.move(150, 50)
    pad.mouse.up()
    assert strokes(pad) == [2, 3]
    press(pad, "ArrowLeft")
    assert strokes(pad) == [2, 3]


@pytest.mark.parametrize("fill", [0, 0.03, 0.09, 0.3, 1])
@pytest.mark.parametrize("side", [8, 28])
def test_a_drawing_stays_upright_however_small_things_are(pad: Page, fill: float, side: int) -> None:
    """An L has its ink at the left and at the bottom, and is as large as the training images' things."""
    pixels = pad.evaluate(
        """([side, fill]) => {
            pad.strokes = [[[0.3, 0.2], [0.3, 0.5], [0.3, 0.8]], [[0.3, 0.8], [0.6, 0.8], [0.9, 0.8]]];
            const drawn = pad.forModel({ image_size: [side, side], drawing: { fill, ink: 'light' } });
            const { data } = drawn.getContext('2d').getImageData(0, 0, drawn.width, drawn.height);
            return Array.from(data.filter((_, i) => i % 4 === 0));
        }""",
        [side, fill],
    )
    image = np.reshape(pixels, (side * 8, side * 8)) > 127
    rows, columns = np.nonzero(image)
    assert rows.mean() > side * 4
    assert columns.mean() < side * 4
    extent = (rows.max() - rows.min() + 1) / len(image)
    assert extent == pytest.approx(max(fill, 0.2), abs=0.2)
