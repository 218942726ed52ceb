"""Small models of every kind, to be written elsewhere."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from misread.bundle import Bundle, Manifest, OperatingPointRecord
from misread.data import Dataset, Split, load
from misread.evaluation.chances import fit_calibration
from misread.models.zoo import make

PARAMS = {
    "forest": {"n_estimators": 7, "min_samples_leaf": 2},
    "edge-kernel-quick": {"n_centres": 40, "n_components": 30},
    "edge-kernel-small": {"n_centres": 50, "n_rounds": 1, "n_components": 40},
    "edge-kernel-medium": {"n_centres": 50, "n_rounds": 1, "n_components": 40},
    "edge-kernel": {"n_centres": 40, "n_rounds": 1},
    "edge-kernel-large": {"n_centres": 60, "n_rounds": 1},
    "tiny": {"epochs": 2, "widths": (6, 8, 5), "n_jobs": 1},
    "convnet": {"epochs": 1, "widths": (4, 6), "n_jobs": 1},
    "convnet-ensemble": {"epochs": 1, "n_members": 3, "n_jobs": 1},
}


@pytest.fixture(scope="session")
def some() -> Dataset:
    """Three hundred digits to train on, a hundred to test on."""
    digits = load("digits")
    train_split = Split(digits.train.images[:300], digits.train.labels[:300])
    test_split = Split(digits.test.images[:100], digits.test.labels[:100])
    return Dataset("some digits", train_split, test_split, digits.class_names, "scikit-learn", digits.licence)


@pytest.fixture(scope="session")
def point() -> OperatingPointRecord:
    """An operating point that half the answers pass."""
    return OperatingPointRecord(0.5, "precision", 0.9, None, "held-out scores")


@pytest.fixture(scope="session")
def bundle_of(some):
    """Make a bundle of any estimator, fitted on some digits; each fitted once."""

    @cache
    def fitted(model, positive):
        estimator = make(model, params=PARAMS.get(model)) if isinstance(model, str) else model
        codes = some.train.labels
        return estimator.fit(some.train.X, codes if positive is None else codes == int(positive))

    def build(model, *, positive: str | None = None, **manifest) -> Bundle:
        task = "classification" if positive is None else "detector"
        about = Manifest(task, str(model)[:20], some.class_names, some.shape, positive=positive, **manifest)
        bundle = Bundle(about, fitted(model, positive), some.train.images, some.train.labels)
        said = bundle.answer(some.test.images)
        if positive is None:
            calibration = fit_calibration(said.labels == some.test.labels, said.lead, 0.5)
        else:
            calibration = fit_calibration(some.test.labels == int(positive), said.scores[:, 0])
        return replace(bundle, calibration=calibration)

    return build


@pytest.fixture(scope="session")
def odd_images() -> np.ndarray:
    """Images of 8x8 that no writer would draw: blank, one pixel, a line, all white, noise."""
    images = np.zeros((8, 8, 8), np.uint8)
    images[1, 3, 4] = 255
    images[2, :, 2] = 200
    images[3, 5] = 200
    images[4] = 255
    images[5, 0, 0] = images[5, 7, 7] = 90
    images[6] = np.random.default_rng(1).integers(0, 256, (8, 8))
    images[7, 2:5, 3] = 7
    return images
