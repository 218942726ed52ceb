"""What a model file says of itself is what it may say, or refused."""

import pytest
from crafted import refused, rewritten, zipped

from misread.bundle import load


def test_other_numbers_than_when_saved_are_noticed(valid, tmp_path):
    def nudge(arrays):
        return {**arrays, "model.coef": arrays["model.coef"] * 1.001}

    assert "does not answer here as it did" in refused(rewritten(valid, tmp_path / "m.misread", arrays=nudge))


DATASET = {"name": "mine", "sha256": "", "source": "", "n_train": 1, "n_test": 1}
SHARE = {"value": 0.5, "low": 0.1, "high": 0.9}
POINT = {
    "threshold": 0.5, "aim": "precision", "target": 0.9, "confidence": None, "chosen_on": "", "reached": {},
}  # fmt: skip
WRONG_POINTS = (
    {"threshold": 10**400},
    {"aim": "glory"},
    {"target": 0},
    {"target": 2},
    {"confidence": 1},
    {"reached": {"precision": 0.9}},
)
WRONG_METRICS = (
    7,
    {"accuracy": SHARE},
    {"n": "many"},
    {"n": 5, "accuracy": 0.5},
    {"n": 5, "accuracy": {**SHARE, "low": None}},
    {"n": 5, "labels": {"odd": {}}},
    {"n": 5, "labels": [1]},
    {"n": 5, "answered": {"coverage": SHARE}},
    {"n": 5, "clean_pixel_error": 1},
    {"n": 5, "operating_point": {"aim": "precision"}},
)


@pytest.mark.parametrize(
    "change",
    [
        {"task": "mining"},
        {"classes": []},
        {"classes": [1, 2]},
        {"classes": ["only", "two"]},
        {"image_size": [8, -8]},
        {"image_size": [8]},
        {"image_size": [8, 10**9]},
        {"image_size": [4, 16]},
        {"positive": "nobody"},
        {"outputs": ["x"]},
        {"classes": ["same", "same"]},
        {"operating_point": {"threshold": "high"}},
        *({"operating_point": {**POINT, **wrong}} for wrong in WRONG_POINTS),
        {"dataset": {}},
        {"dataset": {**DATASET, "n_train": "many"}},
        {"dataset": {**DATASET, "n_train": -1}},
        {"dataset": {**DATASET, "name": 7}},
        {"dataset": {**DATASET, "fit": 7}},
        {"versions": {"x": 1}},
        *({"metrics": {"test": wrong}} for wrong in WRONG_METRICS),
        {"metrics": None},
        {"estimator": None},
        {"estimator": {"kind": "martian"}},
        {"estimator": {"kind": "sgd", "params": {"loss": ["hinge"]}}},
        {"estimator": {"kind": "sgd", "params": {"no_such": 1}}},
        {"examples": {"images": "nowhere", "labels": "nowhere"}},
        {"probe": "model.classes"},
        {"format_version": True},
        {"format_version": "1"},
    ],
    ids=str,
)
def test_documents_that_make_no_sense_are_refused(valid, tmp_path, change):
    def edit(old):
        return {**old, **change}

    if change == {"image_size": [4, 16]}:
        assert load(rewritten(valid, tmp_path / "m.misread", document=edit)).manifest.image_size == (4, 16)
    else:
        refused(rewritten(valid, tmp_path / "m.misread", document=edit))


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b"{", b"\xff\xfe", b"[NaN]", b'{"format_version": 1e999}', b"null"]
)
def test_documents_that_are_no_json_are_refused(tmp_path, text):
    refused(zipped(tmp_path / "m.misread", {"manifest.json": text}))
