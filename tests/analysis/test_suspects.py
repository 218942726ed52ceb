"""Confident learning against the definition, and against labels that were swapped on purpose."""

import numpy as np
import pytest

from misread.analysis.suspects import confident_joint, find_suspects, suspect_scores, verdicts_by_chance


@pytest.fixture
def noisy() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 4, 600)
    probabilities = rng.dirichlet(np.ones(4), 600) * 0.5
    probabilities[np.arange(600), truth] += 0.5
    labels = truth.copy()
    swapped = rng.choice(600, 30, replace=False)
    labels[swapped] = (labels[swapped] + 1) % 4
    return labels, probabilities, swapped


def test_the_joint_is_the_papers(noisy: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    labels, probabilities, _ = noisy
    np.testing.assert_array_equal(confident_joint(labels, probabilities), _joint_by_loop(labels, probabilities))


def test_swapped_labels_come_first(noisy: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    labels, probabilities, swapped = noisy
    found = find_suspects(labels, probabilities)
    assert len(found.index) == confident_joint(labels, probabilities).sum() - np.trace(
        confident_joint(labels, probabilities)
    )
    assert set(found.index[:15]) <= set(swapped)
    margin = found.self_confidence - found.suggested_confidence
    assert np.all(np.diff(margin) >= 0)
    np.testing.assert_array_equal(found.given, labels[found.index])
    np.testing.assert_array_equal(find_suspects(labels, probabilities, limit=3).index, found.index[:3])


def test_a_class_without_samples_is_never_confident() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]])
    assert confident_joint(labels, probabilities)[:, 2].sum() == 0


def test_scores() -> None:
    neighbors = np.array([[1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 1, 1], [2, 2, 2, 2]])
    found = suspect_scores([0.0, 1.0, 0.5, 0.0], np.ones(4, int), neighbors)
    np.testing.assert_allclose(found, [1.0, 0.125, 0.5, 0.5])


def test_verdicts_go_by_the_chance_that_a_label_is_wrong() -> None:
    assert verdicts_by_chance([0.0, 0.099, 0.1, 0.499, 0.5, 1.0]).tolist() == [
        *["model error"] * 2,
        *["unclear"] * 2,
        *["label error"] * 2,
    ]


def _joint_by_loop(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    n_classes = probabilities.shape[1]
    joint = np.zeros((n_classes, n_classes), int)
    thresholds = [probabilities[labels == j, j].mean() for j in range(n_classes)]
    for label, row in zip(labels, probabilities, strict=True):
        candidates = [j for j in range(n_classes) if row[j] >= thresholds[j]]
        if candidates:
            joint[label, max(candidates, key=lambda j: row[j])] += 1
    return joint
