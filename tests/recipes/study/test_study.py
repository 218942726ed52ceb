"""The study on the embedded digits: what it leaves behind, and that an interrupted run ends the same."""

import json
import os
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier as SklearnNeighbors

from misread.data import Dataset, Split, load
from misread.errors import OutputError, ParameterError, RunError
from misread.recipes.study import StudyResult, run_steps
from misread.recipes.study.neighbors import why_no_copies
from misread.recipes.study.steps import STEPS, steps_with
from misread.results.answers import answers_of

PROMISED = """
detector.epochs detector.first_score detector.first_prediction detector.cv_accuracy
detector.baseline_cv_accuracy detector.confusion detector.precision detector.recall detector.f1
detector.roc_auc detector.at_precision_90.threshold detector.at_precision_90.precision
detector.at_precision_90.recall forest.first_probabilities forest.precision forest.recall forest.f1
forest.roc_auc forest.positive_share_50_60 duels.prediction duels.scores duels.pairwise_scores duels.classes
one_vs_rest.prediction one_vs_rest.n_estimators sgd_raw.first_prediction sgd_raw.first_scores
sgd_raw.cv_accuracy sgd_scaled.cv_accuracy sgd_scaled_in_fold.cv_accuracy errors.confusion errors.by_row
errors.only_by_row errors.only_by_column multilabel.first_prediction multilabel.f1_macro
multilabel.f1_weighted multilabel.chain_prediction denoise.noisy_pixel_error denoise.clean_pixel_error
best.step best.model best.held_out_accuracy chances.before chances.after chances.kind knn.cv_accuracy
knn.baseline_accuracy knn.best_params knn.best_score knn.grid_scores knn.tuned_accuracy knn.augmented_accuracy
""".split()


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return run_steps(digits, folder), folder


def test_every_promised_value_is_there(run):
    result, _ = run
    assert set(PROMISED) <= set(result.values)
    assert result.skipped == {}
    assert set(result.timings) == {step.name for step in STEPS}


def test_the_values_make_sense(run):
    values = run[0].values
    assert values["detector.baseline_cv_accuracy"] == pytest.approx([0.9] * 3, abs=0.01)
    assert min(values["sgd_raw.cv_accuracy"]) > 0.85
    assert values["knn.tuned_accuracy"] > 0.95
    assert values["denoise.clean_pixel_error"] < values["denoise.noisy_pixel_error"]
    assert np.sum(values["errors.confusion"]) == 1437
    assert len(values["duels.pairwise_scores"]) == 45


def test_a_run_folder_is_read_back_as_it_was(run):
    result, folder = run
    loaded = StudyResult.load(folder)
    assert loaded.values == result.values
    assert loaded.manifest == result.manifest
    assert loaded.arrays.keys() == result.arrays.keys()
    for name, array in result.arrays.items():
        np.testing.assert_array_equal(loaded.arrays[name], array)
    assert json.loads((folder / "results.json").read_text())["schema_version"] == 1


def test_a_second_run_reuses_every_step_and_a_changed_parameter_none(digits, run, tmp_path):
    result, folder = run[0], shutil.copytree(run[1], tmp_path / "run")
    events = []
    again = run_steps(digits, folder, on_event=events.append)
    assert {event.kind for event in events} == {"reuse"}
    assert again.values == result.values

    class Stop(Exception):
        pass

    def refuse(event):
        assert event.kind == "start"
        raise Stop

    for change in ({"seed": 1}, {"positive": "3"}):
        with pytest.raises(Stop):
            run_steps(digits, folder, **change, force=True, on_event=refuse)
    other = Dataset("digits", digits.test, digits.train, digits.class_names, digits.source, digits.licence)
    with pytest.raises(Stop):
        run_steps(other, folder, force=True, on_event=refuse)


KILLED = """
import os, signal, sys, threading
from misread.data import load
from misread.recipes.study import run_steps

started = 0

def die_later(event):
    global started
    if event.kind == "start":
        started += 1
        if started == 5:
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGKILL)).start()

run_steps(load("digits"), sys.argv[1], on_event=die_later)
"""


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_values(run, tmp_path):
    kills = 0
    while subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False).returncode == -signal.SIGKILL:
        assert not (tmp_path / "results.json").exists()
        kills += 1
        assert kills < 2 * len(STEPS)
    assert kills >= 3
    assert StudyResult.load(tmp_path).values == run[0].values
    assert not [name for name in os.listdir(tmp_path / "steps") if name.endswith(".part")]


def test_a_damaged_step_file_is_computed_again(digits, run, tmp_path):
    result, _ = run
    (tmp_path / "steps").mkdir()
    for step in STEPS:
        (tmp_path / "steps" / f"{step.name}.npz").write_bytes(b"PK\x03\x04 not a step")
    assert run_steps(digits, tmp_path).values == result.values


