"""What the server counts, in Prometheus's text format; kept in memory, sent nowhere."""

import bisect
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Counts", "Metrics", "added_up", "as_text", "lasting", "resident_bytes"]

Counts = dict[str, float]
"""Numbers by their names in Prometheus' text format, with labels."""

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HISTOGRAM = "misread_predict_seconds"
_STARTED = "process_start_time_seconds"
_DIFFER = "misread_recent_images_differ"
_RECENT, _UNLIKE = "misread_recent_images", "misread_recent_images_unlike_share"
_HELP = {
    "misread_requests_total": "Requests answered.",
    "misread_refused_total": "Requests refused, by reason.",
    _HISTOGRAM: "Time from a prediction request to its answer.",
    "misread_processes": "Processes that answer.",
    _RECENT: "The last images, of each process, that are compared with the training images.",
    _DIFFER: "Whether they differ, in any process.",
}


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

    def counts(self, **values: float) -> Counts:
        """All numbers so far.

        Parameters
        ----------
        **values : float
            Further numbers by name, measured now; names that end in ``_total`` are counters, the others gauges.
        """
        counts: Counts = {
            f'misread_requests_total{{route="{route}",method="{method}",status="{status}"}}': n
            for (route, method, status), n in sorted(self._requests.items())
        }
        counts |= {f'misread_refused_total{{reason="{code}"}}': n for code, n in sorted(self._refused.items())}
        sums = list(itertools.accumulate(self._buckets))
        bounds = [*map(str, _BOUNDS), "+Inf"]
        counts |= {f'{_HISTOGRAM}_bucket{{le="{bound}"}}': n for bound, n in zip(bounds, sums, strict=True)}
        counts |= {f"{_HISTOGRAM}_sum": self._seconds, f"{_HISTOGRAM}_count": sums[-1]}
        return {**counts, **values, "misread_processes": 1, _STARTED: self._started}


def as_text(counts: Counts) -> str:
    """Write counts in the text exposition format, version 0.0.4.

    Examples
    --------
    >>> print(as_text({"misread_images_total": 3}), end="")
    # TYPE misread_images_total counter
    misread_images_total 3
    """
    lines: dict[str, list[str]] = {}
    for name, value in counts.items():
        lines.setdefault(_family(name), []).append(f"{name} {value:.17g}")
    text: list[str] = []
    for family, rows in lines.items():
        if family in _HELP:
            text.append(f"# HELP {family} {_HELP[family]}")
        text += [f"# TYPE {family} {_kind(family)}", *rows]
    return "\n".join(text) + "\n"


def added_up(parts: Sequence[Counts]) -> Counts:
    """The counts of several processes as those of one server.

    Most are sums. It began when the first did; its images differ if those of any process do; and how many are
    unlike is a share of the images of all.

    Examples
    --------
    >>> added_up([{"misread_images_total": 3}, {}, {"misread_images_total": 4}])
    {'misread_images_total': 7}
    """
    total: Counts = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0) + value
    if _STARTED in total:
        total[_STARTED] = min(part[_STARTED] for part in parts if _STARTED in part)
    if _DIFFER in total:
        total[_DIFFER] = max(part.get(_DIFFER, 0) for part in parts)
    if _UNLIKE in total:
        unlike = sum(part.get(_UNLIKE, 0) * part.get(_RECENT, 0) for part in parts)
        total[_UNLIKE] = unlike / max(total.get(_RECENT, 0), 1)
    return total


def lasting(counts: Counts) -> Counts:
    """Those that count what has been, and not what is now.

    Examples
    --------
    >>> lasting({"misread_images_total": 3, "misread_requests_inside": 1})
    {'misread_images_total': 3}
    """
    return {name: value for name, value in counts.items() if _kind(_family(name)) != "gauge"}


def _family(name: str) -> str:
    bare = name.partition("{")[0]
    return _HISTOGRAM if bare.startswith(_HISTOGRAM) else bare


def _kind(family: str) -> str:
    return "histogram" if family == _HISTOGRAM else "counter" if family.endswith("_total") else "gauge"


def resident_bytes() -> float:
    """Return this process's resident memory in bytes; NaN where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return float("nan")
    return float(pages * 4096)
