"""ONNX: what is written has been seen to agree; what cannot agree is not written."""

import numpy as np
import pytest

from misread.bundle import OperatingPointRecord, export
from misread.bundle.export import export_onnx
from misread.errors import MissingExtraError, ModelFileError, ParameterError

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.mark.parametrize("model", ["sgd", "sgd-scaled"])
@pytest.mark.parametrize("positive", [None, "5"])
def test_the_exported_model_agrees_on_images_it_never_saw(model, positive, bundle_of, few, tmp_path):
    point = OperatingPointRecord(100.0, "precision", 0.9, None, "held-out scores") if positive else None
    bundle = bundle_of(model, positive=positive, operating_point=point)
    assert export_onnx(bundle, tmp_path / "m.onnx", few.test.images) == 1_100 + len(few.test)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    scores, labels = session.run(["scores", "labels"], {"images": few.test.X})
    answers = bundle.answer(few.test.images)
    np.testing.assert_array_equal(labels, answers.labels)
    np.testing.assert_allclose(scores, answers.scores, rtol=1e-9, atol=1e-6)
    assert session.get_modelmeta().custom_metadata_map["classes"].split("\n") == list(few.class_names)


@pytest.mark.parametrize("model", ["knn", "forest"])
def test_other_models_are_refused(model, bundle_of, tmp_path):
    with pytest.raises(ParameterError, match="only linear models"):
        export_onnx(bundle_of(model), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_images_of_another_size_are_refused(bundle_of, few, tmp_path):
    with pytest.raises(ParameterError, match="takes images of"):
        export_onnx(bundle_of("sgd"), tmp_path / "m.onnx", few.test.images[:, 1:])


def test_one_that_disagrees_is_not_written(bundle_of, tmp_path, monkeypatch):
    def off_by_a_hair(content, images, run=export._run):
        scores, labels = run(content, images)
        return scores * (1 + 1e-6), labels

    monkeypatch.setattr(export, "_run", off_by_a_hair)
    with pytest.raises(ModelFileError, match="nothing was written"):
        export_onnx(bundle_of("sgd"), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_a_missing_extra_is_named(bundle_of, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"misread\[onnx\]"):
        export_onnx(bundle_of("sgd"), tmp_path / "m.onnx")
