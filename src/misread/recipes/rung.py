"""A rung of the ladder as a model to keep."""

from dataclasses import replace
from typing import Any

from misread.bundle import Bundle, Evidence
from misread.data import Dataset
from misread.recipes.ladder import Climb, Verdict
from misread.recipes.metrics import share
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
    evidence = None
    if climbed.held_out:
        metrics["out_of_fold"] = {
            "n": climbed.held_out,
            "accuracy": share(climbed.held_out - climbed.held_out_errors, climbed.held_out),
        }
        evidence = Evidence(climbed.held_out_right, climbed.held_out_leads)
    return replace(
        bundled(manifest, climbed.estimator, dataset, evidence), manifest=replace(manifest, metrics=metrics)
    )
