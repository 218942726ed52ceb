"""The images that the report shows: the misread ones, a fair sample of the rest, and some along the thresholds."""

import numpy as np
from numpy.typing import NDArray

from misread.analysis.gallery import along_scores, around, misread, right_sample
from misread.evaluation.thresholds import ThresholdCurve
from misread.recipes.study.step import Context, Outcome
from misread.tasks import class_code

__all__ = ["run_gallery"]

PIXEL_BUDGET = 16_000_000
RIGHT_PER_CLASS = 30
ALONG_EACH_DETECTOR = 400
EACH_SIDE = 12
SHOWN_SUSPECTS = 60
SHOWN_NEIGHBORS = 6
WANTED = (0.8, 0.9, 0.95, 0.99)


def run_gallery(context: Context) -> Outcome:
    """Choose them once, so that the report needs nothing but the run folder."""
    train = context.dataset.train
    predictions = context.opened("predictions")
    height, width = context.dataset.shape
    budget = max(PIXEL_BUDGET // (height * width), 500)
    per_class = min(RIGHT_PER_CLASS, max(1, budget // (4 * len(context.dataset.class_names))))
    chosen = [
        misread(train.labels, predictions, budget * 3 // 4, context.seed),
        right_sample(train.labels, predictions, per_class, context.seed),
        *_along_detectors(context),
    ]
    if "suspects" in context.done:
        arrays = context.done["suspects"].arrays
        chosen += [
            arrays["suspects.index"][:SHOWN_SUSPECTS],
            np.ravel(arrays["suspects.neighbors"][:SHOWN_SUSPECTS, :SHOWN_NEIGHBORS]),
        ]
    index = np.unique(np.concatenate(chosen)).astype(np.int64)
    return Outcome(arrays={"gallery.index": index, "gallery.images": np.array(train.images[index])})


def _along_detectors(context: Context) -> list[NDArray[np.int64]]:
    truth = context.dataset.train.labels == class_code(context.dataset, context.positive)
    chosen = []
    for name, default in (("detector", 0.0), ("forest", 0.5)):
        scores = context.done[name].arrays[f"{name}.scores"]
        curve = ThresholdCurve.from_scores(truth, scores)
        points = [curve.for_precision(wanted) for wanted in WANTED]
        points += [curve.for_recall(wanted) for wanted in WANTED] if truth.any() else []
        thresholds = [default, *(point.threshold for point in points if point)]
        chosen.append(along_scores(truth, scores, ALONG_EACH_DETECTOR))
        chosen += [around(scores, threshold, EACH_SIDE) for threshold in thresholds]
    return chosen
