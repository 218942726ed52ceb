"""Many clients, slow clients, full queues, and the end: the server stays up, small and polite."""

import contextlib
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from misread.bundle import Bundle, Readings, save
from misread.serve.limits import Limits
from misread.serve.metrics import resident_bytes

Serve = Callable[..., AbstractContextManager[str]]
Connect = Callable[[str], socket.socket]

JSON_HEAD = (
    b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


class Gated(Bundle):
    """A model that answers when it is let."""

    gate: threading.Event
    asked: "queue.SimpleQueue[int]"

    def answer(self, images: np.ndarray) -> Readings:
        if hasattr(self, "gate") and not self.gate.is_set():
            self.asked.put(len(images))
            self.gate.wait(20)
        return super().answer(images)


@pytest.fixture
def gated(digits_bundle: Bundle) -> Iterator[Gated]:
    b = digits_bundle
    slow = Gated(b.manifest, b.estimator, b.example_images, b.example_labels)
    object.__setattr__(slow, "asked", queue.SimpleQueue())
    yield slow
    slow.gate.set()


def shut(model: Gated) -> threading.Event:
    gate = threading.Event()
    object.__setattr__(model, "gate", gate)
    return gate


@contextmanager
def asking(url: str, body: Any, times: int) -> Iterator[list[httpx.Response]]:
    """Send requests from as many threads; all answers are there at the end of the block."""
    answers: list[httpx.Response] = []
    ask = lambda: answers.append(httpx.post(f"{url}/v1/predict", json=body, timeout=30))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(times)]
    for thread in threads:
        thread.start()
    yield answers
    for thread in threads:
        thread.join()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def metric(url: str, name: str) -> float:
    (line,) = [line for line in httpx.get(f"{url}/metrics").text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


@pytest.fixture
def one(digits_bundle: Bundle) -> dict[str, Any]:
    return {"images": digits_bundle.example_images[:1].tolist()}


# --- full ---------------------------------------------------------------------------------------------------


def test_a_full_queue_is_a_503_that_says_when_to_return(gated: Gated, serve: Serve, one: dict[str, Any]) -> None:
    with serve(gated, Limits(requests=3)) as url:
        gate = shut(gated)
        with asking(url, one, 3) as answers:
            wait_until(lambda: metric(url, "misread_requests_inside") == 3)
            refused = httpx.post(f"{url}/v1/predict", json=one)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["error"] == "busy"
            assert httpx.get(f"{url}/healthz").status_code == 200
            gate.set()
        assert [answer.status_code for answer in answers] == [200] * 3
        assert httpx.post(f"{url}/v1/predict", json=one).status_code == 200
        assert metric(url, "misread_requests_inside") == 0


def test_requests_that_wait_are_answered_together(gated: Gated, serve: Serve, one: dict[str, Any]) -> None:
    with serve(gated, Limits(batch=16)) as url:
        gate = shut(gated)
        with asking(url, one, 9) as answers:
            wait_until(lambda: metric(url, "misread_requests_inside") == 9)
            time.sleep(0.2)
            gate.set()
        assert [answer.status_code for answer in answers] == [200] * 9
        assert metric(url, "misread_batches_total") <= 3
        assert metric(url, "misread_images_total") == 9


def test_an_answer_that_takes_too_long(gated: Gated, serve: Serve, one: dict[str, Any]) -> None:
    with serve(gated, Limits(seconds=0.3)) as url:
        gate = shut(gated)
        with asking(url, one, 2) as answers:
            pass
        assert {answer.status_code for answer in answers} == {503}
        assert "0.3 seconds" in answers[0].json()["detail"]
        gate.set()
        assert httpx.post(f"{url}/v1/predict", json=one).status_code == 200


def test_bodies_share_a_bound(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    head = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\n"
    with serve(digits_bundle, Limits(body=60_000, memory=100_000)) as url, connect(url) as a, connect(url) as b:
        for client in (a, b):
            client.sendall(head + b"x" * 40_000)
        wait_until(lambda: metric(url, "misread_body_bytes_held") >= 80_000)
        assert httpx.post(f"{url}/v1/predict", content=b"x" * 50_000).status_code == 503
        for client in (a, b):
            client.sendall(b"x" * 10_000)
            assert b"415" in client.recv(200)
        wait_until(lambda: metric(url, "misread_body_bytes_held") == 0)


# --- slow ---------------------------------------------------------------------------------------------------

PATIENCE = 0.6


def closed_after(client: socket.socket) -> float:
    """Read to the end; gives the seconds that took."""
    started = time.monotonic()
    try:
        while client.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - started


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"],
)
def test_headers_that_never_end(digits_bundle: Bundle, serve: Serve, connect: Connect, sent: bytes) -> None:
    with serve(digits_bundle, Limits(patience=PATIENCE)) as url, connect(url) as client:
        client.sendall(sent)
        assert PATIENCE / 2 < closed_after(client) < PATIENCE + 5


def test_headers_in_drips(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    with serve(digits_bundle, Limits(patience=PATIENCE)) as url, connect(url) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            for i in range(100):
                client.sendall(b"X-%d: x\r\n" % i)
                time.sleep(0.05)


def test_a_body_that_never_ends(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    with serve(digits_bundle, Limits(patience=PATIENCE)) as url, connect(url) as client:
        client.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nx")
        answer = client.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 408")
        assert closed_after(client) < 5
        assert metric(url, "misread_requests_inside") == 0


POST_HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


def test_a_body_on_a_slow_line_is_read(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    """It takes five times the patience, but it never rests and is faster than it must be."""
    chunk, times = b"x" * 2_000, int(5 * PATIENCE / 0.05)
    with serve(digits_bundle, Limits(patience=PATIENCE, rate=5_000)) as url, connect(url) as client:
        client.sendall(POST_HEAD % (len(chunk) * times))
        for _ in range(times):
            client.sendall(chunk)
            time.sleep(0.05)
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 415")


@pytest.mark.parametrize("chunk", [b"x", b"x" * 100])
def test_a_body_in_drips(digits_bundle: Bundle, serve: Serve, connect: Connect, chunk: bytes) -> None:
    with serve(digits_bundle, Limits(patience=PATIENCE, rate=50_000)) as url, connect(url) as client:
        client.sendall(POST_HEAD % 1_000_000)
        client.setblocking(False)
        started = time.monotonic()
        answer = b""
        while not answer and time.monotonic() < started + 10:
            with contextlib.suppress(OSError):
                client.sendall(chunk)
            time.sleep(0.05)
            with contextlib.suppress(BlockingIOError):
                answer = client.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 408")
        assert PATIENCE / 2 < time.monotonic() - started < PATIENCE + 3


def test_a_body_that_rests_after_a_quick_start(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    """What came quickly does not buy a place for minutes."""
    with serve(digits_bundle, Limits(patience=PATIENCE, rate=1_000)) as url, connect(url) as client:
        client.sendall(POST_HEAD % 1_000_000 + b"x" * 500_000)
        started = time.monotonic()
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started < PATIENCE + 3


def test_a_body_that_goes_on_after_its_answer(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    with serve(digits_bundle, Limits(patience=PATIENCE)) as url, connect(url) as client:
        client.sendall(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(200):
                client.sendall(b"x")
                time.sleep(0.05)


def test_a_client_that_does_not_take_its_answer(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    body = httpx.Request("POST", "http://x", json={"images": digits_bundle.example_images[:256].tolist()}).read()
    request = JSON_HEAD.replace(b"predict", b"predict?explain=true") % len(body) + body
    with serve(digits_bundle, Limits(patience=PATIENCE)) as url:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((httpx.URL(url).host, httpx.URL(url).port))
        with client:
            for _ in range(20):  # their answers are more than what the system's buffers hold
                client.sendall(request)
            time.sleep(PATIENCE + 3)
            with pytest.raises(ConnectionError):
                while client.recv(1 << 20):
                    client.sendall(b"x")
                raise ConnectionResetError
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_idle_connections_make_room(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    """The oldest of those that say nothing goes, not one that sends a body, nor who comes anew."""
    with serve(digits_bundle, Limits(connections=5)) as url:
        sending = connect(url)
        sending.sendall(POST_HEAD % 10 + b"x")
        time.sleep(0.2)
        idle = [connect(url) for _ in range(4)]
        time.sleep(0.2)
        for _ in range(2):
            assert httpx.get(f"{url}/healthz").status_code == 200
        assert idle[0].recv(10) == b""
        sending.sendall(b"x" * 9)
        assert sending.recv(1 << 16).startswith(b"HTTP/1.1 415")
        for client in (sending, *idle):
            client.close()


def test_too_many_connections(gated: Gated, serve: Serve, connect: Connect, one: dict[str, Any]) -> None:
    with serve(gated, Limits(connections=3)) as url:
        gate = shut(gated)
        with asking(url, one, 3):
            gated.asked.get(timeout=20)
            time.sleep(0.5)
            with connect(url) as late:
                answer = late.recv(1 << 16)
            gate.set()
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in answer


def test_slow_bodies_take_no_places(
    digits_bundle: Bundle, serve: Serve, connect: Connect, one: dict[str, Any]
) -> None:
    with serve(digits_bundle, Limits(requests=2)) as url:
        slow = [connect(url) for _ in range(20)]
        for client in slow:
            client.sendall(POST_HEAD % 1_000 + b"x")
        wait_until(lambda: metric(url, "misread_bodies_arriving") == 20)
        for _ in range(3):
            assert httpx.post(f"{url}/v1/predict", json=one, timeout=30).status_code == 200
        for client in slow:
            client.close()


@pytest.mark.parametrize(
    "junk",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n\r\n\r\n", b"GET\x00 / HTTP/9.9\r\n\r\n",
     b"A" * 200_000,
     b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
     b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"],
)  # fmt: skip
def test_what_is_not_http(digits_url: str, connect: Connect, junk: bytes) -> None:
    with connect(digits_url) as client:
        client.settimeout(3)
        try:
            client.sendall(junk)
            client.recv(100)
        except OSError:
            pass
    assert httpx.get(f"{digits_url}/healthz").status_code == 200


# --- many ---------------------------------------------------------------------------------------------------


def test_10_000_requests_from_64_connections(digits_bundle: Bundle, serve: Serve) -> None:
    image = httpx.Request("POST", "http://x", json={"images": digits_bundle.example_images[:1].tolist()}).read()
    request = JSON_HEAD % len(image) + image
    statuses: Counter[bytes] = Counter()

    def client(address: tuple[str, int], times: int) -> None:
        with socket.create_connection(address, timeout=60) as connection, connection.makefile("rb") as answers:
            for _ in range(times):
                connection.sendall(request)
                statuses[answers.readline().split()[1]] += 1
                length = 0
                while (line := answers.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                answers.read(length)

    with serve(digits_bundle) as url:
        address = (httpx.URL(url).host, httpx.URL(url).port)
        client(address, 300)
        before, files_before = resident_bytes(), len(os.listdir("/proc/self/fd"))
        threads = [threading.Thread(target=client, args=(address, 10_000 // 64 + 1)) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        grown = resident_bytes() - before
        wait_until(lambda: len(os.listdir("/proc/self/fd")) <= files_before + 2)
        assert metric(url, "misread_requests_inside") == 0
    assert statuses == {b"200": 300 + 64 * (10_000 // 64 + 1)}
    assert grown < 64e6


# --- the end ------------------------------------------------------------------------------------------------


@contextmanager
def command(model: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    arguments = [sys.executable, "-m", "misread.cli", "serve", str(model), "--port", "0", *options]
    if not (Path(sys.executable).parent / "misread").exists():
        pytest.skip("the command misread is not installed beside this Python")
    arguments[:3] = [str(Path(sys.executable).parent / "misread")]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            match = re.search(r"http://\S+?:\d+", process.stderr.readline())
            assert match
            url = match[0]
            wait_until(lambda: answers(url), 30)
            yield process, url
        finally:
            process.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def model_file(digits_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "digits.misread"
    save(digits_bundle, path)
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_after_the_requests_inside(
    model_file: Path, one: dict[str, Any], connect: Connect, number: int
) -> None:
    body = httpx.Request("POST", "http://x", json=one).read()
    with command(model_file) as (process, url), connect(url) as client, connect(url) as idle:
        client.sendall(JSON_HEAD % len(body) + body[:10])
        wait_until(lambda: metric(url, "misread_bodies_arriving") == 1)
        process.send_signal(number)
        wait_until(lambda: not answers(url))
        assert idle.recv(10) == b""
        client.sendall(body[10:])
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"label"' in answer
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert "Stopped." in process.stderr.read()


def test_an_idle_server_ends_at_once(model_file: Path) -> None:
    """Taking NumPy, Numba and scikit-learn apart takes seconds on a busy machine, and more than a grace period."""
    code = "import atexit, misread.cli; atexit.register(print, 'taken apart'); misread.cli.main()"
    arguments = [sys.executable, "-c", code, "serve", str(model_file), "--port", "0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = re.search(r"http://\S+?:\d+", process.stderr.readline())
        assert url
        wait_until(lambda: answers(url[0]), 30)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err.strip()) == (0, "", "Stopped.")


def test_a_request_that_takes_too_long_does_not_keep_the_server_from_ending(
    gated: Gated, serve: Serve, connect: Connect, one: dict[str, Any]
) -> None:
    body = httpx.Request("POST", "http://x", json=one).read()
    shut(gated)
    with serve(gated, Limits(grace=0.5)) as url:
        client = connect(url)
        client.sendall(JSON_HEAD % len(body) + body)
        gated.asked.get(timeout=20)
        started = time.monotonic()
    assert time.monotonic() - started < 15
    client.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs ulimit")
def test_few_open_files(model_file: Path, one: dict[str, Any], connect: Connect, tmp_path: Path) -> None:
    """Idle connections in their hundreds keep nobody out and write no log."""
    misread = str(Path(sys.executable).parent / "misread")
    log = tmp_path / "log"
    line = 'ulimit -n 200; exec "$0" serve "$1" --port 0 2> "$2"'
    with subprocess.Popen(["bash", "-c", line, misread, str(model_file), str(log)]) as process:
        try:
            wait_until(lambda: log.exists() and "http://" in log.read_text(), 60)
            url = re.search(r"http://\S+?:\d+", log.read_text())[0]  # type: ignore[index]
            wait_until(lambda: answers(url), 60)
            idle = [connect(url) for _ in range(300)]
            for _ in range(5):
                assert httpx.post(f"{url}/v1/predict", json=one, timeout=20).status_code == 200
            for client in idle:
                client.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert len(log.read_text()) < 5_000


def test_a_taken_port_and_a_missing_file_are_one_line(model_file: Path, tmp_path: Path) -> None:
    misread = str(Path(sys.executable).parent / "misread")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = subprocess.run([misread, "serve", str(model_file), "--port", port], capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr.startswith("error: cannot listen")
    assert run.stderr.count("\n") <= 2
    assert "--port" in run.stderr
    run = subprocess.run([misread, "serve", str(tmp_path / "no.misread")], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
