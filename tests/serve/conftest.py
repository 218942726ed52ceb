"""Small models, a real server in a thread, and handwriting."""

import contextlib
import io
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gates import Gated
from PIL import Image

from misread.bundle import Bundle, Manifest, OperatingPointRecord
from misread.data.loading import load
from misread.models.zoo import make
from misread.serve.app import create_app
from misread.serve.limits import Limits
from misread.serve.server import listen, make_server

Point = tuple[float, float]
Stroke = list[Point]


def bundle_of(
    name: str, images: np.ndarray, labels: np.ndarray, *, fit: str, classes: tuple[str, ...], examples: int = 2_000
) -> Bundle:
    """Train a zoo model and bundle it; sure when it is 0.5 ahead."""
    labels = labels.astype(np.int64)
    estimator = make(name).fit(images.reshape(len(images), -1), labels)
    point = OperatingPointRecord(0.5, "precision", 0.99, None, "out-of-fold scores")
    manifest = Manifest(
        "classification",
        name,
        classes,
        images.shape[1:],
        fit=fit,
        operating_point=point,
        command="misread train /secret",
    )
    return Bundle(manifest, estimator, images[:examples], labels[:examples])


@pytest.fixture(scope="session")
def digits_bundle() -> Bundle:
    data = load("digits")
    return bundle_of("knn", data.train.images, data.train.labels, fit="stretch", classes=tuple(data.class_names))


@pytest.fixture(scope="session")
def calibrated_bundle() -> Bundle:
    """A model that has scores, by which it is sure or not, and probabilities."""
    data = load("digits")
    return bundle_of(
        "edge-kernel", data.train.images, data.train.labels, fit="stretch", classes=tuple(data.class_names)
    )


@pytest.fixture(scope="session")
def mnist_bundle(mnist_folder: Path) -> Bundle:
    data = load("mnist", data_dir=mnist_folder)
    return bundle_of(
        "knn", data.train.images, data.train.labels, fit="mnist", classes=tuple(data.class_names), examples=60_000
    )


@contextlib.contextmanager
def serving(bundle: Bundle, limits: Limits | None = None, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve on a free port until the end of the block; gives the address."""
    limits = limits or Limits()
    with listen(host, 0) as listener:
        server = make_server(create_app(bundle, limits), limits)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
                assert thread.is_alive()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def serve() -> Callable[..., contextlib.AbstractContextManager[str]]:
    return serving


@pytest.fixture(scope="session")
def digits_url(digits_bundle: Bundle) -> Iterator[str]:
    with serving(digits_bundle) as url:
        yield url


@pytest.fixture
def client(digits_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=digits_url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    def encode(image: np.ndarray | Image.Image, format: str = "PNG") -> bytes:
        buffer = io.BytesIO()
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, format)
        return buffer.getvalue()

    return encode


@pytest.fixture(scope="session")
def connect() -> Callable[[str], socket.socket]:
    """Open a raw connection, for clients that misbehave."""

    def open_(url: str) -> socket.socket:
        parts = httpx.URL(url)
        return socket.create_connection((parts.host, parts.port), timeout=20)

    return open_


@pytest.fixture
def gated(digits_bundle: Bundle) -> Iterator[Gated]:
    b = digits_bundle
    slow = Gated(b.manifest, b.estimator, b.example_images, b.example_labels)
    object.__setattr__(slow, "asked", queue.SimpleQueue())
    yield slow
    slow.gate.set()


@pytest.fixture
def one(digits_bundle: Bundle) -> dict[str, Any]:
    return {"images": digits_bundle.example_images[:1].tolist()}
