"""Serving: answers a second and latency over HTTP, for misread and for what a user would write instead.

A server is a command in a process of its own; the clients are threads here that write requests made beforehand and
read the answers, on the same cores. What an answer costs is the processor time of the server and of all that it
has started, so that the clients' is left out.

`python -m benchmarks.serving` measures everything, writes `serving.json` and `serving.md`, and goes on where it
was interrupted; `--rivals PYTHON` names a Python with fastapi, uvicorn[standard], onnxruntime and litserve (`make
bench-serving` makes one); `--again` measures all anew.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.request import urlopen

import numpy as np

from benchmarks.machine import circumstances
from misread import load
from misread.bundle import Bundle, Manifest, save
from misread.data import Dataset
from misread.files import atomic_write
from misread.models.zoo import make

__all__ = ["Serving", "serving"]

# Images a request, connections: the least predictions a second that we accept.
MODELS = {
    "knn": {(1, 1): 100, (1, 16): 180, (256, 1): 2_000, (256, 4): 2_500},
    "sgd-scaled": {(1, 1): 300, (1, 16): 500, (256, 1): 2_500, (256, 4): 2_500},
}
TARGETS = {"knn": 1_500, "convnet": 400, "sgd-scaled": 0}
"""Answers a second at one image a request, by as many processes as there are cores."""
MOST_TAIL = 3.0
"""How many times the median the 99th percentile may be at half of that load."""
SETUPS = ("misread", "misread --workers 2", "fastapi", "fastapi, 2 workers", "litserve", "litserve, 2 workers")
HERE = Path(__file__).parent
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
    """A running server."""

    pid: int
    address: tuple[str, int]

    def cpu_seconds(self) -> float:
        """Processor time used so far, by all its processes that run."""
        return sum(_cpu_seconds(pid) for pid in _family(self.pid))


def _family(pid: int) -> list[int]:
    """A process and all that it has started."""
    pids = [pid]
    for one in pids:
        for task in Path(f"/proc/{one}/task").iterdir():
            pids += map(int, (task / "children").read_text().split())
    return pids


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
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
def _served(path: Path, *options: str) -> Iterator[Server]:
    command = [str(Path(sys.executable).parent / "misread"), "serve", str(path), "--port", "0", *options]
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


@contextmanager
def _rival(python: str, kind: str, path: Path, workers: int) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [python, str(HERE / "rivals.py"), kind, str(path), str(port), str(workers)]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 120
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{kind} did not start")
                time.sleep(0.1)
            time.sleep(3)  # for all its workers
            yield Server(process.pid, ("127.0.0.1", port))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


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


# --- everything, side by side -------------------------------------------------------------------------------


def _at_half_load(address: tuple[str, int], requests: list[bytes], rate: float) -> dict[str, float]:
    """Latencies, in ms, of requests that arrive by chance, `rate` of them a second."""
    rng = np.random.default_rng(0)
    arrivals = _Shared(iter(np.cumsum(rng.exponential(1 / rate, int(rate * SECONDS))).tolist()))
    times: list[float] = []
    started = time.perf_counter() + 0.1

    def ask() -> None:
        with socket.create_connection(address) as connection, connection.makefile("rb") as answers:
            for arrival in arrivals:
                time.sleep(max(0.0, started + arrival - time.perf_counter()))
                connection.sendall(requests[len(times) % len(requests)])
                _read_answer(answers)
                times.append(time.perf_counter() - started - arrival)

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p99 = np.percentile(times, [50, 99]) * 1e3
    return {"half_rate": rate, "half_p50_ms": float(p50), "half_p99_ms": float(p99)}


class _Shared:
    """An iterator for several threads."""

    def __init__(self, values: Iterator[float]) -> None:
        self._values, self._lock = values, threading.Lock()

    def __iter__(self) -> Iterator[float]:
        return self

    def __next__(self) -> float:
        with self._lock:
            return next(self._values)


def everything(rivals: str | None, again: bool) -> None:
    """Measure each model in each set-up, keep each row as it is there, and write the page."""
    data, path = load("mnist"), HERE / "serving.json"
    report = {"rows": {}} if again or not path.exists() else json.loads(path.read_text("utf-8"))
    report["circumstances"] = circumstances(("misread", "numpy", "numba", "fastapi", "uvicorn", "torch"))
    for model in TARGETS:
        for setup in SETUPS:
            key = f"{model}: {setup}"
            if key in report["rows"] or (rivals is None and not setup.startswith("misread")):
                continue
            with _started(model, setup, rivals, data) as server:
                report["rows"][key] = rows = [
                    asdict(_measured(model, server, data, batch, connections, 0))
                    for batch, connections in ((1, 1), (1, 16), (256, 4))
                ]
                rate = max(1.0, rows[1]["predictions_per_second"] / 2)
                rows[1] |= _at_half_load(server.address, _requests(data, 1, 0), rate)
            with atomic_write(path) as stream:
                stream.write(json.dumps(report, indent=1).encode())
            print(key, *(f"{row['predictions_per_second']:.0f}/s" for row in rows), flush=True)
    with atomic_write(HERE / "serving.md") as stream:
        stream.write(_page(report).encode())


@contextmanager
def _started(model: str, setup: str, rivals: str | None, data: Dataset) -> Iterator[Server]:
    file = _file(model, data)
    if setup.startswith("misread"):
        with _served(file, *setup.split()[1:]) as server:
            yield server
        return
    exported = file.with_suffix(".onnx")
    if not exported.exists():
        misread = str(Path(sys.executable).parent / "misread")
        subprocess.run([misread, "export", str(file), "--onnx", str(exported)], check=True)
    assert rivals is not None
    with _rival(rivals, setup.split(",")[0], exported, 2 if "2" in setup else 1) as server:
        yield server


def _file(model: str, data: Dataset) -> Path:
    """The model, trained as users do (a convnet for one epoch), and kept for as long as temporary files are."""
    folder = Path(tempfile.gettempdir()) / "misread-benchmarks-serving"
    folder.mkdir(exist_ok=True)
    path = folder / f"{model}.misread"
    if not path.exists():
        misread = str(Path(sys.executable).parent / "misread")
        few = ["--param", "epochs=1"] if model == "convnet" else []
        command = [misread, "train", model, data.name, "--precision", "0.99", "--out", str(path), *few]
        subprocess.run(command, check=True)
    return path


def _measured_on(around: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in around["versions"].items() if number[0].isdigit())
    where = f"{around['cores']} cores of {around['processor']}"
    return f"{where}; commit {around['commit']}, {around['day']}; {versions}."


def _page(report: dict[str, Any]) -> str:
    lines = [
        "# Serving",
        "",
        "Made by `make bench-serving`. Answers a second over HTTP at one image a request (1 and 16 connections) "
        "and at 256 (4); what one answer costs, in processor time of the server alone; and how long a request "
        "takes at half of the load of 16 connections, arriving by chance. The clients run on the same cores. The "
        "rivals answer class and scores from the same model as ONNX; they do not look for what is unlike, "
        "calibrate, or bound what a client may ask.",
        "",
        _measured_on(report["circumstances"]),
        "",
        "| model: set-up | 1 connection | 16 connections | 256 images | CPU ms | p50 ms | p99 ms | p99/p50 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for key, (alone, many, large) in report["rows"].items():
        lines.append(
            f"| {key} | {alone['predictions_per_second']:.0f} | {many['predictions_per_second']:.0f} "
            f"| {large['predictions_per_second']:.0f} | {many['cpu_ms']:.2f} | {many['half_p50_ms']:.1f} "
            f"| {many['half_p99_ms']:.1f} | {many['half_p99_ms'] / many['half_p50_ms']:.1f} |"
        )
    lines += ["", "## What was promised", ""]
    for model, target in TARGETS.items():
        wanted = f"{target:,} wanted" if target else "no target"
        ours = [report["rows"].get(f"{model}: {setup}") for setup in SETUPS if setup.startswith("misread")]
        many = [rows[1] for rows in ours if rows]
        if many:
            best = max(many, key=lambda row: float(row["predictions_per_second"]))
            tail = best["half_p99_ms"] / best["half_p50_ms"]
            lines.append(
                f"- {model}: {best['predictions_per_second']:.0f} a second, {wanted}; "
                f"p99 is {tail:.1f} times p50 at half load, {MOST_TAIL:g} wanted."
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--rivals", metavar="PYTHON")
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    everything(arguments.rivals, arguments.again)
