"""Labels that somebody contradicts: all of them, the most doubtful first, near-copies by name."""

import numpy as np
import pytest

from misread.analysis.doubted import doubted_labels


@pytest.fixture
def two_kinds():
    """Twenty dark and twenty light images, a little different from each other; one of each is labelled wrong."""
    rng = np.random.default_rng(0)
    X = np.zeros((40, 16), np.uint8)
    X[:20, :8], X[20:, 8:] = 200, 200
    X = (X + rng.integers(0, 50, X.shape)).astype(np.uint8)
    truth = np.repeat([0, 1], 20)
    y = truth.copy()
    y[[3, 30]] = 1, 0
    return X, y, truth


def test_wrong_labels_come_first_with_what_is_said_against_them(two_kinds):
    X, y, truth = two_kinds
    found = doubted_labels(X, y, np.eye(2)[truth] * 0.8 + 0.1)
    assert set(found.index[:2].tolist()) == {3, 30}
    assert len(found) == 2
    assert (found.suggested == truth[found.index]).all()
    assert (found.chance > 0.8).all()
    assert (found.votes_suggested + found.votes_given == found.n_neighbors).all()


def test_a_doubt_of_either_is_enough_and_what_was_not_asked_is_not_doubted(two_kinds):
    X, _, truth = two_kinds
    probabilities = np.eye(2)[truth] * 0.8 + 0.1
    probabilities[5] = 0.1, 0.9
    assert doubted_labels(X, truth, probabilities).index.tolist() == [5]
    y = truth.copy()
    y[7] = 1
    agreeing = np.eye(2)[y]
    assert doubted_labels(X, y, agreeing).index.tolist() == [7]
    assert not len(doubted_labels(X, y, agreeing, asked=np.arange(40) != 7))


def test_near_copies_with_different_labels_are_named(two_kinds):
    X, _, truth = two_kinds
    X[25] = X[2]
    X[25, 0] ^= 1
    y = truth.copy()
    y[25] = 1
    found = doubted_labels(X, y, np.eye(2)[y])
    copies = dict(zip(found.index.tolist(), found.copy.tolist(), strict=True))
    assert copies[25] == 2
    assert copies[2] == 25


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_images(n):
    X, y = np.zeros((n, 4), np.uint8), np.arange(n) % 2
    found = doubted_labels(X, y, np.full((n, 2), 0.5))
    assert (found.chance <= 1).all()
    assert np.isfinite(found.chance).all()
