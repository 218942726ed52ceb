"""More to learn from: a classifier that is also given shifted copies of its training images."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.evaluation.responses import responses
from misread.images.transforms import shifted_copies
from misread.models.neighbors import KNeighborsClassifier
from misread.models.pixels import PixelReader

__all__ = ["ShiftedCopiesClassifier"]


def _can(name: str) -> Any:
    return available_if(lambda self: hasattr(self.estimator or KNeighborsClassifier(), name))


class ShiftedCopiesClassifier(ClassifierMixin, BaseEstimator):
    """Fit a classifier on images and their copies moved one pixel left, right, up and down.

    Parameters
    ----------
    estimator : classifier, optional
        Cloned, then fitted on five times the images as `uint8`; by default `KNeighborsClassifier()`.
    shape : (int, int), optional
        Height and width; by default the images are square (or, if they cannot be, one row).

    Attributes
    ----------
    classes_ : ndarray
    estimator_ : classifier
        The fitted one.
    """

    def __init__(self, estimator: Any = None, shape: tuple[int, int] | None = None) -> None:
        self.estimator = estimator
        self.shape = shape

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from images of shape (n, height * width) and their classes."""
        X, y = validate_data(self, X, y, dtype="numeric", order="C")
        check_classification_targets(y)
        self.reader_ = PixelReader.learn(X, self.shape)
        copies = shifted_copies(self.reader_.read(X))
        model = KNeighborsClassifier() if self.estimator is None else clone(self.estimator)
        self.estimator_ = model.fit(copies.reshape(len(copies), -1), np.tile(y, 5))
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Classes of images of shape (n, height * width)."""
        pixels = self._pixels(X)
        return self.estimator_.predict(pixels)

    def scores_and_predictions(self, X: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Scores and classes, as `misread.evaluation.responses.responses` gives them, asked once."""
        return responses(self.estimator_, self._pixels(X))

    @_can("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of shape (n, n_classes)."""
        pixels = self._pixels(X)
        return self.estimator_.predict_proba(pixels)

    @_can("decision_function")
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Scores of shape (n, n_classes), or (n,) for two classes."""
        pixels = self._pixels(X)
        return self.estimator_.decision_function(pixels)

    def _pixels(self, X: Any) -> NDArray[np.uint8]:
        check_is_fitted(self)
        images = self.reader_.read(validate_data(self, X, dtype="numeric", order="C", reset=False))
        return images.reshape(len(images), -1)
