"""What the page's JavaScript is told of a model: its weights in as few bits as leave all answers as they are."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.unlike import CLIPPED, N_DIRECTIONS
from misread.bundle import Bundle
from misread.bundle.description import public_description
from misread.errors import ParameterError
from misread.evaluation.scores import class_table, leads, logits, with_all_classes
from misread.export.agreement import Outputs
from misread.export.layers import Conv, Layer, Levels, MaxPool, forward, layers_of, whole_layers_of
from misread.export.planes import planes_of
from misread.models import SGDClassifier
from misread.models.convnet import ConvNetClassifier
from misread.models.ensemble import ConvNetEnsembleClassifier
from misread.models.features import edge_windows
from misread.models.tiny import TinyNetClassifier

__all__ = ["Told", "candidates"]

_OF_LIKENESS = (
    "edge_axes", "edge_step", "edge_centre", "stroke_axes", "stroke_centre", "stroke_spread",
    "known", "known_step",
)  # fmt: skip

_SHOWN = ("accuracy", "precision", "recall", "all_right", "f1_macro", "operating_point")
"""Of the metrics of the test images; see words.js."""

Parts = dict[str, Any]
Columns = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Told:
    """A model for the page.

    Attributes
    ----------
    document : dict
        JSON values for the page.
    bits : int
        Of a weight.
    answer : callable
        What the page will answer, computed here.
    """

    document: dict[str, Any]
    bits: int
    answer: Callable[[NDArray[np.uint8]], Outputs]


def candidates(bundle: Bundle) -> Iterator[Told]:
    """The model with weights of fewer bits, then of more.

    Raises
    ------
    ParameterError
        If the page has no JavaScript for it.
    """
    model, manifest = bundle.estimator, bundle.manifest
    if manifest.task in ("classification", "detector"):
        if type(model) is SGDClassifier:
            for bits, parts, columns in _linear(model):
                yield _told(bundle, "linear", parts, bits, columns)
            return
        if type(model) is ConvNetClassifier and not model.normalised:
            for bits, parts, columns in _network(model):
                yield _told(bundle, "network", parts, bits, columns)
            return
        if type(model) is TinyNetClassifier:
            parts = {"layers": _whole_parts(model), "moves": [], "top": 1}
            yield _told(bundle, "network", parts, 4, lambda images: _plane(model.network_.scores(images)))
            return
    what, remedy = f"this one is {manifest.model} for {manifest.task}", "try --onnx, or `misread serve FILE`"
    if type(model) is ConvNetEnsembleClassifier:
        what = f"{len(model.estimators_)} networks would make one of megabytes"
        remedy = f"train convnet, one network, for a page, or {remedy}"
    raise ParameterError(
        f"only linear models (sgd, sgd-scaled), tiny and the convnet go into a page; {what}; {remedy}"
    )


def _told(bundle: Bundle, kind: str, parts: Parts, bits: int, columns: Columns) -> Told:
    model, manifest = bundle.estimator, bundle.manifest
    point = manifest.operating_point
    codes = np.asarray(model.classes_).astype(np.int64)
    detector = manifest.task == "detector"
    one = [str(manifest.positive)] if detector else [manifest.classes[codes[-1]]]
    document = {
        "kind": kind,
        "task": manifest.task,
        "classes": list(manifest.classes),
        "planes": one if len(codes) == 2 else [manifest.classes[code] for code in codes],
        "image_size": list(manifest.image_size),
        "fit": manifest.fit,
        "invert": manifest.invert,
        "binary": manifest.binary,
        "faintest": bundle.faintest,
        "threshold": None if point is None else point.threshold,
        "codes": codes.tolist(),
        "temperature": _temperature(model),
        "calibration": _calibration(bundle),
        "likeness": _likeness(bundle),
        "parts": parts,
        "about": _about(bundle),
    }

    def answer(images: NDArray[np.uint8]) -> Outputs:
        said = _decided(bundle, columns(images), images)
        unlike = bundle.are_unlike(images)
        return said if unlike is None else said | {"unlike": unlike, "sure": said["sure"] & ~unlike}

    return Told(document, bits, answer)


def _about(bundle: Bundle) -> Parts:
    """What the page shows of a model; all of its numbers are in the facts."""
    told = public_description(bundle)
    test = told["metrics"].get("test", {})
    return {**told, "metrics": {"test": {name: test[name] for name in _SHOWN if name in test}}}


def _calibration(bundle: Bundle) -> Parts | None:
    known = bundle.calibration
    if known is None:
        return None
    knots = {"leads": _packed(known.leads), "chances": _packed(known.chances)}
    return {**knots, "temperature": known.temperature}


def _likeness(bundle: Bundle) -> Parts | None:
    """What it is to be like, and how near; see likeness.js."""
    likeness, known = bundle.likeness, bundle.manifest.unlike
    if likeness is None or known is None:
        return None
    windows = [[_packed(edge_windows(side, *scale)) for side in likeness.shape] for scale in likeness.scales]
    return {
        "threshold": known.threshold,
        "n_nearest": likeness.n_nearest,
        "n_directions": N_DIRECTIONS,
        "clipped": CLIPPED,
        "windows": windows,
        "levels": likeness.levels.tolist(),
        **{name: _packed(getattr(likeness, name)) for name in _OF_LIKENESS},
    }


def _temperature(model: Any) -> float | None:
    return float(model.temperature_) if getattr(model, "is_calibrated", False) else None


def _decided(bundle: Bundle, columns: NDArray[np.float64], images: NDArray[np.uint8]) -> Outputs:
    """Answers from columns of scores, as `Model.answer` in model.js has them."""
    model, manifest = bundle.estimator, bundle.manifest
    point = manifest.operating_point
    pixels = images.reshape(len(images), -1)
    blank = pixels.max(axis=1).astype(np.int64) - pixels.min(axis=1) < bundle.faintest
    if manifest.task == "detector":
        yes = columns[:, 0] > 0 if point is None else columns[:, 0] >= point.threshold
        said: Outputs = {"label": yes.astype(np.int64), "blank": blank, "scores": columns}
        said["sure"] = ~blank & (point is not None)
        if bundle.calibration is not None:
            chance = bundle.calibration.chance(columns)
            said["probabilities"] = np.hstack([1 - chance, chance])
        return said
    codes = np.asarray(model.classes_).astype(np.int64)
    table = class_table(columns[:, 0] if columns.shape[1] == 1 else columns)
    label = codes[table.argmax(axis=1) if columns.shape[1] > 1 else (columns[:, 0] > 0).astype(np.int64)]
    scores = with_all_classes(table, codes, len(manifest.classes))
    lead = leads(scores, label) if len(manifest.classes) > 1 else np.zeros(len(label))
    sure = (lead >= point.threshold) & ~blank if point is not None else np.zeros(len(label), bool)
    found: Outputs = {"label": label, "sure": sure, "blank": blank, "scores": scores}
    one_or_all = columns[:, 0] if columns.shape[1] == 1 else columns
    if bundle.calibration is not None and len(manifest.classes) > 1:
        chances = np.zeros(scores.shape)
        chances[:, codes] = bundle.calibration.table(logits(one_or_all), np.searchsorted(codes, label), lead)
        found["probabilities"] = chances
    elif _temperature(model) is not None:
        chances = np.zeros(scores.shape)
        chances[:, codes] = model.as_probabilities(one_or_all)
        found["probabilities"] = chances
    return found


def _linear(model: SGDClassifier) -> Iterator[tuple[int, Parts, Columns]]:
    planes, biases = planes_of(model)
    for bits in (8, 12, 14, 16, 20, 24, 32, 64):
        parts, weights = _in_bits(planes, bits)
        parts["biases"] = _packed(biases)
        yield bits, parts, partial(_on_planes, weights, biases)


def _network(model: ConvNetClassifier) -> Iterator[tuple[int, Parts, Columns]]:
    layers = layers_of(model)
    for bits in (8, 12, 13, 14, 16, 20, 24, 32):
        told, rounded = list[Parts](), list[Layer]()
        for layer in layers:
            assert not isinstance(layer, Levels)
            if isinstance(layer, MaxPool):
                told.append({"kind": "pool", "rows": layer.rows, "columns": layer.columns})
                rounded.append(layer)
                continue
            parts, weights = _in_bits(layer.weights.reshape(len(layer.weights), -1), bits)
            kind = "conv" if isinstance(layer, Conv) else "linear"
            told.append({"kind": kind, "shape": layer.weights.shape, **parts, "biases": _packed(layer.biases)})
            again = weights.reshape(layer.weights.shape).astype(np.float32)
            rounded.append(replace(layer, weights=again))
        document = {"layers": told, "moves": model.view_moves(), "top": 255}
        yield bits, document, partial(_on_views, model, forward(rounded))


def _whole_parts(model: TinyNetClassifier) -> list[Parts]:
    """Layers of whole numbers, as they are."""
    told = list[Parts]()
    for layer in whole_layers_of(model.network_):
        if isinstance(layer, MaxPool):
            told.append({"kind": "pool", "rows": layer.rows, "columns": layer.columns})
            continue
        if isinstance(layer, Levels):
            told.append({"kind": "levels", "scales": _packed(layer.scales)})
            continue
        parts: Parts = {"shape": layer.weights.shape, "biases": _packed(layer.biases)}
        if isinstance(layer, Conv):
            parts |= {"kind": "conv", "strides": layer.strides}
            steps = np.ones(len(layer.weights))
        else:
            parts |= {"kind": "linear"}
            steps = np.full(len(layer.weights), model.network_.planes.unit)
        rows = layer.weights.reshape(len(layer.weights), -1) / steps[:, None]
        told.append({**parts, "weights": _packed(rows.astype(np.int8)), "scales": _packed(steps)})
    return told


def _on_planes(
    weights: NDArray[np.float64], biases: NDArray[np.float64], images: NDArray[np.uint8]
) -> NDArray[np.float64]:
    return images.reshape(len(images), -1) @ weights.T + biases


def _on_views(model: ConvNetClassifier, ask: Columns, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    return _plane(model.mixed(ask, images))


def _plane(table: NDArray[np.float64]) -> NDArray[np.float64]:
    return table[:, 1:] - table[:, :1] if table.shape[1] == 2 else table


def _in_bits(rows: NDArray[Any], bits: int) -> tuple[Parts, NDArray[np.float64]]:
    """Rows of weights in so many bits, each with a scale of its own, and what the page makes of them."""
    rows = np.asarray(rows, np.float64)
    if bits >= 32:
        kept = rows.astype(f"f{bits // 8}")
        scales = np.ones(len(rows))
    else:
        largest = 2 ** (bits - 1) - 1
        scales = np.maximum(np.abs(rows).max(axis=1), 1e-300) / largest
        kept = np.rint(rows / scales[:, None]).astype("i4")
    packed = _packed(kept) if bits >= 32 else _packed_in(bits, kept)
    return {"weights": packed, "scales": _packed(scales)}, kept.astype(np.float64) * scales[:, None]


def _packed_in(bits: int, array: NDArray[np.int32]) -> dict[str, str]:
    """Whole numbers of at most 24 bits, one after the other, the lowest bit first."""
    each = array.ravel()[:, None] >> np.arange(bits, dtype=np.int32) & 1
    return {"kind": f"p{bits}", "data": base64.b64encode(np.packbits(each, bitorder="little").tobytes()).decode()}


def _packed(array: NDArray[Any]) -> dict[str, str]:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    kind = f"{little.dtype.kind}{little.dtype.itemsize}"
    return {"kind": kind, "data": base64.b64encode(little.tobytes()).decode()}
