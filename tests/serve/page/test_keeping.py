"""The page of a server that keeps: it says so, and a person can say what was drawn."""

import threading
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from misread.bundle import Bundle
from misread.data.corrections import Corrections
from misread.serve.app import create_app
from misread.serve.keep import Keep, Keeper
from misread.serve.limits import Limits
from misread.serve.server import listen, make_server


def test_a_person_says_what_was_drawn(
    digits_bundle: Bundle, watched: Callable[..., Page], draw, settled, tmp_path
):
    keeper = Keeper(Keep(tmp_path / "kept"), digits_bundle.manifest)
    keeper.claim()
    with listen("127.0.0.1", 0) as listener:
        server = make_server(create_app(digits_bundle, Limits(), keeper=keeper), Limits())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        page = watched(f"http://127.0.0.1:{listener.getsockname()[1]}", 390, 844)
        expect(page.locator("#keeps")).to_have_text(
            "This server keeps images that it is not sure of, 10,000 at most, to learn from."
        )
        expect(page.locator("#tell")).to_be_disabled()
        draw(page, [[(0.5, 0.2), (0.5, 0.8)]])
        label = settled(page)
        expect(page.locator("#truth")).to_have_value(label)
        page.locator("#truth").select_option("7")
        page.locator("#tell").click()
        expect(page.locator(".tell [role=status]")).to_have_text("Kept as 7.")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        page.locator("#clear").click()
        expect(page.locator("#tell")).to_be_disabled()
        server.should_exit = True
        thread.join()
    (row,) = Corrections.read(tmp_path / "kept" / "corrections.csv").rows
    assert (row.label, row.by) == ("7", "the page")
    assert (tmp_path / "kept" / row.name).is_file()
