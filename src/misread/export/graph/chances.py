"""Leads as chances, along the curve that held-out answers gave; as `misread.evaluation.chances` has it."""

import numpy as np

from misread.evaluation.chances import Calibration
from misread.export.graph.builder import Tensor

__all__ = ["chance_of", "chances_of"]


def chance_of(calibration: Calibration, lead: Tensor) -> Tensor:
    """The chance of answers that are ahead by `lead`, shape (n, 1)."""
    graph, knots, chances = lead.graph, calibration.leads, calibration.chances
    if len(knots) == 1:
        return lead * 0.0 + float(chances[0])
    slopes = np.diff(chances) / np.diff(knots)
    within = lead.clip(float(knots[0]), float(knots[-1])).named("lead_within_knots")
    place = (within >= knots[1:-1][None, :]).cast(np.int64).sum(1, keep=True).named("part_of_curve")
    start, low, slope = (
        graph.constant(some, name).take(place, 0)
        for some, name in ((knots[:-1], "knots"), (chances[:-1], "chances_at_knots"), (slopes, "slopes"))
    )
    return (low + (within - start) * slope).named("chance")


def chances_of(calibration: Calibration, logits: Tensor, n_classes: int, place: Tensor, lead: Tensor) -> Tensor:
    """The chance of every class, shape (n, n_classes), where `place` is answered; see `Calibration.table`."""
    graph = logits.graph
    chance = graph.add("Max", chance_of(calibration, lead), 1 / n_classes).named("chance_of_answer")
    is_answer = place.unsqueeze(1).equals(np.arange(n_classes, dtype=np.int64)).named("is_answer")
    others = graph.add("Where", is_answer, graph.constant(-np.inf), logits, dtype=np.float64)
    shares = (others / calibration.temperature).softmax().named("shares_of_others")
    even, most = 1 / (n_classes - 1), shares.largest(1, keep=True)
    excess = graph.add("Max", most - chance / (1.0 - chance), 0.0) / graph.add("Max", most - even, 1e-12)
    mixed = graph.add("Min", excess, 1.0).named("mixed")
    rest = (shares * (1.0 - mixed) + mixed * even) * (1.0 - chance)
    return graph.add("Where", is_answer, chance, rest, dtype=np.float64).named("chances")
