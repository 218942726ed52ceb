"""From an estimator's scores to the answer: label, probabilities, and whether it is sure."""

from typing import Any

import numpy as np

from misread.bundle import Bundle
from misread.errors import ParameterError
from misread.evaluation.responses import boundary
from misread.evaluation.scores import HALF, LEAST_SHARE
from misread.export.graph.builder import IR_VERSION, OPSET, Graph, Tensor, onnx_module
from misread.export.graph.chances import chance_of, chances_of
from misread.export.graph.estimators import answers_of, several_answers_of
from misread.export.graph.likeness import distances
from misread.export.graph.neighbors import clean
from misread.export.graph.said import Said

__all__ = ["as_onnx", "with_metadata"]

MAX_BYTES = 2_000_000_000

Outputs = dict[str, tuple[Tensor, list[Any]]]


def as_onnx(bundle: Bundle) -> bytes:
    """A model file as an ONNX file, its input `images` uint8 of shape (n, height, width).

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    ParameterError
        If the model has no form in ONNX.
    """
    onnx, graph, manifest = onnx_module(), Graph(), bundle.manifest
    height, width = manifest.image_size
    images = graph.input("images", np.uint8, ["n", height, width])
    rows = images.reshape(0, height * width).named("pixels")
    outputs = {
        "classification": _classified,
        "detector": _detected,
        "multilabel": _labelled,
        "denoising": _cleaned,
    }[manifest.task](bundle, rows)
    if "label" in outputs:
        _say_blank(bundle, rows, outputs)
        _say_unlike(bundle, rows, outputs)
    named = []
    for name, (tensor, shape) in outputs.items():
        last = graph.add("Identity", tensor, name=name)
        named.append((last, shape))
    model = onnx.helper.make_model(
        graph.as_onnx(f"misread {manifest.model}", named),
        producer_name="misread",
        producer_version=manifest.versions.get("misread", ""),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        doc_string="uint8 images in, the model's answers out; written by `misread export`",
    )
    if graph.nbytes > MAX_BYTES:
        raise ParameterError(
            f"as ONNX the model has {graph.nbytes / 1e9:.1f} GB, one file holds 2 GB at most; "
            "train on fewer images, or serve it with `misread serve FILE`"
        )
    content: bytes = model.SerializeToString()
    return content


def with_metadata(content: bytes, metadata: dict[str, str]) -> bytes:
    """The same file with named texts; a part of the file format may be appended to the rest."""
    model = onnx_module().ModelProto()
    onnx_module().helper.set_model_props(model, metadata)
    appended: bytes = model.SerializeToString()
    return content + appended


def _say_blank(bundle: Bundle, rows: Tensor, outputs: Outputs) -> None:
    """Add whether there is nothing to read on an image; nobody is sure of such a one."""
    grey = rows.cast(np.int32)
    contrast = (grey.largest(1) + (-grey).largest(1)).named("contrast")
    graph = rows.graph
    is_read = (contrast >= bundle.faintest).named("is_something")
    sure, shape = outputs["sure"]
    outputs["sure"] = (graph.add("And", sure, is_read), shape)
    outputs["blank"] = (graph.add("Not", is_read), shape)


def _say_unlike(bundle: Bundle, rows: Tensor, outputs: Outputs) -> None:
    """Add whether an image is unlike all training images, where the model can say; nobody is sure of such."""
    likeness, known = bundle.likeness, bundle.manifest.unlike
    if likeness is None or known is None:
        return
    graph = rows.graph
    unlike = distances(likeness, rows) > float(known.threshold)
    sure, shape = outputs["sure"]
    outputs["sure"] = (graph.add("And", sure, graph.add("Not", unlike)), shape)
    outputs["unlike"] = (unlike, shape)


def _classified(bundle: Bundle, rows: Tensor) -> Outputs:
    manifest, graph = bundle.manifest, rows.graph
    said = answers_of(bundle.estimator, rows, manifest.image_size)
    n = len(manifest.classes)
    scores = _in_columns(_table(said), said, n)
    codes = np.asarray(said.classes).astype(np.int64)
    label = said.answer()
    if not np.array_equal(codes, np.arange(len(codes))):
        label = graph.constant(codes, "codes_of_classes").take(label, 0)
    outputs: Outputs = {"label": (label, ["n"])}
    lead = None if n < 2 else _lead(scores, label, n)
    chances = said.probabilities
    if bundle.calibration is not None and lead is not None:
        table = _table(said)
        if boundary(bundle.estimator) == HALF:
            table = graph.add("Log", graph.add("Max", table, LEAST_SHARE))
        elif said.is_plane:
            table = table / 2.0
        chances = chances_of(bundle.calibration, table, len(said.classes), said.answer(), lead)
    if chances is not None:
        outputs["probabilities"] = (_with_all(chances, said, n, None).cast(np.float32), ["n", n])
    point = manifest.operating_point
    if point is None or lead is None:
        sure = graph.add("Less", label, label, dtype=bool)
    else:
        sure = (lead >= float(point.threshold)).reshape(-1)
    return outputs | {"sure": (sure, ["n"]), "scores": (scores, ["n", n])}


