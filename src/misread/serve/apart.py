"""A process that decodes what clients send, so that it can be ended: by its own bounds, or from outside.

It speaks over its standard input and output, a length and so many bytes a message. It is started as a program of
its own and not by `multiprocessing`, which would run the user's script again.
"""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from misread.images.fit import fit_image
from misread.serve.decoding import Order, decode
from misread.serve.limits import Limits, Refused
from misread.serve.messages import receive, send

__all__ = ["Decoder", "EndedError", "Setup", "main"]

_PROGRAM = "from misread.serve.apart import main; main()"
_SECONDS = 2.0
_PIXELS_A_SECOND = 8e6  # an eighth of what a core of 2020 does
_SPARE_BYTES = 256 << 20
_BYTES_A_PIXEL = 32  # a pixel in four colours, twice, and the numbers that fitting it takes
_READY = b"ready"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class EndedError(Exception):
    """The process ended before it answered."""


@dataclass(frozen=True)
class Setup:
    """How images are brought to the model's size, and the bounds on what is sent."""

    image_size: tuple[int, int]
    fit: str
    invert: bool
    binary: bool
    limits: Limits


class Decoder:
    """One such process, as the server sees it; used by one thread at a time, but `kill` by any.

    Parameters
    ----------
    setup : Setup
    """

    def __init__(self, setup: Setup) -> None:
        environment = {**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._killed = self._ready = False
        with contextlib.suppress(OSError):  # a process that ended is found out when it is asked
            send(self._stdin, pickle.dumps(setup))

    @property
    def _stdin(self) -> BinaryIO:
        assert self._process.stdin is not None
        return self._process.stdin  # type: ignore[return-value]

    @property
    def _stdout(self) -> BinaryIO:
        assert self._process.stdout is not None
        return self._process.stdout  # type: ignore[return-value]

    def wait(self) -> None:
        """Wait until the process has started.

        Raises
        ------
        EndedError
            If it ended instead.
        """
        if not self._ready:
            self._ready = self._received() == _READY

    def ask(self, order: Order) -> NDArray[np.uint8]:
        """Decode what a request holds.

        Raises
        ------
        Refused
            As `misread.serve.decoding.decode`.
        EndedError
            If the process ended: it was killed, or took more time or memory than such an order may.
        """
        self.wait()
        with contextlib.suppress(OSError):
            send(self._stdin, pickle.dumps(order))
        told, pixels = json.loads(self._received()), self._received()
        if "refused" in told:
            raise Refused(*told["refused"])
        if "failed" in told:
            raise RuntimeError(f"decoding failed:\n{told['failed']}")
        return np.frombuffer(pixels, np.uint8).reshape(told["shape"])

    def _received(self) -> bytes:
        try:
            return receive(self._stdout)
        except (OSError, EOFError, ValueError) as error:
            self.kill()
            raise EndedError from error

    @property
    def usable(self) -> bool:
        """Whether it can be asked again."""
        return not self._killed and self._process.poll() is None

    def kill(self) -> None:
        """End the process at once; a thread that waits for it gets an `EndedError`."""
        self._killed = True
        self._process.kill()

    def close(self) -> None:
        """End the process and take its leavings away; no thread may wait for it any more."""
        self._process.kill()
        self._process.wait()
        for stream in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):
                stream.close()


# --- inside -------------------------------------------------------------------------------------------------


def main() -> None:
    """Answer orders from standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this when it is done
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    setup: Setup = pickle.loads(receive(requests))
    with contextlib.suppress(EOFError, BrokenPipeError):
        send(answers, _READY)
        while True:
            order: Order = pickle.loads(receive(requests))
            with _bounded(order):
                told, pixels = _answer(order, setup)
            send(answers, json.dumps(told).encode())
            send(answers, pixels)


def _answer(order: Order, setup: Setup) -> tuple[dict[str, Any], bytes]:
    def prepare(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return fit_image(grey, setup.image_size, setup.fit, setup.invert, setup.binary)

    try:
        images = decode(order, image_size=setup.image_size, prepare=prepare, limits=setup.limits)
    except Refused as refused:
        return {"refused": [refused.status, refused.code, refused.detail, refused.headers]}, b""
    except MemoryError:
        detail = "decoding it takes more memory than its pixels do; save it anew with an image editor"
        return {"refused": [422, "unreadable-image", detail, {}]}, b""
    except Exception:
        return {"failed": traceback.format_exc()}, b""
    return {"shape": images.shape}, images.tobytes()


@contextlib.contextmanager
def _bounded(order: Order) -> Iterator[None]:
    """Let the system end this process when it computes too long, and refuse it memory, until the block ends."""
    if sys.platform == "win32":
        yield
        return
    import resource

    size = len(order.content) if isinstance(order.content, bytes) else sum(len(one) for _, one in order.content)
    bytes_ = _SPARE_BYTES + _BYTES_A_PIXEL * order.pixels + 4 * size
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    with contextlib.suppress(OSError, ValueError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + bytes_, hard))
    signal.setitimer(signal.ITIMER_PROF, _SECONDS + order.pixels / _PIXELS_A_SECOND)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _address_space() -> int:
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
