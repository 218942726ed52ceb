"""The ladder on full MNIST: a small edge kernel is already far past nearest neighbours."""

import pytest

from misread.data import load
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.recipes.ladder import climb, judge


@pytest.mark.mnist
@pytest.mark.slow
def test_a_small_edge_kernel_is_past_the_first_target(mnist_folder):
    dataset = load("mnist", data_dir=mnist_folder)
    model = EdgeKernelClassifier(n_centres=2_000, n_rounds=2, random_state=0)
    climbed = climb(model, dataset.train, 0)
    assert climbed.held_out_errors / climbed.held_out < 0.01
    verdict = judge(climbed, dataset.test)
    assert verdict.error <= 0.008
    assert verdict.calibration_error < 0.01
    assert verdict.coverage is not None
    assert verdict.coverage > 0.9
    assert verdict.answered_accuracy > 0.998
