"""Training on bent copies: any classifier, sturdier on turned images, judged on images as they are."""

from dataclasses import replace

import numpy as np
import pytest

from misread import load, save, train
from misread.bundle import load as load_bundle
from misread.errors import ParameterError
from misread.images.corrupt import corrupt
from misread.models import KNeighborsClassifier
from misread.recipes.retrain import recorded, train_again


@pytest.fixture(scope="module")
def digits():
    whole = load("digits")
    return replace(whole, train=whole.train.take(slice(0, 400)))


@pytest.mark.filterwarnings("ignore:svc answers another class")
@pytest.mark.parametrize("model", ["sgd-scaled", "knn", "forest", "svc", "knn-deskewed"])
def test_any_classifier(model, digits, tmp_path):
    params = {"n_estimators": 10} if model == "forest" else None
    bundle = train(model, digits, params=params, augment=True)
    save(bundle, tmp_path / "it.misread")
    again = load_bundle(tmp_path / "it.misread")
    images = digits.test.images[:50]
    np.testing.assert_array_equal(again.answer(images).labels, bundle.answer(images).labels)
    n_held_out = bundle.manifest.metrics["out_of_fold"]["n"]
    assert n_held_out == len(digits.train), "copies are never among the images that judge"
    assert bundle.manifest.metrics["test"]["accuracy"]["value"] > 0.8
    assert bundle.manifest.training["augment"] is True
    if model == "knn":
        assert isinstance(bundle.estimator, KNeighborsClassifier)
        assert bundle.estimator.n_samples_fit_ == 5 * len(digits.train)
        assert len(bundle.example_images) == len(digits.train)


def test_it_stands_more(digits):
    read = {}
    for augment in (False, True):
        bundle, right = train("knn", digits, augment=augment), []
        for kind in ("rotate", "shear", "translate"):
            said = bundle.answer(corrupt(digits.test.images, kind, 1))
            right.append(np.mean(said.labels == digits.test.labels))
        read[augment] = np.mean(right)
    assert read[True] > read[False] + 0.02


def test_a_detector_and_training_again(digits):
    bundle = train("sgd", digits, positive="5", augment=True)
    how = recorded(bundle.manifest)
    assert how.augment
    again = train_again(bundle, digits, how)
    np.testing.assert_array_equal(again.estimator.coef_, bundle.estimator.coef_)
    assert not recorded(train("sgd", digits).manifest).augment


def test_where_it_makes_no_sense(digits):
    with pytest.raises(ParameterError, match="leave out --augment"):
        train("knn", digits, denoise=True, augment=True)
    with pytest.warns(UserWarning, match="learns from bent copies anyway"):
        train("edge-kernel", digits, params={"n_centres": 50, "n_rounds": 0}, augment=True)
