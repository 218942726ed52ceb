"""Every question of the study is answered in a sentence, with the numbers that scikit-learn and counting give."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from misread.data import load
from misread.recipes.study import run_steps
from misread.report import report_data

ANSWERED = """
looks accuracy precision reliability models scaling neighbor_grid
linear multilabel duels denoising copies ladder cost
""".split()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    result = run_steps(load("digits"), tmp_path_factory.mktemp("run"))
    return result, report_data(result)


def test_every_question_is_answered(told):
    _, data = told
    for name in ANSWERED:
        assert data[name]["answer"].endswith((".", ")")), name
        assert any(letter.isdigit() for letter in data[name]["answer"]), name
        assert "nan" not in data[name]["answer"]


def test_the_answers_are_counted_right(told):
    result, data = told
    values, arrays = result.values, result.arrays
    labels, tested = arrays["labels.train"], arrays["labels.test"]
    assert f"right for {100 * np.mean(labels != 5):.2f}% of the images" in data["accuracy"]["answer"]
    assert f"misses {100 * (1 - values['detector.recall']):.1f}% of the 5s" in data["accuracy"]["answer"]
    mended = np.sum((arrays["knn.augmented_predictions"] == tested) & (arrays["knn.tuned_predictions"] != tested))
    assert data["copies"]["answer"].startswith(f"They mend {mended} of ")
    assert len(data["copies"]["strips"][0]["tiles"]) == mended
    held_out = np.mean(arrays["knn.predictions"] == labels)
    assert f"{100 * held_out:.2f}%" in data["models"]["answer"]
    gain = 100 * (
        np.mean(arrays["sgd_scaled.predictions"] == labels) - np.mean(arrays["sgd_raw.predictions"] == labels)
    )
    assert f"{abs(gain):.2f} points {'more' if gain >= 0 else 'fewer'}" in data["scaling"]["answer"]
    duels = np.mean(arrays["duels.asked_predictions"] == arrays["duels.asked_labels"])
    assert f"read {100 * duels:.1f}% right" in data["duels"]["answer"]
    assert f"{sum(result.timings.values()):,.1f} s in all" in data["cost"]["answer"]


def test_the_reliability_is_scikit_learns(told):
    result, data = told
    truth, said = result.arrays["labels.train"] == 5, result.arrays["forest.scores"]
    happened, mean = calibration_curve(truth, said - 1e-12 * (said > 0), n_bins=10)
    bins = data["reliability"]["bins"]
    np.testing.assert_allclose([one["value"] for one in bins], happened)
    np.testing.assert_allclose([one["said"] for one in bins], mean, atol=1e-9)
    assert sum(one["n"] for one in bins) == len(truth)
