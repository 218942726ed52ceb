"""Many clients, slow clients, full queues, and the end: the server stays up, small and polite."""

import contextlib
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest
from gates import JSON_HEAD, Gated, metric, shut, wait_until

from misread.bundle import Bundle
from misread.serve.limits import Limits
from misread.serve.metrics import resident_bytes

Serve = Callable[..., AbstractContextManager[str]]
Connect = Callable[[str], socket.socket]


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


def test_who_has_just_come_is_not_turned_out_for_who_sends_slowly(
    digits_bundle: Bundle, serve: Serve, connect: Connect
) -> None:
    """Places full of slow bodies left the newcomers to turn each other out."""
    with serve(digits_bundle, Limits(connections=3)) as url:
        slow = [connect(url) for _ in range(3)]
        for client in slow:
            client.sendall(POST_HEAD % 10 + b"x")
        time.sleep(1.5)
        fresh = [connect(url) for _ in range(2)]
        time.sleep(0.2)
        for client in fresh:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert client.recv(1 << 16).startswith(b"HTTP/1.1 200")
        for client in (*slow, *fresh):
            client.close()


def test_too_many_connections(gated: Gated, serve: Serve, connect: Connect, one: dict[str, Any]) -> None:
    with serve(gated, Limits(connections=3)) as url:
        gate, answers = shut(gated), []

        def refused() -> bool:
            """Whether one more is refused; while the three are still coming, it may take a place and lose it."""
            with connect(url) as late:
                answers.append(late.recv(1 << 16))
            return answers[-1].startswith(b"HTTP/1.1 503")

        with asking(url, one, 3):
            wait_until(refused)
            gate.set()
        assert b"retry-after: 1" in answers[-1]


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
