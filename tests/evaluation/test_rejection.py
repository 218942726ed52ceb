"""The reject option against a loop over every threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from misread.errors import ParameterError
from misread.evaluation.rejection import RejectionCurve, margins

answers = st.lists(st.tuples(st.booleans(), st.integers(0, 12).map(lambda k: k / 4)), min_size=1, max_size=80)


@given(answers, st.floats(0.05, 1.0))
def test_the_chosen_threshold_is_the_lowest_that_reaches_the_accuracy(
    pairs: list[tuple[bool, float]], wanted: float
) -> None:
    right, margin = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    curve = RejectionCurve.from_margins(right, margin)
    reached = [t for t in np.unique(margin) if right[margin >= t].mean() >= wanted]
    point = curve.for_accuracy(wanted)
    if not reached:
        assert point is None
        return
    assert point is not None
    assert point.threshold == min(reached)
    chosen = margin >= min(reached)
    assert (point.answered, point.right, point.n) == (chosen.sum(), right[chosen].sum(), len(right))
    assert point.coverage == chosen.mean()
    assert point.accuracy == right[chosen].mean()


@given(answers)
def test_the_area_is_the_mean_risk_over_coverages(pairs: list[tuple[bool, float]]) -> None:
    right, margin = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    risks = [1 - right[margin >= m].mean() for m in margin]
    assert RejectionCurve.from_margins(right, margin).area == pytest.approx(np.mean(risks))


def test_the_lower_bound_reaches_the_accuracy_asked_for() -> None:
    rng = np.random.default_rng(0)
    margin = rng.random(2000)
    right = rng.random(2000) < 0.8 + 0.2 * margin
    point = RejectionCurve.from_margins(right, margin).for_accuracy(0.95, confidence=0.95)
    assert point is not None
    bound = binomtest(point.right, point.answered).proportion_ci(confidence_level=0.9, method="exact").low
    assert bound >= 0.95


def test_margins() -> None:
    scores = np.random.default_rng(3).normal(size=(50, 6))
    ordered = np.sort(scores, axis=1)
    np.testing.assert_array_equal(margins(scores), ordered[:, -1] - ordered[:, -2])
    np.testing.assert_array_equal(margins([-2.0, 0.5]), [4.0, 1.0])
    with pytest.raises(ParameterError, match="two classes"):
        margins(np.zeros((3, 1)))
