"""What this machine can do at most, and under which circumstances something was measured on it."""

import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

__all__ = ["Machine", "busy_seconds", "circumstances", "measure_machine"]


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


def busy_seconds() -> float:
    """Seconds that all cores have worked for whomever, or other guests took from them; Linux only."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # all but idle and waiting for a disk


def circumstances(packages: Sequence[str], *, of: Sequence[str] = ()) -> dict[str, Any]:
    """Commit, day, processor, cores and versions: what a measured number is worth nothing without.

    The commit is the one checked out, or the last that touched the files and folders `of`.
    """
    versions = {"python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "commit": _commit(of),
        "day": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "versions": versions,
    }


def measured_by(module: str, seeds: Sequence[int]) -> str:
    """The sentence under a table: the command, commit, day, machine and seeds."""
    said = circumstances(["numpy"])
    command = shlex.join(["python", "-m", f"benchmarks.{module}", *sys.argv[1:]])
    return (
        f"`{command}`: commit {said['commit']}, {said['day']}, {said['cores']} cores of {said['processor']}, "
        f"seeds {seeds[0]} to {seeds[-1]}"
    )


def _commit(of: Sequence[str] = ()) -> str:
    """A commit, with a + when files differ from it."""
    found = _git("log", "-1", "--format=%h", "--", *of)
    return (found or "unknown") + "+" * bool(_git("status", "--porcelain", "--untracked-files=no", "--", *of))


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