def _lead(scores: Tensor, label: Tensor, n: int) -> Tensor:
    """How far the class answered is ahead of the best other one; shape (n, 1)."""
    graph = scores.graph
    answered = label.unsqueeze(1).equals(np.arange(n, dtype=np.int64)).named("is_answered")
    lowest = graph.constant(-np.inf)
    own, others = (
        graph.add("Where", answered, *pair, dtype=np.float64).largest(1, keep=True)
        for pair in ((scores, lowest), (lowest, scores))
    )
    return (own - others).named("lead")


def _table(said: Said) -> Tensor:
    """Scores with a column for each of the estimator's classes, two as `class_table` has them."""
    graph = said.scores.graph
    if said.is_plane:
        return graph.add("Concat", -said.scores, said.scores, axis=1)
    if len(said.classes) == 2:
        second = said.scores.slice(1, 2, 1)
        return graph.add("Concat", 1.0 - second, second, axis=1)
    return said.scores


def _in_columns(table: Tensor, said: Said, n: int) -> Tensor:
    """The same with a column for every class of the manifest, the lowest score for those never seen."""
    lowest = -table.graph.add("ReduceMax", -table, axes=[1], keepdims=1)
    return _with_all(table, said, n, lowest)


def _with_all(table: Tensor, said: Said, n: int, absent: Tensor | None) -> Tensor:
    codes = np.asarray(said.classes).astype(np.int64)
    if np.array_equal(codes, np.arange(n)):
        return table
    filler = table.slice(0, 1, 1) * 0.0 if absent is None else absent
    whole = table.graph.add("Concat", table, filler, axis=1)
    places = np.full(n, len(codes))
    places[codes] = np.arange(len(codes))
    return whole.take(places, 1)


def _detected(bundle: Bundle, rows: Tensor) -> Outputs:
    said = answers_of(bundle.estimator, rows, bundle.manifest.image_size)
    if len(said.classes) != 2:
        raise ParameterError("a detector that has seen but one class cannot be exported; train it again")
    score = said.scores if said.is_plane else said.scores.slice(1, 2, 1)
    point = bundle.manifest.operating_point
    positive = said.answer() if point is None else (score >= float(point.threshold)).reshape(-1)
    label = positive.cast(np.int64)
    outputs: Outputs = {"label": (label, ["n"])}
    chances = said.probabilities
    if bundle.calibration is not None:
        yes = chance_of(bundle.calibration, score)
        chances = rows.graph.add("Concat", 1.0 - yes, yes, axis=1)
    if chances is not None:
        outputs["probabilities"] = (chances.cast(np.float32), ["n", 2])
    kind = "Less" if point is None else "Equal"
    sure = rows.graph.add(kind, label, label, dtype=bool)
    return outputs | {"sure": (sure, ["n"]), "scores": (score, ["n", 1])}


def _labelled(bundle: Bundle, rows: Tensor) -> Outputs:
    graph, names = rows.graph, bundle.manifest.outputs
    parts = several_answers_of(bundle.estimator, rows, bundle.manifest.image_size)
    labels, chances = [], []
    for said in parts:
        codes = graph.constant(np.asarray(said.classes).astype(np.int64), "codes")
        labels.append(codes.take(said.answer(), 0).unsqueeze(1))
        shares = said.scores if said.gives_shares else said.probabilities
        if shares is not None:
            has = list(said.classes).index(1) if 1 in said.classes else None
            column = shares.slice(has or 0, (has or 0) + 1, 1)
            chances.append(column if has is not None else column * 0.0)
    label = _side_by_side(labels)
    outputs: Outputs = {"label": (label, ["n", len(names)])}
    scores = _side_by_side(chances) if len(chances) == len(parts) else label.cast(np.float64)
    first = label.slice(0, 1, 1).reshape(-1)
    return outputs | {
        "sure": (graph.add("Less", first, first, dtype=bool), ["n"]),
        "scores": (scores, ["n", len(names)]),
    }


def _side_by_side(columns: list[Tensor]) -> Tensor:
    return columns[0] if len(columns) == 1 else columns[0].graph.add("Concat", *columns, axis=1)


def _cleaned(bundle: Bundle, rows: Tensor) -> Outputs:
    height, width = bundle.manifest.image_size
    if type(bundle.estimator).__name__ != "KNeighborsClassifier":
        raise ParameterError("only nearest neighbours are exported for --denoise")
    return {"cleaned": (clean(bundle.estimator, rows).reshape(0, height, width), ["n", height, width])}
