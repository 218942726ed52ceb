"""A model that answers when it is let, and how to wait for what a server says of itself."""

import queue
import threading
import time
from collections.abc import Callable

import httpx
import numpy as np

from misread.bundle import Bundle, Readings

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


def shut(model: Gated) -> threading.Event:
    gate = threading.Event()
    object.__setattr__(model, "gate", gate)
    return gate


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def metric(url: str, name: str) -> float:
    (line,) = [line for line in httpx.get(f"{url}/metrics").text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])
