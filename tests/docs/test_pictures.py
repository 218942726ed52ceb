"""The pictures of README and site: all of them are made by the script, all that are made are shown."""

import importlib.util
import re
from types import SimpleNamespace

import numpy as np
import pytest
from site_pages import DOCS, ROOT

from misread import load

pytest.importorskip("playwright")
SCRIPT = DOCS / "pictures.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("pictures", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_shown_are_pictures_made():
    pages = "".join(path.read_text("utf-8") for path in [ROOT / "README.md", *DOCS.rglob("*.md")])
    shown = set(re.findall(r"pictures/(\w+)\.png", pages))
    there = {path.stem for path in (DOCS / "pictures").glob("*.png")}
    assert shown == there
    made = SCRIPT.read_text("utf-8")
    assert all(f'"{name}"' in made or f'"{name}.png"' in made for name in there)


@pytest.mark.parametrize(
    ("job", "names"),
    [("neighbours", {"neighbour_bounds.png", "neighbour_survivors.png"}), ("updates", {"updates_by_pass.png"})],
)
def test_the_drawings_are_drawn(job, names, script, tmp_path, monkeypatch):
    """On the embedded digits, with fewer directions: what is drawn is a picture that is not empty."""
    images = load("digits").train
    monkeypatch.setattr(script, "load", lambda _: SimpleNamespace(train=images))
    monkeypatch.setattr(script, "PICTURES", tmp_path)
    monkeypatch.setattr(script, "DIMENSIONS", 7)
    getattr(script, job)()
    assert {path.name for path in tmp_path.iterdir()} == names
    for path in tmp_path.iterdir():
        assert np.unique(script.np.fromfile(path, np.uint8)).size > 100
