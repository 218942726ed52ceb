"""What the page says of an answer: detectors, several labels, operating points, shares."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from misread.bundle import Bundle, Manifest, OperatingPointRecord
from misread.models.zoo import make

Serve = Callable[..., AbstractContextManager[str]]
Strokes = list[list[tuple[float, float]]]
Watched = Callable[..., Page]
Draw = Callable[..., None]
Settled = Callable[[Page], str]

SHARES = {"precision": {"value": 0.9512}, "recall": {"value": 0.8}, "accuracy": {"value": 0.985}}
POINT = OperatingPointRecord(0.8, "precision", 0.95, None, "out-of-fold scores", {"precision": {"value": 0.953}})


def detector_of_0(digits: Bundle, point: OperatingPointRecord | None) -> Bundle:
    images, labels = digits.example_images, digits.example_labels
    estimator = make("knn").fit(images.reshape(len(images), -1), labels == 0)
    metrics = {"test": {"n": 500, **SHARES}}
    manifest = Manifest(
        "detector", "knn", digits.manifest.classes, (8, 8), positive="0", operating_point=point, metrics=metrics
    )
    return Bundle(manifest, estimator, images, labels)


def others(page: Page) -> list[str]:
    """The neighbours that the page marks as of another mind."""
    return page.locator("#nearest .other span").all_inner_texts()


def answered(monkeypatch: pytest.MonkeyPatch, model: Bundle, score: float) -> None:
    """Have a detector give this score, whatever it is shown."""
    monkeypatch.setattr(
        model.estimator, "predict_proba", lambda X: np.tile([1 - score, score], (len(X), 1)), raising=False
    )
    monkeypatch.setattr(model.estimator, "predict", lambda X: np.full(len(X), score > 0.5), raising=False)


@pytest.mark.parametrize(("score", "label"), [(0.3, "not 0"), (0.5, "not 0"), (0.6, "0")])
def test_a_detector_says_where_it_decides(
    digits_bundle: Bundle,
    serve: Serve,
    watched: Watched,
    draw: Draw,
    settled: Settled,
    handwriting: dict[str, Strokes],
    monkeypatch: pytest.MonkeyPatch,
    score: float,
    label: str,
) -> None:
    model = detector_of_0(digits_bundle, None)
    answered(monkeypatch, model, score)
    with serve(model) as url:
        page = watched(url)
        draw(page, handwriting["0"])
        assert settled(page) == label
        expect(page.locator("#sure")).to_have_text(f"Score {score}. It says 0 above 0.5.")
        expect(page.locator("#promise")).to_be_hidden()
