"""The steps that serve the report: doubted labels, and the images it shows."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from misread.analysis.doubts import N_NEIGHBORS, nearest_others
from misread.data import Dataset, Split
from misread.errors import ParameterError
from misread.recipes.study import gallery
from misread.recipes.study.gallery import run_gallery
from misread.recipes.study.runner import _checked_context, _why_not
from misread.recipes.study.step import Context, Outcome
from misread.recipes.study.steps import STEPS
from misread.recipes.study.suspects import run_suspects, why_too_few_neighbors


@pytest.fixture(scope="module")
def context() -> Context:
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 4, 400)
    images = rng.integers(0, 30, (400, 6, 6)).astype(np.uint8)
    images[np.arange(400), labels] += 200
    scores = rng.normal(size=(400, 4))
    scores[np.arange(400), labels] += 3
    given = labels.copy()
    given[:9] = (given[:9] + 1) % 4
    dataset = Dataset(
        "made", Split(images, given), Split(images[:0], given[:0]), ("a", "b", "c", "d"), "here", "unknown"
    )
    positive = rng.normal(size=400) + 2 * (given == 3)
    done = {
        "sgd_scaled": Outcome(
            arrays={"sgd_scaled.scores": scores, "sgd_scaled.predictions": scores.argmax(axis=1)}
        ),
        "detector": Outcome(arrays={"detector.scores": positive}),
        "forest": Outcome(arrays={"forest.scores": np.round(positive, 1)}),
    }
    return Context(dataset, "d", 42, done)


def test_swapped_labels_are_the_label_errors(context: Context) -> None:
    arrays = run_suspects(context).arrays
    accused = arrays["suspects.index"][arrays["suspects.verdict"] == "label error"]
    assert set(range(9)) >= set(accused)
    assert len(accused) >= 6
    assert set(accused) == set(arrays["suspects.index"][arrays["suspects.chance"] >= 0.5])
    assert np.all(np.diff(arrays["suspects.chance"]) <= 0)
    swapped = np.isin(arrays["suspects.index"], np.arange(9))
    assert arrays["suspects.chance"][swapped].mean() > 0.5 > arrays["suspects.chance"][~swapped].mean()
    assert 4 <= run_suspects(context).values["suspects.expected"] <= 20
    assert sum(run_suspects(context).values["suspects.verdicts"].values()) == len(arrays["suspects.index"])


def test_neighbors_are_the_nearest_others(context: Context) -> None:
    X = context.dataset.train.X.copy()
    X[50] = X[51] = X[52]
    index = np.array([3, 50, 51, 200])
    found = nearest_others(X, context.dataset.train.labels, index)
    distances = (
        NearestNeighbors(n_neighbors=N_NEIGHBORS + 1).fit(X.astype(float)).kneighbors(X[index].astype(float))[0]
    )
    for row, own in enumerate(index):
        assert own not in found[row]
        ours = np.linalg.norm(X[found[row]].astype(float) - X[own], axis=1)
        np.testing.assert_allclose(ours, distances[row, 1:])
    assert nearest_others(X, context.dataset.train.labels, index[:0]).shape == (0, N_NEIGHBORS)


def test_the_gallery_holds_errors_right_ones_and_doubts(context: Context) -> None:
    with_doubts = Context(context.dataset, "d", 42, {**context.done, "suspects": run_suspects(context)})
    arrays = run_gallery(with_doubts).arrays
    index = arrays["gallery.index"]
    assert np.all(np.diff(index) > 0)
    np.testing.assert_array_equal(arrays["gallery.images"], context.dataset.train.images[index])
    predictions = context.done["sgd_scaled"].arrays["sgd_scaled.predictions"]
    assert set(np.flatnonzero(predictions != context.dataset.train.labels)) <= set(index)
    assert set(with_doubts.done["suspects"].arrays["suspects.index"][:60]) <= set(index)
    assert "gallery.images" in run_gallery(context).arrays


def test_a_large_set_stays_within_the_budget(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "RIGHT_PER_CLASS", 2)
    monkeypatch.setattr(gallery, "ALONG_EACH_DETECTOR", 10)
    monkeypatch.setattr(gallery, "WANTED", (0.9,))
    assert len(run_gallery(context).arrays["gallery.index"]) < 200


def test_too_few_images_for_neighbors(context: Context) -> None:
    train = context.dataset.train
    small = Dataset(
        "small", Split(train.images[:10], train.labels[:10]), context.dataset.test, ("a", "b", "c", "d"), "", ""
    )
    assert why_too_few_neighbors(Context(small, "d", 42))
    assert why_too_few_neighbors(context) is None


def test_twelve_images_are_a_study_and_are_shown_though_no_label_is_doubted() -> None:
    images = np.arange(12 * 16, dtype=np.uint8).reshape(12, 4, 4)
    labels = np.repeat([0, 1], 6)
    parts = [Split(images[rows], labels[rows]) for rows in (slice(1, 11), slice(0, None, 11))]
    context = _checked_context(Dataset("twelve", *parts, ("a", "b"), "", ""), None, 42, "")
    shown = next(step for step in STEPS if step.name == "gallery")
    assert _why_not(shown, context, {"suspects": "there are no 10 other training images"}) is None
    assert "suspects" in shown.uses
    few = Split(images[2:10], labels[2:10])
    with pytest.raises(ParameterError, match=r"9 in all.*has 8"):
        _checked_context(Dataset("eight", few, few, ("a", "b"), "", ""), None, 42, "")
