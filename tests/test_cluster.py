"""A Dask scheduler or worker that misbehaves: a clear error in bounded time, whatever it does."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import joblib
import pytest

from misread import cluster
from misread.errors import ClusterError, ParameterError
from misread.parallel import workers

distributed = pytest.importorskip("distributed")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 5)
    monkeypatch.setattr(cluster, "GONE_SECONDS", 2)
    monkeypatch.setattr(cluster, "LOOK_SECONDS", 1)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 10_000, None])
def test_a_stranger_at_the_port(answer, monkeypatch):
    """One that says nothing, one that speaks HTTP, one that speaks rubbish, one that hangs up."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 2)
    clients = []

    def serve(listener):
        while True:
            try:
                clients.append(listener.accept()[0])
                if answer is None:
                    clients[-1].close()
                elif answer:
                    clients[-1].sendall(answer)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        started = time.monotonic()
        with (
            pytest.raises(ParameterError, match="no Dask scheduler answers"),
            workers(engine=f"dask://127.0.0.1:{listener.getsockname()[1]}"),
        ):
            pass
        assert time.monotonic() - started < 30
    for client in clients:
        client.close()


@pytest.fixture
def processes(tmp_path):
    """A scheduler and a worker as processes of their own; gives the address and both."""
    started = []
    command = [str(Path(sys.executable).parent / "dask")]
    if not Path(command[0]).exists():
        pytest.skip("the command dask is not installed beside this Python")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"

    def start(*words):
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
        started.append(subprocess.Popen([*command, *words], **options))
        return started[-1]

    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", address.split(":")[1], "--no-dashboard")
    yield address, scheduler, lambda: start("worker", f"tcp://{address}", "--no-nanny", "--no-dashboard")
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def wait_for(address):
    host, port = address.split(":")
    for _ in range(300):
        try:
            socket.create_connection((host, int(port))).close()
        except OSError:
            time.sleep(0.1)
        else:
            return


def test_no_workers(processes):
    address, *_ = processes
    wait_for(address)
    with pytest.raises(ParameterError, match="has no workers"), workers(engine=f"dask://{address}"):
        pass


@pytest.mark.parametrize("victim", ["scheduler", "worker", "hung scheduler"])
def test_what_is_lost_in_the_middle_is_told(processes, victim, monkeypatch):
    address, scheduler, start_worker = processes
    wait_for(address)
    worker = start_worker()
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 30)
    with pytest.raises(ClusterError, match="run the command again"), workers(engine=f"dask://{address}"):
        monkeypatch.setattr(cluster, "CONNECT_SECONDS", 5)
        number = signal.SIGSTOP if victim == "hung scheduler" else signal.SIGKILL
        killed = worker if victim == "worker" else scheduler
        threading.Timer(1, os.kill, (killed.pid, number)).start()
        started = time.monotonic()
        joblib.Parallel()(joblib.delayed(time.sleep)(100 + i) for i in range(3))
    assert time.monotonic() - started < 60


def test_a_worker_of_another_version(processes, monkeypatch):
    address, _, start_worker = processes
    wait_for(address)
    start_worker()
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 30)
    monkeypatch.setattr(cluster, "version", lambda name: "9.9")
    with pytest.raises(ParameterError, match=r"instead of 9\.9"), workers(engine=f"dask://{address}"):
        pass


def test_rubbish_for_a_result_is_one_sentence(processes, monkeypatch):
    address, _, start_worker = processes
    wait_for(address)
    start_worker()
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 30)
    with pytest.raises(ClusterError, match="TypeError"), workers(engine=f"dask://{address}"):
        len(joblib.Parallel()([joblib.delayed(int)("7")])[0])


def test_a_worker_that_is_stopped_loses_its_work_to_the_others(processes, monkeypatch):
    """It answers nothing and closes nothing: without us its tasks would wait for the scheduler's five minutes."""
    address, _, start_worker = processes
    wait_for(address)
    first, _ = start_worker(), start_worker()
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 60)
    monkeypatch.setattr(cluster, "SILENT_SECONDS", 5)
    with distributed.Client(address) as client:
        client.wait_for_workers(2, timeout=60)
    started = time.monotonic()
    with warnings.catch_warnings(record=True) as said, workers(engine=f"dask://{address}"):
        warnings.simplefilter("always")
        threading.Timer(1, os.kill, (first.pid, signal.SIGSTOP)).start()
        late = joblib.delayed(subprocess.getoutput)
        assert joblib.Parallel()(late(f"sleep 2; echo {i}") for i in range(6)) == list("012345")
    assert any("is silent" in str(one.message) for one in said)
    assert time.monotonic() - started < 120


def test_workers_that_are_all_stopped_are_told(processes, monkeypatch):
    address, _, start_worker = processes
    wait_for(address)
    worker = start_worker()
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 60)
    monkeypatch.setattr(cluster, "SILENT_SECONDS", 5)
    with (
        pytest.raises(ClusterError, match=r"do not answer.*run the command again"),
        workers(engine=f"dask://{address}"),
    ):
        threading.Timer(1, os.kill, (worker.pid, signal.SIGSTOP)).start()
        joblib.Parallel()(joblib.delayed(time.sleep)(100 + i) for i in range(3))
