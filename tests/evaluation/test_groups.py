"""The spread over groups: intervals that hold, alarms that are rare, numbers that can be counted by hand."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from misread.errors import ParameterError
from misread.evaluation.groups import GroupSpread, difference_between_splits
from misread.evaluation.intervals import clopper_pearson


def drawn(rng, n_groups=40, mean=0.9, strength=20.0, size=50):
    counts = rng.integers(size // 2, 2 * size, n_groups)
    shares = rng.beta(mean * strength, (1 - mean) * strength, n_groups) if strength else np.full(n_groups, mean)
    return GroupSpread(np.array([f"g{k:03}" for k in range(n_groups)]), rng.binomial(counts, shares), counts)


def test_by_hand():
    spread = GroupSpread.from_answers([1, 1, 0, 1, 0], ["a", "a", "a", "b", "b"])
    assert spread.right.tolist() == [2, 1]
    assert spread.counts.tolist() == [3, 2]
    assert spread.accuracy == 0.6
    with pytest.raises(ParameterError, match="as many groups"):
        GroupSpread.from_answers([True], ["a", "b"])
    with pytest.raises(ParameterError, match="one at least"):
        GroupSpread.from_answers([], [])


def test_worse_groups_are_those_of_fishers_test():
    spread = drawn(np.random.default_rng(3), n_groups=12, strength=4)
    wrong, n, all_wrong = spread.counts - spread.right, spread.counts.sum(), (spread.counts - spread.right).sum()
    for k, found in enumerate(spread.is_worse):
        table = [[wrong[k], spread.right[k]], [all_wrong - wrong[k], n - spread.counts[k] - all_wrong + wrong[k]]]
        assert found == (fisher_exact(table, alternative="greater").pvalue * 12 <= 0.05)
    assert spread.is_worse.any()


def test_interval_covers_new_groups_and_the_plain_one_does_not():
    rng = np.random.default_rng(0)
    covered = plain = 0
    for _ in range(400):
        spread = drawn(rng, strength=10.0)
        low, high = spread.interval()
        covered += low <= 0.9 <= high
        low, high = clopper_pearson(spread.right.sum(), spread.counts.sum())
        plain += low <= 0.9 <= high
    assert covered >= 0.92 * 400
    assert plain <= 0.7 * 400


def test_interval_without_differences_is_about_the_plain_one():
    spread = drawn(np.random.default_rng(1), strength=0)
    low, high = spread.interval()
    plain_low, plain_high = clopper_pearson(spread.right.sum(), spread.counts.sum())
    assert low <= plain_low + 1e-12
    assert high >= plain_high - 1e-12
    assert high - low <= 1.5 * float(plain_high - plain_low)


def test_all_right():
    spread = GroupSpread.from_answers([True] * 60, ["a", "b", "c"] * 20)
    assert spread.interval()[1] == 1
    assert 0.9 < spread.interval()[0] < 1
    assert spread.between == 0
    assert spread.chance() is None
    assert not spread.is_worse.any()


def test_one_group():
    spread = GroupSpread.from_answers([True] * 9 + [False], ["a"] * 10)
    assert spread.chance() is None
    assert spread.between == 0
    assert not spread.is_worse.any()
    assert spread.interval() == tuple(map(float, clopper_pearson(9, 10)))


def test_between_finds_what_was_put_in():
    rng = np.random.default_rng(0)
    found = [drawn(rng, n_groups=60, strength=10.0).between for _ in range(60)]
    assert np.mean(found) == pytest.approx(np.sqrt(0.9 * 0.1 / 11), rel=0.1)
    assert np.mean([drawn(rng, strength=0).between for _ in range(60)]) < 0.02


def test_alarms_are_as_rare_as_they_say():
    rng = np.random.default_rng(5)
    found = [drawn(rng, strength=0, n_groups=15, size=30) for _ in range(150)]
    assert sum(one.chance() <= 0.05 for one in found) <= 15
    assert sum(one.is_worse.any() for one in found) <= 15


def test_worst_first_is_not_the_smallest():
    spread = GroupSpread(np.array(["tiny", "bad", "good"]), np.array([0, 20, 99]), np.array([1, 100, 100]))
    assert spread.names[spread.worst()].tolist() == ["bad", "tiny", "good"]


def test_many_groups_are_no_burden():
    spread = GroupSpread(np.arange(60_000).astype(str), np.ones(60_000, np.int64), np.ones(60_000, np.int64))
    assert spread.chance() is None
    assert len(spread.worst()) == 10


def test_difference_between_splits():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        groups = np.repeat(np.arange(30), 40)
        gain = np.repeat(rng.normal(0.05, 0.06, 30), 40)
        apart = rng.random(1_200) < 0.85
        flip = rng.random(1_200) < np.abs(gain)
        mixed = np.where(flip, gain > 0, apart)
        true = np.mean(np.where(gain > 0, gain * 0.15, gain * 0.85))
        more, low, high = difference_between_splits(mixed, apart, groups)
        assert low <= more <= high
        covered += low <= true <= high
    assert covered >= 186
