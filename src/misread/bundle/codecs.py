"""Estimators as plain data, and back: arrays and parameters, each checked before anything is built from them.

Our own models and the stock ones that `zoo` offers are written as the few arrays that make them predict, so that a
file does not depend on the attributes of one scikit-learn release. Any other scikit-learn estimator goes through
`foreign`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer, StandardScaler
from sklearn.svm import SVC

from misread.bundle.trees import decode_trees, encode_trees
from misread.data.fit import MAX_SIDE
from misread.errors import ModelFileError
from misread.models import KNeighborsClassifier, RandomForestClassifier, SGDClassifier
from misread.models.augmented import ShiftedCopiesClassifier
from misread.models.convnet import ConvNetClassifier, ConvNetEnsembleClassifier
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.models.features import Deskew
from misread.models.pixels import PixelReader

__all__ = ["decode", "encode", "expect", "training_data"]

Put = Callable[[str, NDArray[Any]], str]
Get = Callable[[str], NDArray[Any]]
Plain = dict[str, Any]


def expect(condition: object, what: str) -> None:
    """Refuse a file whose parts do not fit together."""
    if not condition:
        raise ModelFileError(f"its parts do not fit together ({what}); refused")


def encode(estimator: Any, put: Put, name: str = "model") -> Plain:
    """Describe a fitted estimator as JSON values, its arrays handed to `put`.

    Parameters
    ----------
    estimator : fitted estimator
    put : callable of a name and an array
        Keeps an array and returns the name that it can be had under.
    name : str
        What the names of its arrays begin with.

    Returns
    -------
    dict
        JSON values, for `decode`.

    Raises
    ------
    ModelFileError
        If the estimator holds types outside the list.
    """
    codec = _BY_TYPE.get(type(estimator))
    params = _changed_params(estimator) if codec and codec.covers(estimator) else None
    if codec is None or params is None:
        return {"kind": "skops", "bytes": put(f"{name}.skops", _foreign().dumps(estimator))}
    return {"kind": codec.kind, "params": params, **codec.encode(estimator, put, name)}


def decode(node: Any, get: Get) -> Any:
    """Construct the estimator that `encode` described.

    Raises
    ------
    ModelFileError
        If the description does not make sense. Other exceptions mean the same; callers wrap this in `reading`.
    """
    expect(isinstance(node, dict) and isinstance(node.get("kind"), str), "an estimator without a kind")
    if node["kind"] == "skops":
        return _foreign().loads(get(node["bytes"]))
    codec = _BY_KIND.get(node["kind"])
    if codec is None:
        raise ModelFileError(f"it holds a model of the unknown kind {node['kind'][:40]!r}; try a newer misread")
    params = node["params"]
    expect(isinstance(params, dict) and _is_plain(params), "parameters that are not plain values")
    return codec.decode(codec.make(**_as_params(params)), node, get)


@dataclass(frozen=True)
class _Codec:
    kind: str
    type: type
    encode: Callable[[Any, Put, str], Plain]
    decode: Callable[[Any, Plain, Get], Any]
    covers: Callable[[Any], bool] = lambda estimator: True

    def make(self, **params: Any) -> Any:
        """An unfitted estimator; one made of others gets those later."""
        return self.type(None, **params) if self.type in _COMPOUND else self.type(**params)


_COMPOUND = (OneVsRestClassifier, MultiOutputClassifier, Pipeline)


def _changed_params(estimator: BaseEstimator) -> Plain | None:
    """Parameters that differ from the defaults, or None when one is not a plain value."""
    inner = ("scaler", "estimator", "steps", "memory", "on_epoch", "n_jobs", "verbose")
    defaults = {} if isinstance(estimator, _COMPOUND) else type(estimator)().get_params(deep=False)
    params = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in estimator.get_params(deep=False).items()
        if name not in inner and not (name in defaults and _same(value, defaults[name]))
    }
    return params if _is_plain(params) else None


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _is_plain(value: Any) -> bool:
    """Whether it is made of text, numbers, None and sequences (or, at the top, a dict) of them."""
    if isinstance(value, dict):
        return all(isinstance(one, str) for one in value) and all(_is_plain(one) for one in value.values())
    if isinstance(value, list | tuple):
        return all(_is_plain(one) for one in value) and not any(isinstance(one, dict) for one in value)
    return value is None or isinstance(value, bool | int | float | str)


def _as_params(params: Plain) -> Plain:
    """Parameters as an estimator takes them: JSON's lists were tuples."""

    def restored(value: Any) -> Any:
        return tuple(restored(one) for one in value) if isinstance(value, list) else value

    return {name: restored(value) for name, value in params.items()}


