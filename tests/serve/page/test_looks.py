"""The page in every width, light and dark; the API's page; a server that went away."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, Page, expect

from misread.bundle import Bundle

Watched = Callable[..., Page]
Draw = Callable[..., None]


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_fits_the_width(digits_url: str, watched: Watched, width: int) -> None:
    page = watched(digits_url, width, 800)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("undo", "clear", "choose"):
        box = page.locator(f"#{name}").bounding_box()
        assert box
        assert box["height"] >= 44


def test_light_and_dark(digits_url: str, watched: Watched) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page = watched(digits_url, color_scheme=scheme)
        script = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
        grounds.append(sum(page.evaluate(script)) / 3)
    assert grounds[0] > 200
    assert grounds[1] < 60


def test_the_api_page_describes_every_route(digits_url: str, browser: Browser) -> None:
    page = browser.new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{digits_url}/docs")
    expect(page.locator("#api h3")).to_have_count(3)
    expect(page.locator("#api")).to_contain_text("POST /v1/predict")
    expect(page.locator("#api")).to_contain_text("1 to 256 × [8 × [8 × 0..255]]")
    assert all(url.startswith(digits_url) for url in requested)
    page.close()


def test_a_server_that_went_away_is_told(
    digits_bundle: Bundle, serve: Callable[..., AbstractContextManager[str]], browser: Browser, draw: Draw
) -> None:
    page = browser.new_page()
    with serve(digits_bundle) as url:
        page.goto(url)
        page.locator("html[data-ready]").wait_for(state="attached")
    time.sleep(0.1)
    draw(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect(page.locator("#sure")).to_have_text("The server does not answer; trying again.")
    page.close()


def test_it_says_that_it_waits_and_reconnects_by_itself(digits_url: str, browser: Browser, draw: Draw) -> None:
    page = browser.new_page()
    page.goto(digits_url)
    page.locator("html[data-ready]").wait_for(state="attached")
    page.route("**/v1/predict*", lambda route: route.abort())
    draw(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect(page.locator("#sure")).to_have_text("The server does not answer; trying again.")
    expect(page.locator("#says")).to_have_class("says waiting")
    page.unroute("**/v1/predict*")
    expect(page.locator("#label")).not_to_be_empty(timeout=15_000)
    expect(page.locator("#says")).to_have_class("says")
    page.close()


def test_what_comes_back_with_another_model_is_named_anew(digits_url: str, browser: Browser, draw: Draw) -> None:
    page = browser.new_page()
    page.route(
        "**/v1/model",
        lambda route: route.fulfill(
            json={**route.fetch().json(), "model": "another", "dataset": {"name": "letters"}}
        ),
        times=1,
    )
    page.goto(digits_url)
    expect(page.locator("#model")).to_contain_text("another on letters · 10 classes")
    assert page.title() == "another on letters – misread"
    page.route("**/v1/predict*", lambda route: route.abort(), times=1)
    draw(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect(page.locator("#model")).not_to_contain_text("another", timeout=15_000)
    page.close()
