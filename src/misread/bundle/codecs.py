"""Estimators as plain data, and back: arrays and parameters, each checked before anything is built from them.

Our own models and the stock ones that `zoo` offers are written as the few arrays that make them predict, so that a
file does not depend on the attributes of one scikit-learn release. Any other scikit-learn estimator goes through
`foreign`.
"""

from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer
from sklearn.svm import SVC

from misread.bundle import single
from misread.bundle.bounds import UNWRITTEN, check_params
from misread.bundle.parts import (
    Codec,
    Get,
    Plain,
    Put,
    checked_classes,
    checked_temperature,
    encode_reader,
    expect,
    is_plain,
    set_reader,
)
from misread.errors import ModelFileError
from misread.models import RandomForestClassifier, SGDClassifier
from misread.models.augmented import ShiftedCopiesClassifier
from misread.models.ensemble import ConvNetEnsembleClassifier

__all__ = ["decode", "encode"]


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
    check_params(codec.kind, params)
    return {"kind": codec.kind, "params": params, **codec.encode(estimator, put, name)}


def decode(node: Any, get: Get) -> Any:
    """Construct the estimator that `encode` described.

    Raises
    ------
    ModelFileError
        If the description does not make sense. Other exceptions mean the same; callers wrap this in `reading`.
    """
    expect(isinstance(node, dict) and isinstance(node.get("kind"), str), "an estimator without a kind")
    get.budget.spend_parts(1)
    if node["kind"] == "skops":
        return _foreign().loads(get(node["bytes"]), get.budget)
    codec = _BY_KIND.get(node["kind"])
    if codec is None:
        raise ModelFileError(f"it holds a model of the unknown kind {node['kind'][:40]!r}; try a newer misread")
    check_params(codec.kind, node["params"])
    return codec.decode(_unfitted(codec, _as_params(node["params"])), node, get)


MAX_PARTS = 1_000
_COMPOUND = (OneVsRestClassifier, MultiOutputClassifier, Pipeline)


def _unfitted(codec: Codec, params: Plain) -> Any:
    """An unfitted estimator; one made of others gets those later."""
    return codec.type(None, **params) if codec.type in _COMPOUND else codec.type(**params)


def _changed_params(estimator: BaseEstimator) -> Plain | None:
    """Parameters that differ from the defaults, or None when one is not a plain value."""
    defaults = {} if isinstance(estimator, _COMPOUND) else type(estimator)().get_params(deep=False)
    params = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in estimator.get_params(deep=False).items()
        if name not in UNWRITTEN and not (name in defaults and _same(value, defaults[name]))
    }
    return params if is_plain(params) else None


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _as_params(params: Plain) -> Plain:
    """Parameters as an estimator takes them: JSON's lists were tuples."""

    def restored(value: Any) -> Any:
        return tuple(restored(one) for one in value) if isinstance(value, list) else value

    return {name: restored(value) for name, value in params.items()}


def _encode_many(model: Any, put: Put, name: str) -> Plain:
    if len(model.estimators_) > MAX_PARTS:
        raise ModelFileError(
            f"{type(model).__name__} has {len(model.estimators_):,} models in it, at most {MAX_PARTS:,} fit into "
            "a model file; use one model for all classes, such as knn or forest"
        )
    return {
        "classes": None
        if isinstance(model, MultiOutputClassifier)
        else put(f"{name}.classes", np.asarray(model.classes_)),
        "parts": [encode(part, put, f"{name}.{i}") for i, part in enumerate(model.estimators_)],
    }


def _decode_many(node: Plain, get: Get) -> list[Any]:
    expect(isinstance(node["parts"], list) and 0 < len(node["parts"]) <= MAX_PARTS, "a model without parts")
    expect(
        all(isinstance(part, dict) and part.get("kind") in ("sgd", "svc", "forest") for part in node["parts"]),
        "parts of a strange kind",
    )
    parts = [decode(part, get) for part in node["parts"]]
    expect(len({part.n_features_in_ for part in parts}) == 1, "parts for images of different sizes")
    return parts


def _decode_one_vs_rest(model: OneVsRestClassifier, node: Plain, get: Get) -> OneVsRestClassifier:
    model.estimators_, classes = _decode_many(node, get), checked_classes(node, get)
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


def _encode_pipeline(model: Pipeline, put: Put, name: str) -> Plain:
    steps = [[key, encode(step, put, f"{name}.{i}")] for i, (key, step) in enumerate(model.steps)]
    return {"steps": steps}


def _decode_pipeline(model: Pipeline, node: Plain, get: Get) -> Pipeline:
    expect(isinstance(node["steps"], list) and 0 < len(node["steps"]) <= 20, "a pipeline without steps")
    model.steps = [(str(key), decode(step, get)) for key, step in node["steps"]]
    expect(all(hasattr(step, "transform") for _, step in model.steps[:-1]), "steps that do not transform")
    return model


def _encode_shifted(model: ShiftedCopiesClassifier, put: Put, name: str) -> Plain:
    return {"reader": encode_reader(model.reader_), "fitted": encode(model.estimator_, put, f"{name}.0")}


def _decode_shifted(model: ShiftedCopiesClassifier, node: Plain, get: Get) -> ShiftedCopiesClassifier:
    set_reader(model, node)
    model.estimator_ = model.estimator = decode(node["fitted"], get)
    model.classes_ = model.estimator_.classes_
    return model


def _encode_ensemble(model: ConvNetEnsembleClassifier, put: Put, name: str) -> Plain:
    parts = [encode(part, put, f"{name}.{i}") for i, part in enumerate(model.estimators_)]
    classes = put(f"{name}.classes", model.classes_)
    return {"classes": classes, "temperature": float(model.temperature_), "parts": parts}


def _decode_ensemble(model: ConvNetEnsembleClassifier, node: Plain, get: Get) -> ConvNetEnsembleClassifier:
    expect(isinstance(node["parts"], list) and 0 < len(node["parts"]) <= 100, "an ensemble without members")
    expect(all(part.get("kind") == "convnet" for part in node["parts"]), "members of a strange kind")
    model.estimators_ = [decode(part, get) for part in node["parts"]]
    model.classes_, model.temperature_ = checked_classes(node, get), checked_temperature(node)
    model.n_features_in_ = model.estimators_[0].n_features_in_
    sizes = {(part.n_features_in_, part.classes_.size) for part in model.estimators_}
    expect(sizes == {(model.n_features_in_, model.classes_.size)}, "members for other images or classes")
    return model


def _is_own_pipeline(model: Pipeline) -> bool:
    """Whether a step is ours, which skops could not hold; pipelines of scikit-learn's own steps are left to it."""
    return any(type(step).__module__.startswith("misread.") for _, step in model.steps)


def _is_parted(model: Any) -> bool:
    return all(type(part) in (SGDClassifier, RandomForestClassifier, SVC) for part in model.estimators_)


_CODECS = (
    *single.CODECS,
    Codec("one-vs-rest", OneVsRestClassifier, _encode_many, _decode_one_vs_rest, _is_parted),
    Codec("multi-output", MultiOutputClassifier, _encode_many, _decode_multi_output, _is_parted),
    Codec("pipeline", Pipeline, _encode_pipeline, _decode_pipeline, _is_own_pipeline),
    Codec("shifted-copies", ShiftedCopiesClassifier, _encode_shifted, _decode_shifted),
    Codec("convnet-ensemble", ConvNetEnsembleClassifier, _encode_ensemble, _decode_ensemble),
)
_BY_TYPE = {codec.type: codec for codec in _CODECS}
_BY_KIND = {codec.kind: codec for codec in _CODECS}
