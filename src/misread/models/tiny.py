"""A network for a microcontroller as a scikit-learn estimator: it learns with PyTorch and answers without."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.evaluation.reliability import best_temperature
from misread.images.deform import Deformation
from misread.models.convnet import DEEP_PACKAGES, ConvNetClassifier, Told, deep, silent
from misread.models.held_out import TemperatureClassifierMixin, held_out_part
from misread.models.pixels import PixelReader

__all__ = ["TinyNetClassifier"]


class TinyNetClassifier(TemperatureClassifierMixin, BaseEstimator):
    """A network of whole numbers, small enough for a microcontroller; ``misread[deep]`` is needed to train it.

    Weights have four bits, values between layers eight, and an answer is computed in whole numbers alone: the same
    on any machine, in Python and in C. While it learns, weights and values are rounded as they will be.

    Parameters
    ----------
    widths : tuple of int, default (16, 16, 32, 32, 28)
        Channels of each convolution. The first has kernels of 5x5 at every second place, the others of 3x3;
        after the middle one the image is halved, and 3x3 places are left at the end.
    epochs : int, default 40
    batch_size : int, default 128
        At most; small sets are trained in at least 50 steps an epoch, as far as batches of 16 allow.
    learning_rate : float, default 0.004
        At the top of the one-cycle schedule.
    weight_decay : float, default 0.005
    label_smoothing : float, default 0.02
    averaging : float, default 0.998
        The kept weights are a moving average over the last steps: the weight of the past at each.
    deformation : Deformation, optional
        How the training images are bent; by default `ConvNetClassifier.DEFORMATION`.
    fade : (float, float), default (1.5, 0.4)
        How many times as much they are bent in the first epoch and in the last.
    shape : (int, int), optional
        Height and width; by default the images are square (or, if they cannot be, one row).
    held_out : float, default 1/12
        Share of the training images not learnt from, to calibrate by; 0 for none.
    on_epoch : callable of (epoch, epochs, loss), optional
        Told after every epoch; pickles forget it.
    random_state : int, RandomState or None
    n_jobs : int, optional
        Threads; PyTorch's own choice by default.

    Attributes
    ----------
    classes_ : ndarray
    network_ : WholeNetwork
        All that answers, as whole numbers.
    temperature_ : float
        What scores are divided by before the softmax of `predict_proba`, fitted on the held-out part.
    held_out_indices_ : ndarray of int64
        The training images that were held out.
    held_out_scores_ : ndarray of float64, shape (n_held_out, n_classes)
        Their scores.

    Notes
    -----
    B. Jacob and others, Quantization and training of neural networks for efficient integer-arithmetic-only
    inference, CVPR 2018.
    """

    packages = DEEP_PACKAGES

    def __init__(
        self,
        widths: tuple[int, ...] = (16, 16, 32, 32, 28),
        epochs: int = 40,
        batch_size: int = 128,
        learning_rate: float = 0.004,
        weight_decay: float = 0.005,
        label_smoothing: float = 0.02,
        averaging: float = 0.998,
        deformation: Deformation | None = None,
        fade: tuple[float, float] = (1.5, 0.4),
        shape: tuple[int, int] | None = None,
        held_out: float = 1 / 12,
        on_epoch: Told | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.widths = widths
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.averaging = averaging
        self.deformation = deformation
        self.fade = fade
        self.shape = shape
        self.held_out = held_out
        self.on_epoch = on_epoch
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Learn from images of shape (n, height * width) and their classes; `groups` are held out whole.

        Raises
        ------
        MissingExtraError
            If PyTorch is not installed.
        """
        rounded, training = deep("rounded"), deep("training")
        X, y = validate_data(self, X, y, dtype="numeric", order="C")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.reader_ = PixelReader.learn(X, self.shape)
        images = self.reader_.read(X)
        seed = check_random_state(self.random_state).randint(2**31)
        rng = np.random.default_rng(seed)
        rest, held = held_out_part(codes, self.held_out, rng, groups)
        settings = training.Settings(
            epochs=self.epochs,
            batch_size=min(self.batch_size, max(16, len(rest) // 50)),
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            label_smoothing=self.label_smoothing,
            averaging=self.averaging,
            patience=None,
            deformation=(self.deformation or ConvNetClassifier.DEFORMATION).for_size(self.reader_.shape),
            fade=self.fade,
        )
        with training.seeded(int(seed)):
            network = rounded.build_rounded_network(self.reader_.shape, len(self.classes_), self.widths)
        learnt, told = np.ascontiguousarray(images[rest]), self.on_epoch or silent
        with training.threads(self.n_jobs):
            network = training.train(
                network, learnt, codes[rest], images[held], codes[held], settings, rng, told, self.n_jobs
            )
        self.network_ = rounded.in_whole_numbers(network)
        self.held_out_indices_, self.temperature_ = held, 1.0
        if len(held):
            self.held_out_scores_ = self.network_.scores(images[held])
            self.temperature_ = best_temperature(self.held_out_scores_, codes[held])
        return self

    def _ask(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = validate_data(self, X, dtype="numeric", order="C", reset=False)
        return self.network_.scores(self.reader_.read(X))

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"on_epoch": None}
