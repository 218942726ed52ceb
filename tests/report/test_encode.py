"""What goes into the page comes out of it, to the last bit."""

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from report_page import unpacked

from misread.evaluation.thresholds import ThresholdCurve
from misread.report.encode import packed, packed_curve, packed_edges, safe_json, sprite


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0, 255], "uint8"),
        ([0, 256], "uint16"),
        ([70_000], "uint32"),
        ([True, False], "uint8"),
        ([0.1, -1e300, 5e-324], "float64"),
        (np.float32([1.5]), "float32"),
        ([], "float64"),
    ],
)
def test_arrays_come_back_exactly(values: list[float], dtype: str) -> None:
    part = packed(values)
    assert part["dtype"] == dtype
    np.testing.assert_array_equal(unpacked(part), np.asarray(values))


scored = st.lists(st.tuples(st.booleans(), st.integers(-6, 6).map(lambda k: k / 3)), min_size=1, max_size=60)


@given(scored)
def test_a_packed_curve_counts_exactly(pairs: list[tuple[bool, float]]) -> None:
    y, scores = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    part = packed_curve(ThresholdCurve.from_scores(y, scores))
    thresholds, positives, negatives = (unpacked(part[key]) for key in ("thresholds", "positives", "negatives"))
    np.testing.assert_array_equal(thresholds, np.unique(scores))
    for t, p, n in zip(thresholds, positives, negatives, strict=True):
        assert (p, n) == (np.sum(y & (scores == t)), np.sum(~y & (scores == t)))


@given(scored, st.floats(0.05, 1.0))
def test_edges_keep_every_answer_to_a_wanted_precision(pairs: list[tuple[bool, float]], wanted: float) -> None:
    y, scores = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    curve = ThresholdCurve.from_scores(y, scores)
    part = packed_edges(curve)
    thresholds, positives, negatives = (unpacked(part[key]) for key in ("thresholds", "positives", "negatives"))
    tp, fp = np.cumsum(positives[::-1])[::-1], np.cumsum(negatives[::-1])[::-1]
    for place, threshold in enumerate(thresholds):
        point = curve.at(float(threshold))
        assert (point.true_positives, point.false_positives) == (tp[place], fp[place])
    reached = thresholds[tp / (tp + fp) >= wanted]
    expected = curve.for_precision(wanted)
    assert (reached.min() if reached.size else None) == (expected.threshold if expected else None)


def test_a_sheet_holds_every_image() -> None:
    images = np.random.default_rng(0).integers(0, 256, (11, 5, 7), dtype=np.uint8)
    sheet = sprite(images, levels=256)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["url"].split(",")[1]))).convert("L"))
    for place, image in enumerate(images):
        row, column = divmod(place, sheet["columns"])
        np.testing.assert_array_equal(picture[row * 5 : row * 5 + 5, column * 7 : column * 7 + 7], image)


def test_few_levels_are_near_and_large_images_shrink() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 6), dtype=np.uint8)
    sheet = sprite(images)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["url"].split(",")[1]))).convert("L"))
    assert np.abs(picture[:6, :6].astype(int) - images[0]).max() <= 9
    assert (
        sprite(np.zeros((2, 200, 100), np.uint8))["height"],
        sprite(np.zeros((0, 4, 4), np.uint8))["count"],
    ) == (
        40,
        0,
    )


@given(st.text())
def test_json_never_leaves_its_element(text: str) -> None:
    for document in (text, {text: [text]}, "</script><!--" + text):
        embedded = str(safe_json(document))
        assert json.loads(embedded) == document
        assert not set(embedded) & set("<>&\u2028\u2029")
