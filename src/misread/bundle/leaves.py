"""The values inside a manifest's dicts that others rely on: each of the kind that it is read as."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

__all__ = ["AIMS", "MAX_CLASSES", "UNKNOWN_DATASET", "is_number", "strange_leaf", "strange_shares"]

MAX_CLASSES = 10_000
AIMS = ("precision", "recall")
UNKNOWN_DATASET: dict[str, Any] = {"name": "unknown", "sha256": "", "source": "", "n_train": 0, "n_test": 0}
"""What a manifest says of its data set when it says nothing."""

_TEXTS = ("name", "sha256", "source", "licence", "fit")
_COUNTS = ("n_train", "n_test")
_MEASURED = ("out_of_fold", "test", "test_as_given")
_CORRECTED = ("train", "test")
_TALLIED = {"relabelled", "confirmed", "unclear", "none"}
_SHARES = ("unlike", "accuracy", "precision", "recall", "f1", "all_right", "coverage")
_OF_CHANCES = ("log_loss", "calibration_error")
_ERRORS = ("noisy_pixel_error", "clean_pixel_error")


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number that fits into a float."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 and isfinite(value)
    )


def strange_leaf(dataset: dict[str, Any], metrics: dict[str, Any], versions: dict[str, Any]) -> str | None:
    """Name the first value of a manifest's dicts that is missing or of another kind than it is read as."""
    return next(_strange(dataset, metrics, versions), None)


def _strange(dataset: dict[str, Any], metrics: dict[str, Any], versions: dict[str, Any]) -> Iterator[str]:
    yield from (f"dataset.{name}" for name in UNKNOWN_DATASET if name not in dataset)
    for name, value in dataset.items():
        if (name in _TEXTS and not isinstance(value, str)) or (name in _COUNTS and not _is_count(value)):
            yield f"dataset.{name}"
    if not _are_corrections(dataset.get("corrections", {})):
        yield "dataset.corrections"
    yield from (f"versions.{name}" for name, number in versions.items() if not isinstance(number, str))
    for name in _MEASURED:
        if name in metrics:
            yield from _strange_metrics(metrics[name], f"metrics.{name}")


def _are_corrections(record: Any) -> bool:
    """Whether it is what `misread.data.corrected` keeps: files, counts, the hash of the data before."""
    if not isinstance(record, dict) or not isinstance(record.get("sha256_before", ""), str):
        return False
    files, tallies = record.get("files", []), [record.get(part, {}) for part in _CORRECTED]
    return (
        isinstance(files, list)
        and all(isinstance(name, str) for name in files)
        and all(isinstance(one, dict) and one.keys() <= _TALLIED for one in tallies)
        and all(_is_count(count) for one in tallies for count in one.values())
    )


def _strange_metrics(metrics: Any, where: str) -> Iterator[str]:
    if not isinstance(metrics, dict) or (metrics and not _is_count(metrics.get("n"))):
        yield f"{where}.n"
        return
    yield from strange_shares(metrics, where)
    for name in ("labels", "classes"):
        parts = metrics.get(name, {})
        if not isinstance(parts, dict):
            yield f"{where}.{name}"
            return
        for label, part in parts.items():
            yield from strange_shares(part, f"{where}.{name}.{label}")
            if name == "labels" and isinstance(part, dict) and "f1" not in part:
                yield f"{where}.{name}.{label}.f1"
    if any(name in metrics for name in _ERRORS):
        yield from (f"{where}.{name}" for name in _ERRORS if not is_number(metrics.get(name)))
    if metrics.get("chances"):
        yield from _strange_chances(metrics["chances"], f"{where}.chances")
    if metrics.get("answered"):
        yield from strange_shares(metrics["answered"], f"{where}.answered", needed=("coverage", "precision"))
    point = metrics.get("operating_point")
    if point and not (isinstance(point, dict) and {"aim", "target", "verdict"} <= point.keys()):
        yield f"{where}.operating_point"


def _strange_chances(chances: Any, where: str) -> Iterator[str]:
    """Name what is said of chances, before and after calibration, that is not what it should be."""
    if not isinstance(chances, dict):
        yield where
        return
    for when, said in chances.items():
        bins = said.get("bins") if isinstance(said, dict) else None
        if not isinstance(bins, list):
            yield f"{where}.{when}"
            return
        yield from (f"{where}.{when}.{name}" for name in _OF_CHANCES if not _is_share(said.get(name)))
        for one in bins:
            fine = isinstance(one, dict) and all(is_number(one.get(name)) for name in ("from", "to", "chance"))
            if not fine or not _is_share(one.get("right")):
                yield f"{where}.{when}.bins"


def strange_shares(node: Any, where: str, needed: tuple[str, ...] = ()) -> Iterator[str]:
    """Name the shares of a node that have no value and interval."""
    if not isinstance(node, dict):
        yield where
        return
    for name in (*_SHARES, "roc_auc"):
        if name not in node:
            if name in needed:
                yield f"{where}.{name}"
        elif not (node[name] is None and name == "roc_auc") and not _is_share(node[name]):
            yield f"{where}.{name}"


def _is_share(node: Any) -> bool:
    if not isinstance(node, dict) or "value" not in node:
        return False
    interval = is_number(node.get("low")) and is_number(node.get("high"))
    return interval and (node["value"] is None or is_number(node["value"]))


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53
