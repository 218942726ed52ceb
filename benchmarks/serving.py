"""Serving: predictions per second and latency over HTTP, with `knn` on 60,000 images and with `sgd-scaled`.

The server is the command `misread serve` in a process of its own; the clients are threads here that write requests
made beforehand and read the answers, on the same cores.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.request import urlopen

import numpy as np

from misread import load
from misread.bundle import Bundle, Manifest, save
from misread.data import Dataset
from misread.models.zoo import make

__all__ = ["Serving", "serving"]

# Images a request, connections: the least predictions a second that we accept.
MODELS = {
    "knn": {(1, 1): 100, (1, 16): 180, (256, 1): 2_000, (256, 4): 2_500},
    "sgd-scaled": {(1, 1): 300, (1, 16): 500, (256, 1): 2_500, (256, 4): 2_500},
}
SECONDS = 6.0
WARM_UP = 1.0


@dataclass(frozen=True)
class Serving:
    """One model asked with one batch size over some connections for some seconds.

    `predictions_per_second` counts images; the latencies are of requests, in milliseconds. `cpu_ms` is the
    server's processor time for one request, which other programs on the machine change least.
    """

    model: str
    batch: int
    connections: int
    predictions_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    requests: int
    floor: int


@dataclass(frozen=True)
class Server:
    """A running `misread serve`."""

    pid: int
    address: tuple[str, int]

    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serving(data: Dataset | None = None) -> list[Serving]:
    """Measure every model and case; about a minute of serving and the training of two models."""
    data = data or load("mnist")
    rows = []
    for name, cases in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.misread"
            save(_bundle(name, data), path)
            with _served(path) as server:
                rows += [_measured(name, server, data, *case, floor) for case, floor in cases.items()]
    return rows


def _bundle(name: str, data: Dataset) -> Bundle:
    labels = data.train.labels.astype(np.int64)
    manifest = Manifest("classification", name, tuple(data.class_names), data.shape, fit="mnist")
    return Bundle(manifest, make(name).fit(data.train.X, labels), data.train.images[:5_000], labels[:5_000])


@contextmanager
def _served(path: Path) -> Iterator[Server]:
    command = [str(Path(sys.executable).parent / "misread"), "serve", str(path), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://([\d.]+):(\d+)", line := process.stderr.readline())
            if not found:
                raise RuntimeError(line)
            with urlopen(f"{found[0]}/healthz") as answer:
                answer.read()
            yield Server(process.pid, (found[1], int(found[2])))
        finally:
            process.terminate()


def _measured(name: str, server: Server, data: Dataset, batch: int, connections: int, floor: int) -> Serving:
    times: list[float] = []
    inputs = [_requests(data, batch, at) for at in range(connections)]
    started = time.perf_counter() + WARM_UP
    threads = [
        threading.Thread(target=_ask, args=(server.address, requests, started, times)) for requests in inputs
    ]
    for thread in threads:
        thread.start()
    time.sleep(WARM_UP)
    cpu = server.cpu_seconds()
    for thread in threads:
        thread.join()
    cpu = server.cpu_seconds() - cpu
    seconds = time.perf_counter() - started
    p50, p99 = np.percentile(times, [50, 99]) * 1e3
    return Serving(
        name,
        batch,
        connections,
        len(times) * batch / seconds,
        float(p50),
        float(p99),
        1e3 * cpu / len(times),
        len(times),
        floor,
    )


def _requests(data: Dataset, batch: int, at: int) -> list[bytes]:
    """Requests of test images, other ones for every connection."""
    images = np.roll(data.test.images, -256 * at, axis=0)
    bodies = [
        json.dumps({"images": images[start : start + batch].tolist()}).encode()
        for start in range(0, min(16 * batch, len(images) - batch), batch)
    ]
    head = "POST /v1/predict HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    return [head.format("localhost", len(body)).encode() + body for body in bodies]


def _ask(address: tuple[str, int], requests: list[bytes], started: float, times: list[float]) -> None:
    with socket.create_connection(address) as connection, connection.makefile("rb") as answers:
        for i in range(sys.maxsize):
            before = time.perf_counter()
            if before > started + SECONDS:
                return
            connection.sendall(requests[i % len(requests)])
            _read_answer(answers)
            if before > started:
                times.append(time.perf_counter() - before)


def _read_answer(answers: BinaryIO) -> None:
    status, length = answers.readline(), 0
    if b" 200 " not in status:
        raise RuntimeError(status)
    while (line := answers.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    answers.read(length)


if __name__ == "__main__":
    for row in serving():
        print(json.dumps(asdict(row)))
