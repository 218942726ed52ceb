"""What a model refuses is said in one line that names the model and what to change."""

import dataclasses

import numpy as np
import pytest
from sklearn.multioutput import ClassifierChain
from sklearn.svm import SVC

from misread.data import Dataset, Split, load
from misread.errors import ParameterError
from misread.fitting.tune import tune
from misread.recipes.train import train


@pytest.fixture(scope="module")
def digits() -> Dataset:
    whole = load("digits")
    return dataclasses.replace(whole, train=Split(whole.train.images[:200], whole.train.labels[:200]))


def first_of_each(dataset: Dataset, classes: int, number: int) -> Dataset:
    """A data set of the first images of the first classes."""
    labels = dataset.train.labels
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == code)[:number] for code in range(classes)]))
    return dataclasses.replace(dataset, train=Split(dataset.train.images[chosen], labels[chosen]))


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("svc", {"C": -1}),
        ("knn", {"n_neighbors": "abc"}),
        ("knn", {"n_neighbors": 150}),
        ("sgd", {"alpha": -1}),
        ("forest", {"n_estimators": 0}),
        ("svc-deskewed", {"pca__n_components": 0.0}),
    ],
    ids=str,
)
def test_a_parameter_that_the_model_refuses(digits, model, params):
    with pytest.raises(ParameterError, match=rf"^{model} cannot learn this: .*--param") as caught:
        train(model, digits, params=params)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "grid"),
    [("svc", {"C": [-1]}), ("knn", {"n_neighbors": ["abc"]}), ("forest", {"max_features": ["most"]})],
    ids=str,
)
def test_a_grid_that_the_model_refuses(digits, model, grid):
    with pytest.raises(ParameterError, match=f"^{model} cannot learn this"):
        tune(model, digits, grid=grid)


def test_of_few_images_the_nearest_alone_decides(digits):
    few = first_of_each(digits, classes=2, number=3)
    with pytest.warns(UserWarning, match="6 training images are few.*n_neighbors=1"):
        bundle = train("knn", few)
    assert bundle.manifest.params == {"n_neighbors": 1}
    assert bundle.manifest.metrics["out_of_fold"]["n"] == 6
    with pytest.raises(ParameterError, match="knn cannot learn this"):
        train("knn", few, params={"n_neighbors": 5})
    assert train("knn", first_of_each(digits, classes=2, number=4)).manifest.params == {}


@pytest.mark.parametrize(
    ("model", "said"), [(SVC, "the class SVC"), (None, "an object of type NoneType"), (5, "an object of type int")]
)
def test_what_is_no_estimator_is_told(model, said):
    with pytest.raises(ParameterError, match=f"expected a model's name or .* estimator, such as .*, got {said}"):
        train(model, "digits")


def test_a_model_of_several_outputs_is_told(digits):
    with pytest.raises(ParameterError, match="ClassifierChain cannot learn this"):
        train(ClassifierChain(SVC()), digits)
