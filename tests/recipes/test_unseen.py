"""No model is judged on images that it was trained on, whatever they are called and wherever they lie now."""

import dataclasses

import numpy as np
import pytest

from misread.bundle import load, save
from misread.data import Dataset, Split
from misread.data import load as load_data
from misread.errors import ParameterError
from misread.recipes.evaluate import evaluate
from misread.recipes.train import train


@pytest.fixture(scope="module")
def digits() -> Dataset:
    whole = load_data("digits")
    return dataclasses.replace(whole, train=Split(whole.train.images[:300], whole.train.labels[:300]))


@pytest.fixture(scope="module")
def bundle(digits, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "m.misread"
    save(train("knn", digits), path)
    return load(path)


def with_test(dataset: Dataset, images, labels) -> Dataset:
    return dataclasses.replace(dataset, name="grown", test=Split(images, labels))


def test_training_images_among_the_test_images_are_left_out(digits, bundle):
    grown = with_test(
        digits,
        np.concatenate([digits.test.images, digits.train.images[:40]]),
        np.concatenate([digits.test.labels, digits.train.labels[:40]]),
    )
    with pytest.warns(UserWarning, match="40 of the 400 test images of grown were trained on and are left out"):
        result = evaluate(bundle, grown)
    assert result.values == evaluate(bundle, digits).values
    assert "40 of the 400" in result.manifest["dataset"]["source"]


def test_all_images_of_a_set_that_holds_training_images(digits, bundle):
    grown = with_test(digits, digits.test.images[::7][:50], digits.test.labels[::7][:50])
    with pytest.warns(UserWarning, match="300 of the 350 images of grown"):
        assert evaluate(bundle, grown, every=True).values["model.n"] == 50


def test_nothing_but_training_images_is_refused(digits, bundle):
    with pytest.raises(ParameterError, match="all 20 test images of grown were trained on"):
        evaluate(bundle, with_test(digits, digits.train.images[:20], digits.train.labels[:20]))


def test_copies_in_the_very_set_are_judged_and_said(digits):
    copied = with_test(
        digits,
        np.concatenate([digits.test.images, digits.train.images[:1]]),
        np.concatenate([digits.test.labels, digits.train.labels[:1]]),
    )
    bundle = train("knn", copied)
    with pytest.warns(UserWarning, match="1 of the 361 test images .* copies of training images"):
        result = evaluate(bundle, copied)
    assert result.values["model.n"] == 361


def test_a_file_that_does_not_say_what_was_trained_on(digits, bundle):
    old = dataclasses.replace(bundle, seen=None)
    assert evaluate(old, digits).values == evaluate(bundle, digits).values
    with pytest.warns(UserWarning, match="does not say which images"):
        evaluate(old, with_test(digits, digits.test.images[::7][:50], digits.test.labels[::7][:50]))
