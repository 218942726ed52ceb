"""Which images to label next: in doubt, and unlike each other."""

import numpy as np
import pytest

from misread.analysis.which_next import order
from misread.errors import ParameterError


def test_doubt_and_distance_decide_together():
    rng = np.random.default_rng(0)
    points = np.repeat(rng.normal(size=(5, 3)) * 10, 40, axis=0) + rng.normal(size=(200, 3)) * 0.01
    probabilities = np.tile([0.55, 0.45], (200, 1))
    first = order(probabilities, points, 5)[:5]
    assert set((first // 40).tolist()) == set(range(5))
    probabilities[:40] = [1.0, 0.0]
    assert 0 not in set((order(probabilities, points, 20)[:20] // 40).tolist())


def test_every_image_once_and_the_rest_by_doubt():
    rng = np.random.default_rng(1)
    table = rng.dirichlet(np.ones(4), 50)
    found = order(table, rng.normal(size=(50, 2)), 10)
    assert sorted(found.tolist()) == list(range(50))
    best = np.sort(table[found[10:]], axis=1)
    assert (np.diff(best[:, -1] - best[:, -2]) >= 0).all()
    assert order(table[:0], np.empty((0, 2))).tolist() == []


def test_tables_of_different_images():
    with pytest.raises(ParameterError, match="same images"):
        order(np.ones((3, 2)), np.ones((2, 2)))
