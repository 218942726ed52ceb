"""The map of the report: where every held-out image stands, and which test images are nearly among them."""

import numpy as np
from numpy.typing import NDArray

from misread.analysis.layout import MOST_LAID_OUT, lay_out
from misread.recipes.study.step import Context, Outcome

__all__ = ["NEARLY_THE_SAME", "nearly_the_same", "run_map", "why_too_many"]

NEARLY_THE_SAME = 0.15
"""Share of an image's own length by which a copy may differ from it."""
LEVELS = 4_095


def why_too_many(context: Context) -> str | None:
    """A map of very many images takes long, and is none to look at."""
    n = len(context.dataset.train)
    return f"a map is drawn of up to {MOST_LAID_OUT:,} images, here are {n:,}" if n > MOST_LAID_OUT else None


def run_map(context: Context) -> Outcome:
    """Places in 12 bits."""
    places = lay_out(context.dataset.train.images, context.seed)
    return Outcome(arrays={"map.places": np.round(places * LEVELS).astype(np.uint16)})


def nearly_the_same(
    X: NDArray[np.uint8], distances: NDArray[np.float64], nearest: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pairs of a test image and the training image that it nearly is, shape (n_pairs, 2).

    Parameters
    ----------
    X : ndarray of uint8, shape (n_test, n_pixels)
    distances, nearest : ndarray of shape (n_test,)
        To the nearest training image, and its position.
    """
    lengths = np.sqrt(np.einsum("ij,ij->i", X, X, dtype=np.float64))
    copies = np.flatnonzero(distances <= NEARLY_THE_SAME * lengths)
    return np.stack([copies, nearest[copies]], axis=1).astype(np.int64)
