"""A rung of the ladder as a model to keep."""

from dataclasses import replace
from typing import Any

from misread.bundle import Bundle
from misread.data import Dataset
from misread.fitting.answers import held_out_answers
from misread.recipes.ladder import Climb, Verdict
from misread.recipes.metrics import metrics_of, share
from misread.recipes.train import bundled, manifest_of

__all__ = ["bundle_of_rung"]


def bundle_of_rung(model: str, climbed: Climb, verdict: Verdict, dataset: Dataset, **more: Any) -> Bundle:
    """Make a bundle of a rung, as `misread.train` would have, without training it again.

    Parameters
    ----------
    model : str
        Its name in the zoo.
    climbed : Climb
        The trained model and what it said of the images that it held out.
    verdict : Verdict
        What it was worth on the test images.
    dataset : Dataset
        What it was trained on.
    **more
        More of the manifest: `command`.

    Returns
    -------
    Bundle
        Without an operating point; one can be chosen on its held-out scores.
    """
    manifest = manifest_of(dataset, "classification", model, climbed.estimator, **more)
    metrics = {"test": {"n": verdict.n, "accuracy": share(verdict.n - verdict.errors, verdict.n)}}
    answers = held_out_answers(climbed.fitted, dataset.train, dataset.class_names)
    if answers is not None:
        metrics["out_of_fold"] = metrics_of(answers)
    return bundled(replace(manifest, metrics=metrics), climbed.estimator, dataset, answers)
