"""What a model of a file says, checked where it says it: four images asked when it was loaded prove nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle.manifest import Manifest
from misread.errors import ModelFileError

__all__ = ["check_classes", "check_scores", "named"]

_GREY_LEVELS = 256


def check_classes(estimator: Any, manifest: Manifest) -> None:
    """See that what an estimator tells apart are the classes that its file names.

    Raises
    ------
    ModelFileError
        If there is one without a name.
    """
    classes = estimator.classes_
    if manifest.task == "classification":
        _expect_within(classes, len(manifest.classes))
    elif manifest.task == "detector":
        _expect_within(classes, 2)
        if len(classes) != 2:
            raise ModelFileError("its model knows one class, a detector tells two apart; the file is damaged")
    elif isinstance(classes, list):
        for one in classes:
            _expect_within(one, 2 if manifest.task == "multilabel" else _GREY_LEVELS)


def named(codes: NDArray[Any], names: tuple[str, ...]) -> list[str]:
    """The names of class codes.

    Raises
    ------
    ModelFileError
        If one has none.
    """
    _expect_within(codes, len(names))
    return [names[code] for code in codes]


def check_scores(scores: NDArray[np.float64], shape: tuple[int, int]) -> None:
    """See that there is a number for every image and class.

    Raises
    ------
    ModelFileError
        If one is missing or not finite.
    """
    if scores.shape != shape:
        raise ModelFileError(
            f"the model gives scores of shape {scores.shape} instead of {shape}; its file is damaged"
        )
    wrong = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if wrong.size:
        raise ModelFileError(
            f"the model gives scores that are no finite numbers, first for image {wrong[0] + 1}; its file is "
            "damaged, or the image is too unlike those that it was trained on"
        )


def _expect_within(codes: Any, n_classes: int) -> None:
    known = isinstance(codes, np.ndarray) and codes.ndim == 1 and codes.dtype.kind in "biu"
    strange = codes if not known else codes[(codes.astype(np.int64) < 0) | (codes >= n_classes)]
    if not known or strange.size:
        said = str(strange[:1] if known else type(codes).__name__)[:40]
        raise ModelFileError(f"the model knows or answers a class {said}, which has no name; its file is damaged")
