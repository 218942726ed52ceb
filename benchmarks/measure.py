"""Time a contender in a process of its own: seconds, peak memory, and a digest of what it answered."""

import hashlib
import importlib
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from misread import load

__all__ = ["Measurement", "measure", "peak_mb"]

HERE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measurement:
    """What one contender did: the median of `seconds` counts; `first` includes compilation."""

    first: float
    seconds: list[float]
    peak_mb: float
    digest: str

    @property
    def median(self) -> float:
        """Median seconds of the runs after the first."""
        return statistics.median(self.seconds)


def measure(module: str, function: str, data: str, runs: int) -> Measurement | None:
    """Run `module.function` on a data set in a fresh process; None when what it needs is not installed."""
    command = [sys.executable, "-m", "benchmarks.measure", module, function, data, str(runs)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return None
    if done.returncode:
        raise SystemExit(f"{module}.{function} failed:\n{done.stderr}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def _main(module: str, function: str, data: str, runs: int) -> None:
    try:
        timed = getattr(importlib.import_module(module), function)(load(data))
    except ImportError:
        sys.exit(3)
    start = time.perf_counter()
    timed()
    first = time.perf_counter() - start
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        answer = timed()
        seconds.append(time.perf_counter() - start)
    digest = hashlib.sha256(b"".join(array.tobytes() for array in answer)).hexdigest()[:16]
    print(json.dumps(asdict(Measurement(first, seconds, peak_mb(), digest))))


def peak_mb() -> float:
    """Most resident memory so far; `getrusage` would count the process that started this one as well."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    _main(*sys.argv[1:4], runs=int(sys.argv[4]))
