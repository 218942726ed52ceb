"""What an estimator in a model file is made of: no function of a file is called, no index leads outside."""

import copy
import io
import json
import os
import zipfile

import numpy as np
import skops.io
from crafted import edited_skops, refused, rewritten, skops_file
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


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
