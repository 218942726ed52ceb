"""What held-out answers say of chances: the curve that is kept, and what such curves say of answers not seen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle.answers import evidence_of
from misread.evaluation.answers import Answers
from misread.evaluation.chances import Calibration, cross_calibrated, fit_calibration, uncalibrated_logits
from misread.evaluation.reliability import best_temperature
from misread.recipes.metrics import chance_metrics

__all__ = ["calibration_of", "chances_apart", "chances_of"]


def calibration_of(answers: Answers) -> Calibration | None:
    """What held-out answers say of the chances of others; nothing where only one class, or too few, are known."""
    if len(np.unique(answers.labels)) < 2 or answers.scores is None:
        return None
    temperature, evidence = 1.0, evidence_of(answers)
    if answers.positive is None:
        scores = uncalibrated_logits(answers.scores, answers.scale != "decision_function")
        temperature = best_temperature(scores, answers.labels)
    return fit_calibration(evidence.truth, evidence.scores, temperature, answers.groups)


def chances_apart(answers: Answers, calibration: Calibration) -> NDArray[np.float64]:
    """The chances of a classifier's answers by curves of the same kind that were fitted without them.

    Parameters
    ----------
    answers : Answers
        Those that `calibration` was fitted on.
    calibration : Calibration

    Returns
    -------
    ndarray of shape (n, n_classes)
    """
    evidence = evidence_of(answers)
    scores = uncalibrated_logits(answers.needed_scores, answers.scale != "decision_function")
    of = (scores, answers.predictions, answers.groups)
    return cross_calibrated(calibration, evidence.truth, evidence.scores, *of)


def chances_of(answers: Answers) -> dict[str, Any]:
    """How true the scores of a classifier are as chances, and how true calibration would make them.

    Nothing for a detector, without scores, or where answers are too few.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.dirichlet([1.0, 1.0, 1.0], 500)
    >>> bold = true**3 / (true**3).sum(axis=1, keepdims=True)
    >>> found = chances_of(Answers.from_scores([rng.choice(3, p=row) for row in true], bold))
    >>> found["after"]["log_loss"]["value"] < found["before"]["log_loss"]["value"]
    True
    """
    if answers.scores is None or answers.positive is not None:
        return {}
    calibration = calibration_of(answers)
    if calibration is None:
        return {}
    return {**chance_metrics(answers, chances_apart(answers, calibration)), "kind": calibration.kind}