def test_steps_that_make_no_sense_are_skipped_with_a_reason(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = (labels[:, None, None] * 60 + rng.integers(0, 50, (60, 5, 4))).astype(np.uint8)
    none = Split(images[:0], labels[:0])
    shirts = Dataset("shirts", Split(images, labels), none, ("shirt", "shoe", "bag"), "made up", "CC0")
    result = run_steps(shirts, tmp_path)
    assert "numbers" in result.skipped["multilabel"]
    assert "no test images" in result.skipped["knn_test"]
    assert result.values["best.step"] == "knn"
    assert result.skipped["knn_augmented"]
    assert result.manifest["positive"] == "bag"
    assert "multilabel.f1_macro" not in result.values
    assert "sgd_scaled.cv_accuracy" in result.values


def test_what_cannot_be_studied_is_said(digits, tmp_path):
    with pytest.raises(ParameterError, match="no class 'shirt'"):
        run_steps(digits, tmp_path, positive="shirt")
    with pytest.raises(ParameterError, match="seed"):
        run_steps(digits, tmp_path, seed=-1)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        run_steps(digits, tmp_path / "file")
    with pytest.raises(RunError, match="no finished study"):
        StudyResult.load(tmp_path)
    (tmp_path / "results.json").write_text('{"schema_version": 99}')
    with pytest.raises(RunError, match="schema 99"):
        StudyResult.load(tmp_path)


def test_a_model_of_the_zoo_is_judged_besides_and_its_errors_are_opened(digits, run, tmp_path):
    events = []
    result = run_steps(digits, tmp_path, model="knn-shifted", on_event=events.append)
    plain = run[0]
    assert result.values["chosen.model"] == "knn-shifted"
    assert min(result.values["chosen.cv_accuracy"]) > 0.95
    assert result.values["sgd_scaled.cv_accuracy"] == plain.values["sgd_scaled.cv_accuracy"]
    assert result.values["best.step"] == "chosen"
    assert result.values["best.model"] == "knn-shifted"
    assert result.values["errors.confusion"] == plain.values["errors.confusion"]
    again = []
    run_steps(digits, tmp_path, model="knn", force=True, on_event=again.append)
    computed = {event.step.name for event in again if event.kind == "finish"}
    assert computed == {"chosen", "best", "chances", "suspects", "gallery"}
    assert [step.name for step in steps_with("knn")] == [
        event.step.name for event in again if event.kind != "start"
    ]
    with pytest.raises(ParameterError, match="no model is called"):
        run_steps(digits, tmp_path, model="kn")


def test_the_hero_is_the_best_by_held_out_images_and_what_has_answers_says_them(run):
    result, _ = run
    labels = result.arrays["labels.train"]
    accuracy = {
        name: np.mean(result.arrays[f"{name}.predictions"] == labels) for name in ("knn", "sgd_raw", "sgd_scaled")
    }
    best = max(accuracy, key=accuracy.__getitem__)
    assert result.values["best.step"] == best
    assert result.values["best.held_out_accuracy"] == accuracy[best]
    np.testing.assert_array_equal(answers_of(result).predictions, result.arrays[f"{best}.predictions"])
    held_out = cross_val_predict(
        SklearnNeighbors(**result.values["knn.best_params"], algorithm="brute"),
        load("digits").train.X.astype(float),
        labels,
        cv=3,
        n_jobs=1,
    )
    assert np.count_nonzero(result.arrays["knn.predictions"] != held_out) <= 1  # an equal vote of two classes


def test_answers_and_numbers_of_a_detector_follow_one_rule(run):
    result, _ = run
    truth = result.arrays["labels.train"] == 5
    for name in ("detector", "forest"):
        said = result.arrays[f"{name}.predictions"]
        counts = [[np.sum(~truth & ~said), np.sum(~truth & said)], [np.sum(truth & ~said), np.sum(truth & said)]]
        assert counts == result.values[f"{name}.confusion"]
    assert np.any(result.arrays["forest.scores"] == 0.5)


def _part(dataset, order):
    train = Split(dataset.train.images[order], dataset.train.labels[order])
    return Dataset("part", train, dataset.test, dataset.class_names, "", "")


def test_images_that_come_class_by_class_can_be_studied(digits, tmp_path, monkeypatch):
    for name in ("multiclass.N_SVC_IMAGES", "outputs.N_CHAIN_IMAGES", "neighbors.N_GRID_IMAGES"):
        monkeypatch.setattr(f"misread.recipes.study.{name}", 100)
    ordered = _part(digits, np.argsort(digits.train.labels, kind="stable"))
    result = run_steps(ordered, tmp_path)
    assert result.values["duels.classes"] == list("0123456789")
    assert result.values["multilabel.f1_macro"] > 0.9
    assert result.values["knn.best_score"] > 0.8


@pytest.mark.filterwarnings("default")
def test_a_few_images_of_each_class_can_be_studied_fewer_are_refused(digits, tmp_path):
    few = np.concatenate([np.flatnonzero(digits.train.labels == code)[:3] for code in range(10)])
    assert run_steps(_part(digits, few), tmp_path).values["knn.best_score"] > 0.5
    with pytest.raises(ParameterError, match=r"at least 3 training images of every class .* 2 of class '9'"):
        run_steps(_part(digits, few[:-1]), tmp_path)


def test_copies_that_take_too_much_memory_are_not_made(monkeypatch):
    context = SimpleNamespace(dataset=load("digits"))
    assert why_no_copies(context) is None
    monkeypatch.setenv("MISREAD_MOST_MEMORY", "400k")
    assert "MISREAD_MOST_MEMORY=1M" in why_no_copies(context)
