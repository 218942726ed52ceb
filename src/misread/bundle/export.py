"""A model for other runtimes: ONNX, written only where it is seen to answer as ours does."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle.model import Bundle
from misread.errors import MissingExtraError, ModelFileError, ParameterError
from misread.files import atomic_write
from misread.models import SGDClassifier

__all__ = ["export_onnx"]

OPSET = 17
IR_VERSION = 8
N_RANDOM = 1_000
TOLERANCE = 1e-9


def export_onnx(bundle: Bundle, path: str | os.PathLike[str], held_out: NDArray[np.uint8] | None = None) -> int:
    """Write a linear model as ONNX, after the exported one has answered as ours does.

    The graph computes in double precision, as we do. Its input `images` is `uint8` of shape (n, height * width),
    its outputs are `scores` (n, k) and `labels` (n,): class codes, or for a detector 1 where the class is seen.
    Class names are in the metadata. It is compared on the example images, on random ones and on those given:
    labels must be equal, scores equal but for the order of summation.

    Parameters
    ----------
    bundle : Bundle
    path : path
        Of the file to write, whole or not at all.
    held_out : ndarray of uint8, shape (n, height, width), optional
        Images that the model was not trained on, to compare on as well.

    Returns
    -------
    int
        On how many images both gave the same answers.

    Raises
    ------
    MissingExtraError
        If onnx or onnxruntime is not installed.
    ParameterError
        If the model is not a linear one, or the images are of another size.
    ModelFileError
        If the exported model answers differently.
    """
    model, manifest = bundle.estimator, bundle.manifest
    if type(model) is not SGDClassifier or manifest.task not in ("classification", "detector"):
        raise ParameterError(
            f"only linear models (sgd, sgd-scaled) are exported, since they agree; this one is {manifest.model} "
            f"for {manifest.task}; serve it with `misread serve FILE` instead"
        )
    content = _graph(bundle)
    n_pixels = model.n_features_in_
    examples = bundle.example_images.reshape(-1, n_pixels)
    random = np.random.default_rng(0).integers(0, 256, (N_RANDOM, n_pixels), np.uint8)
    if held_out is not None and held_out.shape[1:] != manifest.image_size:
        raise ParameterError(f"the model takes images of {manifest.image_size}, got {held_out.shape[1:]}")
    unseen = np.empty((0, n_pixels), np.uint8) if held_out is None else held_out.reshape(-1, n_pixels)
    images = np.concatenate([examples, random, unseen])
    scores, labels = _run(content, images)
    ours = bundle.answer(images.reshape(len(images), *manifest.image_size))
    allowed = TOLERANCE * max(1.0, float(np.abs(ours.scores).max()))
    if not np.array_equal(labels, ours.labels.astype(np.int64)) or np.abs(scores - ours.scores).max() > allowed:
        raise ModelFileError("the exported model does not answer as this one does; nothing was written")
    with atomic_write(path) as stream:
        stream.write(content)
    return len(images)


def _graph(bundle: Bundle) -> bytes:
    """The ONNX file: scores, then labels by the largest score or by the operating point."""
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise MissingExtraError("onnx", "onnx") from error
    model, manifest = bundle.estimator, bundle.manifest
    constants: dict[str, NDArray[Any]] = {"weights": model.coef_.T, "biases": model.intercept_}
    nodes = [helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.DOUBLE)]
    features = "pixels"
    if model.scaler_ is not None:
        constants["means"] = model.scaler_.mean_ if model.scaler_.with_mean else np.zeros(model.n_features_in_)
        constants["scales"] = model.scaler_.scale_ if model.scaler_.with_std else np.ones(model.n_features_in_)
        nodes += [
            helper.make_node("Sub", ["pixels", "means"], ["centred"]),
            helper.make_node("Div", ["centred", "scales"], ["standardised"]),
        ]
        features = "standardised"
    nodes.append(helper.make_node("MatMul", [features, "weights"], ["products"]))
    if manifest.task == "detector":
        point = manifest.operating_point
        constants["threshold"] = np.array(np.nextafter(0.0, 1.0) if point is None else point.threshold)
        constants["column"] = np.array([1], np.int64)
        nodes += [
            helper.make_node("Add", ["products", "biases"], ["scores"]),
            helper.make_node("GreaterOrEqual", ["scores", "threshold"], ["positive"]),
            helper.make_node("Cast", ["positive"], ["codes"], to=TensorProto.INT64),
            helper.make_node("Squeeze", ["codes", "column"], ["labels"]),
        ]
        n_columns = 1
    else:
        nodes.append(helper.make_node("Add", ["products", "biases"], ["planes"]))
        if len(model.classes_) == 2:
            nodes += [
                helper.make_node("Neg", ["planes"], ["against"]),
                helper.make_node("Concat", ["against", "planes"], ["scores"], axis=1),
            ]
        else:
            nodes.append(helper.make_node("Identity", ["planes"], ["scores"]))
        nodes.append(helper.make_node("ArgMax", ["scores"], ["labels"], axis=1, keepdims=0))
        n_columns = len(model.classes_)
        if n_columns != len(manifest.classes):
            raise ParameterError("a model with classes that had no training images cannot be exported")
    graph = helper.make_graph(
        nodes,
        "misread",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", model.n_features_in_])],
        [
            helper.make_tensor_value_info("scores", TensorProto.DOUBLE, ["n", n_columns]),
            helper.make_tensor_value_info("labels", TensorProto.INT64, ["n"]),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in constants.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    exported = helper.make_model(graph, producer_name="misread", opset_imports=[opset], ir_version=IR_VERSION)
    helper.set_model_props(
        exported,
        {"classes": "\n".join(manifest.classes), "positive": manifest.positive or "", "fit": manifest.fit},
    )
    content: bytes = exported.SerializeToString()
    return content


def _run(content: bytes, images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "onnx") from error
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    scores, labels = session.run(["scores", "labels"], {"images": images})
    return scores, labels
