"""More to learn from: a classifier that is also given shifted, or bent, copies of its training images."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.evaluation.responses import responses
from misread.images.deform import Deformation
from misread.images.transforms import shifted_copies
from misread.models.neighbors import KNeighborsClassifier
from misread.models.pixels import PixelReader, seen_by

__all__ = ["DeformedCopiesClassifier", "ShiftedCopiesClassifier"]


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
        copies = self._with_copies(self.reader_.read(X))
        model = KNeighborsClassifier() if self.estimator is None else clone(self.estimator)
        self.estimator_ = model.fit(copies.reshape(len(copies), -1), np.tile(y, len(copies) // len(y)))
        self.classes_ = self.estimator_.classes_
        return self

    def _with_copies(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return shifted_copies(images)

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
        images = self.reader_.read(seen_by(self, X, dtype="numeric", order="C"))
        return images.reshape(len(images), -1)


class DeformedCopiesClassifier(ShiftedCopiesClassifier):
    """Fit a classifier on images and copies of them that are turned, slanted, stretched, moved and bent at random.

    Parameters
    ----------
    estimator : classifier, optional
        Cloned, then fitted on the images and their copies as `uint8`; by default `KNeighborsClassifier()`.
    shape : (int, int), optional
        Height and width; by default the images are square (or, if they cannot be, one row).
    n_copies : int, default 4
        Of every image.
    deformation : Deformation, optional
        How far a copy may be from its image; by default `DEFORMATION`, which shrinks with images under 28 pixels.
    random_state : int, default 0

    Attributes
    ----------
    classes_ : ndarray
    estimator_ : classifier
        The fitted one; it can be asked alone.
    """

    DEFORMATION = Deformation(rotation=12, scale=0.12, shear=0.15, shift=1.0, elastic=0.5)

    def __init__(
        self,
        estimator: Any = None,
        shape: tuple[int, int] | None = None,
        n_copies: int = 4,
        deformation: Deformation | None = None,
        random_state: int = 0,
    ) -> None:
        super().__init__(estimator, shape)
        self.n_copies = n_copies
        self.deformation = deformation
        self.random_state = random_state

    def _with_copies(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rng = np.random.default_rng(self.random_state)
        deformation = (self.deformation or self.DEFORMATION).for_size(self.reader_.shape)
        return np.concatenate([images, *(deformation.apply(images, rng) for _ in range(self.n_copies))])
