"""What a model file may cost is bounded, asked before anything is made, and can be raised."""

import contextlib
import io
import json
import os
import resource
import time
import warnings
import zipfile

import numpy as np
import pytest
import skops.io
from crafted import edited_skops, refused, rewritten, skops_file, zipped
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import RidgeClassifier
from skops.io import _audit as skops_audit

from misread.bundle import archive as archive_module
from misread.bundle import load, read_manifest, save
from misread.bundle.bounds import BOUNDS, UNWRITTEN
from misread.bundle.budget import Budget
from misread.bundle.codecs import _CODECS
from misread.bundle.foreign import dumps, loads
from misread.errors import ModelFileError, ParameterError
from misread.models.convnet import ConvNetClassifier, network_size
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.models.features import edge_histograms, n_edge_features
from misread.models.tiny import TinyNetClassifier
from misread.models.zoo import ZOO, make


@pytest.fixture(autouse=True)
def cheap():
    """Every file here is dealt with in little time and memory."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700_000
    assert time.process_time() - start < 20


def estimator_edited(source, target, edit):
    def document(old):
        edit(old["estimator"])
        return old

    return rewritten(source, target, document=document)


@pytest.mark.parametrize("codec", _CODECS, ids=lambda codec: codec.kind)
def test_every_parameter_of_every_model_of_ours_has_bounds(codec):
    arguments = [None] if codec.kind in ("one-vs-rest", "multi-output", "pipeline") else []
    parameters = codec.type(*arguments).get_params(deep=False)
    assert set(parameters) - UNWRITTEN == set(BOUNDS[codec.kind])
    for name in set(BOUNDS[codec.kind]):
        assert BOUNDS[codec.kind][name](parameters[name]), name


@pytest.mark.parametrize("name", list(ZOO))
def test_the_models_of_the_zoo_are_within_bounds(name):
    estimator = make(name)
    codec = next(codec for codec in _CODECS if codec.type is type(estimator))
    for parameter, check in BOUNDS[codec.kind].items():
        assert check(estimator.get_params(deep=False)[parameter]), parameter


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_jobs", 1_586),
        ("verbose", 9),
        ("n_neighbors", 0),
        ("n_neighbors", 2.5),
        ("n_neighbors", True),
        ("leaf_size", 10**12),
        ("metric", "precomputed"),
        ("metric_params", {"p": 3}),
        ("p", -1),
        ("weights", "w" * 10_000),
    ],
)
def test_parameters_outside_their_bounds_are_refused(golden, tmp_path, name, value):
    path = estimator_edited(
        golden / "knn.misread", tmp_path / "m.misread", lambda node: node["params"].update({name: value})
    )
    assert "parameter" in refused(path)


def test_parts_that_share_arrays_pay_for_each(valid, tmp_path):
    part = {
        "kind": "sgd", "params": {}, "classes": "c", "coef": "w", "intercept": "b", "epochs": 1, "updates": 1,
        "scaler": None,
    }  # fmt: skip

    def share(old):
        return {**old, "estimator": {"kind": "multi-output", "params": {}, "parts": [part] * 300}}

    def plant(arrays):
        return {**arrays, "c": np.arange(2), "w": np.zeros((1, 1_000_000)), "b": np.zeros(1)}

    path = rewritten(valid, tmp_path / "m.misread", document=share, arrays=plant)
    assert path.stat().st_size < 100_000
    assert "--most-memory" in refused(path)


def test_a_forest_of_very_many_stumps_pays_for_each(golden, tmp_path):
    n = 300_000
    trees = {
        "sizes": np.ones(n, np.int32),
        "depths": np.ones(n, np.int32),
        "seeds": np.ones(n, np.int64),
        "values": np.ones((n, 10)),
        **dict.fromkeys(("left", "right", "feature"), np.full(n, -1, np.int32)),
        **dict.fromkeys(("samples", "missing"), np.zeros(n, np.int32)),
        **dict.fromkeys(("threshold", "impurity", "weight"), np.zeros(n)),
    }

    def plant(arrays):
        return {**arrays, **{f"model.trees.{name}": array for name, array in trees.items()}}

    assert "models and trees" in refused(
        rewritten(golden / "forest.misread", tmp_path / "m.misread", arrays=plant)
    )
    with pytest.raises(ModelFileError, match="models and trees"):
        load(tmp_path / "m.misread", most_memory="64G")


def list_node(content, number):
    return {
        "__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "__id__": number,
        "content": content,
    }  # fmt: skip


def test_shared_values_are_not_followed_again_and_again(golden, few, tmp_path, monkeypatch):
    def doubled(schema):
        node = list_node([], 1)
        for level in range(2, 62):
            node = list_node([node, {**list_node([], level - 1), "content": []}], level)
        schema["content"]["content"]["shared"] = node
        schema["content"]["key_types"]["content"].append(schema["content"]["key_types"]["content"][0])
        return schema

    ridge = RidgeClassifier().fit(few.train.X, few.train.labels)
    made = []
    construct = skops_audit.Node.construct
    monkeypatch.setattr(skops_audit.Node, "construct", lambda node: made.append(node) or construct(node))
    assert loads(dumps(ridge)).alpha == 1
    usual = len(made)
    path = skops_file(golden, tmp_path / "m.misread", edited_skops(ridge, doubled))
    with contextlib.suppress(ModelFileError):
        load(path)
    assert usual > 0
    assert len(made) - usual < usual + 3 * 62


@pytest.mark.parametrize("filler", ["[],", "{},", '{"a":{}},', "[[[[]]]],"])
def test_a_schema_pays_for_all_its_values(golden, tmp_path, filler):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("schema.json", '{"content":[' + filler * (60_000_000 // len(filler)) + "0]}")
    assert "memory" in refused(skops_file(golden, tmp_path / "m.misread", inner.getvalue()))


def test_an_array_that_many_values_refer_to_is_paid_for_each_time(golden, few, tmp_path):
    ridge = RidgeClassifier().fit(few.train.X, few.train.labels)
    ridge.coef_ = np.zeros((500_000, 10))

    def many(schema):
        attributes = schema["content"]
        for i in range(300):
            attributes["content"][f"a{i}"] = {**attributes["content"]["coef_"], "__id__": 10**6 + i}
            attributes["key_types"]["content"].append(attributes["key_types"]["content"][0])
        return schema

    assert "memory" in refused(skops_file(golden, tmp_path / "m.misread", edited_skops(ridge, many)))


def test_an_array_in_an_array_is_as_long_as_it_says(golden, few, tmp_path):
    content = skops.io.dumps(RidgeClassifier().fit(few.train.X, few.train.labels))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**10,)})
    name = next(name for name in members if name.endswith(".npy"))
    zipped(tmp_path / "inner.zip", {**members, name: header.getvalue() + bytes(80)})
    path = skops_file(golden, tmp_path / "m.misread", (tmp_path / "inner.zip").read_bytes())
    assert "not stored as it should be" in refused(path)


def test_a_generator_of_random_numbers_has_the_usual_size(golden, few, tmp_path):
    model = HistGradientBoostingClassifier(max_iter=1, random_state=0).fit(few.train.X, few.train.labels)

    def enlarge(schema):
        text = json.dumps(schema)
        assert '"pool_size": {' in text
        found = schema["content"]["content"]["_feature_subsample_rng"]["content"]["seed_seq"]["content"]
        found["pool_size"]["content"] = str(10**11)
        return schema

    assert "of a strange size" in refused(skops_file(golden, tmp_path / "m.misread", edited_skops(model, enlarge)))


@pytest.mark.parametrize("strategy", ["prior", "uniform", "stratified"])
def test_an_estimator_counts_the_classes_that_it_has(golden, few, tmp_path, strategy):
    model = DummyClassifier(strategy=strategy).fit(few.train.X, few.train.labels)
    for name, value in (("n_classes_", 10**9), ("n_outputs_", 10**9), ("n_features_in_", 10**12)):
        crafted = DummyClassifier(strategy=strategy).fit(few.train.X, few.train.labels)
        setattr(crafted, name, value)
        refused(skops_file(golden, tmp_path / "m.misread", skops.io.dumps(crafted)))
    refused_as_wrong = skops_file(golden, tmp_path / "m.misread", skops.io.dumps(model))
    assert "does not answer here" in refused(refused_as_wrong) or "scores" in refused(refused_as_wrong)


@pytest.mark.parametrize(
    ("n_directions", "scales"),
    [(8, ((7, 2),)), (5, ((7, 2), (4, 2), (2, 2))), (1, ((3.3, 1.5),)), (64, ((28, 9),))],
)
def test_features_are_counted_without_making_them(n_directions, scales):
    for shape in ((8, 8), (28, 28), (1, 64), (13, 31)):
        made = edge_histograms(np.zeros((1, *shape), np.uint8), n_directions, scales).shape[1]
        assert n_edge_features(shape, n_directions, scales) == made


@pytest.mark.parametrize(
    "params",
    [
        {"n_directions": 10**9},
        {"n_directions": 64},
        {"scales": [[512, 512]] * 16},
        {"scales": [[1e-300, 1e300]]},
        {"scales": [[7, 2]] * 1_000},
        {"scales": []},
        {"shape": [10**6, 10**6]},
        {"n_jobs": 1_586},
    ],
    ids=str,
)
def test_an_edge_kernel_has_as_many_features_as_it_says(bundle_of, tmp_path, params):
    model = EdgeKernelClassifier(n_centres=20, n_rounds=0, held_out=0, random_state=0)
    save(bundle_of(model), tmp_path / "m.misread")
    load(tmp_path / "m.misread")
    refused(
        estimator_edited(
            tmp_path / "m.misread", tmp_path / "x.misread", lambda node: node["params"].update(params)
        )
    )


def test_a_network_is_counted_without_building_it():
    pytest.importorskip("safetensors")
    torch_network = pytest.importorskip("misread.models.deep.network")
    for shape, widths, depth in (((28, 28), (16, 48, 96), 2), ((8, 8), (4, 8, 8), 1), ((1, 64), (3,), 3)):
        built = torch_network.build_network(shape, 10, widths, depth)
        n_weights = sum(tensor.numel() for tensor in built.state_dict().values() if tensor.ndim)
        assert network_size(shape, 10, widths, depth)[0] == n_weights


@pytest.mark.parametrize(
    "params",
    [{"widths": [4_096] * 16}, {"widths": [10**9]}, {"depth": 64}, {"depth": 10**6}, {"widths": []}],
    ids=str,
)
def test_a_network_has_the_weights_that_it_says(bundle_of, tmp_path, params):
    pytest.importorskip("torch")
    model = ConvNetClassifier(widths=(4, 4), depth=1, epochs=1, held_out=0, random_state=0)
    save(bundle_of(model), tmp_path / "m.misread")
    load(tmp_path / "m.misread")
    refused(
        estimator_edited(
            tmp_path / "m.misread", tmp_path / "x.misread", lambda node: node["params"].update(params)
        )
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda node: node["params"].update(widths=[512] * 16),
        lambda node: node["params"].update(widths=[4, 5]),
        lambda node: node["params"].update(widths=[4]),
        lambda node: node["convolutions"].pop(),
        lambda node: node["convolutions"][0].update(weights=node["planes"]),
        lambda node: node["convolutions"][0].update(shifts=node["convolutions"][0]["multipliers"]),
        lambda node: node.update(exponent=10**6),
        lambda node: node["reader"].update(shape=[1, 64]),
    ],
)
def test_a_network_of_whole_numbers_has_the_parts_that_it_says(bundle_of, tmp_path, change):
    pytest.importorskip("torch")
    model = TinyNetClassifier(widths=(4, 4), epochs=1, held_out=0, random_state=0)
    save(bundle_of(model), tmp_path / "m.misread")
    load(tmp_path / "m.misread")
    refused(estimator_edited(tmp_path / "m.misread", tmp_path / "x.misread", change))


def test_the_limit_can_be_set(valid, monkeypatch):
    with pytest.raises(ModelFileError, match=r"more than 102,400 bytes .*--most-memory"):
        load(valid, most_memory="100K")
    assert load(valid, most_memory="1G").manifest == load(valid).manifest
    with pytest.raises(ModelFileError, match="--most-memory"):
        read_manifest(valid, most_memory=1_000)
    with pytest.raises(ParameterError, match="amount of memory"):
        load(valid, most_memory="much")
    monkeypatch.setenv("MISREAD_MOST_MEMORY", "100K")
    with pytest.raises(ModelFileError, match="--most-memory"):
        load(valid)


def test_a_large_file_may_take_more():
    assert Budget(0).most == 256 * 2**20
    assert Budget(2**20).most == 800 * 2**20
    assert Budget(10**9).most == 4 * 2**30
    assert Budget(10**9, "8G").most == Budget(0, "8G").most == 8 * 2**30


def test_a_manifest_is_read_without_the_arrays(valid, monkeypatch):
    monkeypatch.setattr(archive_module, "plain_array", lambda *args: pytest.fail("read"))
    assert read_manifest(valid).model == "sgd-scaled"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files")
def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.misread")
    assert "is a pipe" in refused(tmp_path / "pipe.misread")
    (tmp_path / "zero.misread").symlink_to("/dev/zero")
    assert "is a device" in refused(tmp_path / "zero.misread")
    with pytest.raises(ModelFileError, match="is a device"):
        read_manifest("/dev/zero")


def test_a_file_that_needs_more_memory_than_is_usual_is_told_when_it_is_written(bundle_of, tmp_path, monkeypatch):
    bundle, path = bundle_of("forest"), tmp_path / "m.misread"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(bundle, path)
    monkeypatch.setenv("MISREAD_MOST_MEMORY", "1M")
    with pytest.warns(UserWarning, match=r"m.misread takes up to .* the limit .*: give --most-memory") as told:
        save(bundle, path)
    assert "--most-memory" in refused(path)
    enough = str(told[0].message).split("--most-memory ")[1].split()[0]
    assert load(path, most_memory=enough).manifest == bundle.manifest
