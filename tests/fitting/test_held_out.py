"""A model that holds out enough by itself is asked about that, and not trained again for every fold."""

import numpy as np
import pytest

from misread.bundle import load, save
from misread.data import load as load_data
from misread.fitting import hold_out
from misread.recipes.operating import choose_again
from misread.recipes.train import train

SMALL_KERNEL = {"n_centres": 200, "n_rounds": 1, "held_out": 0.2}


@pytest.mark.parametrize("positive", [None, "5"])
def test_its_own_held_out_images_are_enough(tmp_path, monkeypatch, positive):
    monkeypatch.setattr(hold_out, "ENOUGH", 250)
    digits, stages = load_data("digits"), []
    bundle = train(
        "edge-kernel", digits, positive=positive, precision=0.9, params=SMALL_KERNEL, on_stage=stages.append
    )
    assert stages[0] == "Fitting on 1,437 images"
    assert not any("folds" in stage for stage in stages)
    fitted = bundle.estimator
    held, evidence = fitted.held_out_indices_, bundle.held_out
    assert bundle.manifest.metrics["out_of_fold"]["n"] == len(evidence.truth) == len(held)
    words = bundle.manifest.operating_point.chosen_on
    assert words == f"held-out scores of {len(held)} of the 1,437 training images of digits"
    labels = digits.train.labels[held]
    if positive:
        np.testing.assert_array_equal(evidence.truth, labels == 5)
        np.testing.assert_array_equal(evidence.scores, np.diff(fitted.held_out_scores_)[:, 0])
    else:
        np.testing.assert_array_equal(evidence.truth, fitted.held_out_scores_.argmax(axis=1) == labels)
    path = tmp_path / "model.misread"
    save(bundle, path)
    again = choose_again(load(path), precision=0.95)
    assert again.manifest.operating_point.chosen_on == words


def test_too_few_are_asked_about_in_folds():
    stages = []
    train("edge-kernel", load_data("digits"), params=SMALL_KERNEL, on_stage=stages.append)
    assert stages[0] == "Held-out scores in 3 folds"


def test_a_network_tells_its_epochs_and_is_trained_once_on_few_images_too():
    pytest.importorskip("torch")
    stages, quick = [], {"epochs": 2, "widths": (4, 8), "held_out": 0.2}
    bundle = train("convnet", load_data("digits"), params=quick, on_stage=stages.append)
    assert stages[1:3] == [f"Fitting on 1,437 images, epoch {epoch} of 2" for epoch in (1, 2)]
    assert bundle.manifest.metrics["out_of_fold"]["n"] > 250
    assert bundle.estimator.on_epoch is None
