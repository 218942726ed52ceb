"""What the server tells of a model, for every kind of model."""

from dataclasses import replace

import numpy as np
import pytest

from misread.bundle import Bundle, Manifest, OperatingPointRecord
from misread.models.zoo import make
from misread.serve.limits import Limits
from misread.serve.model_info import describe


def detector(digits: Bundle, name: str) -> Bundle:
    images, is_five = digits.example_images, digits.example_labels == 5
    estimator = make(name).fit(images.reshape(len(images), -1), is_five)
    return Bundle(
        Manifest("detector", name, digits.manifest.classes, (8, 8), positive="5"),
        estimator,
        images,
        digits.example_labels,
    )


@pytest.mark.parametrize(("name", "boundary"), [("sgd", 0.0), ("knn", 0.5), ("forest", 0.5)])
def test_a_detector_tells_the_score_that_it_decides_by(digits_bundle: Bundle, name: str, boundary: float) -> None:
    model = detector(digits_bundle, name)
    answers = model.answer(model.example_images)
    told = describe(model, Limits())
    assert told["decision"] == {"threshold": boundary, "inclusive": False}
    np.testing.assert_array_equal(answers.labels, answers.scores[:, 0] > boundary)


def test_an_operating_point_takes_the_place_of_the_boundary(digits_bundle: Bundle) -> None:
    model = detector(digits_bundle, "knn")
    point = OperatingPointRecord(0.8, "precision", 0.99, None, "out-of-fold scores")
    model = replace(model, manifest=replace(model.manifest, operating_point=point))
    answers = model.answer(model.example_images)
    assert describe(model, Limits())["decision"] == {"threshold": 0.8, "inclusive": True}
    np.testing.assert_array_equal(answers.labels, answers.scores[:, 0] >= 0.8)


def test_a_classifier_has_no_such_score(digits_bundle: Bundle) -> None:
    assert describe(digits_bundle, Limits())["decision"] is None
