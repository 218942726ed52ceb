"""What is unlike the training images is told from what is like them, by training images alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

from misread import load
from misread.analysis.unlike import evenly_of_each, learn
from misread.bundle import Manifest, OperatingPointRecord, save
from misread.bundle import load as load_model
from misread.bundle.likeness import likeness_of, written_likeness
from misread.data import Split
from misread.errors import ModelFileError, ParameterError
from misread.models.features import n_edge_features
from misread.recipes.evaluate import judge
from misread.recipes.retrain import recorded, train_again
from misread.recipes.train import train
from misread.recipes.unlike import telling_unlike
from misread.tasks import Wanted, make_task


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def bundle(digits):
    return train("knn", digits)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, (100, 8, 8), np.uint8)


def test_strange_images_are_refused_and_few_others(bundle, digits, noise):
    for images, low, high in ((noise, 0.9, 1.0), (digits.test.images, 0.0, 0.04)):
        answers = bundle.answer(images)
        assert low <= answers.unlike.mean() <= high
    answers = bundle.answer(noise)
    states = [bundle.state(answers, row) for row in range(len(noise))]
    assert {state for state, unlike in zip(states, answers.unlike, strict=True) if unlike} == {"unlike"}


def test_a_detector_says_it_too(digits, noise):
    detector = train("sgd", digits, positive="5")
    assert detector.answer(noise).unlike.mean() > 0.9
    assert detector.answer(digits.test.images).unlike.mean() < 0.04
    assert detector.manifest.metrics["test"]["unlike"]["value"] < 0.04


def test_it_is_the_same_from_the_file_and_old_files_say_nothing(bundle, digits, tmp_path):
    save(bundle, tmp_path / "m.misread")
    again = load_model(tmp_path / "m.misread")
    images = digits.test.images[:50]
    np.testing.assert_array_equal(again.likeness.distances(images), bundle.likeness.distances(images))
    document = {name: value for name, value in bundle.manifest.as_json().items() if name != "unlike"}
    old = replace(bundle, manifest=Manifest.from_json(json.loads(json.dumps(document))), likeness=None)
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


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("known", lambda known: known[:, 1:]),
        ("known", lambda known: known.astype(np.int16)),
        ("levels", lambda levels: levels + 256),
        ("edge_axes", lambda axes: axes[1:]),
        ("edge_step", lambda step: step * np.float32("nan")),
        ("stroke_spread", lambda spread: spread * 0),
    ],
)
def test_a_measure_that_makes_no_sense_is_refused(bundle, name, change):
    arrays = {}

    def put(name, array):
        arrays[name] = array
        return name

    node = written_likeness(bundle.likeness, put)
    assert likeness_of(node, bundle.manifest, arrays.__getitem__).known is bundle.likeness.known
    arrays[f"likeness.{name}"] = change(arrays[f"likeness.{name}"])
    with pytest.raises(ModelFileError):
        likeness_of(node, bundle.manifest, arrays.__getitem__)
    with pytest.raises(ModelFileError):
        likeness_of({**node, "kind": "another"}, bundle.manifest, arrays.__getitem__)


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


def test_too_few_images_are_like_nothing(digits):
    few = replace(digits, train=digits.train.take(slice(150)))
    assert train("knn", few, params={"n_neighbors": 3}).manifest.unlike is None


def test_distances_are_those_of_a_slow_search(digits):
    images, labels = digits.train.images[:300], digits.train.labels[:300]
    likeness, _ = learn(images, labels)
    assert len(likeness.known) == 300
    asked = digits.train.images[300:320]
    known = likeness.known * likeness.known_step
    every = [np.sort(np.sqrt(((known - place) ** 2).sum(axis=1))) for place in likeness.places(asked)]
    np.testing.assert_allclose(likeness.distances(asked), [one[0] for one in every], rtol=1e-4)
    five = replace(likeness, n_nearest=5).distances(asked)
    np.testing.assert_allclose(five, [one[:5].mean() for one in every], rtol=1e-4)


def test_of_many_images_what_is_typical_is_known(bundle, digits):
    assert len(bundle.likeness.known) == 500 < len(digits.train)
    assert bundle.manifest.unlike.n == len(digits.train)


def test_held_out_images_are_compared_with_others(digits):
    """They are further from what is typical of these than from what is known in the end."""
    images, labels = digits.train.images[:300], digits.train.labels[:300]
    likeness, held_out = learn(images, labels)
    assert likeness.distances(images).max() < held_out.min()


@pytest.mark.parametrize("rate", [0.003, 0.01, 0.2, 0.45])
def test_the_share_refused_is_that_asked_for(bundle, digits, rate):
    """Also where a class has few images."""
    labels = digits.train.labels[:600].copy()
    labels[labels == 3] = np.arange(np.count_nonzero(labels == 3)) % 3 + 10
    some = Split(digits.train.images[:600], labels)
    threshold = telling_unlike(bundle, some, rate).manifest.unlike.threshold
    _, held_out = learn(some.images, some.labels)
    assert rate - 0.004 <= (held_out > threshold).mean() <= rate


def test_earlier_files_are_asked_for_five_images_in_windows_of_three_sizes(bundle):
    scales, n_edges = (
        ((7.0, 2.0), (4.0, 2.0), (2.0, 2.0)),
        n_edge_features((8, 8), 8, ((7.0, 2.0), (4.0, 2.0), (2.0, 2.0))),
    )
    axes = np.ones((n_edges, bundle.likeness.edge_axes.shape[1]), np.int8)
    earlier, arrays = replace(bundle.likeness, scales=scales, n_nearest=5, edge_axes=axes), {}
    node = written_likeness(earlier, lambda name, array: arrays.setdefault(name, array) is array and name)
    assert node["kind"] == "edges and strokes"
    again = likeness_of(node, bundle.manifest, arrays.__getitem__)
    assert (again.scales, again.n_nearest) == (scales, 5)


def test_classes_are_known_evenly():
    labels = np.repeat([0, 1, 2], [1_000, 10, 500])
    assert np.bincount(labels[evenly_of_each(labels, 100, 1_000)]).tolist() == [100, 10, 100]
    assert np.bincount(labels[evenly_of_each(labels, 100, 150)]).tolist() == [50, 10, 50]


@pytest.mark.parametrize("n", [250, 700])
def test_equal_images_are_no_trouble(n):
    images = np.zeros((n, 8, 8), np.uint8)
    images[:, 2:6, 3] = 255
    likeness, _ = learn(images, np.arange(n) % 2)
    assert np.isfinite(likeness.distances(images[:3])).all()
    turned = np.ascontiguousarray(np.rot90(images[:1], axes=(1, 2)))
    assert likeness.distances(turned)[0] > 10 * likeness.distances(images[:1])[0]


def test_nobody_is_sure_of_what_is_unlike_and_evaluate_counts_so(bundle, digits, noise):
    point = OperatingPointRecord(0.0, "precision", 0.9, None, "all are sure")
    sure = replace(bundle, manifest=replace(bundle.manifest, operating_point=point))
    strange = Split(noise, np.zeros(len(noise), np.int64))
    metrics = judge(sure, make_task(replace(digits, test=strange), Wanted(None, None, False), seed=42)).metrics
    unlike = sure.answer(noise).unlike
    assert sure.without_likeness().answer(noise).sure.all()
    np.testing.assert_array_equal(sure.answer(noise).sure, ~unlike)
    assert metrics["unlike"]["count"] == unlike.sum()
    assert metrics["answered"]["coverage"]["count"] == (~unlike).sum()
    assert metrics["operating_point"]["of"] == (~unlike).sum()
