"""Held-out numbers do not depend on how a folder is sorted."""

import dataclasses

import numpy as np
import pytest

from misread.data import Dataset, Split, load
from misread.data.labels import Labels
from misread.errors import ParameterError
from misread.fitting.folds import folds_by_class
from misread.fitting.tune import tune
from misread.recipes.train import train

SMALL = Labels(("small",), {str(digit): (digit < 2,) for digit in range(10)})

SMALL_ODD = Labels(("small", "odd"), {str(digit): (digit < 2, digit % 2 == 1) for digit in range(10)})


@pytest.fixture(scope="module")
def by_class() -> Dataset:
    """Digits sorted by class, as files that are named after their class are."""
    digits = load("digits")
    order = np.argsort(digits.train.labels, kind="stable")
    return dataclasses.replace(digits, train=Split(digits.train.images[order], digits.train.labels[order]))


def held_out(bundle):
    return bundle.manifest.metrics["out_of_fold"]


def test_every_fold_has_every_class():
    labels = np.repeat([0, 1, 2], [30, 9, 3])
    for training, held in folds_by_class(labels, 3):
        assert np.bincount(labels[held]).tolist() == [10, 3, 1]
        assert sorted([*training, *held]) == list(range(42))


@pytest.mark.parametrize(("model", "labels"), [("svc", SMALL), ("knn", SMALL_ODD)])
def test_labels_of_sorted_images(by_class, model, labels):
    """All small ones are among the first images: a run of them is not like the rest."""
    assert held_out(train(model, by_class, labels=labels))["labels"]["small"]["f1"]["value"] > 0.9


def test_one_label_is_too_few_for_knn(by_class):
    with pytest.raises(ParameterError, match="two labels or more"):
        train("knn", by_class, labels=SMALL)


def test_a_detector_of_sorted_images(by_class):
    """By the detector's own yes and no, the others of a fold would be classes that it has never seen."""
    bundle = train("knn", by_class, positive="9")
    assert held_out(bundle)["roc_auc"]["value"] > 0.95
    tuned = tune("knn", by_class, positive="9", grid={"n_neighbors": [5]}, cv=3)
    assert tuned.means[0] > 0.9


def test_a_label_that_is_always_the_same(by_class):
    labels = Labels(("small", "digit"), {str(digit): (digit < 2, True) for digit in range(10)})
    with pytest.raises(ParameterError, match="'digit' is 1 for all 1,437 training images"):
        train("sgd", by_class, labels=labels)


def test_too_few_images_for_the_folds(by_class):
    few = dataclasses.replace(
        by_class, train=Split(by_class.train.images[170:190], by_class.train.labels[170:190])
    )
    with pytest.raises(ParameterError, match="needs 15 training images"):
        tune("knn", few, cv=15)
