"""What codecs are made of: arrays and numbers of a file, each checked before anything is built from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from misread.bundle.budget import Store
from misread.bundle.leaves import MAX_CLASSES
from misread.errors import ModelFileError
from misread.images.fit import MAX_SIDE
from misread.models.pixels import PixelReader

__all__ = [
    "Codec",
    "Get",
    "Plain",
    "Put",
    "checked_array",
    "checked_classes",
    "checked_floats",
    "checked_number",
    "checked_temperature",
    "decode_scaler",
    "encode_reader",
    "encode_scaler",
    "expect",
    "is_plain",
    "set_reader",
]

Put = Callable[[str, NDArray[Any]], str]
Get = Store
Plain = dict[str, Any]


@dataclass(frozen=True)
class Codec:
    """How one kind of estimator is written and read.

    Attributes
    ----------
    kind : str
        Its name in files.
    type : type
    encode : callable of an estimator, `put` and a name
        Gives JSON values, its arrays handed to `put`.
    decode : callable of an unfitted estimator, JSON values and `get`
        Gives the fitted one.
    covers : callable of an estimator
        Whether this one can be written so.
    """

    kind: str
    type: type
    encode: Callable[[Any, Put, str], Plain]
    decode: Callable[[Any, Plain, Get], Any]
    covers: Callable[[Any], bool] = lambda estimator: True


def expect(condition: object, what: str) -> None:
    """Refuse a file whose parts do not fit together."""
    if not condition:
        raise ModelFileError(f"its parts do not fit together ({what}); refused")


def is_plain(value: Any) -> bool:
    """Whether it is made of text, numbers, None and sequences (or, at the top, a dict) of them."""
    if isinstance(value, dict):
        return all(isinstance(one, str) for one in value) and all(is_plain(one) for one in value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(one) for one in value) and not any(isinstance(one, dict) for one in value)
    return value is None or isinstance(value, bool | int | float | str)


def checked_array(node: Plain, name: str, get: Get, dtype: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """One array of a node, its dtype and (where known) its shape checked; floats must be finite."""
    array = get(node[name])
    fits = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    expect(array.dtype == np.dtype(dtype) and fits, f"{name} is {array.dtype} of shape {array.shape}")
    expect(array.dtype.kind != "f" or np.isfinite(array).all(), f"{name} holds values that are no numbers")
    return array


def checked_floats(node: Plain, name: str, get: Get, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """The same for numbers in single or double precision."""
    single = get(node[name]).dtype == np.float32
    return checked_array(node, name, get, "f4" if single else "f8", shape)


def checked_classes(node: Plain, get: Get) -> NDArray[Any]:
    """Distinct, sorted class labels: codes, or False and True."""
    classes = get(node["classes"])
    expect(classes.ndim == 1 and classes.dtype.kind in "biu", "class labels of a strange kind")
    expect(1 <= classes.size <= MAX_CLASSES, f"{classes.size:,} classes")
    expect((classes[1:] > classes[:-1]).all(), "class labels out of order")
    return classes


def checked_number(node: Plain, name: str, low: float, high: float) -> float:
    """One number of a node, from `low` to `high`."""
    value = node[name]
    expect(type(value) in (int, float) and low <= value <= high, f"{name} is {str(value)[:40]}")
    return float(value)


def checked_temperature(node: Plain) -> float:
    """What scores are divided by; those that we fit are between exp(-7) and exp(7)."""
    return checked_number(node, "temperature", 1e-4, 1e4)


def encode_reader(reader: PixelReader) -> Plain:
    """What a reader of pixels knows, as JSON values."""
    return {"shape": list(reader.shape), "low": float(reader.low), "high": float(reader.high)}


def _decode_reader(node: Plain) -> PixelReader:
    height, width = (int(side) for side in node["shape"])
    low, high = (checked_number(node, name, -1e300, 1e300) for name in ("low", "high"))
    expect(0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE and low < high, "images of a strange size")
    return PixelReader((height, width), low, high)


def set_reader(model: Any, node: Plain) -> None:
    """Give a model its reader of pixels, and the number of features that goes with it."""
    model.reader_ = _decode_reader(node["reader"])
    model.n_features_in_ = model.reader_.shape[0] * model.reader_.shape[1]


def encode_scaler(scaler: StandardScaler | None, put: Put, name: str) -> Plain | None:
    """What a fitted scaler knows, as JSON values."""
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


def decode_scaler(node: Plain | None, get: Get, n_features: int) -> StandardScaler | None:
    """The scaler that `encode_scaler` described."""
    if node is None:
        return None
    scaler = StandardScaler(with_mean=bool(node["with_mean"]), with_std=bool(node["with_std"]))
    for key in ("mean", "var", "scale"):
        setattr(
            scaler, f"{key}_", None if node[key] is None else checked_array(node, key, get, "f8", (n_features,))
        )
    expect(scaler.mean_ is not None, "a scaler without means")
    expect((scaler.scale_ is not None) == scaler.with_std, "a scaler without scales")
    scaler.n_features_in_ = n_features
    scaler.n_samples_seen_ = np.int64(checked_number(node, "n", 0, 2**53))
    return scaler
