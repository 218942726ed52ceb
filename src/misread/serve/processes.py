"""Several processes that answer at one address: started, watched, started again when they end, and ended.

They share the listening socket, so that one that ends loses only what it was answering. Each is a program of its
own, as a decoder is (see `misread.serve.apart`), and ends when its standard input does: with the process that
started it, however that ended.
"""

import json
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from misread.bundle import load
from misread.errors import MisreadError, ParameterError
from misread.serve.app import create_app
from misread.serve.board import Board, Place
from misread.serve.keep import Keep, Keeper
from misread.serve.limits import Limits
from misread.serve.messages import receive, send
from misread.serve.server import run, within_open_files

__all__ = ["Served", "main", "serve_here", "serve_with"]

_PROGRAM = "from misread.serve.processes import main; main()"
_LONGEST_PAUSE = 30.0
_AFTER_GRACE = 5.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Served:
    """What is served, and how.

    Parameters
    ----------
    file : path
        The model.
    limits : Limits
        Of each process.
    hosts : tuple of str
        Names that the server answers to.
    keep : Keep, optional
        What is kept of what is asked.
    most_memory : str, optional
        How much memory the model may take.
    """

    file: Path
    limits: Limits
    hosts: tuple[str, ...] = ()
    keep: Keep | None = None
    most_memory: str | None = None


def serve_here(
    served: Served, listener: socket.socket, tell: Tell, ready: Callable[[], None], board: Place | None = None
) -> None:
    """Serve in this process until it is told to stop.

    Parameters
    ----------
    served : Served
    listener : socket
    tell : callable
        Given what people should know.
    ready : callable
        Called when the model is there.
    board : Place, optional
        As for `create_app`.
    """
    limits = within_open_files(served.limits)
    bundle = load(served.file, most_memory=served.most_memory)
    keeper = None
    if served.keep is not None:
        keeper = Keeper(served.keep, bundle.manifest)
        failure = keeper.claim()
        tell(f"! {failure}" if failure else f"Keeping images in {served.keep.folder}: {served.keep.in_words()}")
    app = create_app(bundle, limits, hosts=served.hosts, keeper=keeper, board=board)
    ready()
    run(app, listener, limits)


def serve_with(count: int, served: Served, listener: socket.socket, tell: Tell, ready: Callable[[], None]) -> None:
    """Serve in `count` processes until this one is told to stop.

    One that ends is started again, after a pause that doubles while it ends at once.

    Raises
    ------
    MisreadError
        If one cannot start at first.
    ParameterError
        On Windows.
    """
    if sys.platform == "win32":
        raise ParameterError("several processes cannot share an address on Windows; leave --workers out")
    board = Board(count)
    try:
        _Watched(count, served, listener, board, tell).run(ready)
    finally:
        board.close()


