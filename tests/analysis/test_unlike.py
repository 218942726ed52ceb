"""What is unlike the training images is told from what is like them, by training images alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

from misread import load
from misread.analysis.unlike import LEAST, Likeness, refused_from
from misread.bundle import Manifest, save
from misread.bundle import load as load_model
from misread.errors import ModelFileError, ParameterError
from misread.recipes.retrain import recorded, train_again
from misread.recipes.train import train


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def bundle(digits):
    return train("knn", digits)


def test_strange_images_are_refused_and_few_others(bundle, digits):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (100, 8, 8), np.uint8)
    for images, low, high in ((noise, 0.9, 1.0), (digits.test.images, 0.0, 0.04)):
        answers = bundle.answer(images)
        assert low <= answers.unlike.mean() <= high
    answers = bundle.answer(noise)
    states = [bundle.state(answers, row) for row in range(len(noise))]
    assert {state for state, unlike in zip(states, answers.unlike, strict=True) if unlike} == {"unlike"}


def test_it_is_the_same_from_the_file_and_old_files_say_nothing(bundle, digits, tmp_path):
    save(bundle, tmp_path / "m.misread")
    again = load_model(tmp_path / "m.misread")
    images = digits.test.images[:50]
    np.testing.assert_array_equal(again.answer(images).unlike, bundle.answer(images).unlike)
    document = {name: value for name, value in bundle.manifest.as_json().items() if name != "unlike"}
    old = replace(bundle, manifest=Manifest.from_json(json.loads(json.dumps(document))))
    assert old.manifest.unlike is None
    assert old.answer(images).unlike is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", -1.0), ("threshold", float("nan")), ("reject_rate", 1.0), ("n", 0), ("n", True)],
)
def test_a_threshold_that_makes_no_sense_is_refused(bundle, tmp_path, name, value):
    unlike = replace(bundle.manifest.unlike, **{name: value})
    with pytest.raises(ModelFileError, match=f"the {name} of what it calls unlike"):
        save(replace(bundle, manifest=replace(bundle.manifest, unlike=unlike)), tmp_path / "m.misread")


def test_the_reject_rate_is_asked_for_kept_and_used_again(digits, bundle):
    assert bundle.manifest.unlike.reject_rate == 0.01
    some = replace(digits, train=digits.train.take(slice(600)))
    more, none = train("knn", some, reject_rate=0.1), train("knn", some, reject_rate=0)
    assert more.manifest.unlike.reject_rate == 0.1
    assert more.manifest.metrics["test"]["unlike"]["value"] > 0.05
    assert none.manifest.unlike is None
    assert "unlike" not in none.manifest.metrics["test"]
    assert recorded(none.manifest).reject_rate == 0
    again = train_again(more, some, recorded(more.manifest))
    assert again.manifest.unlike == more.manifest.unlike
    for wrong in (0.5, -0.1, float("nan")):
        with pytest.raises(ParameterError, match="reject rate"):
            train("knn", some, reject_rate=wrong)


def test_an_image_is_no_neighbour_of_its_own(digits):
    images, labels = digits.train.images[:300], digits.train.labels[:300]
    likeness = Likeness(images, labels)
    codes = labels[likeness.rows]
    held_out, as_new = likeness.held_out_distances(codes), likeness.distances(images[likeness.rows], codes)
    assert (held_out > as_new).all()
    rest = np.delete(np.arange(300), likeness.rows[7])
    alone = Likeness(images[rest], labels[rest]).distances(images[likeness.rows[7:8]], codes[7:8])
    np.testing.assert_allclose(held_out[7], alone, rtol=1e-3)


def test_a_class_of_two_images_is_far_from_all(digits):
    likeness = Likeness(digits.train.images[:2], np.zeros(2, np.int64))
    assert np.isinf(likeness.distances(digits.train.images[:2], np.zeros(2, np.int64))).all()


def test_the_share_refused_is_that_asked_for():
    distances = np.random.default_rng(0).random(5_000)
    for rate in (0.01, 0.05):
        refused = (distances > refused_from(distances, rate)).mean()
        assert 0.9 * rate < refused <= rate
    assert refused_from(np.arange(LEAST - 1.0), 0.01) is None
