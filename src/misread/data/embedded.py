"""The data set that needs no download."""

import numpy as np
from sklearn.datasets import load_digits

from misread.data.catalogue import CATALOGUE
from misread.data.dataset import Dataset, Split

__all__ = ["load_embedded_digits"]

_N_TRAIN = 1_437


def load_embedded_digits() -> Dataset:
    """Return scikit-learn's 8x8 digits: the first 1,437 images train, the last 360 test, in file order.

    Its grey levels 0..16 are multiplied by 15, to 0..240, so that a grey level means the same in every data
    set here: thresholds, noise and figures need no special case. The product is exact and can be undone.
    """
    entry = CATALOGUE["digits"]
    bunch = load_digits()
    images = bunch.images.astype(np.uint8) * np.uint8(15)
    labels = bunch.target.astype(np.int64)
    return Dataset(
        name=entry.name,
        train=Split(images[:_N_TRAIN], labels[:_N_TRAIN]),
        test=Split(images[_N_TRAIN:], labels[_N_TRAIN:]),
        class_names=entry.class_names,
        source="scikit-learn, sklearn.datasets.load_digits",
        licence=entry.licence,
    )
