"""The images that the small models of the study are asked about: none of those that they were fitted on."""

import numpy as np
from numpy.typing import NDArray

from misread.data import Split
from misread.recipes.study.step import Context
from misread.tasks import leading_images

__all__ = ["asked_about"]

N_ASKED = 500
MOST_PIXELS = 4_000_000


def asked_about(context: Context, fitted_on: NDArray[np.integer]) -> Split:
    """Leading test images, or without any, training images that were not fitted on; there may be none."""
    height, width = context.dataset.shape
    limit = min(N_ASKED, max(1, MOST_PIXELS // (height * width)))
    part = context.dataset.test
    if not len(part):
        part = context.dataset.train
        part = part.take(np.setdiff1d(np.arange(len(part)), fitted_on))
    return part.take(leading_images(part.labels, limit)) if len(part) else part
