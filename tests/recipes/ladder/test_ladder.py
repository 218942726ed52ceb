"""The ladder: budgets, honesty, what it leaves behind."""

import json

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from misread.data import Dataset, Split, load
from misread.errors import DataError, ParameterError, RunError
from misread.evaluation.intervals import clopper_pearson
from misread.models.zoo import ZOO
from misread.recipes.ladder import RUNGS, LadderResult, climb, judge, run_ladder, runner
from misread.recipes.ladder.climb import answers_of
from misread.results.ladder import RungResult, Verdict

CHEAP = ["knn", "knn-deskewed", "knn-shifted", "svc-deskewed"]


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def climbed(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ladder")
    events = []
    result = run_ladder(digits, folder, models=CHEAP, seed=1, jobs=2, on_event=events.append)
    return result, folder, events


def test_rungs_are_judged_on_the_test_images(digits, climbed):
    result, _, _ = climbed
    assert [rung.model for rung in result.rungs] == CHEAP
    knn = result.rungs[0].verdict
    model = KNeighborsClassifier().fit(digits.train.X, digits.train.labels)
    assert knn.errors == int((model.predict(digits.test.X) != digits.test.labels).sum())
    assert (knn.error_low, knn.error_high) == tuple(map(float, clopper_pearson(knn.errors, 360)))
    for rung in result.rungs:
        assert rung.verdict.error < 0.08
        assert rung.held_out > 100
        assert rung.n_bytes > 1_000
        assert 0 <= rung.verdict.calibration_error < 0.2


def test_what_is_written_is_read_again(climbed):
    result, folder, events = climbed
    again = LadderResult.load(folder)
    assert again.rungs == result.rungs
    assert again.manifest == result.manifest
    assert json.loads((folder / "ladder.json").read_text())["schema_version"] == 1
    assert [event.kind for event in events] == ["start", "finish"] * 4


def test_training_never_sees_a_test_image(digits):
    """`climb` is given the training split alone, and `judge` reads the test images exactly once."""

    class Counted(Split):
        reads = 0

        @property
        def X(self):  # noqa: N802
            type(self).reads += 1
            return super().X

    test = Counted(digits.test.images, digits.test.labels)
    one = climb(SVC(break_ties=True), digits.train, 0)
    assert Counted.reads == 0
    judge(one, test)
    assert Counted.reads == 1


def test_the_same_seed_gives_the_same_ladder(digits, climbed):
    result, _, _ = climbed
    again = run_ladder(digits, models=CHEAP, seed=1, jobs=1)
    for one, two in zip(result.rungs, again.rungs, strict=True):
        assert one.verdict.errors == two.verdict.errors
        assert one.temperature == pytest.approx(two.temperature)
        assert one.held_out_errors == two.held_out_errors


def test_a_rung_without_time_is_skipped(digits):
    events = []
    result = run_ladder(digits, budget=1e-9, models=["knn"], on_event=events.append)
    assert result.rungs == []
    assert "budget" in result.skipped["knn"]
    assert [event.kind for event in events] == ["skip"]


class Epochs(KNeighborsClassifier):
    """Holds images out by itself, and tells of ten epochs."""

    held_out = 0.1

    def __init__(self, on_epoch=None, n_neighbors=5):
        super().__init__(n_neighbors)
        self.on_epoch = on_epoch

    def fit(self, X, y):
        for epoch in range(1, 11):
            self.on_epoch(epoch, 10, 0.5)
        self.held_out_indices_, self.held_out_scores_ = np.arange(90), np.eye(10)[y[:90]]
        return super().fit(X, y)

    def __getstate__(self):
        return super().__getstate__() | {"on_epoch": None}


@pytest.mark.parametrize(("budget", "told"), [(None, 10), (100, 10), (60, 2)])
def test_a_network_tells_how_far_it_is_and_is_given_up_when_it_takes_too_long(digits, monkeypatch, budget, told):
    clock = iter(range(0, 10_000, 9))
    monkeypatch.setattr(runner, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(runner, "_estimator", lambda *rest: Epochs())
    events = []
    result = run_ladder(digits, budget=budget, models=["knn"], on_event=events.append)
    done = [event.done for event in events if event.kind == "progress"]
    assert done == [epoch / 10 for epoch in range(1, told + 1)]
    assert events[0].kind == "start"
    if told == 10:
        assert events[-1].kind == "finish"
        return
    assert events[-1].reason == result.skipped["knn"]
    assert result.skipped["knn"].startswith("given up: takes about 90 s, and 51 s of the budget")


def test_slow_machines_are_noticed():
    assert runner._pace(0, 0) == 1
    assert runner._pace(100, 300) > 2.5
    assert runner._pace(0.5, 2) < 1.2


def test_estimates_grow_with_the_data(digits):
    for rung in RUNGS:
        assert 0.5 <= rung.seconds(*digits.train.X.shape) < rung.mnist_seconds


def test_missing_extras_are_a_reason_not_a_crash(monkeypatch):
    monkeypatch.setattr("misread.models.zoo.find_spec", lambda name: None)
    assert "misread[deep]" in ZOO["convnet"].why_not()
    assert ZOO["knn"].why_not() is None


def test_nonsense_is_refused(digits):
    with pytest.raises(ParameterError, match="expected a time"):
        run_ladder(digits, budget=0)
    with pytest.raises(ParameterError, match="no rung"):
        run_ladder(digits, models=["gpt"])
    with pytest.raises(ParameterError, match="jobs"):
        run_ladder(digits, models=["knn"], jobs=0)
    with pytest.raises(ParameterError, match="seed"):
        run_ladder(digits, models=["knn"], seed=-1)
    ones = Split(digits.train.images[:9], np.zeros(9, np.int64))
    with pytest.raises(DataError, match="one class"):
        run_ladder(Dataset("o", ones, digits.test, digits.class_names, "", ""), models=["knn"])
    untested = Dataset(
        "u", digits.train, Split(digits.test.images[:0], digits.test.labels[:0]), digits.class_names, "", ""
    )
    with pytest.raises(DataError, match="test images"):
        run_ladder(untested)
    with pytest.raises(RunError, match="no ladder"):
        LadderResult.load("/nowhere")


def test_two_classes_and_sets_too_small_to_hold_out():
    images = np.random.default_rng(0).integers(0, 256, (30, 4, 4), dtype=np.uint8)
    labels = np.arange(30) % 2
    images[labels == 1] //= 4
    tiny = Dataset("tiny", Split(images[:12], labels[:12]), Split(images[12:], labels[12:]), ("a", "b"), "", "")
    result = run_ladder(tiny, models=["knn", "svc-deskewed", "edge-kernel"])
    for rung in result.rungs:
        assert rung.held_out == 0
        assert rung.temperature == 1
        assert rung.verdict.coverage is None


def test_a_rung_that_fails_costs_no_other_its_place(digits, monkeypatch):
    def refuse(estimator, shape):
        raise ValueError("too odd")

    made = runner.set_shape
    monkeypatch.setattr(runner, "set_shape", lambda e, s: (refuse if "Pipeline" in str(e) else made)(e, s))
    events = []
    result = run_ladder(digits, models=["knn", "knn-deskewed", "knn-shifted"], on_event=events.append)
    assert [one.model for one in result.rungs] == ["knn", "knn-shifted"]
    assert result.skipped == {"knn-deskewed": "failed: ValueError: too odd"}
    assert [event.kind for event in events] == ["start", "finish", "start", "skip", "start", "finish"]


def test_images_that_are_not_square_are_read_as_they_are(digits):
    """Turned about, the set is as hard as before; read as one row, copies moved up and down would be blank."""

    def wide(split):
        return Split(np.ascontiguousarray(np.pad(split.images, ((0, 0), (0, 0), (12, 12)))), split.labels)

    data = Dataset("wide", wide(digits.train), wide(digits.test), digits.class_names, "", "")
    assert data.shape == (8, 32)
    models = ["knn-shifted", "knn-deskewed", "edge-kernel"]
    for square, padded in zip(
        run_ladder(digits, models=models).rungs, run_ladder(data, models=models).rungs, strict=True
    ):
        assert padded.verdict.error <= square.verdict.error + 0.02


def test_scores_of_models_that_give_probabilities_alone():
    model = DummyClassifier(strategy="prior").fit(np.zeros((4, 1)), [0, 0, 0, 1])
    np.testing.assert_allclose(np.exp(answers_of(model, np.zeros((2, 1)))[0]), [[0.75, 0.25]] * 2)


def rung(model, seconds, errors, n_bytes=1):
    verdict = Verdict(errors, 1_000, 0.0, 1.0, 1.0, 0.0, 0.0, None, None)
    return RungResult(model, "", seconds, n_bytes, 0, 1, 1.0, None, verdict)


def test_the_front_holds_what_no_other_beats():
    rungs = [rung("a", 5, 30), rung("b", 1, 40), rung("c", 6, 30), rung("d", 9, 10), rung("e", 20, 11)]
    assert [one.model for one in LadderResult(rungs).front] == ["b", "a", "d"]


def test_the_front_by_size_holds_what_no_other_beats(tmp_path):
    rungs = [rung("a", 1, 30, 500), rung("b", 2, 40, 100), rung("c", 3, 30, 600), rung("d", 9, 10, 700)]
    result = LadderResult(rungs)
    assert [one.model for one in result.front_by_size] == ["b", "a", "d"]
    result.save(tmp_path)
    fronts = json.loads((tmp_path / "ladder.json").read_text())["fronts"]
    assert fronts == {"seconds": ["a", "d"], "n_bytes": ["b", "a", "d"]}
    assert LadderResult.load(tmp_path).rungs == rungs


def test_bytes_are_those_that_answering_needs(digits):
    knn, deskewed = run_ladder(digits, models=["knn", "knn-deskewed"]).rungs
    n, pixels = digits.train.X.shape
    for one in (knn, deskewed):
        assert n * pixels <= one.n_bytes < n * (pixels + 8) + 2_000
