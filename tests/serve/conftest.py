"""Small models, a real server in a thread, and handwriting."""

import contextlib
import io
import itertools
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
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


# --- handwriting: strokes in a square from 0 to 1 -------------------------------------------------------------


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float, n: int = 24) -> Stroke:
    """Points of an ellipse; degrees, 0 to the right, 90 down."""
    angles = [math.radians(start + (end - start) * i / n) for i in range(n + 1)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def _line(*corners: Point, n: int = 10) -> Stroke:
    points = [corners[0]]
    for (x, y), (to_x, to_y) in itertools.pairwise(corners):
        points += [(x + (to_x - x) * i / n, y + (to_y - y) * i / n) for i in range(1, n + 1)]
    return points


_PLAIN: dict[str, list[Stroke]] = {
    "0": [_arc(0.5, 0.5, 0.2, 0.3, -90, 270)],
    "1": [_line((0.54, 0.2), (0.47, 0.8))],
    "2": [_arc(0.5, 0.36, 0.18, 0.17, -160, 45) + _line((0.63, 0.48), (0.31, 0.79), (0.72, 0.77))],
    "3": [_arc(0.47, 0.34, 0.18, 0.15, -140, 90) + _arc(0.47, 0.64, 0.2, 0.16, -90, 140)],
    "4": [_line((0.36, 0.2), (0.31, 0.52), (0.7, 0.5)), _line((0.64, 0.2), (0.6, 0.82))],
    "5": [_line((0.68, 0.2), (0.38, 0.21), (0.36, 0.46)) + _arc(0.46, 0.62, 0.2, 0.18, -110, 140)],
    "6": [_line((0.6, 0.18), (0.42, 0.38), (0.34, 0.6)) + _arc(0.5, 0.65, 0.16, 0.15, 180, 540)],
    "7": [_line((0.3, 0.24), (0.7, 0.22), (0.46, 0.8))],
    "8": [_arc(0.5, 0.35, 0.14, 0.15, 90, -270) + _arc(0.5, 0.66, 0.17, 0.16, -90, 270)],
    "9": [_arc(0.49, 0.36, 0.15, 0.15, 0, -360) + _line((0.64, 0.36), (0.62, 0.6), (0.55, 0.82))],
}


_CONTINENTAL: dict[str, list[Stroke]] = _PLAIN | {
    "1": [_line((0.36, 0.38), (0.54, 0.2), (0.54, 0.8))],
    "4": [_line((0.56, 0.18), (0.28, 0.6), (0.74, 0.6)), _line((0.58, 0.42), (0.56, 0.82))],
    "7": [_line((0.3, 0.24), (0.7, 0.22), (0.46, 0.8)), _line((0.4, 0.5), (0.68, 0.49))],
    "9": [
        _arc(0.49, 0.36, 0.15, 0.15, 0, -360)
        + _line((0.64, 0.36), (0.63, 0.6))
        + _arc(0.49, 0.62, 0.14, 0.18, 0, 130)
    ],
}
_CURLY: dict[str, list[Stroke]] = _PLAIN | {
    "2": [
        _arc(0.48, 0.36, 0.18, 0.17, -170, 40)
        + _line((0.62, 0.48), (0.38, 0.74))
        + _arc(0.38, 0.68, 0.08, 0.07, 90, 360)
        + _line((0.46, 0.7), (0.58, 0.78), (0.74, 0.74))
    ],
    "4": [_line((0.58, 0.2), (0.3, 0.56), (0.72, 0.56)), _line((0.58, 0.2), (0.58, 0.82))],
    "6": [_arc(0.62, 0.52, 0.27, 0.34, -100, -200) + _arc(0.5, 0.65, 0.15, 0.14, 180, 540)],
    "8": [
        _line((0.64, 0.26))
        + _arc(0.5, 0.34, 0.14, 0.14, -35, -220)
        + _arc(0.49, 0.66, 0.16, 0.15, -60, 250)
        + _line((0.44, 0.52), (0.63, 0.27))
    ],
}


def _moved(digits: dict[str, list[Stroke]], move: Callable[[float, float], Point]) -> dict[str, list[Stroke]]:
    """Every point of every stroke, from the middle of the square, moved."""
    return {
        digit: [[(0.5 + x, 0.5 + y) for x, y in (move(x - 0.5, y - 0.5) for x, y in stroke)] for stroke in strokes]
        for digit, strokes in digits.items()
    }


def _turned(degrees: float) -> Callable[[float, float], Point]:
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return lambda x, y: (cosine * x - sine * y, sine * x + cosine * y)


_HANDS: dict[str, dict[str, list[Stroke]]] = {
    "plain": _PLAIN,
    "continental": _CONTINENTAL,
    "curly and slanted": _moved(_CURLY, lambda x, y: (x - 0.35 * y, y)),
    "narrow, leaning back": _moved(_CONTINENTAL, lambda x, y: (0.7 * x + 0.15 * y, 1.1 * y)),
    "wide, turned and shaky": _moved(
        _PLAIN, lambda x, y: _turned(9)(1.25 * x + 0.008 * math.sin(60 * y), 0.85 * y + 0.008 * math.sin(50 * x))
    ),
}


@pytest.fixture(scope="session")
def handwriting() -> dict[str, list[Stroke]]:
    """Each digit as it is taught."""
    return _PLAIN


@pytest.fixture(params=_HANDS)
def hand(request: pytest.FixtureRequest) -> dict[str, list[Stroke]]:
    """Each digit as one of five people writes it."""
    return _HANDS[request.param]
