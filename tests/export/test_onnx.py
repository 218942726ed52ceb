"""ONNX: what is written answers as ours does, with onnxruntime alone; what cannot is not written."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from misread.bundle import Bundle, Manifest
from misread.errors import MissingExtraError, ModelFileError, ParameterError
from misread.export import export_onnx
from misread.export import onnx as writer
from misread.models import KNeighborsClassifier, SGDClassifier
from misread.models.features import Deskew
from misread.models.zoo import ZOO

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

FOREIGN = {
    "logistic": LogisticRegression(max_iter=50, tol=1.0),
    "lda": LinearDiscriminantAnalysis(),
    "trees-of-features": make_pipeline(StandardScaler(), PCA(9), ExtraTreesClassifier(5, random_state=0)),
    "svc-poly": SVC(kernel="poly", degree=2, break_ties=True),
    "svc-of-features": make_pipeline(Deskew(), PCA(9, whiten=True), SVC()),
    "ovr-sgd": OneVsRestClassifier(SGDClassifier(random_state=0)),
    "knn-near": KNeighborsClassifier(9, weights="distance"),
}


KINDS = [*ZOO, *FOREIGN]


def needs(name):
    if name in ZOO and (reason := ZOO[name].why_not()):
        pytest.skip(reason)


@pytest.mark.parametrize(
    ("name", "positive"),
    [*((name, None) for name in KINDS), *((name, "5") for name in KINDS[:-1] if name != "convnet-ensemble")],
)
def test_every_model_answers_with_onnxruntime_as_it_does_here(
    name, positive, bundle_of, some, odd_images, point, tmp_path
):
    needs(name)
    bundle = bundle_of(FOREIGN.get(name, name), positive=positive, operating_point=point)
    images = np.concatenate([some.test.images, odd_images])
    agreement = export_onnx(bundle, tmp_path / "m.onnx", some.test.images)
    assert agreement.n_held_out == 100
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    outputs = [output.name for output in session.get_outputs()]
    said = dict(zip(outputs, session.run(outputs, {"images": images}), strict=True))
    ours = bundle.answer(images)
    np.testing.assert_array_equal(said["label"], ours.labels)
    np.testing.assert_array_equal(said["sure"], ours.sure)
    np.testing.assert_array_equal(said["blank"], ours.blank)
    np.testing.assert_allclose(said["scores"], ours.scores, rtol=1e-5, atol=1e-5)
    chances = ours.probabilities if positive is None else np.hstack([1 - ours.probabilities, ours.probabilities])
    np.testing.assert_allclose(said["probabilities"], chances, atol=1e-5)
    assert said["probabilities"].max() < 1
    assert said["label"].dtype == np.int64
    assert said["sure"].dtype == bool


@pytest.mark.parametrize("name", ["sgd-scaled", "forest", "knn-deskewed", "svc"])
def test_one_image_is_answered_like_many(name, bundle_of, some, tmp_path):
    export_onnx(bundle_of(name), tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    together = session.run(["scores"], {"images": some.test.images})[0]
    alone = [session.run(["scores"], {"images": some.test.images[i : i + 1]})[0][0] for i in range(9)]
    np.testing.assert_allclose(together[:9], alone, rtol=1e-12)


def test_the_file_says_what_it_is(bundle_of, tmp_path):
    bundle = bundle_of("sgd-scaled")
    export_onnx(bundle, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    texts = session.get_modelmeta().custom_metadata_map
    assert texts["classes"].split("\n") == list(bundle.manifest.classes)
    assert Manifest.from_json(json.loads(texts["manifest"])) == bundle.manifest
    (images,) = session.get_inputs()
    assert (images.name, images.type, images.shape) == ("images", "tensor(uint8)", ["n", 8, 8])


@pytest.mark.parametrize("name", ZOO)
def test_old_runtimes_can_read_it_and_names_are_words(name, bundle_of, tmp_path):
    needs(name)
    export_onnx(bundle_of(name), tmp_path / "m.onnx")
    model = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, [(one.domain, one.version) for one in model.opset_import]) == (8, [("", 17)])
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert all(name.split("/")[-1][0].isalpha() for name in names)


def test_a_class_that_was_never_seen_keeps_its_column(some, tmp_path):
    known = np.isin(some.train.labels, (1, 4, 6))
    estimator = KNeighborsClassifier(3).fit(some.train.X[known], some.train.labels[known])
    about = Manifest("classification", "knn", some.class_names, some.shape)
    bundle = Bundle(about, estimator, some.train.images, some.train.labels)
    export_onnx(bundle, tmp_path / "m.onnx", some.test.images)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    label, scores = session.run(["label", "scores"], {"images": some.test.images})
    ours = bundle.answer(some.test.images)
    np.testing.assert_array_equal(label, ours.labels)
    np.testing.assert_array_equal(scores, ours.scores)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_several_labels(weights, some, tmp_path):
    labels = np.column_stack([some.train.labels >= 7, some.train.labels % 2 == 1]).astype(np.int64)
    estimator = KNeighborsClassifier(4, weights=weights).fit(some.train.X, labels)
    about = Manifest("multilabel", "knn", some.class_names, some.shape, outputs=("large", "odd"))
    bundle = Bundle(about, estimator, some.train.images, some.train.labels)
    export_onnx(bundle, tmp_path / "m.onnx", some.test.images)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    (label,) = session.run(["label"], {"images": some.test.images})
    np.testing.assert_array_equal(label, bundle.answer(some.test.images).labels)


def test_one_that_cleans_images(some, tmp_path):
    noise = np.random.default_rng(0).integers(0, 100, some.train.X.shape)
    noisy = np.minimum(some.train.X + noise, 255).astype(np.uint8)
    about = Manifest("denoising", "knn", some.class_names, some.shape)
    bundle = Bundle(about, KNeighborsClassifier(5).fit(noisy, some.train.X), some.train.images, some.train.labels)
    export_onnx(bundle, tmp_path / "m.onnx", some.test.images)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    (cleaned,) = session.run(["cleaned"], {"images": some.test.images})
    np.testing.assert_array_equal(cleaned, bundle.denoise(some.test.images))


def test_a_model_without_a_form_in_onnx_is_refused_in_one_line(bundle_of, tmp_path):
    with pytest.raises(ParameterError, match=r"GaussianNB has no form in ONNX here, .*misread serve FILE"):
        export_onnx(bundle_of(GaussianNB()), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_images_of_another_size_are_refused(bundle_of, some, tmp_path):
    with pytest.raises(ParameterError, match="takes uint8 images of"):
        export_onnx(bundle_of("sgd"), tmp_path / "m.onnx", some.test.images[:, 1:])


def test_images_that_are_answered_otherwise_are_named_and_nothing_is_written(
    bundle_of, some, tmp_path, monkeypatch
):
    def forgetful(content, run=writer.run_onnx):
        ask = run(content)

        def changed(images):
            said = ask(images)
            wrong = (images == some.test.images[7]).all(axis=(1, 2))
            return said | {"label": np.where(wrong, 9 - said["label"], said["label"])}

        return changed

    monkeypatch.setattr(writer, "run_onnx", forgetful)
    with pytest.raises(ModelFileError, match=r"differently on 1 of 500 images \(test image 7\); nothing was"):
        export_onnx(bundle_of("sgd"), tmp_path / "m.onnx", some.test.images)
    assert not list(tmp_path.iterdir())


def test_a_score_at_the_operating_point_may_round_either_way(bundle_of, some, point, tmp_path):
    bundle = bundle_of("svc")
    leads = bundle.answer(some.test.images).lead
    at = replace(point, threshold=float(np.nextafter(leads[3], np.inf)))
    bundle = replace(bundle, manifest=replace(bundle.manifest, operating_point=at))
    export_onnx(bundle, tmp_path / "m.onnx", some.test.images)


def test_a_missing_extra_is_named(bundle_of, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"misread\[onnx\]"):
        export_onnx(bundle_of("sgd"), tmp_path / "m.onnx")
