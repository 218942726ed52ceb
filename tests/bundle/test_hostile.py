"""A model file can come from anyone: nothing in it is run, and whatever is wrong is said in one line."""

import copy
import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from misread.bundle import archive, load, read_manifest, save
from misread.bundle.archive import read_archive, write_archive
from misread.errors import ModelFileError


def rewritten(source, target, *, document=lambda document: document, arrays=lambda arrays: arrays):
    """Copy a model file with another document or other arrays, as an attacker would."""
    old_document, old_arrays = read_archive(source)
    write_archive(target, document(old_document), arrays(dict(old_arrays)))
    return target


def zipped(path, members: dict[str, bytes], method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def refused(path) -> str:
    with pytest.raises(ModelFileError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.fixture
def valid(golden):
    return golden / "sgd-scaled.misread"


def test_no_file_a_folder_and_other_files(tmp_path):
    assert "there is no file" in refused(tmp_path / "none.misread")
    assert "cannot be read" in refused(tmp_path)
    (tmp_path / "text.misread").write_text("hello")
    assert "not a model file" in refused(tmp_path / "text.misread")
    assert "not a model file" in refused(zipped(tmp_path / "zip.misread", {"other.txt": b"x"}))


def test_a_newer_format_is_named(valid, tmp_path):
    path = rewritten(valid, tmp_path / "m.misread", document=lambda old: {**old, "format_version": 99})
    assert "format version 99" in refused(path)
    with pytest.raises(ModelFileError, match="newer misread"):
        read_manifest(path)


def test_every_truncation_is_refused(valid, tmp_path):
    content = valid.read_bytes()
    for length in [*range(0, len(content) - 1, 97), len(content) - 1]:
        path = tmp_path / "cut.misread"
        path.write_bytes(content[:length])
        refused(path)


def test_path_tricks_and_strange_parts_are_refused(valid, tmp_path):
    with zipfile.ZipFile(valid) as file:
        members = {name: file.read(name) for name in file.namelist()}
    for name in ("../evil.npy", "/tmp/evil.npy", "a/b.npy", "x.pkl", "..npy/../x.npy", "x.npy\n", "C:\\x.npy"):
        path = zipped(tmp_path / "m.misread", {**members, name: b"x"})
        assert "refused" in refused(path)
    assert [path.name for path in tmp_path.iterdir()] == ["m.misread"]


def test_doubled_parts_are_refused(valid, tmp_path):
    path = tmp_path / "m.misread"
    path.write_bytes(valid.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as file:
        file.writestr("manifest.json", b"{}")
    assert "distinct names" in refused(path)


def test_a_bomb_is_refused_before_it_is_unpacked(valid, tmp_path, monkeypatch):
    with zipfile.ZipFile(valid) as file:
        members = {name: file.read(name) for name in file.namelist()}
    bomb = zipped(tmp_path / "bomb.misread", {**members, "bomb.npy": bytes(200_000_000)})
    assert bomb.stat().st_size < 1_000_000
    monkeypatch.setattr(archive, "_content", lambda *args: pytest.fail("unpacked"))
    assert "bomb" in refused(bomb)


def test_a_part_that_lies_about_its_size_is_refused(valid, tmp_path):
    content = bytearray(valid.read_bytes())
    end = content.rfind(b"PK\x05\x06")
    start = struct.unpack_from("<I", content, end + 16)[0]
    struct.pack_into("<I", content, start + 24, 10)
    path = tmp_path / "m.misread"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize(
    "header",
    [
        {"descr": "<f8", "fortran_order": False, "shape": (10**12,)},
        {"descr": "<f8", "fortran_order": False, "shape": (-1, 64)},
        {"descr": "<f8", "fortran_order": True, "shape": (10, 64)},
        {"descr": "|O", "fortran_order": False, "shape": (10, 64)},
        {"descr": "<U8", "fortran_order": False, "shape": (10, 64)},
        {"descr": [("a", "<f8")], "fortran_order": False, "shape": (10, 64)},
    ],
)
def test_array_headers_that_lie_are_refused(valid, tmp_path, header):
    with zipfile.ZipFile(valid) as file:
        members = {name: file.read(name) for name in file.namelist()}
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, header)
    members["model.coef.npy"] = buffer.getvalue() + bytes(10 * 64 * 8)
    refused(zipped(tmp_path / "m.misread", members))


class Planted:
    """Unpickling this leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickled_array_is_not_unpickled(valid, tmp_path):
    with zipfile.ZipFile(valid) as file:
        members = {name: file.read(name) for name in file.namelist()}
    trace = tmp_path / "trace"
    buffer = io.BytesIO()
    np.save(buffer, np.array([Planted(str(trace))], object), allow_pickle=True)
    for content in (buffer.getvalue(), pickle.dumps(Planted(str(trace)))):
        refused(zipped(tmp_path / "m.misread", {**members, "model.coef.npy": content}))
    assert not trace.exists()


def skops_file(golden, target, content: bytes):
    """A model file whose estimator is the skops part `content`."""
    return rewritten(
        golden / "sgd-scaled.misread",
        target,
        document=lambda old: {**old, "estimator": {"kind": "skops", "bytes": "model.skops"}},
        arrays=lambda old: {**old, "model.skops": np.frombuffer(content, np.uint8)},
    )


def edited_skops(estimator, edit) -> bytes:
    """An estimator's skops part with an edited schema."""
    source = io.BytesIO(skops.io.dumps(estimator))
    target = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                content = json.dumps(edit(json.loads(content))).encode()
            new.writestr(name, content)
    return target.getvalue()


def planted_function(function):
    """A pipeline whose first step would call `function` on the images."""
    return make_pipeline(FunctionTransformer(function), RidgeClassifier())


def test_a_planted_call_is_not_run(golden, few, tmp_path, monkeypatch):
    trace = tmp_path / "trace"
    estimator = planted_function(os.mkdir).fit
    monkeypatch.setattr(FunctionTransformer, "_transform", lambda self, X, **kwargs: X)
    content = skops.io.dumps(estimator(few.train.X, few.train.labels))
    monkeypatch.undo()
    message = refused(skops_file(golden, tmp_path / "m.misread", content))
    assert "mkdir" in message
    assert "not allowed" in message

    def call_system(schema):
        schema["__module__"], schema["__class__"], schema["__loader__"] = "os", "system", "FunctionNode"
        return schema

    def reduce_mkdir(schema):
        return {
            **schema,
            "__module__": "os",
            "__class__": "mkdir",
            "__loader__": "ReduceNode",
            "__reduce__": {
                "args": {
                    "__class__": "str",
                    "__module__": "builtins",
                    "__loader__": "JsonNode",
                    "content": json.dumps(str(trace)),
                    "is_json": True,
                }
            },
        }

    def method_of(schema):
        return {
            **schema,
            "__module__": "builtins",
            "__class__": "method",
            "__loader__": "MethodNode",
            "content": {"func": "fit", "obj": copy.deepcopy(schema)},
        }

    ridge = RidgeClassifier().fit(few.train.X, few.train.labels)
    for edit in (call_system, reduce_mkdir, method_of):
        refused(skops_file(golden, tmp_path / "m.misread", edited_skops(ridge, edit)))
    assert not trace.exists()


def test_a_bomb_inside_is_refused(golden, tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("schema.json", bytes(200_000_000))
    assert "bomb" in refused(skops_file(golden, tmp_path / "m.misread", inner.getvalue()))


def test_compiled_code_gets_no_index_out_of_bounds(golden, few, tmp_path):
    """Trees and support vectors are followed by C code that checks nothing; a crafted one must not reach it."""
    for name, value in (("left", 10**6), ("right", -7), ("feature", 64), ("left", 0), ("sizes", 1)):

        def edit(arrays, name=name, value=value):
            key = f"model.trees.{name}"
            changed = arrays[key].copy()
            changed[0] = value
            return {**arrays, key: changed}

        message = refused(rewritten(golden / "forest.misread", tmp_path / "m.misread", arrays=edit))
        assert "refused" in message
    for name, change in (
        ("counts", lambda array: array + 1),
        ("dual", lambda array: array[:, :-1]),
        ("intercept", lambda array: array[:-1]),
        ("support", lambda array: array - 10**6),
    ):

        def edit_svm(arrays, name=name, change=change):
            key = f"model.0.{name}"
            return {**arrays, key: np.ascontiguousarray(change(arrays[key]))}

        refused(rewritten(golden / "svc-ovr.misread", tmp_path / "m.misread", arrays=edit_svm))


def test_a_leaf_that_splits_is_refused(golden, tmp_path):
    """To our own kernel a node with a feature is no leaf, whatever its children."""

    def edit(arrays):
        feature = arrays["model.trees.feature"].copy()
        feature[arrays["model.trees.left"] == -1] = 3
        return {**arrays, "model.trees.feature": feature}

    assert "outside" in refused(rewritten(golden / "forest.misread", tmp_path / "m.misread", arrays=edit))


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


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_files_load_or_are_refused(golden, tmp_path, data):
    """Bytes flipped, removed or doubled anywhere: a model, or our own error."""
    name = data.draw(st.sampled_from(["sgd.misread", "forest.misread", "knn.misread", "svc.misread"]))
    content = bytearray((golden / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "double"])):
            case "flip":
                content[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 40))]
            case "double":
                content[at:at] = content[at : at + data.draw(st.integers(1, 40))]
    path = tmp_path / "mutated.misread"
    path.write_bytes(content)
    try:
        load(path)
    except ModelFileError as error:
        assert "\n" not in str(error)  # noqa: PT017


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_arrays_load_or_are_refused(golden, tmp_path, data):
    """The same behind the checksums: single values of single arrays changed to anything."""
    name = data.draw(st.sampled_from(["sgd.misread", "forest.misread", "knn.misread", "svc.misread"]))

    def edit(arrays):
        key = data.draw(st.sampled_from(sorted(arrays)))
        changed = np.array(arrays[key])
        flat = changed.reshape(-1).view(np.uint8)
        if flat.size:
            at = data.draw(st.integers(0, flat.size - 1))
            flat[at] = data.draw(st.integers(0, 1 if changed.dtype == bool else 255))
        return {**arrays, key: changed}

    path = rewritten(golden / name, tmp_path / "mutated.misread", arrays=edit)
    try:
        load(path)
    except ModelFileError as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_a_file_saved_again_is_the_same_file(golden, tmp_path):
    save(load(golden / "forest.misread"), tmp_path / "again.misread")
    save(load(tmp_path / "again.misread"), tmp_path / "twice.misread")
    assert (tmp_path / "again.misread").read_bytes() == (tmp_path / "twice.misread").read_bytes()
