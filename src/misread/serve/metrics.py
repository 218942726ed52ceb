"""What the server counts, in Prometheus's text format; kept in memory, sent nowhere."""

import bisect
import itertools
import time
from collections import Counter
from pathlib import Path

__all__ = ["Metrics", "resident_bytes"]

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counts of requests by route, method and status, and how long they took; one thread writes."""

    def __init__(self) -> None:
        self._started = time.time()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._refused: Counter[str] = Counter()
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` comes from the application's own table, never from the client."""
        self._requests[route, method if method in _METHODS else "other", status] += 1
        if route == "/v1/predict":
            self._buckets[bisect.bisect_left(_BOUNDS, seconds)] += 1
            self._seconds += seconds

    def refused(self, code: str) -> None:
        """Count one refusal by its reason."""
        self._refused[code] += 1

    def text(self, **values: float) -> str:
        """Write everything in the text exposition format, version 0.0.4.

        Parameters
        ----------
        **values : float
            Further numbers by name, measured now; names that end in ``_total`` are counters, the others gauges.
        """
        lines = _head("misread_requests_total", "counter", "Requests answered.")
        lines += [
            f'misread_requests_total{{route="{route}",method="{method}",status="{status}"}} {n}'
            for (route, method, status), n in sorted(self._requests.items())
        ]
        lines += _head("misread_refused_total", "counter", "Requests refused, by reason.")
        lines += [f'misread_refused_total{{reason="{code}"}} {n}' for code, n in sorted(self._refused.items())]
        lines += self._histogram("misread_predict_seconds", "Time from a prediction request to its answer.")
        for name, value in {**values, "process_start_time_seconds": self._started}.items():
            lines += [*_head(name, "counter" if name.endswith("_total") else "gauge"), f"{name} {value:.17g}"]
        return "\n".join(lines) + "\n"

    def _histogram(self, name: str, text: str) -> list[str]:
        counts = list(itertools.accumulate(self._buckets))
        bounds = [*map(str, _BOUNDS), "+Inf"]
        lines = [f'{name}_bucket{{le="{bound}"}} {n}' for bound, n in zip(bounds, counts, strict=True)]
        return [
            *_head(name, "histogram", text),
            *lines,
            f"{name}_sum {self._seconds:.9g}",
            f"{name}_count {counts[-1]}",
        ]


def _head(name: str, kind: str, text: str = "") -> list[str]:
    return [*([f"# HELP {name} {text}"] if text else []), f"# TYPE {name} {kind}"]


def resident_bytes() -> float:
    """Return this process's resident memory in bytes; NaN where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return float("nan")
    return float(pages * 4096)
