"""Why images were read as they were, for the page: weights, neighbours, or what flips the answer.

`misread.report.contract` says what each key holds.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from misread.report.encode import packed, scaled_down, sprite
from misread.report.evidence import Absent, Evidence

__all__ = ["why"]

SHOWN_NEIGHBORS = 4


def why(evidence: Evidence) -> dict[str, Any]:
    """What the models said of the misread images that are stored."""
    key, arrays = evidence.key, evidence.result.arrays
    stored = evidence.array("gallery.index")
    if f"{key}.why.weights" in arrays:
        return _weights(evidence, arrays[f"{key}.why.weights"], arrays.get(f"{key}.folds"), stored)
    if f"{key}.why.rows" not in arrays:
        raise Absent("the model was not asked why")
    rows = arrays[f"{key}.why.rows"]
    places = np.minimum(np.searchsorted(stored, rows), max(len(stored) - 1, 0))
    asked = np.flatnonzero(stored[places] == rows) if len(stored) else np.empty(0, np.int64)
    asked = asked[np.argsort(places[asked], kind="stable")]
    if not len(asked):
        raise Absent("no misread image is stored of which it is known")
    found = {"places": packed(places[asked])}
    if f"{key}.why.neighbors" in arrays:
        return found | _neighbors(evidence, asked, stored)
    patches = _patches(arrays[f"{key}.why.changes"][asked], arrays[f"{key}.why.flips"][asked])
    if f"{key}.why.slopes" in arrays:
        patches["slopes"] = _slopes(arrays[f"{key}.why.slopes"][asked])
    return found | patches


def _weights(
    evidence: Evidence, weights: NDArray[np.float32], folds: NDArray[Any] | None, stored: NDArray[np.int64]
) -> dict[str, Any]:
    height, width = evidence.array("gallery.images").shape[1:]
    size = scaled_down(np.zeros((1, height, width), np.uint8)).shape[1:]
    planes = weights.reshape(-1, height, width)
    small = np.stack([_resized(plane, size) for plane in planes]).reshape(*weights.shape[:2], -1)
    scales = np.abs(small).max(axis=2)
    levels = np.round(127 * small / np.where(scales > 0, scales, 1)[..., None]) + 128
    which = np.zeros(len(stored), np.uint8) if folds is None else folds[stored]
    note = (
        ""
        if len(weights) == 1
        else "They are those of the fold’s model that read this image while it was held out."
    )
    return {
        "kind": "weights",
        "note": note,
        "classes": weights.shape[1],
        "levels": packed(levels.astype(np.uint8)),
        "scales": packed(scales.astype(np.float32)),
        "which": packed(np.minimum(which, len(weights) - 1)),
    }


def _neighbors(evidence: Evidence, asked: NDArray[np.int64], stored: NDArray[np.int64]) -> dict[str, Any]:
    arrays, key = evidence.result.arrays, evidence.key
    neighbors = arrays[f"{key}.why.neighbors"][asked, :SHOWN_NEIGHBORS]
    found: dict[str, Any] = {"kind": "neighbors", "note": "", "k": neighbors.shape[1]}
    if f"{key}.why.images" in arrays:
        among = arrays[f"{key}.why.index"]
        found["sheet"] = sprite(arrays[f"{key}.why.images"])
        found["labels"] = packed(arrays[f"{key}.why.labels"])
    else:
        among = stored
        found["note"] = "Images of the fold in which this one was held out are not among them."
    places = np.minimum(np.searchsorted(among, neighbors), max(len(among) - 1, 0))
    known = among[places] == neighbors
    distances = arrays[f"{key}.why.distances"][asked, :SHOWN_NEIGHBORS].astype(np.float32)
    return found | {"of": packed(np.where(known, places + 1, 0)), "distances": packed(distances)}


def _patches(changes: NDArray[np.float32], flips: NDArray[np.bool_]) -> dict[str, Any]:
    most = np.abs(changes).max(axis=(1, 2), keepdims=True)
    levels = np.round(127 * changes / np.where(most > 0, most, 1)) + 128
    return {
        "kind": "patches",
        "note": "",
        "rows": changes.shape[1],
        "columns": changes.shape[2],
        "changes": packed(levels.astype(np.uint8)),
        "flips": packed(flips),
    }


def _slopes(slopes: NDArray[np.float32]) -> dict[str, Any]:
    size = scaled_down(np.zeros((1, *slopes.shape[1:]), np.uint8)).shape[1:]
    small = np.stack([_resized(plane, size) for plane in slopes])
    most = np.abs(small).max(axis=(1, 2), keepdims=True)
    return packed((np.round(127 * small / np.where(most > 0, most, 1)) + 128).astype(np.uint8))


def _resized(plane: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    if plane.shape == size:
        return plane
    return np.asarray(Image.fromarray(plane).resize((size[1], size[0]), Image.Resampling.BOX), np.float32)
