"""The operating point: chosen on held-out scores, confirmed or not on others."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from misread.bundle import Bundle, Evidence, OperatingPointRecord
from misread.errors import ParameterError
from misread.evaluation.thresholds import ThresholdCurve, check_targets
from misread.recipes.metrics import detector_metrics, point_metrics, verdict

__all__ = ["check_aim", "choose_again", "choose_threshold", "scores_in_words"]


def check_aim(task: str, precision: float | None, recall: float | None, confidence: float | None) -> None:
    """Refuse an operating point that a model of this task cannot have, whatever its scores.

    Raises
    ------
    ParameterError
        Not exactly one of precision and recall, one out of range, or a task without such a threshold.
    """
    if confidence is not None and precision is None and recall is None:
        raise ParameterError("confidence says how sure a precision is to hold; give a precision, too")
    if (precision is None) == (recall is None):
        raise ParameterError(
            "choose one: precision (how much of what it says is right) or recall (how much it finds)"
        )
    if task not in ("detector", "classification"):
        raise ParameterError(f"a model for {task} has no operating point; leave precision and recall out")
    if recall is not None and task != "detector":
        raise ParameterError("a classifier has no threshold to choose by recall; only a detector has")
    if confidence is not None and precision is None:
        raise ParameterError("confidence goes with precision, not with recall")
    check_targets(precision=precision, recall=recall, confidence=confidence)


def choose_threshold(
    evidence: Evidence,
    task: str,
    *,
    precision: float | None = None,
    recall: float | None = None,
    confidence: float | None = None,
    chosen_on: str = "",
) -> OperatingPointRecord:
    """Choose an operating point on held-out scores.

    Parameters
    ----------
    evidence : Evidence
        Out-of-fold scores; never those of test images.
    task : {'detector', 'classification'}
    precision : float, optional
        The lowest threshold from which on this share of the positive answers (of a classifier: of its sure
        answers) is right.
    recall : float, optional
        The highest threshold that finds this share of the positives.
    confidence : float, optional
        Have the one-sided lower bound of the precision reach the target.
    chosen_on : str
        The scores, in words.

    Raises
    ------
    ParameterError
        Not exactly one of precision and recall, a recall for a classifier, or a target that no threshold reaches.
    """
    check_aim(task, precision, recall, confidence)
    curve = ThresholdCurve.from_scores(evidence.truth, evidence.scores)
    if precision is not None:
        aim, target, point = "precision", precision, curve.for_precision(precision, confidence=confidence)
    else:
        assert recall is not None
        aim, target, point = "recall", recall, curve.for_recall(recall)
    if point is None:
        raise ParameterError(_out_of_reach(curve, f"{aim} {target}", confidence))
    chosen = OperatingPointRecord(point.threshold, aim, float(target), confidence, chosen_on)
    return replace(chosen, reached=point_metrics(evidence, chosen, task))


def _out_of_reach(curve: ThresholdCurve, wanted: str, confidence: float | None) -> str:
    best = int(curve.precision.argmax())
    answered = int(curve.true_positives[best] + curve.false_positives[best])
    highest = float(curve.precision[best])
    sure = "" if confidence is None else f" at confidence {confidence}"
    such = f", such as {math.floor(highest * 100) / 100:g}," if confidence is None else ""
    return (
        f"no threshold reaches {wanted}{sure} on held-out scores: the highest precision is {highest:.4f}, of "
        f"{answered:,} answers to {curve.n_positives + curve.n_negatives:,} images; ask for less{such} or train a "
        "better model"
    )


def choose_again(
    bundle: Bundle,
    *,
    precision: float | None = None,
    recall: float | None = None,
    confidence: float | None = None,
) -> Bundle:
    """Give a model another operating point, chosen on the held-out scores that it carries.

    Raises
    ------
    ParameterError
        As `choose_threshold`.
    """
    task = bundle.manifest.task
    if bundle.held_out is None:
        raise ParameterError(f"a model for {task} has no held-out scores to choose a threshold on")
    manifest = bundle.manifest
    point = choose_threshold(
        bundle.held_out,
        task,
        precision=precision,
        recall=recall,
        confidence=confidence,
        chosen_on=scores_in_words(bundle.held_out, manifest.dataset),
    )
    metrics = dict(manifest.metrics)
    for name, evidence in (("out_of_fold", bundle.held_out), ("test", bundle.tested)):
        if evidence is not None and name in metrics:
            metrics[name] = _measured_again(metrics[name], evidence, point, bundle)
    return replace(bundle, manifest=replace(manifest, operating_point=point, metrics=metrics))


def scores_in_words(evidence: Evidence, dataset: Mapping[str, Any]) -> str:
    """Say which scores an operating point was chosen on."""
    held, n_train = len(evidence.truth), dataset["n_train"]
    return f"held-out scores of {held:,} of the {n_train:,} training images of {dataset['name']}"


def _measured_again(
    old: dict[str, Any], evidence: Evidence, point: OperatingPointRecord, bundle: Bundle
) -> dict[str, Any]:
    if bundle.manifest.task == "detector":
        new = {**old, **detector_metrics(evidence, evidence.scores >= point.threshold)}
    else:
        new = {**old, "answered": point_metrics(evidence, point, "classification")}
    if evidence is bundle.tested:
        new["operating_point"] = verdict(point_metrics(evidence, point, bundle.manifest.task), point)
    return new
