"""Chosen images: all errors, fair samples, both sides of a threshold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from misread.analysis.gallery import along_scores, around, misread, right_sample

RNG = np.random.default_rng(6)
Y = RNG.integers(0, 5, 2000)
PREDICTED = np.where(RNG.random(2000) < 0.3, RNG.integers(0, 5, 2000), Y)
WRONG = np.flatnonzero(Y != PREDICTED)


def test_all_errors_when_they_fit() -> None:
    np.testing.assert_array_equal(misread(Y, PREDICTED, len(WRONG), 0), WRONG)


@given(st.integers(1, 600), st.integers(0, 5))
def test_a_fair_part_when_they_do_not(budget: int, seed: int) -> None:
    chosen = misread(Y, PREDICTED, budget, seed)
    assert len(chosen) <= budget
    assert set(chosen) <= set(WRONG)
    assert np.all(np.diff(chosen) > 0)
    np.testing.assert_array_equal(chosen, misread(Y, PREDICTED, budget, seed))


def test_small_cells_stay_whole() -> None:
    y, predicted = np.zeros(103, int), np.r_[np.ones(100, int), np.full(3, 2)]
    chosen = misread(y, predicted, 20, 0)
    assert {100, 101, 102} <= set(chosen)
    assert len(chosen) == 20


def test_right_ones_of_every_class() -> None:
    chosen = right_sample(Y, PREDICTED, 7, 1)
    assert np.bincount(Y[chosen]).tolist() == [7] * 5
    assert np.all(Y[chosen] == PREDICTED[chosen])
    assert set(chosen) != set(right_sample(Y, PREDICTED, 7, 2))


def test_along_and_around() -> None:
    scores = RNG.normal(size=500)
    truth = scores + RNG.normal(size=500) > 1
    chosen = along_scores(truth, scores, 60)
    assert 40 <= len(chosen) <= 60
    near = around(scores, 0.25, 4)
    below, above = np.sort(scores[scores < 0.25])[-4:], np.sort(scores[scores >= 0.25])[:4]
    np.testing.assert_array_equal(np.sort(scores[near]), np.r_[below, above])
    assert len(around(scores, 99.0, 4)) == 4
    assert len(along_scores(np.zeros(500, bool), scores, 60)) >= 30
