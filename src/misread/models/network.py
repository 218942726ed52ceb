"""What every network here has in common: how it is started, trained, calibrated, asked and pickled."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.images.deform import Deformation
from misread.models.held_out import TemperatureClassifierMixin, held_out_part
from misread.models.pixels import seen_by

__all__ = ["DEEP_PACKAGES", "LeadSlopesMixin", "NetworkMixin", "Start", "Told", "deep"]

Told = Callable[[int, int, float], None]

DEEP_PACKAGES = ("torch", "safetensors")
"""What networks need beside what misread always does."""


class Start:
    """What is known before a network learns: class codes, what is held out, and where chance comes from."""

    def __init__(
        self, codes: NDArray[np.int64], share: float, random_state: Any, groups: ArrayLike | None
    ) -> None:
        self.codes = codes
        self.random_state = check_random_state(random_state)
        self.seed = int(self.random_state.randint(2**31))
        self.rng = np.random.default_rng(self.seed)
        self.rest, self.held = held_out_part(codes, share, self.rng, groups)


class NetworkMixin(TemperatureClassifierMixin, BaseEstimator):
    """A network, or several, with the parameters `held_out`, `shape`, `on_epoch`, `random_state` and `n_jobs`."""

    DEFORMATION = Deformation(rotation=12, scale=0.12, shear=0.15, shift=1.5, elastic=0.5)
    """How training images are bent where nothing else is said."""

    packages = DEEP_PACKAGES

    def _started(self: Any, X: Any, y: Any, groups: ArrayLike | None) -> tuple[Any, Any, Start]:
        X, y = validate_data(self, X, y, dtype="numeric", order="C")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        return X, y, Start(codes, self.held_out, self.random_state, groups)

    def _trained(
        self: Any,
        build: Callable[[], Any],
        images: NDArray[np.uint8],
        start: Start,
        *,
        patience: int | None = None,
        n_jobs: Callable[[int], int | None] | None = None,
    ) -> Any:
        """A network that has learnt from what is not held out; `n_jobs` gives threads for the pixels of a step."""
        training = deep("training")
        batch_size = min(self.batch_size, max(16, len(start.rest) // 50))
        settings = training.Settings(
            epochs=self.epochs,
            batch_size=batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            label_smoothing=self.label_smoothing,
            averaging=self.averaging,
            patience=patience,
            deformation=(self.deformation or self.DEFORMATION).for_size(self.reader_.shape),
            fade=self.fade,
        )
        with training.seeded(start.seed):
            network = build()
        threads = self.n_jobs if n_jobs is None else n_jobs(batch_size * images[0].size)
        rest, held = (np.ascontiguousarray(images[rows]) for rows in (start.rest, start.held))
        codes = start.codes[start.rest], start.codes[start.held]
        told = self.on_epoch or _silent
        with training.threads(threads):
            return training.train(network, rest, codes[0], held, codes[1], settings, start.rng, told, threads)

    def _asked(self: Any, X: Any) -> Any:
        """What a fitted network is asked about, as numbers."""
        check_is_fitted(self)
        return seen_by(self, X, dtype="numeric", order="C")

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"on_epoch": None}


class LeadSlopesMixin:
    """What speaks for one class and against another, of what gives `_log_slopes(X, codes)`."""

    def lead_slopes(self: Any, X: Any, answers: Any, others: Any) -> NDArray[np.float32]:
        """How much each grey level adds to the lead of one class over another, image by image.

        Parameters
        ----------
        X : array-like of shape (n, height * width)
        answers, others : array-like of shape (n,)
            Of `classes_`: the class that leads, and the one that it is compared with.

        Returns
        -------
        ndarray of float32, shape (n, height, width)
            Gradients of the difference of their log-probabilities, of the image as it is (none of the moved ones).
            Where the image is brought into another pose first, the pose is taken as given.
        """
        X = self._asked(X)
        codes = (np.searchsorted(self.classes_, np.asarray(one)).astype(np.int64) for one in (answers, others))
        first, second = (self._log_slopes(X, code) for code in codes)
        slopes: NDArray[np.float32] = first - second
        return slopes


def _silent(epoch: int, epochs: int, loss: float) -> None:
    """Tell nobody."""


def deep(module: str) -> Any:
    """A module that needs PyTorch.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    """
    return import_module(f"misread.models.deep.{module}")
