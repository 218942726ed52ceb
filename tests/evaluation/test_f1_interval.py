"""The interval of F1: its definition, and that it covers."""

import numpy as np
from scipy.stats import binomtest

from misread.evaluation.intervals import f1_interval


def test_it_is_the_interval_of_the_overlap_carried_over() -> None:
    for tp, fp, fn in [(3530, 687, 1891), (0, 4, 3), (5, 0, 0), (1, 1, 1)]:
        ends = binomtest(tp, tp + fp + fn).proportion_ci(method="exact")
        low, high = f1_interval(tp, fp, fn)
        np.testing.assert_allclose([low, high], [2 * e / (1 + e) for e in (ends.low, ends.high)], rtol=1e-9)


def test_it_covers_the_true_f1() -> None:
    shares = np.array([0.07, 0.02, 0.03, 0.88])
    truth = 2 * shares[0] / (2 * shares[0] + shares[1] + shares[2])
    draws = np.random.default_rng(4).multinomial(800, shares, size=4000)
    low, high = f1_interval(draws[:, 0], draws[:, 1], draws[:, 2])
    assert np.mean((low <= truth) & (truth <= high)) >= 0.95


def test_no_evidence_is_the_whole_range() -> None:
    low, high = f1_interval(0, 0, 0)
    assert (low, high) == (0.0, 1.0)
