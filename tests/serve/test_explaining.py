"""An explanation shows six images for one: how many are given at once, and that the first is quick."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import numpy as np
import pytest

from misread.bundle import Bundle, Manifest
from misread.serve.limits import Limits
from misread.serve.metrics import resident_bytes

Serve = Callable[..., AbstractContextManager[str]]
Png = Callable[..., bytes]


class Flat:
    """Says class 0 of everything, whatever its size."""

    def __init__(self, side: int) -> None:
        self.classes_ = np.arange(2)
        self.n_features_in_ = side * side

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.zeros(len(X), np.int64)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.tile([0.75, 0.25], (len(X), 1))


def large_images(side: int) -> Bundle:
    examples = np.random.default_rng(0).integers(0, 256, (8, side, side), np.uint8)
    manifest = Manifest("classification", "flat", ("a", "b"), (side, side))
    return Bundle(manifest, Flat(side), examples, np.arange(8) % 2)


def ask(url: str, dot: bytes, times: int, explain: bool = True) -> httpx.Response:
    files = [("images", (f"{i}.png", dot)) for i in range(times)]
    return httpx.post(f"{url}/v1/predict", params={"explain": explain}, files=files, timeout=60)


def test_one_pixel_files_do_not_fill_the_memory(serve: Serve, png: Png) -> None:
    """256 files of 70 bytes would be explained with 400 million numbers."""
    dot = png(np.zeros((1, 1), np.uint8))
    with serve(large_images(512)) as url:
        ask(url, dot, 1).raise_for_status()
        before = resident_bytes()
        response = ask(url, dot, 256)
        assert response.status_code == 413
        assert response.json()["error"] == "too-much-to-explain"
        assert "1 image of 512x512 pixels" in response.json()["detail"]
        assert "explain=true" in response.json()["detail"]
        assert ask(url, dot, 20, explain=False).status_code == 200
        assert resident_bytes() - before < 400e6


def test_one_image_is_always_explained_and_as_many_as_fit(serve: Serve, png: Png) -> None:
    dot = png(np.zeros((1, 1), np.uint8))
    with serve(large_images(20), Limits(explained=6 * 400 * 3)) as url:
        assert len(ask(url, dot, 3).raise_for_status().json()["predictions"][2]["nearest"]) == 5
        assert "3 images of 20x20 pixels" in ask(url, dot, 4).json()["detail"]
    with serve(large_images(20), Limits(explained=1)) as url:
        assert ask(url, dot, 1).status_code == 200
        assert ask(url, dot, 2).status_code == 413


@pytest.mark.parametrize("side", [8, 28, 32])
def test_a_whole_batch_of_small_images_is_explained(side: int) -> None:
    assert Limits().most_explained((side, side)) >= Limits().batch


def test_the_search_is_warm_before_the_first_request(
    digits_bundle: Bundle, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("nearest", "answer"):
        method = getattr(Bundle, name)

        def noted(self: Bundle, images: np.ndarray, *rest: int, name: str = name, method: Any = method) -> Any:
            asked.append(f"{name} of {len(images)}")
            return method(self, images, *rest)

        monkeypatch.setattr(Bundle, name, noted)
    with serve(digits_bundle):
        assert "nearest of 1" in asked
        assert "answer of 32" in asked
