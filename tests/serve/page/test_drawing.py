"""Drawing with mouse, touch and keys; photos chosen, dropped and pasted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from misread.bundle import Bundle

Strokes = list[list[tuple[float, float]]]
Watched = Callable[..., Page]
Draw = Callable[..., None]
Settled = Callable[[Page], str]
Seen = Callable[[Page], list[int]]


def test_the_parts_of_an_answer(
    digits_url: str,
    watched: Watched,
    handwriting: dict[str, Strokes],
    draw: Draw,
    settled: Settled,
    seen_pixels: Seen,
) -> None:
    page = watched(digits_url)
    expect(page.locator("#hint")).to_be_visible()
    expect(page.locator("#undo")).to_be_disabled()
    draw(page, handwriting["0"])
    label = settled(page)
    expect(page.locator("#hint")).to_be_hidden()
    assert len(seen_pixels(page)) == 64
    assert max(seen_pixels(page)) > 0
    expect(page.locator("#bars li")).to_have_count(10)
    assert page.locator("#bars .best .name").inner_text() == label
    expect(page.locator("#nearest li canvas[aria-label]")).to_have_count(5)
    assert page.locator("#sure").inner_text().startswith(("Sure", "Not sure"))


def test_undo_and_clear(
    digits_url: str,
    watched: Watched,
    handwriting: dict[str, Strokes],
    draw: Draw,
    settled: Settled,
    seen_pixels: Seen,
) -> None:
    page = watched(digits_url)
    draw(page, handwriting["7"])
    settled(page)
    before = seen_pixels(page)
    draw(page, [[(0.2, 0.9), (0.8, 0.9)]])
    settled(page)
    expect(page.locator("#seen")).to_be_visible()
    assert seen_pixels(page) != before
    page.keyboard.press("Control+z")
    settled(page)
    assert seen_pixels(page) == before
    page.locator("#undo").click()
    expect(page.locator("#says")).to_have_attribute("data-state", "empty")
    expect(page.locator("#clear")).to_be_disabled()


def test_drawing_with_keys_alone(digits_url: str, watched: Watched, settled: Settled) -> None:
    page = watched(digits_url)
    page.keyboard.press("Tab")
    expect(page.locator("#pad")).to_be_focused()
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    settled(page)
    page.keyboard.press("Tab")
    expect(page.locator("#undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#says")).to_have_attribute("data-state", "empty")
    expect(page.locator("#sure")).to_have_attribute("role", "status")


def test_touch_draws_and_does_not_scroll(digits_url: str, watched: Watched, settled: Settled) -> None:
    page = watched(digits_url, 390, 500, has_touch=True, is_mobile=True)
    box = page.locator("#pad").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.75
    session = page.context.new_cdp_session(page)
    touch = lambda kind, points: session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})  # noqa: E731
    touch("touchStart", [{"x": x, "y": y}])
    for i in range(1, 20):
        touch("touchMove", [{"x": x, "y": y - 8 * i}])
    touch("touchEnd", [])
    settled(page)
    assert page.evaluate("scrollY") == 0


def test_a_file_that_is_no_image_is_told(digits_url: str, watched: Watched, tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_text("no image")
    page = watched(digits_url)
    page.locator("#file").set_input_files(path)
    expect(page.locator("#says")).to_have_attribute("data-state", "error")
    expect(page.locator("#sure")).to_contain_text("not an image")


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        (
            "notes.txt",
            "text/plain",
            "Not a picture: notes.txt is text. PNG, JPEG, BMP, WebP and TIFF files are read.",
        ),
        (
            "a.pdf",
            "application/pdf",
            "Not a picture: a.pdf is a PDF. PNG, JPEG, BMP, WebP and TIFF files are read.",
        ),
        (
            None,
            "text/plain",
            "Not a picture: what was dropped is text. PNG, JPEG, BMP, WebP and TIFF files are read.",
        ),
    ],
)
def test_what_is_dropped_and_no_picture_is_named(
    digits_url: str, watched: Watched, name: str | None, kind: str, said: str
) -> None:
    page = watched(digits_url)
    page.evaluate(
        """([name, kind]) => {
            const data = new DataTransfer();
            if (name) data.items.add(new File(["words"], name, { type: kind }));
            else data.items.add("words", kind);
            const drop = new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
            document.body.dispatchEvent(drop);
        }""",
        [name, kind],
    )
    expect(page.locator("#says")).to_have_attribute("data-state", "error")
    expect(page.locator("#sure")).to_have_text(said)


def test_dropping_and_pasting(digits_url: str, watched: Watched, digits_bundle: Bundle, settled: Settled) -> None:
    page = watched(digits_url)
    for event, name in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.evaluate(
            """async ([event, name]) => {
                const canvas = document.createElement('canvas');
                canvas.width = canvas.height = 40;
                const context = canvas.getContext('2d');
                context.fillStyle = '#fff';
                context.fillRect(15, 5, 8, 30);
                const blob = await new Promise((resolve) => canvas.toBlob(resolve));
                const data = new DataTransfer();
                data.items.add(new File([blob], 'one.png', { type: 'image/png' }));
                const kind = event === 'drop' ? DragEvent : ClipboardEvent;
                document.body.dispatchEvent(new kind(event, { [name]: data, bubbles: true, cancelable: true }));
            }""",
            [event, name],
        )
        settled(page)
        expect(page.locator("#photo")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#photo")).to_be_hidden()
