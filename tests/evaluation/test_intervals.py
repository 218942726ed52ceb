import numpy as np
import pytest
from scipy.stats import binomtest

from misread.evaluation.intervals import clopper_pearson


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 30), (3, 30), (29, 30), (30, 30), (5421, 60000)])
def test_agrees_with_scipy(k, n, confidence):
    expected = binomtest(k, n).proportion_ci(confidence_level=confidence, method="exact")
    low, high = clopper_pearson(k, n, confidence=confidence)
    assert (low, high) == (pytest.approx(expected.low, abs=1e-12), pytest.approx(expected.high, abs=1e-12))


def test_many_at_once_and_no_trials():
    low, high = clopper_pearson([0, 1, 5], [0, 2, 10])
    assert (low[0], high[0]) == (0, 1)
    assert np.all(low <= high)