class _Watched:
    """The processes, and what is heard of them; each is listened to by a thread."""

    def __init__(self, count: int, served: Served, listener: socket.socket, board: Board, tell: Tell) -> None:
        self._served, self._listener, self._board, self._tell = served, listener, board, tell
        self._heard: queue.SimpleQueue[tuple[str, int, Any]] = queue.SimpleQueue()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._due: dict[int, float] = dict.fromkeys(range(count), 0.0)
        self._pauses = dict.fromkeys(range(count), 1.0)
        self._ready: dict[int, float] = {}
        self._began = False

    def run(self, ready: Callable[[], None]) -> None:
        """Until a signal comes; then all end, after the requests inside."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._heard.put(("stop", 0, None)))
        try:
            while (event := self._next())[0] != "stop":
                self._hear(*event)
                self._start_those_due()
                if not self._began and len(self._ready) == self._board.count:
                    self._began = True
                    ready()
        finally:
            self._end_all()

    def _hear(self, kind: str, number: int, what: Any) -> None:
        if kind == "ready":
            self._ready[number] = time.monotonic()
        elif kind == "said" and not self._began and number == 0:  # the others would say the same
            self._tell(what)
        elif kind == "failed" and not self._began:
            error = MisreadError(what[0])
            error.exit_code = what[1]
            raise error
        elif kind == "failed":
            self._tell(f"! process {number + 1} cannot start: {what[0]}")
        elif kind == "ended":
            if not self._began:
                raise MisreadError(f"a process ended while it started ({what}); try fewer --workers")
            self._ended(number, what)

    def _next(self) -> tuple[str, int, Any]:
        """What is heard next; nothing when it is time to start a process."""
        left = min(self._due.values(), default=None)
        with suppress(queue.Empty):
            return self._heard.get(timeout=None if left is None else max(0.0, left - time.monotonic()))
        return ("due", 0, None)

    def _start_those_due(self) -> None:
        for number in [number for number, when in self._due.items() if when <= time.monotonic()]:
            del self._due[number]
            process = _started(number, self._served, self._listener, self._board)
            self._running[number] = process
            threading.Thread(target=self._listen, args=(number, process), daemon=True).start()

    def _listen(self, number: int, process: "subprocess.Popen[bytes]") -> None:
        with suppress(EOFError, OSError, ValueError):
            while True:
                kind, what = json.loads(receive(_pipe(process.stdout)))
                self._heard.put((kind, number, what))
        code = process.wait()
        self._heard.put(("ended", number, signal.Signals(-code).name if code < 0 else f"exit code {code}"))

    def _ended(self, number: int, how: str) -> None:
        process = self._running.pop(number)
        for pipe in (process.stdin, process.stdout):
            _pipe(pipe).close()
        self._board.retire(number)
        lasted = time.monotonic() - self._ready.pop(number, time.monotonic())
        pause = 0.0 if lasted > _LONGEST_PAUSE else self._pauses[number]
        self._pauses[number] = 1.0 if pause == 0.0 else min(2 * pause, _LONGEST_PAUSE)
        self._due[number] = time.monotonic() + pause
        self._tell(f"! process {number + 1} of {self._board.count} ended ({how}) and is started again")

    def _end_all(self) -> None:
        for process in self._running.values():
            process.terminate()
        until = time.monotonic() + self._served.limits.grace + _AFTER_GRACE
        for process in self._running.values():
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()


def _pipe(stream: object) -> BinaryIO:
    assert stream is not None
    return stream  # type: ignore[return-value]


def _started(number: int, served: Served, listener: socket.socket, board: Board) -> "subprocess.Popen[bytes]":
    threads = max(1, (os.cpu_count() or 1) // board.count)
    environment = {
        **dict.fromkeys(_THREADS, str(threads)),
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    handles = (listener.fileno(), board.handle)
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        pass_fds=handles,
    )
    with suppress(OSError):  # one that ended already is heard of
        send(_pipe(process.stdin), pickle.dumps((number, board.count, handles, served)))
    return process


# --- inside -------------------------------------------------------------------------------------------------


def main() -> NoReturn:
    """Serve as one of several processes."""
    orders, reports = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    number, count, (listening, board), served = pickle.loads(receive(orders))

    def report(kind: str, what: object = None) -> None:
        with suppress(OSError):
            send(reports, json.dumps([kind, what]).encode())

    threading.Thread(target=_end_with_parent, args=(orders, served.limits.grace), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which tells us
    place = Place(Board(count, board), number)
    code = 0
    try:
        with socket.socket(fileno=listening) as listener:
            serve_here(served, listener, lambda line: report("said", line), lambda: report("ready"), place)
    except (MisreadError, OSError) as error:
        code = getattr(error, "exit_code", 1)
        report("failed", [str(error), code])
    sys.stderr.flush()
    os._exit(code)


def _end_with_parent(orders: BinaryIO, grace: float) -> None:
    orders.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace + _AFTER_GRACE)
    os._exit(1)
