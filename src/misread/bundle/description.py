"""What a client needs to know of the model: the public part of its manifest, and how to draw for it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle.manifest import Manifest
from misread.bundle.model import Bundle
from misread.evaluation.chances import USUAL_CEILING
from misread.evaluation.responses import boundary

__all__ = ["public_description", "score_names"]

_TOLD = (
    "task", "model", "classes", "outputs", "image_size", "fit", "positive", "operating_point", "metrics",
    "dataset", "created", "versions",
)  # fmt: skip
_INK = 64  # grey levels from here on count as ink


def public_description(bundle: Bundle) -> dict[str, Any]:
    """Describe a model to whoever may ask it; paths and command lines stay here."""
    manifest = bundle.manifest.as_json()
    told = {name: manifest[name] for name in _TOLD}
    told["dataset"] = {name: value for name, value in told["dataset"].items() if name != "source"}
    return {
        **told,
        "decision": _decision(bundle),
        "score_kind": "share" if _gives_shares(bundle) else "score",
        "calibration": _calibration(bundle),
        "drawing": _drawing(bundle.example_images, bundle.manifest.invert),
    }


def score_names(manifest: Manifest) -> tuple[str, ...]:
    """Name the columns of the scores: the classes, a detector's class, or the labels."""
    if manifest.task == "detector":
        return (str(manifest.positive),)
    return manifest.outputs or manifest.classes


def _decision(bundle: Bundle) -> dict[str, Any] | None:
    """Say from, or above, which score a detector says yes: its operating point, or else its own boundary."""
    if bundle.manifest.task != "detector":
        return None
    point = bundle.manifest.operating_point
    threshold = boundary(bundle.estimator) if point is None else point.threshold
    return {"threshold": threshold, "inclusive": point is not None}


def _calibration(bundle: Bundle) -> dict[str, Any] | None:
    """How chances were found, and from which on no more is said than 'over' it."""
    known = bundle.calibration
    if known is not None:
        point = bundle.manifest.operating_point
        sure_from = None if point is None else float(known.chance(point.threshold))
        told = {"kind": known.kind, "n": known.n, "ceiling": known.ceiling, "losses": known.losses}
        return {**told, "sure_from": sure_from}
    shown = bundle.manifest.task in ("classification", "detector") and bundle.answer(bundle.example_images[:1])
    if not shown or shown.probabilities is None:
        return None
    return {"kind": "temperature", "n": None, "ceiling": USUAL_CEILING, "losses": {}, "sure_from": None}


def _gives_shares(bundle: Bundle) -> bool:
    """Whether scores are votes or other shares of 1, which are no chances."""
    scores = bundle.answer(bundle.example_images[:16]).scores
    within = bool(((scores >= 0) & (scores <= 1)).all())
    shared = bundle.manifest.task == "classification"
    return within and (not shared or np.allclose(scores.sum(axis=1), 1))


def _drawing(images: NDArray[np.uint8], inverted: bool) -> dict[str, Any]:
    """Measure how large things are in the training images, and whether they came light or dark."""
    edges = np.concatenate(
        [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1, dtype=np.uint8
    )
    dark = bool(np.median(edges) > 127)
    ink = np.greater_equal(255 - images if dark else images, _INK)
    sides = [_extent(np.asarray(ink.any(axis=axis))) / ink.shape[3 - axis] for axis in (1, 2)]
    return {"fill": float(np.median(np.maximum(*sides))), "ink": "dark" if dark != inverted else "light"}


def _extent(occupied: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the cells of each row from its first to its last occupied one."""
    length = occupied.shape[1] - occupied.argmax(axis=1) - occupied[:, ::-1].argmax(axis=1)
    return np.where(occupied.any(axis=1), length, 0)
