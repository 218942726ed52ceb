"""What a model of a file says is checked where it says it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from crafted import refused, rewritten, zipped

from misread.bundle import load, read_manifest, save
from misread.bundle.texts import printable
from misread.errors import MisreadError, ModelFileError


@pytest.mark.parametrize("codes", [[-1, *range(1, 10)], [*range(9), 10], [*range(9), 2**40]], ids=str)
def test_a_class_code_without_a_name_is_refused(valid, tmp_path, codes):
    def edit(arrays):
        return {**arrays, "model.classes": np.array(codes)}

    message = refused(rewritten(valid, tmp_path / "m.misread", arrays=edit))
    assert "has no name" in message


def test_a_detector_tells_two_apart(golden, tmp_path):
    def edit(arrays):
        return {**arrays, "model.classes": np.array([3, 7])}

    assert "has no name" in refused(rewritten(golden / "sgd.misread", tmp_path / "m.misread", arrays=edit))


class Says:
    """Answers as it is told."""

    def __init__(self, scores, codes):
        self.classes_ = np.arange(10)
        self.scores, self.codes = scores, codes

    def decision_function(self, X):
        return self.scores

    def predict(self, X):
        return self.codes


@pytest.mark.parametrize(
    ("scores", "codes", "said"),
    [
        (np.zeros((1, 10)), np.array([-1]), "none of the classes"),
        (np.zeros((1, 10)), np.array([10]), "none of the classes"),
        (np.zeros((1, 10)), np.array([1.5]), "none of the classes"),
        (np.zeros((1, 10)), np.array([["a"]]), "none of the classes"),
        (np.full((1, 10), np.inf), np.array([1]), "no finite numbers, first for image 1"),
        (np.full((1, 10), np.nan), np.array([1]), "no finite numbers"),
        (np.zeros((2, 10)), np.array([1]), r"shape \(2, 10\)"),
        (np.zeros((1, 11)), np.array([1]), "11 scores"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_an_answer_that_makes_no_sense_is_an_error(small, few, scores, codes, said):
    bundle = replace(small, estimator=Says(scores, codes))
    with pytest.raises(MisreadError, match=said):
        bundle.answer(few.test.images[:1])


def test_texts_of_a_file_do_not_steer_a_terminal(valid, tmp_path):
    steering = "\x1b]0;mine\x07\x9b2J\u202e\r\n\u2028\ud800"

    def edit(old):
        return {
            **old,
            "command": steering,
            "versions": {steering: steering},
            "dataset": {**old["dataset"], "name": steering},
            "params": {steering: [steering]},
            "metrics": {steering: {steering: steering}},
            "classes": [f"{name}{steering}" for name in old["classes"]],
        }

    path = rewritten(valid, tmp_path / "m.misread", document=edit)
    for manifest in (read_manifest(path), load(path).manifest):
        text = json.dumps(manifest.as_json(), ensure_ascii=False)
        assert printable(text) == text
        assert manifest.command == r"\x1b]0;mine\x07\x9b2J\u202e\r\n\u2028\ud800"


def test_what_is_saved_is_printable_too(small, tmp_path):
    command = "misread train 'a\nb\x1b'"
    save(replace(small, manifest=replace(small.manifest, command=command)), tmp_path / "m.misread")
    assert load(tmp_path / "m.misread").manifest.command == r"misread train 'a\nb\x1b'"


def test_names_in_any_language_stay_as_they_are(small, tmp_path):
    names = ("été", "五", "👩‍🚀", "می‌خواهم", "a b", "ß", "1", "2", "3", "-1")
    save(replace(small, manifest=replace(small.manifest, classes=names)), tmp_path / "m.misread")
    assert load(tmp_path / "m.misread").manifest.classes == names


@pytest.mark.parametrize("error", ["martian\x1b[2J", "\x1b[2J" * 10_000])
def test_nor_do_messages_about_a_file(valid, tmp_path, error):
    def edit(old):
        return {**old, "estimator": {"kind": error}}

    message = refused(rewritten(valid, tmp_path / "m.misread", document=edit))
    assert "\x1b" not in message
    assert len(message) < 500


def test_names_of_parts_do_not_steer_a_terminal(tmp_path):
    for name in ("\x1b[2J.npy", "a\n.npy"):
        assert "\x1b" not in refused(zipped(tmp_path / "m.misread", {"manifest.json": b"{}", name: b""}))


@pytest.mark.parametrize("depth", [100, 900, 5_000])
@pytest.mark.parametrize("field", ["metrics", "params", "dataset", "versions", "estimator"])
def test_deep_values_are_refused(valid, tmp_path, depth, field):
    document = json.dumps(load(valid).manifest.as_json() | {field: "HERE"})
    document = document.replace('"HERE"', '{"a":' * depth + "1" + "}" * depth)
    path = zipped(tmp_path / "m.misread", {"manifest.json": document.encode()})
    refused(path)
    with pytest.raises(ModelFileError):
        read_manifest(path)


def test_long_texts_are_refused(valid, tmp_path):
    def edit(old):
        return {**old, "versions": {"numpy": "9" * 10_001}}

    assert "longer than" in refused(rewritten(valid, tmp_path / "m.misread", document=edit))
