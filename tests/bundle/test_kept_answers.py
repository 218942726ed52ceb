"""A model file keeps the held-out answers that its operating point stands on."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from crafted import refused, rewritten

import misread
from misread.bundle import load, save
from misread.bundle.answers import evidence_of
from misread.evaluation.answers import Answers
from misread.recipes.operating import choose_again
from misread.recipes.train import train


@pytest.fixture(scope="module")
def files(few, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    made = {
        "linear": train("sgd-scaled", few, precision=0.8),
        "neighbours": train("knn", few),
        "detector": train("forest", few, positive="5", params={"n_estimators": 5}, precision=0.7),
    }
    for name, bundle in made.items():
        save(bundle, folder / f"{name}.misread")
    return folder, made


@pytest.mark.parametrize("name", ["linear", "neighbours", "detector"])
def test_answers_come_back_to_the_last_bit(name, files, few):
    folder, made = files
    bundle, loaded = made[name], load(folder / f"{name}.misread")
    kept, answers = bundle.answers, loaded.answers
    for what in ("predictions", "labels", "scores", "asked", "folds", "names", "hashes"):
        np.testing.assert_array_equal(getattr(answers, what), getattr(kept, what), err_msg=what)
    for what in ("class_names", "scale", "positive", "threshold", "provenance"):
        assert getattr(answers, what) == getattr(kept, what), what
    np.testing.assert_array_equal(answers.hashes, few.train.hashes)
    assert set(answers.asked) == {"out_of_fold"}
    assert sorted(set(answers.folds.tolist())) == [0, 1, 2]
    np.testing.assert_array_equal(loaded.held_out.scores, bundle.held_out.scores)
    np.testing.assert_array_equal(loaded.held_out.truth, bundle.held_out.truth)


def test_what_the_manifest_says_is_what_the_answers_say(files):
    folder, _ = files
    linear = load(folder / "linear.misread")
    said = linear.manifest.metrics["out_of_fold"]
    assert said["accuracy"]["count"] == np.count_nonzero(linear.answers.right)
    reached = linear.manifest.operating_point.reached
    assert reached["coverage"]["count"] == np.count_nonzero(linear.answers.sure)
    detector = load(folder / "detector.misread")
    positives = np.count_nonzero(detector.answers.predictions)
    assert detector.manifest.operating_point.reached["precision"]["of"] == positives
    again = choose_again(detector, recall=0.5)
    assert np.count_nonzero(again.answers.predictions) == again.manifest.operating_point.reached["precision"]["of"]


def test_evidence_is_not_written_twice(files):
    folder, _ = files
    with zipfile.ZipFile(folder / "linear.misread") as archive:
        document = json.loads(archive.read("manifest.json"))
        assert document["evidence"]["held_out"] is None
        assert document["answers"]["hashes"] is None, "those of the training images are there already"
        assert document["answers"]["rows"] is None, "all of them"
        assert archive.getinfo("answers.scores.npy").file_size < 4 * 100 * 10 + 200, "single precision"


def test_images_of_another_size_are_known_by_the_picture_as_it_came(tmp_path):
    data = misread.load("digits", size=12)
    part = replace(data, train=data.train.take(np.arange(200)), test=data.test.take(np.arange(20)))
    save(train("knn", part), tmp_path / "m.misread")
    answers = load(tmp_path / "m.misread").answers
    np.testing.assert_array_equal(answers.hashes, part.train.hashes)
    as_it_came = misread.load("digits")
    assert np.isin(answers.hashes, as_it_came.train.hashes).all()


def test_scores_of_very_many_classes_are_left_out_and_the_evidence_stays(files, tmp_path, monkeypatch):
    _, made = files
    monkeypatch.setattr("misread.bundle.answers.MOST_SCORES", 500)
    save(made["linear"], tmp_path / "m.misread")
    loaded = load(tmp_path / "m.misread")
    assert loaded.answers.scores is None
    np.testing.assert_array_equal(loaded.answers.predictions, made["linear"].answers.predictions)
    np.testing.assert_array_equal(loaded.held_out.scores, evidence_of(made["linear"].answers).scores)


def test_files_of_an_earlier_misread_keep_none(small):
    assert small.answers is None
    assert small.held_out is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"asked": "never"},
        {"asked": ["held_out"] * 3},
        {"scale": "probabilities"},
        {"scale": 5},
        {"labels": None},
        {"predictions": "answers.scores"},
        {"predictions": "examples.images"},
        {"labels": "answers.scores"},
        {"rows": "answers.folds", "hashes": "answers.scores"},
        {"rows": "answers.scores"},
        {"folds": "answers.scores"},
        {"scores": "answers.folds"},
        {"scores": "examples.images"},
        {"hashes": "answers.labels"},
        [],
        {"nothing": 1, "labels": "no such array"},
    ],
)
def test_answers_that_make_no_sense_are_refused(wrong, files, tmp_path):
    folder, _ = files
    target = tmp_path / "m.misread"

    def change(document):
        return {**document, "answers": {**document["answers"], **wrong} if isinstance(wrong, dict) else wrong}

    refused(rewritten(folder / "linear.misread", target, document=change))


def test_two_models_are_compared_and_checked_by_them_without_data(files):
    folder, made = files
    first, second = (folder / f"{name}.misread" for name in ("linear", "neighbours"))
    compared = misread.compare(first, second)
    one, other = made["linear"].answers, made["neighbours"].answers
    assert compared.values["fixed"] == np.count_nonzero(~one.right & other.right)
    assert compared.values["broken"] == np.count_nonzero(one.right & ~other.right)
    assert compared.values["matched_by"] == "content"
    assert compared.values["models"][0]["promise"]["verdict"] == "held"
    assert any("held-out" in remark for remark in compared.remarks)
    assert misread.check(first, accuracy=one.right.mean()).passed
    assert not misread.check(first, accuracy=one.right.mean() + 0.01).passed


def test_they_are_a_table_like_any_other(files, few, tmp_path):
    folder, _ = files
    answers = load(folder / "linear.misread").answers
    answers.write(tmp_path / "answers.npz")
    again = Answers.read(tmp_path / "answers.npz")
    np.testing.assert_array_equal(again.scores, answers.scores)
    result = misread.judge(None, answers, data=few)
    assert result.values["model.accuracy"]["count"] == np.count_nonzero(answers.right)
