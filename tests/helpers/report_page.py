"""How tests read the report's page."""

import base64
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from misread.results.study import StudyResult

Open = Callable[..., Any]


def unpacked(packed: dict[str, str]) -> np.ndarray:
    """An array of the page, as its script unpacks it."""
    dtype = np.dtype(packed["dtype"]).newbyteorder("<")
    by_place = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), np.uint8)
    return by_place.reshape(dtype.itemsize, -1).T.copy().view(dtype).ravel()


def shown(page: Any, *names: str) -> list[str]:
    return [page.text_content(f"#{name}") for name in names]


def counts(page: Any) -> list[list[int]]:
    tn, fp, fn, tp = (int(text.replace(",", "")) for text in shown(page, "n-tn", "n-fp", "n-fn", "n-tp"))
    return [[tn, fp], [fn, tp]]


def settle(page: Any) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def detector(result: StudyResult, model: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the models in the order of the page: the hero, then those that only detect."""
    y = result.arrays["labels.train"] == 5
    if model == 0:
        return y, result.arrays["sgd_scaled.scores"][:, 5]
    return y, result.arrays[["detector.scores", "forest.scores"][model - 1]]


def choose_model(page: Any, model: int) -> None:
    page.check(f"#model-switch input[value='{model}']", force=True)
