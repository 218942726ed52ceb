"""What the page says of an answer: detectors, several labels, operating points, shares."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

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

VERDICT = {"aim": "precision", "target": 0.95, "value": 0.9481, "verdict": "held within sampling error"}
SHARES = {
    "operating_point": VERDICT,
    "precision": {"value": 0.9512},
    "recall": {"value": 0.8},
    "accuracy": {"value": 0.985},
}
POINT = OperatingPointRecord(0.8, "precision", 0.95, None, "out-of-fold scores")


def detector_of_0(digits: Bundle, point: OperatingPointRecord | None) -> Bundle:
    images, labels = digits.example_images, digits.example_labels
    estimator = make("knn").fit(images.reshape(len(images), -1), labels == 0)
    metrics = {"test": {"n": 500, **SHARES}}
    manifest = Manifest(
        "detector", "knn", digits.manifest.classes, (8, 8), positive="0", operating_point=point, metrics=metrics
    )
    return Bundle(manifest, estimator, images, labels)


def large_and_odd(digits: Bundle) -> Bundle:
    images, labels = digits.example_images, digits.example_labels
    table = np.column_stack([labels >= 7, labels % 2]).astype(int)
    estimator = make("knn").fit(images.reshape(len(images), -1), table)
    metrics = {"test": {"n": 500, "all_right": {"value": 0.963}, "f1_macro": 0.9784}}
    manifest = Manifest(
        "multilabel", "knn", digits.manifest.classes, (8, 8), outputs=("large", "odd"), metrics=metrics
    )
    return Bundle(manifest, estimator, images, labels)


def others(page: Page) -> list[str]:
    """The neighbours that the page marks as of another mind."""
    return page.locator("#nearest .other span").all_inner_texts()


def answered(monkeypatch: pytest.MonkeyPatch, model: Bundle, score: float) -> None:
    """Have a detector give this score, whatever it is shown."""
    told = lambda X: (np.full(len(X), score), np.full(len(X), score > 0.5))  # noqa: E731
    monkeypatch.setattr(model.estimator, "scores_and_predictions", told, raising=False)


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


def test_a_calibrated_model_weighs_by_probability(
    calibrated_bundle: Bundle,
    serve: Serve,
    watched: Watched,
    draw: Draw,
    settled: Settled,
    handwriting: dict[str, Strokes],
) -> None:
    with serve(calibrated_bundle) as url:
        page = watched(url)
        draw(page, handwriting["0"])
        settled(page)
        values = page.locator("#bars .value").all_inner_texts()
        assert all(value.endswith("%") for value in values)
        assert not any(value == "100%" for value in values)
        known = [float(value.rstrip("%").removeprefix("over ")) for value in values if value != "under 1%"]
        assert 85 <= sum(known) <= 105


@pytest.mark.parametrize(("digit", "label"), [("0", "0"), ("7", "not 0")])
def test_neighbours_of_a_detectors_mind_are_not_marked(
    digits_bundle: Bundle,
    serve: Serve,
    watched: Watched,
    draw: Draw,
    settled: Settled,
    handwriting: dict[str, Strokes],
    digit: str,
    label: str,
) -> None:
    with serve(detector_of_0(digits_bundle, None)) as url:
        page = watched(url)
        draw(page, handwriting[digit])
        assert settled(page) == label
        near = page.locator("#nearest span").all_inner_texts()
        assert others(page) == [name for name in near if (name == "0") != (label == "0")]
        assert len(others(page)) < 3


def test_several_labels_mark_no_neighbours(
    digits_bundle: Bundle,
    serve: Serve,
    watched: Watched,
    draw: Draw,
    settled: Settled,
    handwriting: dict[str, Strokes],
) -> None:
    with serve(large_and_odd(digits_bundle)) as url:
        page = watched(url)
        quality = "all labels right for 96.3%, F1 0.978 on test images"
        expect(page.locator("#model")).to_have_text(f"knn · 2 labels · 8×8 pixels · {quality}")
        draw(page, handwriting["7"])
        settled(page)
        expect(page.locator("#nearest canvas[aria-label]")).to_have_count(5)
        assert others(page) == []


def test_a_detector_is_not_praised_for_its_accuracy(digits_bundle: Bundle, serve: Serve, watched: Watched) -> None:
    with serve(detector_of_0(digits_bundle, None)) as url:
        expected = "knn · a detector of 0 · 8×8 pixels · precision 95.1%, recall 80.0% on test images"
        expect(watched(url).locator("#model")).to_have_text(expected)


def test_a_share_is_100_percent_only_when_it_is(digits_url: str, watched: Watched) -> None:
    shares = [0, 0.004, 0.5, 0.985, 0.99, 0.997, 0.9996, 1 - 1e-12, 1]
    said = watched(digits_url).evaluate(
        """async (shares) => {
            const { percent } = await import('/static/words.js');
            return shares.map((share) => percent(share));
        }""",
        shares,
    )
    assert said == ["0%", "0%", "50%", "99%", "99.0%", "99.7%", "99.9%", "99.9%", "100%"]


def test_a_detector_says_what_its_threshold_promises(
    digits_bundle: Bundle,
    serve: Serve,
    watched: Watched,
    draw: Draw,
    settled: Settled,
    handwriting: dict[str, Strokes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = detector_of_0(digits_bundle, POINT)
    answered(monkeypatch, model, 0.8)
    with serve(model) as url:
        page = watched(url)
        promise = "Its threshold promises precision 0.95 on held-out scores (94.8% on test images)."
        expect(page.locator("#promise")).to_have_text(promise)
        draw(page, handwriting["0"])
        assert settled(page) == "0"
        expect(page.locator("#sure")).to_have_text("Score 0.8. It says 0 from 0.8 on.")
        expect(page.locator("#promise")).to_be_visible()


@pytest.mark.parametrize(
    ("model", "point", "promise"),
    [
        ({}, None, ""),
        ({}, {}, "Its threshold promises precision 0.95 on held-out scores."),
        ({}, {"aim": "recall", "target": 0.9}, "Its threshold promises recall 0.9 on held-out scores."),
        (
            {},
            {"confidence": 0.95},
            "Its threshold promises precision 0.95 on held-out scores, with 95% confidence.",
        ),
        ({"task": "classification"}, {}, "Its sure answers promise precision 0.95 on held-out scores."),
    ],
)
def test_promises(digits_url: str, watched: Watched, model: dict[str, Any], point: Any, promise: str) -> None:
    whole = {"task": "detector", "metrics": {}, **model}
    usual = {"aim": "precision", "target": 0.95, "confidence": None}
    whole["operating_point"] = None if point is None else usual | point
    script = "async (model) => (await import('/static/words.js')).promise(model)"
    assert watched(digits_url).evaluate(script, whole) == promise


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"scores": {"3": 4.25}}, "Score 4.25."),
        ({"probabilities": {"3": 0.9971}}, "Probability 99.7%."),
        ({"probabilities": {"3": 1.0}}, "Probability over 99.9%."),
    ],
)
def test_without_an_operating_point(digits_url: str, watched: Watched, answer: dict[str, Any], said: str) -> None:
    model = {"task": "classification", "score_kind": "decision", "operating_point": None}
    script = "async ([model, answer]) => (await import('/static/words.js')).verdict(model, answer)"
    assert watched(digits_url).evaluate(script, [model, {"label": "3", **answer}]) == said


@pytest.mark.parametrize(
    ("lead", "said"),
    [
        (1.5, "Sure: probability 91%, ahead by 1.5, sure from 1.23 on."),
        (1.23456, "Sure: probability 91%, ahead by 1.23456, sure from 1.23456 on."),
        (1.23455, "Not sure. Its best guess is 3: probability 91%, ahead by 1.23455, sure from 1.23456 on."),
        (0.4, "Not sure. Its best guess is 3: probability 91%, ahead by 0.4, sure from 1.23 on."),
    ],
)
def test_what_is_sure_is_told_by_what_decides(digits_url: str, watched: Watched, lead: float, said: str) -> None:
    """The numbers beside 'sure' are above all those beside 'not sure', though both have a probability of 91%."""
    point = {"threshold": 1.23456}
    model = {"task": "classification", "score_kind": "score", "operating_point": point}
    state = "sure" if lead >= 1.23456 else "unsure"
    answer = {"label": "3", "scores": {"3": 4.0}, "probabilities": {"3": 0.91}, "lead": lead, "state": state}
    script = "async ([model, answer]) => (await import('/static/words.js')).verdict(model, answer)"
    assert watched(digits_url).evaluate(script, [model, answer]) == said


def test_what_is_sure_goes_by_the_chance_that_is_shown(digits_url: str, watched: Watched) -> None:
    calibration = {"ceiling": 0.99, "sure_from": 0.953}
    model = {"task": "classification", "operating_point": {"threshold": 1.0}, "calibration": calibration}
    script = "async ([model, answer]) => (await import('/static/words.js')).verdict(model, answer)"
    said = []
    for state, lead, chance in (("sure", 1.2, 0.97), ("sure", 4.0, 0.996), ("unsure", 0.5, 0.61)):
        answer = {"label": "3", "scores": {"3": 4.0}, "probabilities": {"3": chance}, "lead": lead, "state": state}
        said.append(watched(digits_url).evaluate(script, [model, answer]))
    assert said == [
        "Sure: probability 97%, sure from 95% on.",
        "Sure: probability over 99%, sure from 95% on.",
        "Not sure. Its best guess is 3: probability 61%, sure from 95% on.",
    ]


def test_a_blank_photo_is_told_so(digits_url: str, watched: Watched, png: Callable[..., bytes]) -> None:
    page = watched(digits_url)
    blank = {"name": "blank.png", "mimeType": "image/png", "buffer": png(np.full((90, 90), 250, np.uint8))}
    page.locator("#file").set_input_files(blank)
    expect(page.locator("#sure")).to_have_text("Nothing to read: the image is blank.")
    expect(page.locator("#label")).to_have_text("")
    expect(page.locator("#says")).to_have_attribute("data-state", "empty")


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.955, -0.14, -0.0596], ["0.955", "−0.140", "−0.060"]),
        ([-12345.6, 7.2], ["−12,346", "7"]),
        ([0, 0], ["0.00", "0.00"]),
    ],
)
def test_scores_stand_under_each_other(
    digits_url: str, watched: Watched, scores: list[float], said: list[str]
) -> None:
    script = "async (scores) => (await import('/static/words.js')).column(scores)"
    assert watched(digits_url).evaluate(script, scores) == said