def _array(node: Plain, name: str, get: Get, dtype: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """One array of a node, its dtype and (where known) its shape checked; floats must be finite."""
    array = get(node[name])
    fits = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    expect(array.dtype == np.dtype(dtype) and fits, f"{name} is {array.dtype} of shape {array.shape}")
    expect(array.dtype.kind != "f" or np.isfinite(array).all(), f"{name} holds values that are no numbers")
    return array


def _floats(node: Plain, name: str, get: Get, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """The same for numbers in single or double precision."""
    single = get(node[name]).dtype == np.float32
    return _array(node, name, get, "f4" if single else "f8", shape)


def _classes(node: Plain, get: Get) -> NDArray[Any]:
    """Distinct, sorted class labels: codes, or False and True."""
    classes = get(node["classes"])
    expect(
        classes.ndim == 1 and classes.dtype.kind in "bi" and classes.size >= 1, "class labels of a strange kind"
    )
    expect((classes[1:] > classes[:-1]).all(), "class labels out of order")
    return classes


def _encode_scaler(scaler: StandardScaler | None, put: Put, name: str) -> Plain | None:
    if scaler is None:
        return None
    arrays = {"mean": scaler.mean_, "var": scaler.var_, "scale": scaler.scale_}
    return {
        "with_mean": bool(scaler.with_mean),
        "with_std": bool(scaler.with_std),
        "n": int(np.max(scaler.n_samples_seen_)),
        **{
            key: None if array is None else put(f"{name}.scaler.{key}", np.asarray(array, np.float64))
            for key, array in arrays.items()
        },
    }


def _decode_scaler(node: Plain | None, get: Get, n_features: int) -> StandardScaler | None:
    if node is None:
        return None
    scaler = StandardScaler(with_mean=bool(node["with_mean"]), with_std=bool(node["with_std"]))
    for key in ("mean", "var", "scale"):
        setattr(scaler, f"{key}_", None if node[key] is None else _array(node, key, get, "f8", (n_features,)))
    expect(scaler.mean_ is not None, "a scaler without means")
    expect((scaler.scale_ is not None) == scaler.with_std, "a scaler without scales")
    scaler.n_features_in_, scaler.n_samples_seen_ = n_features, np.int64(node["n"])
    return scaler


def _encode_sgd(model: SGDClassifier, put: Put, name: str) -> Plain:
    return {
        "classes": put(f"{name}.classes", model.classes_),
        "coef": put(f"{name}.coef", model.coef_),
        "intercept": put(f"{name}.intercept", model.intercept_),
        "epochs": int(model.n_iter_),
        "updates": float(model.t_),
        "scaler": _encode_scaler(model.scaler_, put, name),
    }


def _decode_sgd(model: SGDClassifier, node: Plain, get: Get) -> SGDClassifier:
    model.classes_ = _classes(node, get)
    n_planes = 1 if model.classes_.size == 2 else model.classes_.size
    model.coef_ = _array(node, "coef", get, "f8", (n_planes, None))
    model.intercept_ = _array(node, "intercept", get, "f8", (n_planes,))
    model.n_features_in_ = model.coef_.shape[1]
    model.n_iter_, model.t_ = int(node["epochs"]), float(node["updates"])
    model.scaler_ = _decode_scaler(node["scaler"], get, model.n_features_in_)
    model.scaler = model.scaler_ and FrozenEstimator(model.scaler_)
    return model


def _encode_knn(model: KNeighborsClassifier, put: Put, name: str) -> Plain:
    images, targets = training_data(model)
    return {"images": put(f"{name}.images", images), "targets": put(f"{name}.targets", targets)}


def _decode_knn(model: KNeighborsClassifier, node: Plain, get: Get) -> KNeighborsClassifier:
    images, targets = _array(node, "images", get, "u1", (None, None)), get(node["targets"])
    expect(targets.ndim in (1, 2) and len(targets) == len(images), "images without targets")
    expect(targets.dtype.kind in "bui", "targets of a strange kind")
    return model.fit(images, targets)


def training_data(model: KNeighborsClassifier) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """The images (rows of pixels) that a nearest-neighbour model answers from, and their targets."""
    if model.outputs_2d_:
        targets = np.column_stack(
            [classes[codes] for classes, codes in zip(model.classes_, model._y.T, strict=True)]
        )
        return model._fit_X, targets
    return model._fit_X, model.classes_[model._y]


def _encode_forest(model: RandomForestClassifier, put: Put, name: str) -> Plain:
    return {
        "classes": put(f"{name}.classes", model.classes_),
        "n_features": int(model.n_features_in_),
        "trees": encode_trees(model, put, name),
    }


def _decode_forest(model: RandomForestClassifier, node: Plain, get: Get) -> RandomForestClassifier:
    model.classes_ = _classes(node, get)
    model.n_classes_, model.n_outputs_ = model.classes_.size, 1
    model.n_features_in_ = int(node["n_features"])
    model.estimators_ = decode_trees(model, {key: get(value) for key, value in node["trees"].items()})
    model.n_estimators = len(model.estimators_)
    return model


def _encode_svc(model: SVC, put: Put, name: str) -> Plain:
    return {
        "gamma": float(model._gamma),
        "n_train": int(model.shape_fit_[0]),
        "classes": put(f"{name}.classes", model.classes_),
        "support": put(f"{name}.support", model.support_),
        "vectors": put(f"{name}.vectors", model.support_vectors_),
        "counts": put(f"{name}.counts", model.n_support_),
        "dual": put(f"{name}.dual", model._dual_coef_),
        "intercept": put(f"{name}.intercept", model._intercept_),
    }


def _decode_svc(model: SVC, node: Plain, get: Get) -> SVC:
    """Fill in what libsvm reads; it trusts its arrays, so every size is checked here."""
    expect(model.kernel in ("linear", "poly", "rbf", "sigmoid"), "an unknown kernel")
    expect(isinstance(model.degree, int) and 0 <= model.degree < 100, "a strange degree")
    model.classes_ = _classes(node, get)
    n_classes = model.classes_.size
    counts = _array(node, "counts", get, "i4", (n_classes,))
    vectors = _array(node, "vectors", get, "f8", (None, None))
    n_vectors = len(vectors)
    expect(n_classes >= 2 and (counts >= 0).all() and int(counts.sum()) == n_vectors > 0, "support vectors")
    n_train, gamma = int(node["n_train"]), float(node["gamma"])
    support = _array(node, "support", get, "i4", (n_vectors,))
    expect(((support >= 0) & (support < n_train)).all() and np.isfinite(gamma), "support vectors")
    model._dual_coef_ = _array(node, "dual", get, "f8", (n_classes - 1, n_vectors))
    model._intercept_ = _array(node, "intercept", get, "f8", (n_classes * (n_classes - 1) // 2,))
    sign = -1.0 if n_classes == 2 else 1.0
    model.dual_coef_, model.intercept_ = sign * model._dual_coef_, sign * model._intercept_
    model._n_support, model.support_, model.support_vectors_ = counts, support, vectors
    model._gamma, model._sparse, model.fit_status_ = gamma, False, 0
    model._probA = model._probB = np.empty(0)
    model._effective_probability = False
    model.class_weight_ = np.ones(n_classes)
    model.n_features_in_ = vectors.shape[1]
    model.shape_fit_ = (n_train, vectors.shape[1])
    return model


def _encode_many(model: Any, put: Put, name: str) -> Plain:
    return {
        "classes": None
        if isinstance(model, MultiOutputClassifier)
        else put(f"{name}.classes", np.asarray(model.classes_)),
        "parts": [encode(part, put, f"{name}.{i}") for i, part in enumerate(model.estimators_)],
    }


def _decode_many(node: Plain, get: Get) -> list[Any]:
    expect(isinstance(node["parts"], list) and 0 < len(node["parts"]) <= 1_000, "a model without parts")
    expect(
        all(isinstance(part, dict) and part.get("kind") in ("sgd", "svc", "forest") for part in node["parts"]),
        "parts of a strange kind",
    )
    parts = [decode(part, get) for part in node["parts"]]
    expect(len({part.n_features_in_ for part in parts}) == 1, "parts for images of different sizes")
    return parts


def _decode_one_vs_rest(model: OneVsRestClassifier, node: Plain, get: Get) -> OneVsRestClassifier:
    model.estimators_, classes = _decode_many(node, get), _classes(node, get)
    expect(len(model.estimators_) == (1 if classes.size == 2 else classes.size), "a class without a model")
    model.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(classes)
    model.classes_ = model.label_binarizer_.classes_
    model.estimator, model.n_features_in_ = model.estimators_[0], model.estimators_[0].n_features_in_
    return model


def _decode_multi_output(model: MultiOutputClassifier, node: Plain, get: Get) -> MultiOutputClassifier:
    model.estimators_ = _decode_many(node, get)
    model.classes_ = [part.classes_ for part in model.estimators_]
    model.estimator, model.n_features_in_ = model.estimators_[0], model.estimators_[0].n_features_in_
    return model


def _foreign() -> Any:
    """The module with skops, which imports all of scikit-learn: a second that only foreign models should cost."""
    return import_module("misread.bundle.foreign")


def _has_codes(model: Any) -> bool:
    return isinstance(model.classes_, np.ndarray) and model.classes_.dtype.kind in "bi"


def _encode_reader(reader: PixelReader) -> Plain:
    return {"shape": list(reader.shape), "low": float(reader.low), "high": float(reader.high)}


def _decode_reader(node: Plain) -> PixelReader:
    height, width = (int(side) for side in node["shape"])
    low, high = float(node["low"]), float(node["high"])
    expect(0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE and low < high, "images of a strange size")
    return PixelReader((height, width), low, high)


def _set_reader(model: Any, node: Plain) -> None:
    model.reader_ = _decode_reader(node["reader"])
    model.n_features_in_ = model.reader_.shape[0] * model.reader_.shape[1]


def _encode_deskew(model: Deskew, put: Put, name: str) -> Plain:
    return {"reader": _encode_reader(model.reader_)}


def _decode_deskew(model: Deskew, node: Plain, get: Get) -> Deskew:
    _set_reader(model, node)
    return model


def _encode_pca(model: PCA, put: Put, name: str) -> Plain:
    arrays = {"mean": model.mean_, "components": model.components_, "variance": model.explained_variance_}
    return {key: put(f"{name}.{key}", np.asarray(array, np.float64)) for key, array in arrays.items()}


def _decode_pca(model: PCA, node: Plain, get: Get) -> PCA:
    model.components_ = _array(node, "components", get, "f8", (None, None))
    model.n_components_, model.n_features_in_ = model.components_.shape
    model.mean_ = _array(node, "mean", get, "f8", (model.n_features_in_,))
    model.explained_variance_ = _array(node, "variance", get, "f8", (model.n_components_,))
    return model


def _encode_pipeline(model: Pipeline, put: Put, name: str) -> Plain:
    steps = [[key, encode(step, put, f"{name}.{i}")] for i, (key, step) in enumerate(model.steps)]
    return {"steps": steps}


def _decode_pipeline(model: Pipeline, node: Plain, get: Get) -> Pipeline:
    expect(0 < len(node["steps"]) <= 20, "a pipeline without steps")
    model.steps = [(str(key), decode(step, get)) for key, step in node["steps"]]
    expect(all(hasattr(step, "transform") for _, step in model.steps[:-1]), "steps that do not transform")
    return model


def _encode_shifted(model: ShiftedCopiesClassifier, put: Put, name: str) -> Plain:
    return {"reader": _encode_reader(model.reader_), "fitted": encode(model.estimator_, put, f"{name}.0")}


def _decode_shifted(model: ShiftedCopiesClassifier, node: Plain, get: Get) -> ShiftedCopiesClassifier:
    _set_reader(model, node)
    model.estimator_ = model.estimator = decode(node["fitted"], get)
    model.classes_ = model.estimator_.classes_
    return model


_EDGE_ARRAYS = ("centres", "coef", "means")


def _encode_edge_kernel(model: EdgeKernelClassifier, put: Put, name: str) -> Plain:
    return {
        "reader": _encode_reader(model.reader_),
        "classes": put(f"{name}.classes", model.classes_),
        "sharpness": float(model.sharpness_),
        "temperature": float(model.temperature_),
        **{key: put(f"{name}.{key}", getattr(model, f"{key}_")) for key in _EDGE_ARRAYS},
    }


def _decode_edge_kernel(model: EdgeKernelClassifier, node: Plain, get: Get) -> EdgeKernelClassifier:
    _set_reader(model, node)
    model.classes_ = _classes(node, get)
    model.centres_ = _floats(node, "centres", get, (None, None))
    n_centres = len(model.centres_)
    model.coef_ = _floats(node, "coef", get, (n_centres, model.classes_.size))
    means: Any = _floats(node, "means", get, (n_centres,))
    model.means_ = means
    model.sharpness_, model.temperature_ = float(node["sharpness"]), float(node["temperature"])
    expect(model.temperature_ > 0, "a temperature that is not positive")
    return model


def _encode_convnet(model: ConvNetClassifier, put: Put, name: str) -> Plain:
    return {
        "reader": _encode_reader(model.reader_),
        "classes": put(f"{name}.classes", model.classes_),
        "temperature": float(model.temperature_),
        "weights": put(f"{name}.weights", np.frombuffer(model.weights_, np.uint8)),
    }


def _decode_convnet(model: ConvNetClassifier, node: Plain, get: Get) -> ConvNetClassifier:
    """Weights are bytes here; `weights_from_bytes` reads them as plain tensors when the network is first asked."""
    _set_reader(model, node)
    model.classes_ = _classes(node, get)
    model.weights_ = _array(node, "weights", get, "u1", (None,)).tobytes()
    model.temperature_ = float(node["temperature"])
    expect(model.temperature_ > 0, "a temperature that is not positive")
    return model


def _encode_ensemble(model: ConvNetEnsembleClassifier, put: Put, name: str) -> Plain:
    parts = [encode(part, put, f"{name}.{i}") for i, part in enumerate(model.estimators_)]
    classes = put(f"{name}.classes", model.classes_)
    return {"classes": classes, "temperature": float(model.temperature_), "parts": parts}


def _decode_ensemble(model: ConvNetEnsembleClassifier, node: Plain, get: Get) -> ConvNetEnsembleClassifier:
    expect(0 < len(node["parts"]) <= 100, "an ensemble without members")
    expect(all(part.get("kind") == "convnet" for part in node["parts"]), "members of a strange kind")
    model.estimators_ = [decode(part, get) for part in node["parts"]]
    model.classes_, model.temperature_ = _classes(node, get), float(node["temperature"])
    model.n_features_in_ = model.estimators_[0].n_features_in_
    expect(model.temperature_ > 0, "a temperature that is not positive")
    return model


def _is_plain_svc(model: SVC) -> bool:
    return _has_codes(model) and not model._sparse and not model._probA.size and isinstance(model.kernel, str)


def _is_own_pipeline(model: Pipeline) -> bool:
    """Whether a step is ours, which skops could not hold; pipelines of scikit-learn's own steps are left to it."""
    return any(type(step).__module__.startswith("misread.") for _, step in model.steps)


def _is_parted(model: Any) -> bool:
    return all(type(part) in (SGDClassifier, RandomForestClassifier, SVC) for part in model.estimators_)


_CODECS = (
    _Codec("sgd", SGDClassifier, _encode_sgd, _decode_sgd, _has_codes),
    _Codec("forest", RandomForestClassifier, _encode_forest, _decode_forest, _has_codes),
    _Codec("knn", KNeighborsClassifier, _encode_knn, _decode_knn),
    _Codec("svc", SVC, _encode_svc, _decode_svc, _is_plain_svc),
    _Codec("one-vs-rest", OneVsRestClassifier, _encode_many, _decode_one_vs_rest, _is_parted),
    _Codec("pipeline", Pipeline, _encode_pipeline, _decode_pipeline, _is_own_pipeline),
    _Codec("deskew", Deskew, _encode_deskew, _decode_deskew),
    _Codec("pca", PCA, _encode_pca, _decode_pca),
    _Codec("shifted-copies", ShiftedCopiesClassifier, _encode_shifted, _decode_shifted),
    _Codec("edge-kernel", EdgeKernelClassifier, _encode_edge_kernel, _decode_edge_kernel),
    _Codec("convnet", ConvNetClassifier, _encode_convnet, _decode_convnet),
    _Codec("convnet-ensemble", ConvNetEnsembleClassifier, _encode_ensemble, _decode_ensemble),
    _Codec("multi-output", MultiOutputClassifier, _encode_many, _decode_multi_output, _is_parted),
)
_BY_TYPE = {codec.type: codec for codec in _CODECS}
_BY_KIND = {codec.kind: codec for codec in _CODECS}
