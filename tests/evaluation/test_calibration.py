"""Calibrated probabilities are probabilities, ordered as the scores, and true on average."""

import numpy as np
import pytest

from misread.evaluation.calibration import class_probabilities


def test_rows_add_up_and_follow_the_truth() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 4000)
    scores = rng.normal(size=(4000, 4)) * 50
    scores[np.arange(4000), y] += 120
    probabilities = class_probabilities(y, scores)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities.min() >= 0
    said = probabilities.max(axis=1).mean()
    assert said == pytest.approx((probabilities.argmax(axis=1) == y).mean(), abs=0.02)


def test_two_classes_from_one_column() -> None:
    y = np.array([0, 0, 0, 1, 1, 1])
    probabilities = class_probabilities(y, [-3.0, -2.0, 1.0, -1.0, 2.0, 3.0])
    assert probabilities.shape == (6, 2)
    assert probabilities[0, 0] == 1.0
    assert probabilities[5, 1] == 1.0


def test_a_row_without_any_hope_is_even() -> None:
    y = np.array([0, 1, 2])
    scores = np.array([[-1.0, 5, -1], [5, -1, -1], [-1, -1, 5]])
    assert class_probabilities(y, scores).sum(axis=1) == pytest.approx(1)
