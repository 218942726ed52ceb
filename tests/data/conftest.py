"""A tiny named set and a scripted HTTP mirror, so that the real download code runs against a real server."""

import contextlib
import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from misread.data import fetch
from misread.data.catalogue import Entry, NamedFile
from misread.data.readers.idx import idx_header, idx_sha256


@dataclass
class TinySet:
    """A named set of 20 + 10 images of 4x4, with the content of its files."""

    entry: Entry
    content: dict[str, bytes]
    arrays: dict[str, np.ndarray]


@pytest.fixture
def tiny() -> TinySet:
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte": rng.integers(0, 256, (20, 4, 4), dtype=np.uint8),
        "train-labels-idx1-ubyte": np.arange(20, dtype=np.uint8) % 3,
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (10, 4, 4), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": np.arange(10, dtype=np.uint8) % 3,
    }
    content = {name: idx_header(array.shape) + array.tobytes() for name, array in arrays.items()}
    files = tuple(NamedFile(name, idx_sha256(array), len(content[name])) for name, array in arrays.items())
    entry = Entry("tiny", "a test", "CC0", ("a", "b", "c"), 20, 10, (4, 4), files, ("tiny", "Tiny/raw"))
    return TinySet(entry, content, arrays)


Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Mirror:
    """A local HTTP server; `answers` are used up one a request, then `default` answers."""

    url: str
    default: Answer
    answers: list[Answer] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def send(body: bytes, status: int = 200, length: int | None = None, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if length != -1:
            handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def drip(body: bytes, pause: float) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for position in range(len(body)):
            handler.wfile.write(body[position : position + 1])
            handler.wfile.flush()
            time.sleep(pause)

    return answer


@pytest.fixture
def answers() -> dict[str, Callable[..., Answer]]:
    return {"send": send, "drip": drip}


@pytest.fixture
def make_mirror(tiny: TinySet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Mirror]]:
    """Start mirrors that serve the tiny set, gzip-compressed, unless told otherwise."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetch, "_BACKOFF", 0.01)
    servers = []

    def serve_tiny(handler: BaseHTTPRequestHandler) -> None:
        content = tiny.content.get(handler.path.rsplit("/", 1)[-1].removesuffix(".gz"))
        (send(b"", 404) if content is None else send(gzip.compress(content)))(handler)

    def start() -> Mirror:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                with contextlib.suppress(ConnectionError):
                    (mirror.answers.pop(0) if mirror.answers else mirror.default)(self)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        mirror = Mirror(f"http://127.0.0.1:{server.server_port}/files/", serve_tiny)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return mirror

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _no_outside(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the user's cache, the system's data and the settings of the shell."""
    nowhere = tmp_path_factory.mktemp("nowhere")
    monkeypatch.setattr(fetch, "_SYSTEM_FOLDER", nowhere)
    monkeypatch.setattr(fetch.pooch, "os_cache", lambda name: nowhere / "cache")
    monkeypatch.delenv("MISREAD_DATA", raising=False)
    monkeypatch.delenv("MISREAD_MIRRORS", raising=False)
