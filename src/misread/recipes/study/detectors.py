"""Steps 1 and 2 of the study: detect one class, with SGD and with a forest, and choose a threshold."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.evaluation.responses import responses
from misread.evaluation.thresholds import ThresholdCurve
from misread.fitting.out_of_fold import OutOfFold, out_of_fold
from misread.models import RandomForestClassifier, SGDClassifier
from misread.recipes.study.step import Context, Outcome
from misread.results.names import WANTED_PRECISION
from misread.tasks import detector

__all__ = ["run_detector", "run_forest"]


def run_detector(context: Context) -> Outcome:
    """SGD on raw pixels: one fit on all training images, one out-of-fold pass, one operating point."""
    task = detector(context.dataset, context.positive)
    model = SGDClassifier(random_state=context.seed)
    held_out = out_of_fold(model, task.X_train, task.y_train)
    curve = ThresholdCurve.from_scores(held_out.y, held_out.scores)
    chosen = curve.for_precision(WANTED_PRECISION)
    negatives = np.bincount(held_out.folds, weights=~task.y_train) / np.bincount(held_out.folds)

    model.fit(task.X_train, task.y_train)
    first_score = float(model.decision_function(task.X_train[:1])[0])
    values = {
        "detector.epochs": int(model.n_iter_),
        "detector.first_score": first_score,
        "detector.first_prediction": first_score > 0,
        "detector.cv_accuracy": held_out.fold_accuracies.tolist(),
        "detector.baseline_cv_accuracy": negatives.tolist(),
        **_quality("detector", curve, threshold=0.0),
        "detector.at_precision_90.threshold": chosen.threshold if chosen else None,
        "detector.at_precision_90.precision": chosen.precision if chosen else None,
        "detector.at_precision_90.recall": chosen.recall if chosen else None,
    }
    return Outcome(values, _evidence("detector", held_out, curve, model, task.X_test, threshold=0.0))


def run_forest(context: Context) -> Outcome:
    """A random forest for the same question, judged the same way."""
    task = detector(context.dataset, context.positive)
    model = RandomForestClassifier(random_state=context.seed)
    held_out = out_of_fold(model, task.X_train, task.y_train, side_by_side=False)
    curve = ThresholdCurve.from_scores(held_out.y, held_out.scores)
    probabilities = held_out.scores
    unsure = (probabilities > 0.5) & (probabilities < 0.6)
    values = {
        "forest.first_probabilities": [[1 - p, p] for p in probabilities[:2].tolist()],
        **_quality("forest", curve, threshold=0.5),
        "forest.positive_share_50_60": float(task.y_train[unsure].mean()) if unsure.any() else None,
    }
    model.fit(task.X_train, task.y_train)
    return Outcome(values, _evidence("forest", held_out, curve, model, task.X_test, threshold=0.5))


def _quality(name: str, curve: ThresholdCurve, threshold: float) -> dict[str, Any]:
    point = curve.at(threshold)
    return {
        f"{name}.confusion": point.confusion,
        f"{name}.precision": point.precision,
        f"{name}.recall": point.recall,
        f"{name}.f1": point.f1,
        f"{name}.roc_auc": curve.roc_auc,
    }


def _evidence(
    name: str,
    held_out: OutOfFold,
    curve: ThresholdCurve,
    model: Any,
    X_test: NDArray[np.uint8],
    *,
    threshold: float,
) -> dict[str, NDArray[Any]]:
    """Out-of-fold scores, answers and curves, and the scores on the test set, which had no part in any choice.

    The answers follow the rule of the numbers beside them, ``score >= threshold``; scikit-learn's forest says no
    to a probability of exactly one half.
    """
    arrays = {
        f"{name}.scores": held_out.scores,
        f"{name}.predictions": held_out.scores >= threshold,
        f"{name}.folds": held_out.folds,
        f"{name}.curve.thresholds": curve.thresholds,
        f"{name}.curve.precision": curve.precision,
        f"{name}.curve.recall": curve.recall,
        f"{name}.curve.false_positive_rate": curve.false_positive_rate,
    }
    if len(X_test):
        arrays[f"{name}.test_scores"] = responses(model, X_test)[0]
    return arrays
