"""Which images to label next: those that the model is unsure of, and that are unlike each other."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.errors import ParameterError

__all__ = ["order"]

MOST = 2_000
"""So many are chosen with an eye on each other; nobody labels more before the model is trained again."""
_SHARPNESS = 4.0


def order(probabilities: ArrayLike, embeddings: ArrayLike, k: int | None = None) -> NDArray[np.int64]:
    """Order images by how much their labels would help.

    First comes the one that the model is least sure of, then always the one for which doubt times squared distance
    to the nearest that was chosen before is greatest. So no two copies are asked for, and nothing that is plain.

    Parameters
    ----------
    probabilities : array-like of shape (n, n_classes)
        What the model says of each image.
    embeddings : array-like of shape (n, n_features)
        What makes images alike: pixels, edge directions, scores.
    k : int, optional
        How many to choose with an eye on each other; the others follow by doubt alone. At most 2,000, by default.

    Returns
    -------
    ndarray of int64, shape (n,)
        All positions.

    Raises
    ------
    ParameterError
        If the two are not of the same images.

    Notes
    -----
    Doubt is one less the lead of the likeliest class over the second (margin sampling). Choosing by doubt and
    distance is the greedy variant of what BADGE samples (J. Ash and others, Deep batch active learning by diverse,
    uncertain gradient lower bounds, ICLR 2020).

    Examples
    --------
    Of two copies that are both in doubt, only one comes first.

    >>> order([[0.5, 0.5], [0.51, 0.49], [0.6, 0.4], [0.99, 0.01]], [[0, 0], [0, 0], [9, 9], [5, 5]]).tolist()
    [0, 2, 3, 1]
    """
    table, points = np.asarray(probabilities, np.float64), np.asarray(embeddings, np.float32)
    if table.ndim != 2 or points.ndim != 2 or len(table) != len(points):
        raise ParameterError(
            f"probabilities and embeddings are tables of the same images, got {table.shape}, {points.shape}"
        )
    n = len(table)
    if not n or table.shape[1] < 2:
        return np.arange(n)
    best = np.sort(table, axis=1)
    doubt = np.maximum(1 - (best[:, -1] - best[:, -2]), 0) ** _SHARPNESS
    squares = np.einsum("ij,ij->i", points, points)
    distance = np.full(n, np.inf)
    left = np.ones(n, bool)
    chosen: list[int] = []
    following = int(doubt.argmax())
    for _ in range(min(MOST if k is None else k, n)):
        chosen.append(following)
        left[following] = False
        away = squares + squares[following] - 2 * (points @ points[following])
        np.minimum(distance, np.maximum(away, 0), out=distance)
        worth = np.where(left, doubt * distance, -1.0)
        following = int(worth.argmax())
    rest = np.flatnonzero(left)
    return np.concatenate([np.array(chosen, np.int64), rest[np.argsort(-doubt[rest], kind="stable")]])
