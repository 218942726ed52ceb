"""A convolutional network as a scikit-learn estimator; PyTorch is imported when it is fitted or asked."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from misread.errors import ParameterError
from misread.images.deform import Deformation, move, normalise, size_share, slopes_before_pose
from misread.models.network import LeadSlopesMixin, NetworkMixin, Told, deep
from misread.models.pixels import PixelReader

__all__ = ["ConvNetClassifier", "log_mean", "network_size"]

Asked = Callable[[NDArray[np.uint8]], NDArray[np.float64]]

_POSES = ("slant", "aspect")


class ConvNetClassifier(LeadSlopesMixin, NetworkMixin):
    """A small convolutional network, trained on randomly bent images; needs ``misread[deep]``.

    It runs on the GPU if PyTorch sees one, and else on the CPU, in 16-bit floats where the CPU has instructions
    for them. On a CPU the same seed, machine and number of threads give the same network; a GPU adds some sums in
    no fixed order, so that its networks are alike, not equal. Pickles and model files hold the weights as
    safetensors bytes.

    Parameters
    ----------
    widths : tuple of int, default (16, 48, 96)
        Channels of each stage; between them the image is halved.
    depth : int, default 2
        Convolutions of 3x3 a stage.
    epochs : int, default 10
    batch_size : int, default 128
        At most; small sets are trained in at least 50 steps an epoch, as far as batches of 16 allow.
    learning_rate : float, default 0.004
        At the top of the one-cycle schedule.
    weight_decay : float, default 0.02
    label_smoothing : float, default 0.02
    moved : float, default 0.5
        Every image is asked about as it is and four times more, moved by so many pixels (of images 28 pixels high
        or wide; in proportion in smaller ones) along both diagonals. The probabilities of the image itself count
        as much as those of the four. It takes five times as long, and some errors away, by writers that the
        network has not seen as well. 0 for once, as it is.
    averaging : float, default 0.998
        The kept weights are a moving average over the last steps: the weight of the past at each.
    patience : int, optional
        Stop when the held-out loss was no better for so many epochs and keep the best; by default all epochs run.
    deformation : Deformation, optional
        How the training images are bent; by default `ConvNetClassifier.DEFORMATION`.
    fade : (float, float), default (1.5, 0.4)
        How many times as much they are bent in the first epoch and in the last, in a line between them: much is
        learnt from images that are far from any writer's, and the last is learnt from images that are near.
    normalised : tuple of 'slant' and 'aspect', default ()
        What is taken out of all images first; see `misread.images.deform.normalise`.
    shape : (int, int), optional
        Height and width; by default the images are square (or, if they cannot be, one row).
    held_out : float, default 1/12
        Share of the training images not learnt from, to stop and to calibrate by; 0 for none.
    on_epoch : callable of (epoch, epochs, loss), optional
        Told after every epoch; pickles forget it.
    random_state : int, RandomState or None
    n_jobs : int, optional
        Threads; PyTorch's own choice by default. Where a step is too small to be shared, one.

    Attributes
    ----------
    classes_ : ndarray
    weights_ : bytes
        The state of the network in the safetensors format.
    temperature_ : float
        What logits are divided by before the softmax of `predict_proba`, fitted on the held-out part.
    held_out_indices_ : ndarray of int64
        The training images that were held out.
    held_out_scores_ : ndarray of float64, shape (n_held_out, n_classes)
        Their logits.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (16, 48, 96),
        depth: int = 2,
        epochs: int = 10,
        batch_size: int = 128,
        learning_rate: float = 0.004,
        weight_decay: float = 0.02,
        label_smoothing: float = 0.02,
        moved: float = 0.5,
        averaging: float = 0.998,
        patience: int | None = None,
        deformation: Deformation | None = None,
        fade: tuple[float, float] = (1.5, 0.4),
        normalised: tuple[str, ...] = (),
        shape: tuple[int, int] | None = None,
        held_out: float = 1 / 12,
        on_epoch: Told | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.widths = widths
        self.depth = depth
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.moved = moved
        self.averaging = averaging
        self.patience = patience
        self.deformation = deformation
        self.fade = fade
        self.normalised = normalised
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
        storing, training = deep("network"), deep("training")
        X, _, start = self._started(X, y, groups)
        self.reader_ = PixelReader.learn(X, self.shape)
        images = self._read(X)
        network = self._trained(
            self._build,
            images,
            start,
            patience=self.patience,
            n_jobs=lambda pixels: training.threads_for(pixels, self.n_jobs),
        )
        self.weights_ = storing.network_to_bytes(network)
        self._network = network
        self._calibrate(start.held, start.codes, lambda: self._logits(images[start.held]))
        return self

    def _log_slopes(self, X: Any, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        """How much each grey level adds to the log-probability of a class."""
        slopes: NDArray[np.float32] = deep("training").log_slopes_of(self._loaded(), self._read(X), codes)
        if not self.normalised:
            return slopes
        return slopes_before_pose(slopes, self.reader_.read(X), **self._pose())

    def _ask(self, X: Any) -> NDArray[np.float64]:
        return self._logits(self._read(self._asked(X)))

    def _read(self, X: Any) -> NDArray[np.uint8]:
        """The images, in the pose that the network sees."""
        images = self.reader_.read(X)
        if unknown := set(self.normalised) - set(_POSES):
            raise ParameterError(f"normalised may name {', '.join(_POSES)}, got {', '.join(map(str, unknown))}")
        if not self.normalised:
            return images
        return normalise(images, **self._pose(), n_jobs=self.n_jobs)

    def _pose(self) -> dict[str, bool]:
        """What is taken out of an image before the network sees it."""
        return {pose: pose in self.normalised for pose in _POSES}

    def _logits(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        training, network = deep("training"), self._loaded()
        with training.threads(training.threads_for(training.pixels_asked(images), self.n_jobs)):
            return self.mixed(lambda view: training.logits_of(network, view), images)

    def _loaded(self) -> Any:
        if getattr(self, "_network", None) is None:
            self._network = self._build()
            self._network.load_state_dict(deep("network").weights_from_bytes(self.weights_))
        return self._network

    def mixed(self, ask: Asked, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Scores of images by what a network says of each view of them.

        Parameters
        ----------
        ask : callable
            Gives logits, shape (n, n_classes), of images of shape (n, height, width).
        images : ndarray of uint8, shape (n, height, width)
        """
        as_it_is, *moved = (ask(view) for view in self._views(images))
        return log_mean([as_it_is, log_mean(moved)]) if moved else as_it_is

    def view_moves(self) -> list[tuple[float, float]]:
        """How far, down and to the right, the copies are moved that are asked about besides the image itself."""
        step = self.moved * size_share(self.reader_.shape)
        return [(step * down, step * right) for down in (1, -1) for right in (1, -1)] if self.moved else []

    def _views(self, images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """What is asked about: the images, and four copies of them, each moved another way."""
        yield images
        for step in self.view_moves():
            yield move(images, step, n_jobs=self.n_jobs)

    def _build(self) -> Any:
        return deep("network").build_network(self.reader_.shape, len(self.classes_), self.widths, self.depth)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_network"}


def network_size(shape: tuple[int, int], n_classes: int, widths: Sequence[int], depth: int) -> tuple[int, int]:
    """How large a network of `misread.models.deep.network.build_network` is, without building it.

    Returns
    -------
    n_weights : int
        What is learnt and stored.
    n_values : int
        What its largest layer gives for an image.
    """
    (height, width), channels = shape, 1
    n_weights = n_values = 0
    for stage, wide in enumerate(widths):
        if stage:
            height, width = (side // 2 if side >= 8 else side for side in (height, width))
        n_weights += 9 * wide * (channels + (depth - 1) * wide) + 4 * wide * depth
        n_values, channels = max(n_values, wide * height * width), wide
    return n_weights + (channels * min(height, 3) * min(width, 3) + 1) * n_classes, n_values


def log_mean(tables: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Logarithms of the mean of the probabilities that some tables of logits stand for."""
    mean = np.mean([softmax(table, axis=1) for table in tables], axis=0)
    return np.log(np.maximum(mean, np.finfo(np.float64).tiny))
