"""Calibration error against a slow reference, and temperatures against a grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misread.errors import ParameterError
from misread.evaluation.reliability import (
    Reliability,
    best_temperature,
    calibration_error_interval,
    expected_calibration_error,
    tempered,
)


def slow_error(right, confidence, n_bins):
    total, edges = 0.0, np.arange(n_bins + 1) / n_bins
    for k in range(n_bins):
        inside = [
            i for i, sure in enumerate(confidence) if (edges[k] < sure <= edges[k + 1]) or (k == 0 and sure == 0)
        ]
        if inside:
            gap = abs(np.mean([right[i] for i in inside]) - np.mean([confidence[i] for i in inside]))
            total += len(inside) / len(right) * gap
    return total


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 64)), min_size=1, max_size=60))
def test_error_is_the_slow_one(answers):
    right, confidence = [right for right, _ in answers], [sure / 64 for _, sure in answers]
    ours = Reliability.from_answers(right, confidence, n_bins=16)
    assert ours.error == pytest.approx(slow_error(right, confidence, 16), abs=1e-12)
    assert ours.counts.sum() == len(answers)


def test_perfect_and_worst():
    assert expected_calibration_error(np.eye(3), [0, 1, 2]) == 0
    assert expected_calibration_error(np.eye(3), [1, 2, 0]) == 1
    assert expected_calibration_error(np.zeros((0, 3)), []) == 0


def test_nonsense_is_refused():
    with pytest.raises(ParameterError, match="between 0 and 1"):
        Reliability.from_answers([True], [1.5])
    with pytest.raises(ParameterError, match="as many"):
        Reliability.from_answers([True, False], [0.5])


def test_temperature_is_the_likeliest_and_calibrates():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 4))
    codes = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)  # drawn from softmax(logits)
    scores = logits * 5
    temperature = best_temperature(scores, codes)
    assert temperature == pytest.approx(5, rel=0.05)

    def loss(candidate):
        return -np.log(tempered(scores, candidate)[np.arange(len(codes)), codes]).mean()

    grid = np.linspace(2, 10, 81)
    assert abs(grid[np.argmin([loss(candidate) for candidate in grid])] - temperature) <= 0.15
    before, after = (expected_calibration_error(tempered(scores, t), codes) for t in (1.0, temperature))
    assert after < 0.02 < before


def test_temperature_of_perfect_answers_is_not_zero():
    scores = np.eye(3)[[0, 1, 2] * 10]
    assert 0.01 < best_temperature(scores, [0, 1, 2] * 10) < 1


def test_the_interval_of_the_calibration_error_has_the_true_one():
    """Of true chances, of false ones, and of such as fit the very images better than chance would."""
    rng = np.random.default_rng(1)
    for off in (0.0, 0.01, 0.05):
        inside = 0
        for _ in range(100):
            chance = rng.choice([0.55, 0.75, 0.95], 2000)
            low, high = calibration_error_interval(rng.random(2000) < chance - off, chance)
            inside += low <= off <= high
        assert inside >= 95
    right = np.tile([True] * 9 + [False], 200)
    low, high = calibration_error_interval(right, np.full(2000, 0.9))
    assert low == 0
    assert 0.01 < high < 0.02
