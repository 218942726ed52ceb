"""Which images are held out together."""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

__all__ = ["folds_by_class"]


def folds_by_class(labels: NDArray[np.int64], n_folds: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Folds that each hold the same share of every class, whatever is learned and however images are sorted.

    What a model learns may be one class or labels that several classes share. By those alone, the images of a
    folder sorted by class would make folds of whole classes, and scores on classes that were never seen.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes.
    n_folds : int

    Returns
    -------
    list of (training, held out) positions
    """
    return list(StratifiedKFold(n_folds).split(labels, labels))
