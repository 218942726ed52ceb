"""A folder of digits with planted errors, a review of it on a real server, and a browser that complains."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from misread import load
from misread.recipes.review import Desk, Review, review_labels
from misread.recipes.review.verdicts import Verdicts
from misread.recipes.suspects import find_suspects
from misread.serve.review.app import REVIEW_LIMITS, create_review_app
from misread.serve.server import listen, make_server

TOKEN = "a-token"
CONFUSED = {0: 6, 1: 7, 2: 8, 3: 5, 4: 9, 5: 3, 6: 0, 7: 1, 8: 3, 9: 4}


@pytest.fixture(scope="session")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """900 digits in folders, a twelfth in a wrong one; and the true class of each by its file's name."""
    root = tmp_path_factory.mktemp("spoilt") / "photos"
    digits = load("digits").train
    truth = {}
    for row in range(900):
        label = int(digits.labels[row])
        truth[f"{row:04}.png"] = str(label)
        folder = root / str(CONFUSED[label] if row % 12 == 5 else label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digits.images[row]).save(folder / f"{row:04}.png")
    return root, truth


@pytest.fixture(scope="session")
def doubted(spoilt: tuple[Path, dict[str, str]]) -> Review:
    """Its most doubtful labels, by nearest neighbours."""
    data = load(spoilt[0])
    return review_labels(data, find_suspects(data, "knn"), folder=spoilt[0])


@contextmanager
def serving(review: Review, file: Path, by: str = "Ann") -> Iterator[tuple[str, Desk]]:
    """Serve a review on a free port until the end of the block; gives the address with its token, and the desk."""
    known = dict(zip(review.names.tolist(), review.hashes.tolist(), strict=True))
    desk = Desk(review, Verdicts(file, known), by)
    with listen("127.0.0.1", 0) as listener:
        server = make_server(create_review_app(desk, TOKEN), REVIEW_LIMITS)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
                assert thread.is_alive()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", desk
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def review_on() -> Callable[..., object]:
    return serving


@pytest.fixture(scope="session")
def many_classes() -> Callable[[tuple[str, ...]], Review]:
    """A review in random order of sixty random images, of as many classes as there are names."""

    def make(names: tuple[str, ...]) -> Review:
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (60, 12, 12), np.uint8)
        labels = np.arange(60) % len(names)
        return Review(
            "many",
            images,
            labels,
            np.array([f"images/{i}" for i in range(60)]),
            np.arange(60, dtype=np.uint64),
            names,
            "random",
            np.arange(60),
            tuple((i,) for i in range(60)),
            "",
            None,
            None,
            None,
            (images, labels),
        )

    return make


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
def reviewing(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages; at the end no console error, no exception and no request to elsewhere may have been seen."""
    contexts: list[BrowserContext] = []
    seen: list[str] = []

    def open_page(url: str, width: int = 1100, height: int = 860, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: seen.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: seen.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: None if request.url.startswith((url, "blob:", "data:")) else seen.append(request.url),
        )
        page.goto(f"{url}/?token={TOKEN}")
        page.locator("html[data-ready]").wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [one for one in seen if "status of" not in one and "ERR_CONNECTION" not in one] == []


def _judge(page: Page, key: str) -> None:
    """Press a key, and wait until the page has gone on."""
    before = page.locator("html").get_attribute("data-shown")
    page.keyboard.press(key)
    page.wait_for_function("before => document.documentElement.dataset.shown !== before", arg=before)


@pytest.fixture(scope="session")
def judge() -> Callable[[Page, str], None]:
    return _judge
