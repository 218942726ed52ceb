"""Exported models on MNIST, each run by itself, beside what others write: equal answers, bytes and microseconds.

``python -m benchmarks.export [MODEL ...]`` trains each model, most on part of the training images, so that a table
takes minutes; how well it agrees does not depend on how good the model is. What is written is run with nothing of
misread: ONNX by a script of its own in a process of its own, C by a small ``main.c``, a page in Chromium without
network. skl2onnx and torch.onnx (with onnxscript) are asked where they are installed and know the model. What is
measured replaces its rows in export.json and export.md.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.machine import circumstances
from misread import load
from misread.bundle import Bundle, Manifest
from misread.data import Dataset
from misread.errors import ParameterError
from misread.export import c_of, html_of, onnx_of
from misread.export.html.browser import browser_program
from misread.models.zoo import make

__all__ = ["main", "rows"]

HERE = Path(__file__).parent
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
    "tiny": (60_000, {"epochs": 3}),
    "convnet": (15_000, {"epochs": 2}),
}
STOCK: dict[str, Callable[[], Any]] = {
    "sgd": lambda: SGDClassifier(max_iter=5, tol=None, random_state=42),
    "forest": lambda: RandomForestClassifier(random_state=42, n_jobs=-1),
    "svc": lambda: make("svc"),
    "svc-ovr": lambda: make("svc-ovr"),
    "knn": lambda: KNeighborsClassifier(),
}
PACKAGES = ("numpy", "scikit-learn", "onnx", "onnxruntime", "skl2onnx", "torch", "onnxscript", "playwright")
BATCH = 250
N_THEIRS = 2_000

ASK_ONNX = """\
import sys, time
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
images = np.fromfile(sys.argv[2], np.uint8).reshape(-1, 28, 28)
given = {"images": lambda x: x, "rows": lambda x: x.reshape(-1, 784).astype(np.float32),
         "planes": lambda x: x[:, None].astype(np.float32) / 255}[sys.argv[3]]
