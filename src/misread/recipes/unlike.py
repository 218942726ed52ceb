"""Give a model file what it calls unlike all that it learnt, chosen on held-out training images."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from misread.analysis.unlike import refused_from
from misread.bundle import Bundle, UnlikeRecord
from misread.data.content import image_hashes
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


def telling_unlike(bundle: Bundle, reject_rate: float) -> Bundle:
    """The bundle with a threshold at which that share of held-out images would be called unlike.

    Without one where the rate is 0, for models that do not tell classes apart, for images under 8 pixels, and
    where fewer than `misread.analysis.unlike.LEAST` images are known.
    """
    manifest = bundle.manifest
    small = min(manifest.image_size) < _SIDE_WITH_EDGES
    if not reject_rate or manifest.task != "classification" or len(manifest.classes) < 2 or small:
        return bundle
    distances = _held_out_distances(bundle)
    threshold = refused_from(distances, reject_rate)
    if threshold is None:
        return bundle
    return replace(bundle, manifest=replace(manifest, unlike=UnlikeRecord(threshold, reject_rate, len(distances))))


def _held_out_distances(bundle: Bundle) -> NDArray[np.float64]:
    """Of training images, each held out: from those of the class answered, or of their own if none was."""
    likeness, kept = bundle.likeness, bundle.kept
    codes = bundle.example_labels[likeness.rows].copy()
    if kept is not None and kept.hashes is not None:
        order = np.argsort(kept.hashes)
        hashes = image_hashes(bundle.example_images[likeness.rows])
        place = order[np.minimum(np.searchsorted(kept.hashes, hashes, sorter=order), len(order) - 1)]
        found = kept.hashes[place] == hashes
        codes[found] = kept.predictions[place[found]]
    return likeness.held_out_distances(codes)
