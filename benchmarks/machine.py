"""What this machine can do at most: bytes moved and multiplications a second, one core."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

__all__ = ["Machine", "measure_machine"]


@dataclass(frozen=True)
class Machine:
    """Limits of one core."""

    read_gb_per_second: float
    float32_gmac_per_second: float


def measure_machine() -> Machine:
    """Best of several: a sum over 256 MB, and a float32 matrix product."""
    data = np.ones(32 * 2**20)
    a = np.ones((1024, 1024), np.float32)
    with threadpool_limits(limits=1):
        read = min(_seconds(data.sum) for _ in range(5))
        product = min(_seconds(lambda: a @ a) for _ in range(5))
    return Machine(data.nbytes / read / 1e9, 1024**3 / product / 1e9)


def _seconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start
