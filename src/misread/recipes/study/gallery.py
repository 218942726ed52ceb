"""The images that the report shows: the misread ones, a fair sample of the rest, and some along the thresholds."""

import zlib

import numpy as np
from numpy.typing import NDArray

from misread.analysis.gallery import along_scores, around, doubted, misread, right_sample
from misread.evaluation.scores import class_table, leads
from misread.evaluation.thresholds import ThresholdCurve
from misread.recipes.study.step import Context, Outcome
from misread.tasks import class_code

__all__ = ["run_gallery"]

PIXEL_BUDGET = 16_000_000
BYTE_BUDGET = 550_000
"""What the images may take in the page, about: those of clothes are twice as long as those of digits."""
NEIGHBOR_BUDGET = 200_000
"""The same of the images that are the neighbours of misread ones."""
NEIGHBORS_SHOWN = 3
SHOWN_SIDE = 40
RIGHT_PER_CLASS = 30
ALONG_EACH_DETECTOR = 240
EACH_SIDE = 12
WANTED = (0.8, 0.9, 0.95, 0.99)


def run_gallery(context: Context) -> Outcome:
    """Choose them once, so that the report needs nothing but the run folder."""
    train = context.dataset.train
    predictions = context.opened("predictions")
    height, width = context.dataset.shape
    bytes_each = _bytes_each(train.images)
    budget = max(min(PIXEL_BUDGET // (height * width), int(BYTE_BUDGET / bytes_each)), 500)
    per_class = min(RIGHT_PER_CLASS, max(1, budget // (4 * len(context.dataset.class_names))))
    chosen = [
        misread(train.labels, predictions, budget * 3 // 4, context.seed),
        right_sample(train.labels, predictions, per_class, context.seed),
        *_along_detectors(context),
    ]
    if "suspects" in context.done:
        chosen.append(doubted(context.done["suspects"].arrays))
    chosen.append(_why(context, np.concatenate(chosen), int(NEIGHBOR_BUDGET / bytes_each)))
    index = np.unique(np.concatenate(chosen)).astype(np.int64)
    return Outcome(arrays={"gallery.index": index, "gallery.images": np.array(train.images[index])})


def _why(context: Context, shown: NDArray[np.int64], budget: int) -> NDArray[np.int64]:
    """Images that say why others were misread: their neighbours, as many as there is room for."""
    try:
        rows = context.opened("why.rows")
    except KeyError:
        return np.empty(0, np.int64)
    try:
        neighbors = context.opened("why.neighbors")[:, :NEIGHBORS_SHOWN]
    except KeyError:
        return rows
    asked = np.random.default_rng(context.seed).permutation(np.flatnonzero(np.isin(rows, shown)))
    return neighbors[asked[: budget // NEIGHBORS_SHOWN]].ravel()


def _along_detectors(context: Context) -> list[NDArray[np.int64]]:
    truth = context.dataset.train.labels == class_code(context.dataset, context.positive)
    table = class_table(context.opened("scores"))
    asked = [(leads(table, np.full(len(table), class_code(context.dataset, context.positive))), 0.0)]
    asked += [
        (context.done[name].arrays[f"{name}.scores"], default)
        for name, default in (("detector", 0.0), ("forest", 0.5))
    ]
    chosen = []
    for scores, default in asked:
        curve = ThresholdCurve.from_scores(truth, scores)
        points = [curve.for_precision(wanted) for wanted in WANTED]
        points += [curve.for_recall(wanted) for wanted in WANTED] if truth.any() else []
        thresholds = [default, *(point.threshold for point in points if point)]
        chosen.append(along_scores(truth, scores, ALONG_EACH_DETECTOR))
        chosen += [around(scores, threshold, EACH_SIDE) for threshold in thresholds]
    return chosen


def _bytes_each(images: NDArray[np.uint8]) -> float:
    """How long an image is on the page's sheet, about: compressed, in 16 grey levels, no larger than shown."""
    step = -(-max(images.shape[1:]) // SHOWN_SIDE)
    some = images[:: max(1, len(images) // 256), ::step, ::step].ravel() >> 4
    some = some[: len(some) // 2 * 2]
    packed = (some[::2] << 4 | some[1::2]).tobytes()
    n_shown = len(images[:: max(1, len(images) // 256)])
    return max(len(zlib.compress(packed, 8)) / n_shown, 1.0)
