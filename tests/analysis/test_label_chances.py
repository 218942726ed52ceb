"""Chances that labels are wrong mean what they say: planted errors, counted."""

import numpy as np
import pytest

from misread.analysis.label_chances import label_chances, votes_in_logs
from misread.errors import ParameterError

N, N_CLASSES = 6_000, 5


def planted(share, seed, *, confused=False, apart=2.2):
    """Points around five corners that overlap a little, as a fair witness sees them; labels of which some lie."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, N_CLASSES, N)
    points = rng.normal(size=(N, N_CLASSES)) + apart * np.eye(N_CLASSES)[true]
    wrong = rng.random(N) < share
    step = 1 if confused else rng.integers(1, N_CLASSES, N)
    return np.where(wrong, (true + step) % N_CLASSES, true), points, wrong


@pytest.mark.parametrize("share", [0.01, 0.03, 0.08])
@pytest.mark.parametrize("confused", [False, True])
def test_of_labels_that_are_wrong_with_a_chance_of_seven_tenths_seven_tenths_are_wrong(share, confused):
    chance, wrong = [], []
    for seed in range(3):
        y, says, lies = planted(share, seed, confused=confused)
        chance.append(label_chances(y, [says]).chance)
        wrong.append(lies)
    chance, wrong = np.concatenate(chance), np.concatenate(wrong)
    assert chance.sum() == pytest.approx(wrong.sum(), rel=0.3)
    for low, high in ((0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        some = (chance >= low) & (chance < high)
        spread = 3 * np.sqrt(max(some.sum(), 1)) / 2
        assert abs(chance[some].sum() - wrong[some].sum()) <= 0.2 * some.sum() + spread


def test_where_nothing_is_wrong_next_to_nothing_is_expected_to_be():
    y, says, _ = planted(0.0, 0, apart=4.0)
    found = label_chances(y, [says])
    assert found.expected < 0.002 * N
    assert (found.chance > 0.5).sum() <= 2


def test_a_witness_who_knows_nothing_is_not_heard():
    y, says, _ = planted(0.03, 1)
    noise = np.random.default_rng(9).normal(size=says.shape)
    found = label_chances(y, [says, noise, np.zeros_like(says)])
    assert found.weights[1] < 0.1 * found.weights[0]
    assert found.log_odds == pytest.approx(label_chances(y, [says]).log_odds, abs=0.5)


def test_two_witnesses_find_more_than_one():
    rng = np.random.default_rng(3)
    y, says, wrong = planted(0.03, 3)
    true = np.where(wrong, -1, y)
    second = rng.normal(size=says.shape)
    second[true >= 0, y[true >= 0]] += 2.2
    worst = np.argsort(-label_chances(y, [says]).log_odds)[: wrong.sum()]
    both = np.argsort(-label_chances(y, [says, second]).log_odds)[: wrong.sum()]
    assert wrong[both].sum() > wrong[worst].sum()


def test_more_images_than_are_weighed_by_and_scores_without_bound(monkeypatch):
    y, says, _ = planted(0.03, 2)
    whole = label_chances(y, [says])
    monkeypatch.setattr("misread.analysis.label_chances.MOST_ROWS", 3_000)
    assert label_chances(y, [says]).expected == pytest.approx(whole.expected, rel=0.3)
    says[0, 1] = -np.inf
    assert np.isfinite(label_chances(y, [says]).log_odds).all()


def test_votes_and_what_makes_no_sense():
    assert votes_in_logs(np.array([[3, 0]]))[0].tolist() == pytest.approx(np.log([3.3 / 3.6, 0.3 / 3.6]).tolist())
    with pytest.raises(ParameterError, match="one shape"):
        label_chances([0, 1], [])
    with pytest.raises(ParameterError, match="one shape"):
        label_chances([0, 1], [np.zeros((2, 2)), np.zeros((2, 3))])
