"""Scores as probabilities by a temperature, as `TemperatureClassifierMixin` has them."""

from typing import Any

from misread.export.graph.builder import Tensor
from misread.export.graph.said import Said

__all__ = ["calibrated"]


def calibrated(model: Any, table: Tensor) -> Said:
    """What a classifier says that has a column of scores for each class, and a temperature."""
    graph = table.graph
    scores = table.named("scores_of_classes")
    is_plane = len(model.classes_) == 2
    if is_plane:
        scores = (table.slice(1, 2, 1) - table.slice(0, 1, 1)).named("plane")
    both = graph.add("Concat", scores * 0.0, scores, axis=1) if is_plane else scores
    probabilities = (both / float(model.temperature_)).softmax().named("calibrated")
    return Said(model.classes_, scores, probabilities, is_plane=is_plane)
