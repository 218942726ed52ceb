"""The test images that the report of one model shows: what it misreads, and a fair sample of the rest."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.gallery import along_scores, around, doubted, misread, right_sample
from misread.evaluation.answers import Answers

__all__ = ["gallery_of"]

PIXEL_BUDGET = 8_000_000
RIGHT_PER_CLASS = 30
ALONG_SCORES = 400
EACH_SIDE = 12
SEED = 42


def gallery_of(
    answers: Answers, images: NDArray[np.uint8], doubts: Mapping[str, NDArray[Any]] = MappingProxyType({})
) -> dict[str, NDArray[Any]]:
    """Choose the images that a report needs, so that it needs nothing but the run folder.

    Parameters
    ----------
    answers : Answers
        All labelled; of a detector with its threshold.
    images : ndarray of uint8, shape (n, height, width)
    doubts : mapping
        `suspects.*`, whose images and their neighbours are shown too.

    Returns
    -------
    dict
        `gallery.index`, ascending positions among `images`, and `gallery.images`.
    """
    y, predicted = answers.labels, answers.predictions
    budget = max(PIXEL_BUDGET // (images.shape[1] * images.shape[2]), 500)
    n_classes = max(int(y.max(initial=0)), int(predicted.max(initial=0))) + 1
    per_class = min(RIGHT_PER_CLASS, max(1, budget // (4 * n_classes)))
    chosen = [misread(y, predicted, budget * 3 // 4, SEED), right_sample(y, predicted, per_class, SEED)]
    if answers.positive is not None and answers.threshold is not None:
        scores = answers.positive_scores
        chosen += [along_scores(y == 1, scores, ALONG_SCORES), around(scores, answers.threshold, EACH_SIDE)]
    if doubts:
        chosen.append(doubted(doubts))
    index = np.unique(np.concatenate(chosen)).astype(np.int64)
    return {"gallery.index": index, "gallery.images": np.array(images[index])}
