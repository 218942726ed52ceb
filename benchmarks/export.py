"""Exported models on MNIST, beside what skl2onnx writes: equal answers, bytes and microseconds, in one table.

``python -m benchmarks.export [MODEL ...]`` trains each model on part of the training images, so that a table takes
minutes; how well it agrees does not depend on how good the model is. skl2onnx is asked where it is installed and
knows the model.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.neighbors import KNeighborsClassifier

from misread import load
from misread.bundle import Bundle, Manifest
from misread.data import Dataset
from misread.errors import MisreadError
from misread.export import c_of, html_of, onnx_of
from misread.export.onnx import run_onnx
from misread.models.zoo import make

__all__ = ["Row", "main", "rows"]

MODELS: dict[str, tuple[int, dict[str, Any]]] = {
    "sgd": (20_000, {"max_iter": 5, "tol": None}),
    "sgd-scaled": (20_000, {"max_iter": 5, "tol": None}),
    "forest": (20_000, {}),
    "svc": (10_000, {}),
    "svc-ovr": (5_000, {}),
    "svc-deskewed": (10_000, {}),
    "knn": (60_000, {}),
    "knn-deskewed": (60_000, {}),
    "knn-shifted": (20_000, {}),
    "edge-kernel": (20_000, {"n_centres": 2_000, "n_rounds": 1}),
    "convnet": (15_000, {"epochs": 2}),
}
STOCK: dict[str, Callable[[], Any]] = {
    "sgd": lambda: SGDClassifier(max_iter=5, tol=None, random_state=42),
    "forest": lambda: RandomForestClassifier(random_state=42, n_jobs=-1),
    "svc": lambda: make("svc"),
    "svc-ovr": lambda: make("svc-ovr"),
    "knn": lambda: KNeighborsClassifier(),
}
BATCH = 250


@dataclass(frozen=True)
class Row:
    """One exported model: images answered as by the model, bytes, microseconds an image beside the model's."""

    model: str
    written: str
    equal: int
    n: int
    n_bytes: int
    microseconds: float | None
    model_microseconds: float


def rows(names: list[str], dataset: Dataset) -> Iterator[Row]:
    """Export the models that are named."""
    images = dataset.test.images
    for name in names:
        n_train, params = MODELS[name]
        X, y = dataset.train.X[:n_train], dataset.train.labels[:n_train]
        about = Manifest("classification", name, dataset.class_names, dataset.shape, fit="mnist")
        bundle = Bundle(about, make(name, params=params).fit(X, y), dataset.train.images[:500], y[:500])
        ours, own = _timed(lambda part, bundle=bundle: bundle.answer(part).labels, images)
        content, agreement = onnx_of(bundle, images)
        ask = run_onnx(content)
        labels, speed = _timed(lambda part, ask=ask: ask(part)["label"], images)
        assert agreement.n_held_out == len(images)
        yield Row(name, "ONNX", int(np.sum(labels == ours)), len(images), len(content), speed, own)
        if name in STOCK and (rival := _skl2onnx(STOCK[name]().fit(X, y), X.shape[1])) is not None:
            model, session, written = rival
            theirs = model.predict(dataset.test.X[:2_000])
            labels, speed = _timed(lambda part, session=session: _ask(session, part), images[:2_000])
            yield Row(name, "skl2onnx", int(np.sum(labels == theirs)), 2_000, len(written), speed, own)
        try:
            page, _ = html_of(bundle, images[:2_000])
            yield Row(name, "page", 2_000, 2_000, len(page), None, own)
            _, _, measured = c_of(bundle, images, dataset.test.labels)
            yield Row(name, "C", measured.same, measured.n, X.shape[1] * len(about.classes), None, own)
        except MisreadError:
            continue


def _skl2onnx(model: Any, n_features: int) -> Any:
    """What skl2onnx makes of a stock model: the model, a session, the content; None where it makes nothing."""
    try:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType

        options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
        kind = [("images", FloatTensorType([None, n_features]))]
        content = to_onnx(model, initial_types=kind, options=options, target_opset=17).SerializeToString()
        return model, onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]), content
    except Exception as error:
        print(f"skl2onnx: {type(error).__name__}: {str(error).splitlines()[0][:100] if str(error) else ''}")
        return None


def _ask(session: Any, images: np.ndarray) -> np.ndarray:
    pixels = images.reshape(len(images), -1).astype(np.float32)
    return session.run(None, {session.get_inputs()[0].name: pixels})[0]


def _timed(ask: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> tuple[np.ndarray, float]:
    """All answers, and the microseconds an image took."""
    ask(images[:BATCH])
    start = time.perf_counter()
    labels = [ask(images[first : first + BATCH]) for first in range(0, len(images), BATCH)]
    return np.concatenate(labels), 1e6 * (time.perf_counter() - start) / len(images)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}; all by default")
    names = parser.parse_args().models or list(MODELS)
    print("| model | written as | equal answers | bytes | µs an image | misread itself |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows(names, load("mnist")):
        speed = "" if row.microseconds is None else f"{row.microseconds:,.0f}"
        print(
            f"| {row.model} | {row.written} | {row.equal:,} of {row.n:,} | {row.n_bytes:,} | {speed} "
            f"| {row.model_microseconds:,.0f} |",
            flush=True,
        )
        if row.written == "ONNX":
            assert row.equal == row.n, f"{row.model} does not answer as it does here"


if __name__ == "__main__":
    main()
