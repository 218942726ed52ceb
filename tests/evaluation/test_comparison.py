"""Paired tests against statsmodels, SciPy and the definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from misread.errors import ParameterError
from misread.evaluation.comparison import compare_areas, mcnemar


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=300))
def test_mcnemar_is_statsmodels_exact_one(pairs: list[tuple[bool, bool]]) -> None:
    first, second = np.array(pairs).T
    table = [
        [np.sum(first & second), np.sum(first & ~second)],
        [np.sum(~first & second), np.sum(~first & ~second)],
    ]
    test = mcnemar(first, second)
    expected = statsmodels_mcnemar(table, exact=True).pvalue if test.only_first + test.only_second else 1.0
    assert test.p_value == pytest.approx(expected, rel=1e-9)
    assert (test.only_first, test.only_second) == (table[0][1], table[1][0])
    assert test.difference == pytest.approx(first.mean() - second.mean())
    assert -1 <= test.low <= test.high <= 1


def test_the_interval_of_the_difference_covers() -> None:
    rng = np.random.default_rng(1)
    truth = 0.08 - 0.05
    hits = 0
    for _ in range(400):
        kind = rng.choice(4, 300, p=[0.8, 0.08, 0.05, 0.07])
        test = mcnemar(np.isin(kind, [0, 1]), np.isin(kind, [0, 2]))
        hits += test.low <= truth <= test.high
    assert hits / 400 > 0.92


def test_a_tiny_p_is_still_a_number() -> None:
    test = mcnemar(np.ones(5000, bool), np.zeros(5000, bool))
    assert 0 <= test.p_value < 1e-300


@pytest.mark.parametrize(("first", "second"), [([], []), ([True], [True, False]), ([[True]], [[True]])])
def test_mcnemar_refuses_what_is_not_paired(first: list[bool], second: list[bool]) -> None:
    with pytest.raises(ParameterError, match="same samples"):
        mcnemar(first, second)


def test_areas_are_scikit_learns_and_the_covariance_is_delongs() -> None:
    rng = np.random.default_rng(2)
    y = rng.random(120) < 0.4
    scores = np.round(rng.normal(size=(3, 120)) + y * np.array([[0.5], [1.0], [1.1]]), 1)
    found = compare_areas(y, scores)
    for row, area in zip(scores, found.areas, strict=True):
        assert area == pytest.approx(roc_auc_score(y, row))
    assert found.covariance == pytest.approx(_delong_by_definition(y, scores))
    low, high = found.interval(1)
    assert low < found.areas[1] < high
    assert found.p_value(0, 0) == 1.0
    assert found.p_value(0, 1) == found.p_value(1, 0)


def test_areas_need_two_of_each() -> None:
    with pytest.raises(ParameterError, match="two positive"):
        compare_areas([True, False, False], [[1.0, 2.0, 3.0]])


def test_a_perfect_area_has_no_width() -> None:
    assert compare_areas([True, True, False, False], [[3, 4, 1, 2]]).interval(0) == (1.0, 1.0)


def _delong_by_definition(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Placement values by comparing every positive with every negative."""
    wins = scores[:, y][:, :, None] - scores[:, ~y][:, None, :]
    psi = (wins > 0) + 0.5 * (wins == 0)
    return np.cov(psi.mean(axis=2)) / y.sum() + np.cov(psi.mean(axis=1)) / (~y).sum()
