"""A network for a microcontroller as a scikit-learn estimator: it learns with PyTorch and answers without."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from misread.images.deform import Deformation
from misread.models.network import NetworkMixin, Told, deep
from misread.models.pixels import PixelReader

__all__ = ["TinyNetClassifier"]


class TinyNetClassifier(NetworkMixin):
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
        How the training images are bent; by default `TinyNetClassifier.DEFORMATION`.
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
        rounded = deep("rounded")
        X, _, start = self._started(X, y, groups)
        self.reader_ = PixelReader.learn(X, self.shape)
        images, n_classes = self.reader_.read(X), len(self.classes_)
        network = self._trained(
            lambda: rounded.build_rounded_network(self.reader_.shape, n_classes, self.widths), images, start
        )
        self.network_ = rounded.in_whole_numbers(network)
        self._calibrate(start.held, start.codes, lambda: self.network_.scores(images[start.held]))
        return self

    def _ask(self, X: Any) -> NDArray[np.float64]:
        X = self._asked(X)
        return self.network_.scores(self.reader_.read(X))
