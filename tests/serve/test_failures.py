"""Every failure, whoever notices it, is the same JSON object with the same headers."""

import json
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from gates import JSON_HEAD

from misread.bundle import Bundle

Serve = Callable[..., AbstractContextManager[str]]
Connect = Callable[[str], socket.socket]

SECURITY = ("content-security-policy", "x-content-type-options", "referrer-policy", "permissions-policy")


class Broken:
    """Fails on three images."""

    classes_ = np.arange(10)
    n_features_in_ = 64

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        if len(X) == 3:
            raise RuntimeError("secret")
        return np.full((len(X), 10), 0.1)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.predict_proba(X).argmax(axis=1)


def raw_answer(client: socket.socket) -> httpx.Response:
    """Read a connection to its end."""
    answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
    head, body = answer.split(b"\r\n\r\n", 1)
    status, *lines = head.decode().split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    return httpx.Response(int(status.split()[1]), headers=headers, content=body)  # type: ignore[arg-type]


def check_failure(response: httpx.Response, status: int, code: str) -> str:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-length"] == str(len(response.content))
    assert all(name in response.headers for name in SECURITY)
    body = json.loads(response.content)
    assert set(body) == {"error", "detail"}
    assert body["error"] == code
    return str(body["detail"])


def test_a_failing_model_is_a_500_and_not_the_end(digits_bundle: Bundle, serve: Serve) -> None:
    image = digits_bundle.example_images[0].tolist()
    with serve(replace(digits_bundle, estimator=Broken())) as url, httpx.Client(base_url=url) as client:
        for _ in range(3):
            detail = check_failure(client.post("/v1/predict", json={"images": [image] * 3}), 500, "internal")
            assert "log" in detail
            assert "secret" not in detail
            assert client.post("/v1/predict", json={"images": [image]}).status_code == 200
        metrics = client.get("/metrics").text
        assert 'misread_requests_total{route="/v1/predict",method="POST",status="500"} 3' in metrics
        assert 'misread_refused_total{reason="internal"} 3' in metrics


@pytest.mark.parametrize(
    "junk", [b"GET\x00 / HTTP/9.9\r\n\r\n", b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]
)
def test_what_is_not_http_is_told_so(digits_url: str, connect: Connect, junk: bytes) -> None:
    with connect(digits_url) as client:
        client.sendall(junk)
        check_failure(raw_answer(client), 400, "not-http")


def test_a_client_that_left_is_no_failure(digits_bundle: Bundle, serve: Serve, connect: Connect) -> None:
    with serve(digits_bundle) as url:
        with connect(url) as client:
            client.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nx")
        end = time.monotonic() + 10
        while 'status="499"} 1' not in (text := httpx.get(f"{url}/metrics").text):
            assert time.monotonic() < end, text
        assert "internal" not in text


@pytest.mark.parametrize("ending", ["", "Connection: close\r\n"])
def test_a_client_that_sends_no_more_is_answered(
    digits_url: str, connect: Connect, one: dict[str, Any], ending: str
) -> None:
    """As `nc -N` does, and some load balancers: the request, the end of what is sent, waiting for the answer."""
    body = json.dumps(one).encode()
    with connect(digits_url) as client:
        client.sendall((JSON_HEAD % len(body)).replace(b"\r\n\r\n", f"\r\n{ending}\r\n".encode()) + body)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"label"' in answer


def test_several_requests_before_the_end_are_all_answered(digits_url: str, connect: Connect) -> None:
    with connect(digits_url) as client:
        client.sendall(2 * b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: client.recv(1 << 16), b"")).count(b"HTTP/1.1 200") == 2


def test_a_client_that_ends_within_a_request_is_let_go(digits_url: str, connect: Connect) -> None:
    with connect(digits_url) as client:
        client.sendall(JSON_HEAD % 100 + b"{")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1 << 16) == b""
