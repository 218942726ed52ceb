"""What the models of the study are called, and at what they aim: said once for steps, figures and reports."""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "DETECTORS",
    "ERROR_MODEL",
    "NEIGHBORS",
    "OPENED",
    "RAW_MODEL",
    "RUNGS",
    "SHIFTED",
    "WANTED_PRECISION",
    "doubter_of",
    "opened_in",
    "title_of",
]

WANTED_PRECISION = 0.9
"""What a detector's threshold is chosen for."""

RAW_MODEL, ERROR_MODEL = "SGD on raw pixels", "SGD on scaled pixels"
NEIGHBORS, SHIFTED = "Nearest neighbours, tuned", "Nearest neighbours, tuned, with shifted copies"

DETECTORS = (("detector", RAW_MODEL, 0.0), ("forest", "Random forest", 0.5))
"""What the names of a detector's results begin with, its title, and the score from which on it says yes."""

RUNGS = (
    ("sgd_scaled.test_predictions", ERROR_MODEL),
    ("knn.baseline_predictions", "Nearest neighbours, untuned"),
    ("knn.tuned_predictions", NEIGHBORS),
    ("knn.augmented_predictions", SHIFTED),
)
"""Answers to the test images, from the first model to the best."""

OPENED = {"chosen": "", "knn": NEIGHBORS, "sgd_scaled": ERROR_MODEL, "sgd_raw": RAW_MODEL}
"""The models that tell all classes apart and have answered every training image while it was held out: what the
names of their results begin with, and their titles. One of them is the hero of the report."""


def opened_in(values: Mapping[str, Any], arrays: Mapping[str, Any]) -> str | None:
    """What the names of the results of the hero begin with: the step "best" says so.

    Folders from before that step open the model of `--model`, or else the scaled linear one.
    """
    best = values.get("best.step")
    names = [best] if isinstance(best, str) and best in OPENED else ["chosen", "sgd_scaled"]
    return next((name for name in names if f"{name}.predictions" in arrays), None)


def doubter_of(chosen: bool) -> str:
    """Whose held-out scores doubt the labels of a study: those of `--model`, or else of the linear model."""
    return "chosen" if chosen else "sgd_scaled"


def title_of(key: str, values: Mapping[str, Any]) -> str:
    """What a model of `OPENED` is called."""
    return OPENED[key] or str(values.get("chosen.model", "the chosen model"))
