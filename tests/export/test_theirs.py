"""`misread judge --onnx`: anybody's ONNX classifier of images, judged like ours."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from misread.cli import app
from misread.data import load
from misread.errors import MisreadError
from misread.export import export_onnx

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
RUNNER = CliRunner()


def classifier(path, kind, shape, columns=10, *, pixels=64, codes=False):
    """A linear model of somebody else: one plane of pixels of its own for each class."""
    helper, weights = onnx.helper, np.random.default_rng(0).normal(size=(pixels, columns))
    floats = onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("Cast", ["x"], ["floats"], to=floats),
        helper.make_node("Flatten", ["floats"], ["rows"]),
        helper.make_node("MatMul", ["rows", "w"], ["y"]),
    ]
    out = helper.make_tensor_value_info("y", floats, ["n", columns])
    if codes:
        nodes.append(helper.make_node("ArgMax", ["y"], ["code"], axis=1, keepdims=0))
        out = helper.make_tensor_value_info("code", onnx.TensorProto.INT64, ["n"])
    graph = helper.make_graph(
        nodes,
        "theirs",
        [helper.make_tensor_value_info("x", kind, shape)],
        [out],
        [onnx.numpy_helper.from_array(weights.astype(np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    Path(path).write_bytes(model.SerializeToString())
    return weights.astype(np.float32)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def judged(path, data="digits"):
    result = RUNNER.invoke(app, ["judge", "--onnx", path, data, "--json", "--force"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["values"]


@pytest.mark.parametrize("codes", [False, True])
@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("UINT8", ["n", 8, 8]),
        ("FLOAT", ["n", 1, 8, 8]),
        ("DOUBLE", ["n", 8, 8, 1]),
        ("FLOAT16", ["n", 64]),
        ("FLOAT", [None, None, None]),
    ],
)
def test_it_is_asked_in_the_form_it_takes(kind, shape, codes):
    weights = classifier("theirs.onnx", getattr(onnx.TensorProto, kind), shape, codes=codes)
    test = load("digits").test
    expected = np.mean((test.X.astype(np.float32) @ weights).argmax(axis=1) == test.labels)
    assert judged("theirs.onnx")["model.accuracy"]["value"] == pytest.approx(expected, abs=0.006)


def test_an_exported_model_of_ours_is_judged_too(bundle_of):
    bundle = bundle_of("knn")
    export_onnx(bundle, "ours.onnx")
    test = load("digits").test
    right = int(np.sum(bundle.answer(test.images).labels == test.labels))
    assert judged("ours.onnx")["model.accuracy"]["count"] == right


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.onnx", "digits"], "no ONNX model that runs here"),
        (["broken.onnx", "digits"], "no ONNX model that runs here"),
        (["three.onnx", "digits"], "must give a column for each of the 10 classes"),
        (["large.onnx", "digits"], "takes images of (28, 28), digits has (8, 8)"),
        (["text.onnx", "digits"], "must have one input of images"),
        (["good.onnx", "digits", "--data", "digits"], "misread judge --onnx MODEL DATA"),
    ],
)
def test_what_cannot_be_asked_is_one_line(words, said):
    proto = onnx.TensorProto
    Path("broken.onnx").write_bytes(b"\x08\x08none")
    classifier("three.onnx", proto.FLOAT, ["n", 64], 3)
    classifier("large.onnx", proto.FLOAT, ["n", 28, 28], pixels=784)
    classifier("text.onnx", proto.INT64, ["n", 64])
    classifier("good.onnx", proto.FLOAT, ["n", 64])
    result = RUNNER.invoke(app, ["judge", "--onnx", *words])
    assert isinstance(result.exception, MisreadError), result.output
    assert said in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not Path("runs").exists()