name, answer = session.get_inputs()[0].name, session.get_outputs()[0].name
ask = lambda part: session.run([answer], {name: given(part)})[0]
ask(images[:250]); start = time.perf_counter()
parts = [ask(images[i:i + 250]) for i in range(0, len(images), 250)]
seconds, found = time.perf_counter() - start, np.concatenate(parts)
assert "misread" not in sys.modules
np.save(sys.argv[4], found.argmax(1) if found.ndim == 2 else found); print(1e6 * seconds / len(images))
"""
ASK_C = """\
#include <stdio.h>
#include "misread.h"
int main(void)
{
    static uint8_t image[MISREAD_PIXELS];
    while (fread(image, 1, sizeof image, stdin) == sizeof image)
        printf("%d\\n", misread_predict(image));
    return 0;
}
"""
ASK_PAGE = """text => { const start = performance.now(); const found = misread.answers(text);
return [found.label, performance.now() - start]; }"""


def rows(name: str, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """One row for each form that a model is written in."""
    images = dataset.test.images
    n_train, params = MODELS[name]
    X, y = dataset.train.X[:n_train], dataset.train.labels[:n_train]
    about = Manifest("classification", name, dataset.class_names, dataset.shape, fit="mnist")
    bundle = Bundle(about, make(name, params=params).fit(X, y), dataset.train.images[:500], y[:500])
    ours, own = _timed(lambda part: bundle.answer(part).labels, images)

    def row(written: str, run_by: str, n_bytes: int, labels: np.ndarray, speed: float) -> dict[str, Any]:
        equal = int(np.count_nonzero(labels == ours))
        return _row(written, run_by, equal, len(images), n_bytes, speed, own)

    content, _ = onnx_of(bundle)
    yield row("ONNX", "onnxruntime", len(content), *ask_onnx(content, images, "images"))
    if name in STOCK:
        yield from _by_skl2onnx(STOCK[name]().fit(X, y), dataset)
    if name == "convnet":
        yield from _by_torch(bundle.estimator, images)
    try:
        page, _ = html_of(bundle, images)
        yield row("page", "Chromium", len(page), *ask_page(page, images))
    except ParameterError:
        pass
    try:
        sources, _, measured = c_of(bundle, images, dataset.test.labels)
    except ParameterError:
        return
    labels, speed, flash = ask_c(sources, images)
    yield row("C", f"gcc -O2; {measured.right:,} right, {measured.right_before:,} before", flash, labels, speed)


def _row(written: str, run_by: str, equal: int, n: int, n_bytes: int, speed: float, own: float) -> dict[str, Any]:
    return {
        "written": written,
        "run_by": run_by,
        "equal": equal,
        "n": n,
        "n_bytes": n_bytes,
        "microseconds": speed,
        "own_microseconds": own,
    }


def ask_onnx(content: bytes, images: np.ndarray, given: str) -> tuple[np.ndarray, float]:
    """Labels and microseconds an image, by a script that has numpy and onnxruntime alone."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(content)
        (folder / "ask.py").write_text(ASK_ONNX)
        images.tofile(folder / "images")
        command = [sys.executable, "-I", "ask.py", "model.onnx", "images", given, "labels.npy"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return np.load(folder / "labels.npy"), float(done.stdout)


def ask_c(sources: dict[str, str], images: np.ndarray) -> tuple[np.ndarray, float, int]:
    """Labels, microseconds an image, and bytes of flash on a Cortex-M0."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in (sources | {"main.c": ASK_C}).items():
            (folder / file).write_text(content, "ascii")
        subprocess.run(["gcc", "-std=c99", "-O2", "misread.c", "main.c", "-o", "ask"], cwd=folder, check=True)
        pixels, start = images.tobytes(), time.perf_counter()
        done = subprocess.run([folder / "ask"], input=pixels, capture_output=True, check=True)
        speed = 1e6 * (time.perf_counter() - start) / len(images)
        for_m0 = ["arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb", "-std=c99", "-Os", "-c", "misread.c"]
        subprocess.run(for_m0, cwd=folder, check=True)
        sized = subprocess.run(
            ["arm-none-eabi-size", "misread.o"], cwd=folder, capture_output=True, text=True, check=True
        )
    return np.array(done.stdout.split(), np.int64), speed, sum(map(int, sized.stdout.splitlines()[1].split()[:2]))


def ask_page(page: bytes, images: np.ndarray) -> tuple[np.ndarray, float]:
    """Labels and microseconds an image, in Chromium from a file and without network."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as name, sync_playwright() as playwright:
        path = Path(name, "page.html")
        path.write_bytes(page)
        browser = playwright.chromium.launch(executable_path=browser_program(), args=["--no-sandbox"])
        tab = browser.new_context(offline=True).new_page()
        tab.set_default_timeout(600_000)
        tab.goto(path.as_uri())
        tab.locator("html[data-ready]").wait_for(state="attached")
        labels, milliseconds = list[int](), 0.0
        for start in range(0, len(images), BATCH):
            part = base64.b64encode(images[start : start + BATCH].tobytes()).decode()
            found, taken = tab.evaluate(ASK_PAGE, part)
            labels, milliseconds = labels + found, milliseconds + taken
        browser.close()
    return np.array(labels), 1e3 * milliseconds / len(images)


def _by_skl2onnx(model: Any, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """What skl2onnx makes of a stock model; nothing where it is not installed or fails."""
    X, images = dataset.test.X[:N_THEIRS], dataset.test.images[:N_THEIRS]
    try:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType

        options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
        kind = [("images", FloatTensorType([None, X.shape[1]]))]
        content = to_onnx(model, initial_types=kind, options=options, target_opset=17).SerializeToString()
        labels, speed = ask_onnx(content, images, "rows")
    except Exception as error:
        print(f"skl2onnx: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:100]}")
        return
    theirs, own = _timed(model.predict, X)
    equal = int(np.count_nonzero(labels == theirs))
    yield _row("skl2onnx", "onnxruntime", equal, len(X), len(content), speed, own)


def _by_torch(model: Any, images: np.ndarray) -> Iterator[dict[str, Any]]:
    """What torch.onnx makes of the network alone, asked once an image and uncalibrated."""
    try:
        import torch

        from misread.models.deep.network import weights_from_bytes
        from misread.models.deep.training import logits_of

        network = model._build()
        network.load_state_dict(weights_from_bytes(model.weights_))
        network.eval()
        theirs, own = _timed(lambda part: logits_of(network, part).argmax(axis=1), images)
        # It knows no adaptive pooling; of 7x7 to 3x3 it is this.
        for name, layer in network.named_children():
            if isinstance(layer, torch.nn.AdaptiveMaxPool2d):
                setattr(network, name, torch.nn.MaxPool2d(3, 2))
        with TemporaryDirectory() as folder, redirect_stdout(StringIO()):
            path = f"{folder}/theirs.onnx"
            any_number = {0: torch.export.Dim("n")}
            example = (torch.zeros(2, 1, *images.shape[1:]),)
            torch.onnx.export(
                network, example, path, dynamo=True, external_data=False, dynamic_shapes=(any_number,)
            )
            content = Path(path).read_bytes()
        labels, speed = ask_onnx(content, images, "planes")
    except Exception as error:
        print(f"torch.onnx: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:100]}")
        return
    equal = int(np.count_nonzero(labels == theirs))
    yield _row("torch.onnx, one view", "onnxruntime", equal, len(images), len(content), speed, own)


def _timed(ask: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> tuple[np.ndarray, float]:
    """All answers, and the microseconds an image took."""
    ask(images[:BATCH])
    start = time.perf_counter()
    labels = [ask(images[first : first + BATCH]) for first in range(0, len(images), BATCH)]
    return np.concatenate(labels), 1e6 * (time.perf_counter() - start) / len(images)


def markdown(known: dict[str, Any]) -> str:
    """All that was measured so far."""
    lines = [
        "# Exported models on MNIST",
        "",
        "Each is run with nothing of misread at hand, on the test images in batches of 250: equal answers are "
        "those that are the model's own (of skl2onnx and torch.onnx: those of scikit-learn's or PyTorch's model "
        "that they wrote). Models are trained on parts of the training images (`MODELS` in benchmarks/export.py). "
        "Bytes are of the file; of C of flash on a Cortex-M0 (-Os). Times of rows with a load average (of five "
        "minutes) above the number of cores are of a busy machine: they compare within a row, roughly, no "
        "further. skl2onnx's file of one class against the rest (svc-ovr) gives other classes than the model it "
        "was made of.",
        "",
        "| model | written as | run by | equal answers | bytes | µs an image | model itself, µs | measured with |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for name in (one for one in MODELS if one in known):
        around = known[name]["circumstances"]
        versions = ", ".join(f"{package} {number}" for package, number in around["versions"].items())
        machine = f"{around['commit']}, {around['day']}; {around['cores']} cores, {around['processor']}"
        lines += [
            f"| {name} | {row['written']} | {row['run_by']} | {row['equal']:,} of {row['n']:,} "
            f"| {row['n_bytes']:,} | {row['microseconds']:,.0f} | {row['own_microseconds']:,.0f} "
            f"| {machine}, load average {row['load']}; {versions} |"
            for row in known[name]["rows"]
        ]
    return "\n".join([*lines, ""])


def main() -> int:
    """Measure, print and keep; fail where what we wrote does not answer as it should."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}; all by default")
    kept, broken = HERE / "export.json", list[str]()
    known = json.loads(kept.read_text()) if kept.exists() else {}
    dataset = load("mnist")
    for name in parser.parse_args().models or list(MODELS):
        found = list[dict[str, Any]]()
        for row in rows(name, dataset):
            found.append(row | {"load": round(os.getloadavg()[1], 1)})
            print(name, row, flush=True)
            if row["written"] in ("ONNX", "page") and row["equal"] < row["n"]:
                broken.append(f"{name} as {row['written']} does not answer as it does here")
        known[name] = {"rows": found, "circumstances": circumstances(PACKAGES)}
        kept.write_text(json.dumps(known, indent=1) + "\n")
        (HERE / "export.md").write_text(markdown(known))
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
