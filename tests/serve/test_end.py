"""The server as a command: how it starts, how few files it needs, and that it ends when it is told to."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from gates import JSON_HEAD, Gated, metric, shut, wait_until

from misread.bundle import Bundle, save
from misread.serve.limits import Limits

Serve = Callable[..., AbstractContextManager[str]]
Connect = Callable[[str], socket.socket]


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
    with serve(gated, Limits(grace=0.5)) as url:
        shut(gated)  # now: a server asks about something before it listens
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
