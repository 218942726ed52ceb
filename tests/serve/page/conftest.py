"""A browser that complains, hands that draw in it, and handwriting."""

import itertools
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from misread.bundle import Bundle

Strokes = list[list[tuple[float, float]]]
Watched = Callable[..., Page]
Draw = Callable[..., None]
Settled = Callable[[Page], str]
Seen = Callable[[Page], list[int]]
Point = tuple[float, float]
Stroke = list[Point]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs the program chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """Opens pages; at the end no console error, no exception and no request to elsewhere may have been seen."""
    contexts: list[BrowserContext] = []
    seen: list[str] = []

    def complain(kind: str, text: str) -> None:
        if kind == "error" and "status of 422" not in text:  # which the browser writes, whatever the page does
            seen.append(f"console: {text}")

    def open_page(url: str, width: int = 1100, height: int = 800, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: complain(message.type, message.text))
        page.on("pageerror", lambda error: seen.append(f"error: {error}"))
        page.on(
            "request", lambda request: None if request.url.startswith((url, "blob:")) else seen.append(request.url)
        )
        page.goto(url)
        page.locator("html[data-ready]").wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert seen == []


@pytest.fixture(scope="module")
def mnist_url(mnist_bundle: Bundle, serve: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    with serve(mnist_bundle) as url:
        yield url


def _draw(page: Page, strokes: Strokes, zoom: float = 1, dx: float = 0, dy: float = 0) -> None:
    box = page.locator("#pad").bounding_box()
    assert box
    for stroke in strokes:
        points = [
            (box["x"] + box["width"] * (zoom * x + dx), box["y"] + box["height"] * (zoom * y + dy))
            for x, y in stroke
        ]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


@pytest.fixture(scope="session")
def draw() -> Draw:
    return _draw


def _settled(page: Page) -> str:
    """Wait until the answer stays; gives the label."""
    page.locator(
        "#says[aria-busy=false]:is([data-state=sure], [data-state=unsure], [data-state=answered])"
    ).wait_for()
    return page.locator("#label").inner_text()


@pytest.fixture(scope="session")
def settled() -> Settled:
    return _settled


def _seen_pixels(page: Page) -> list[int]:
    read = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    return list(page.locator("#seen").evaluate(read))[::4]


@pytest.fixture(scope="session")
def seen_pixels() -> Seen:
    return _seen_pixels


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float, n: int = 24) -> Stroke:
    """Points of an ellipse; degrees, 0 to the right, 90 down."""
    angles = [math.radians(start + (end - start) * i / n) for i in range(n + 1)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def _line(*corners: Point, n: int = 10) -> Stroke:
    points = [corners[0]]
    for (x, y), (to_x, to_y) in itertools.pairwise(corners):
        points += [(x + (to_x - x) * i / n, y + (to_y - y) * i / n) for i in range(1, n + 1)]
    return points


_PLAIN: dict[str, list[Stroke]] = {
    "0": [_arc(0.5, 0.5, 0.2, 0.3, -90, 270)],
    "1": [_line((0.54, 0.2), (0.47, 0.8))],
    "2": [_arc(0.5, 0.36, 0.18, 0.17, -160, 45) + _line((0.63, 0.48), (0.31, 0.79), (0.72, 0.77))],
    "3": [_arc(0.47, 0.34, 0.18, 0.15, -140, 90) + _arc(0.47, 0.64, 0.2, 0.16, -90, 140)],
    "4": [_line((0.36, 0.2), (0.31, 0.52), (0.7, 0.5)), _line((0.64, 0.2), (0.6, 0.82))],
    "5": [_line((0.68, 0.2), (0.38, 0.21), (0.36, 0.46)) + _arc(0.46, 0.62, 0.2, 0.18, -110, 140)],
    "6": [_line((0.6, 0.18), (0.42, 0.38), (0.34, 0.6)) + _arc(0.5, 0.65, 0.16, 0.15, 180, 540)],
    "7": [_line((0.3, 0.24), (0.7, 0.22), (0.46, 0.8))],
    "8": [_arc(0.5, 0.35, 0.14, 0.15, 90, -270) + _arc(0.5, 0.66, 0.17, 0.16, -90, 270)],
    "9": [_arc(0.49, 0.36, 0.15, 0.15, 0, -360) + _line((0.64, 0.36), (0.62, 0.6), (0.55, 0.82))],
}


_CONTINENTAL: dict[str, list[Stroke]] = _PLAIN | {
    "1": [_line((0.36, 0.38), (0.54, 0.2), (0.54, 0.8))],
    "4": [_line((0.56, 0.18), (0.28, 0.6), (0.74, 0.6)), _line((0.58, 0.42), (0.56, 0.82))],
    "7": [_line((0.3, 0.24), (0.7, 0.22), (0.46, 0.8)), _line((0.4, 0.5), (0.68, 0.49))],
    "9": [
        _arc(0.49, 0.36, 0.15, 0.15, 0, -360)
        + _line((0.64, 0.36), (0.63, 0.6))
        + _arc(0.49, 0.62, 0.14, 0.18, 0, 130)
    ],
}
_CURLY: dict[str, list[Stroke]] = _PLAIN | {
    "2": [
        _arc(0.48, 0.36, 0.18, 0.17, -170, 40)
        + _line((0.62, 0.48), (0.38, 0.74))
        + _arc(0.38, 0.68, 0.08, 0.07, 90, 360)
        + _line((0.46, 0.7), (0.58, 0.78), (0.74, 0.74))
    ],
    "4": [_line((0.58, 0.2), (0.3, 0.56), (0.72, 0.56)), _line((0.58, 0.2), (0.58, 0.82))],
    "6": [_arc(0.62, 0.52, 0.27, 0.34, -100, -200) + _arc(0.5, 0.65, 0.15, 0.14, 180, 540)],
    "8": [
        _line((0.64, 0.26))
        + _arc(0.5, 0.34, 0.14, 0.14, -35, -220)
        + _arc(0.49, 0.66, 0.16, 0.15, -60, 250)
        + _line((0.44, 0.52), (0.63, 0.27))
    ],
}


def _moved(digits: dict[str, list[Stroke]], move: Callable[[float, float], Point]) -> dict[str, list[Stroke]]:
    """Every point of every stroke, from the middle of the square, moved."""
    return {
        digit: [[(0.5 + x, 0.5 + y) for x, y in (move(x - 0.5, y - 0.5) for x, y in stroke)] for stroke in strokes]
        for digit, strokes in digits.items()
    }


def _turned(degrees: float) -> Callable[[float, float], Point]:
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return lambda x, y: (cosine * x - sine * y, sine * x + cosine * y)


_HANDS: dict[str, dict[str, list[Stroke]]] = {
    "plain": _PLAIN,
    "continental": _CONTINENTAL,
    "curly and slanted": _moved(_CURLY, lambda x, y: (x - 0.35 * y, y)),
    "narrow, leaning back": _moved(_CONTINENTAL, lambda x, y: (0.7 * x + 0.15 * y, 1.1 * y)),
    "wide, turned and shaky": _moved(
        _PLAIN, lambda x, y: _turned(9)(1.25 * x + 0.008 * math.sin(60 * y), 0.85 * y + 0.008 * math.sin(50 * x))
    ),
}


@pytest.fixture(scope="session")
def handwriting() -> dict[str, list[Stroke]]:
    """Each digit as it is taught."""
    return _PLAIN


@pytest.fixture(params=_HANDS)
def hand(request: pytest.FixtureRequest) -> dict[str, list[Stroke]]:
    """Each digit as one of five people writes it."""
    return _HANDS[request.param]
