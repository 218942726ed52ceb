"""What a model is asked about, compared with what it was trained on: named, not guessed, and no false alarms."""

import logging

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from typer.testing import CliRunner

from misread import load, save, train
from misread.analysis.profile import CAUSES, FEWEST, Profile
from misread.bundle.watch import Watch, asked_as
from misread.cli import app
from misread.images.deform import affine
from misread.recipes.evaluate import evaluate
from misread.serve.drift import Drift

SIDE = 28


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def bundle(digits):
    return train("sgd-scaled", digits)


@pytest.fixture(scope="module")
def strokes(digits):
    """The digits as MNIST's are: ink in a box of 20 of 28 pixels, centred."""
    from misread.images.fit import fit_images

    parts = [np.concatenate([part.images, part.images]) for part in (digits.train, digits.test)]
    labels = [np.concatenate([part.labels, part.labels]) for part in (digits.train, digits.test)]
    return [fit_images(images * 15, SIDE, "mnist") for images in parts], labels


def turned(images, degrees=15):
    a, middle = np.deg2rad(degrees), np.full(2, (SIDE - 1) / 2)
    matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return affine(images, matrix, middle - matrix @ middle, n_jobs=1)


HAPPENED = {
    "inverted": lambda x: 255 - x,
    "off-centre": lambda x: affine(x, np.eye(2), np.array([3.0, -4.0]), n_jobs=1),
    "tiny": lambda x: affine(x, 2 * np.eye(2), np.full(2, -(SIDE - 1) / 2), n_jobs=1),
    "turned": turned,
    "blurred": lambda x: ndimage.gaussian_filter(x, (0, 1.2, 1.2)),
}


def test_what_happened_is_named_and_nothing_is_said_of_clean_sets(strokes):
    """100 draws of 200 each; the full simulation is benchmarks/profile.py."""
    (train_images, test_images), (train_labels, test_labels) = strokes
    profile, rng = Profile(train_images, train_labels), np.random.default_rng(3)
    for name, happened in {"": lambda x: x, **HAPPENED}.items():
        measures = profile.measure(np.ascontiguousarray(happened(test_images)), test_labels)
        found = [profile.compare(measures[rng.choice(len(measures), 200)]) for _ in range(100)]
        named = [None if one is None else one.cause for one in found]
        assert named.count(name or None) >= 99, (name, named)
    assert set(HAPPENED) <= set(CAUSES)


def test_a_set_of_one_class_is_no_alarm(strokes):
    """Of the 36 images of a digit here, one digit may differ; of MNIST none does (benchmarks/profile.md)."""
    (train_images, test_images), (train_labels, test_labels) = strokes
    profile = Profile(train_images, train_labels)
    alarms = [profile.differs(profile.measure(test_images[own], test_labels[own])) for own in _each(test_labels)]
    assert sum(alarms) <= 1


@pytest.mark.parametrize("scale", [15.9 / 15, 16 / 15, 14.5 / 15])
def test_another_white_is_no_alarm(digits, scale):
    """Digits of 16 levels are brought to 0..255 in more than one way."""
    train, test = digits.train, np.rint(digits.test.images * scale).clip(0, 255).astype(np.uint8)
    profile = Profile(train.images, train.labels)
    assert not profile.differs(profile.measure(test, digits.test.labels))


def _each(labels):
    return [labels == code for code in range(10)]


def test_of_few_images_nothing_is_said(strokes):
    (train_images, test_images), _ = strokes
    profile = Profile(train_images)
    assert profile.compare(profile.measure(255 - test_images[: FEWEST - 1])) is None
    assert profile.compare(profile.measure(255 - test_images[:FEWEST])).cause == "inverted"
    assert profile.compare(profile.measure(test_images[:0])) is None
    assert Profile(train_images[:20]).compare(profile.measure(255 - test_images)) is None


def test_the_remedy_is_one_that_was_tried(bundle, digits):
    watch, inverted = Watch(bundle), 255 - digits.test.images
    watch.add(inverted, bundle.answer(inverted))
    assert "try --invert, with which they are like them" in watch.said()
    again = asked_as(bundle, invert=True)
    right = [
        (model.answer(np.stack([model.prepare(one) for one in images])).labels == digits.test.labels).mean()
        for model, images in ((bundle, digits.test.images), (again, inverted))
    ]
    assert right[0] == right[1]


def test_evaluate_warns_of_what_differs(bundle, digits, recwarn):
    from dataclasses import replace

    evaluate(bundle, digits)
    assert not [one for one in recwarn if "differ from those" in str(one.message)]
    other = replace(digits, test=replace(digits.test, images=255 - digits.test.images), source="elsewhere")
    with pytest.warns(UserWarning, match="light and dark are exchanged.*try --invert"):
        evaluate(bundle, other)


def test_predict_says_so_after_its_answers(bundle, digits, tmp_path):
    folder, file = tmp_path / "images", tmp_path / "model.misread"
    folder.mkdir()
    save(bundle, file)
    for k, image in enumerate(digits.test.images[:60]):
        Image.fromarray(255 - image).save(folder / f"{k:03}.png")
    said = CliRunner().invoke(app, ["predict", str(file), str(folder)])
    assert said.exit_code == 0, said.output
    assert "light and dark are exchanged" in said.stderr
    assert "try --invert" in said.stderr
    mended = CliRunner().invoke(app, ["predict", str(file), str(folder), "--invert"])
    assert "differ from those" not in mended.stderr
    assert mended.stdout != said.stdout


def test_a_server_counts_and_logs_it_once(bundle, digits, caplog, monkeypatch):
    monkeypatch.setattr("threading.Thread.start", lambda thread: thread.run())
    drift, images = Drift(bundle), digits.test.images
    with caplog.at_level(logging.ERROR, "uvicorn.error"):
        for start in range(0, 240, 20):
            drift.see(images[start : start + 20], bundle.answer(images[start : start + 20]))
        assert not drift.differs
        for start in range(0, 300, 20):
            some = 255 - images[start : start + 20]
            drift.see(some, bundle.answer(some))
    assert drift.differs
    assert [record.getMessage() for record in caplog.records if "exchanged" in record.getMessage()]
    assert len(drift._watch._measures) == 200, "the window does not grow"
