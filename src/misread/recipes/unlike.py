"""Give a model what it calls unlike all that it learnt, chosen on held-out training images."""

from dataclasses import replace

import numpy as np

from misread.analysis.unlike import LEAST, learn
from misread.bundle import Bundle, UnlikeRecord
from misread.data import Split
from misread.errors import ParameterError

__all__ = ["REJECT_RATE", "check_reject_rate", "telling_unlike"]

REJECT_RATE = 0.01
"""Share of held-out images that would be called unlike the training images."""
_SIDE_WITH_EDGES = 8


def check_reject_rate(reject_rate: float) -> None:
    """Refuse what is no share of images to call unlike.

    Raises
    ------
    ParameterError
        If it is not from 0 to below 0.5.
    """
    if not 0 <= reject_rate < 0.5:
        raise ParameterError(
            f"the reject rate is the share of held-out images that the model may call unlike all that it learnt, "
            f"from 0 (none) to below 0.5, not {reject_rate}; 0.01 is usual"
        )


def telling_unlike(bundle: Bundle, train: Split, reject_rate: float = REJECT_RATE) -> Bundle:
    """The bundle with a measure of likeness, at which that share of held-out images would be called unlike.

    Without one where the rate is 0, for models that take noise out, for images under 8 pixels, and where fewer
    than `misread.analysis.unlike.LEAST` images can be held out.

    Parameters
    ----------
    bundle : Bundle
    train : Split
        What it was trained on.
    reject_rate : float from 0 to below 0.5
    """
    manifest = bundle.manifest
    if not reject_rate or manifest.task == "denoising" or min(manifest.image_size) < _SIDE_WITH_EDGES:
        return bundle.without_likeness()
    likeness, held_out = learn(train.images, train.labels, train.groups)
    n = len(held_out)
    if n < LEAST:
        return bundle.without_likeness()
    place = min(int(np.ceil((n + 1) * (1 - reject_rate))), n) - 1
    threshold = float(np.partition(held_out, place)[place])
    unlike = UnlikeRecord(threshold, float(reject_rate), n)
    return replace(bundle, likeness=likeness, manifest=replace(manifest, unlike=unlike))
