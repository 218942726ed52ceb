"""The built site in a real browser: offline, dark and light, wide and narrow, with a search that finds."""

import functools
import http.server
import shutil
import threading

import pytest
from site_pages import DOCS

SITE = DOCS / "_build" / "html"
LOOKED_AT = [
    "index.html",
    "tutorials/first-ten-minutes.html",
    "tutorials/study/chapters/07-where-the-errors-go.html",
    "how-to/deploy.html",
    "explanations/exact-neighbours.html",
    "reference/formats.html",
    "reference/generated/commands.html",
    "reference/generated/python-evaluation.html",
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    if not (SITE / "index.html").is_file():
        pytest.skip("the site is not built: make docs")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("needs the program chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.mark.parametrize("page", LOOKED_AT)
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_fits_and_asks_nobody_else(site, browser, page, width, theme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    tab, outside = context.new_page(), []
    tab.on(
        "request", lambda request: None if request.url.startswith((site, "data:")) else outside.append(request.url)
    )
    tab.goto(f"{site}/{page}")
    tab.wait_for_load_state("networkidle")
    assert outside == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.documentElement.dataset.theme") == theme
    assert tab.evaluate("[...document.images].filter(one => !one.naturalWidth).map(one => one.src)") == []
    context.close()


def test_search_finds(site, browser):
    tab = browser.new_page()
    tab.goto(f"{site}/search.html?q=clopper")
    tab.locator("#search-results li").first.wait_for(timeout=20_000)
    assert "intervals" in tab.locator("#search-results").inner_text().lower()
    tab.close()


def test_notebooks_show_their_figures(site):
    for name in (
        "01-look-at-the-images",
        "04-choose-a-threshold",
        "07-where-the-errors-go",
        "11-doubt-the-labels",
    ):
        page = (SITE / "tutorials" / "study" / "chapters" / f"{name}.html").read_text("utf-8")
        assert "_images/" in page, name
