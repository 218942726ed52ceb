"""Errors with more images are foretold with an interval that holds."""

import numpy as np
import pytest

from misread.errors import ParameterError
from misread.evaluation.learning import LearningCurve


@pytest.mark.parametrize("slope", [0.1, 0.4, 0.8])
@pytest.mark.parametrize("floor", [0.0, 0.02])
def test_the_error_with_twice_as_many_is_inside_the_interval(slope, floor):
    rng = np.random.default_rng(0)
    sizes, asked = np.array([250, 500, 1_000, 2_000]), 2_000

    def errors(n):
        wobble = np.exp(rng.normal(0, 0.03, np.shape(n)))
        return rng.binomial(asked, (floor + 0.1 * (n / 1_000) ** -slope) * wobble)

    inside = 0
    for _ in range(20):
        told = LearningCurve.from_counts(sizes, errors(sizes), asked).predict(4_000)
        inside += told.low <= errors(4_000) / asked <= told.high
        assert told.low < told.error < told.high
    assert inside >= 17


def test_counts_that_make_no_sense():
    assert LearningCurve.from_counts([200, 100], [1, 3], 10).shares.tolist() == [0.3, 0.1]
    for sizes, errors, asked in (
        ([100], [1], [10]),
        ([100, 200], [11, 1], [10, 10]),
        ([0, 200], [1, 1], [10, 10]),
    ):
        with pytest.raises(ParameterError, match="learning curve"):
            LearningCurve.from_counts(sizes, errors, asked)


def test_no_errors_at_all():
    told = LearningCurve.from_counts([100, 200], [0, 0], 50).predict(400)
    assert told.low == 0
    assert told.high < 0.1
