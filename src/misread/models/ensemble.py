"""Convolutional networks that answer together."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from misread.models.convnet import ConvNetClassifier, log_mean
from misread.models.network import LeadSlopesMixin, NetworkMixin, Told

__all__ = ["FEW", "ConvNetEnsembleClassifier"]

FEW = 20_000
"""Up to so many training images an ensemble is as large as held-out images say that it helps."""


class ConvNetEnsembleClassifier(LeadSlopesMixin, NetworkMixin):
    """Networks that answer together: the mean of their probabilities.

    They differ in their seeds, and in turn in the pose that they see the images in: as they are, with the narrow
    ones widened, or so and upright. What is misread in one pose is often read in another.

    Parameters
    ----------
    n_members : int, default 6
        At most. On up to 20,000 images only one of every pose is trained, unless these together make the held-out
        images likelier than the first alone does, by two standard errors.
    epochs : int, default 16
        Of each member.
    shape : (int, int), optional
        Height and width; by default the images are square (or, if they cannot be, one row).
    held_out : float, default 1/12
        Share of the training images that no member learns from; the same for all.
    on_epoch : callable of (epoch, epochs, loss), optional
        Told after every epoch, counted over the members that are sure to be trained: on few images more epochs
        are added when more members turn out to help. Pickles forget it.
    random_state : int, RandomState or None
    n_jobs : int, optional
        Threads; PyTorch's own choice by default.

    Attributes
    ----------
    classes_ : ndarray
    estimators_ : list of ConvNetClassifier
    temperature_, held_out_indices_, held_out_scores_
        As in `ConvNetClassifier`; scores are logarithms of mean probabilities.

    Notes
    -----
    D. Ciresan, U. Meier and J. Schmidhuber, Multi-column deep neural networks for image classification, CVPR 2012:
    columns that see the digits in different widths.
    """

    POSES: tuple[tuple[str, ...], ...] = ((), ("aspect",), ("slant", "aspect"))
    """What is taken out of the images that the members see, in turn."""

    def __init__(
        self,
        n_members: int = 6,
        epochs: int = 16,
        shape: tuple[int, int] | None = None,
        held_out: float = 1 / 12,
        on_epoch: Told | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_members = n_members
        self.epochs = epochs
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
        X, y, start = self._started(X, y, groups)
        rest, held, codes = start.rest, start.held, start.codes
        few = len(X) <= FEW and len(held) > 0
        sure = min(len(self.POSES), self.n_members) if few else self.n_members
        self.estimators_ = []
        said: list[NDArray[np.float64]] = []
        losses: list[NDArray[np.float64]] = []
        for member in range(self.n_members):
            if member == sure:
                if not _helps(losses[0], losses[-1]):
                    break
                sure = self.n_members
            done, total = member * self.epochs, sure * self.epochs

            def tell(epoch: int, epochs: int, loss: float, done: int = done, total: int = total) -> None:
                if self.on_epoch is not None:
                    self.on_epoch(done + epoch, total, loss)

            network = ConvNetClassifier(
                epochs=self.epochs,
                normalised=self.POSES[member % len(self.POSES)],
                shape=self.shape,
                held_out=0,
                on_epoch=tell,
                random_state=start.random_state.randint(2**31),
                n_jobs=self.n_jobs,
            )
            self.estimators_.append(network.fit(X[rest], y[rest]).set_params(on_epoch=None))
            if len(held):
                said.append(network._ask(X[held]))
                losses.append(-log_mean(said)[np.arange(len(held)), codes[held]])
        self._calibrate(held, codes, lambda: log_mean(said))
        return self

    def _ask(self, X: Any) -> NDArray[np.float64]:
        X = self._asked(X)
        return log_mean([member._ask(X) for member in self.estimators_])

    def _log_slopes(self, X: Any, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Each member speaks by its share of the mean probability."""
        said = np.stack(
            [softmax(member._ask(X), axis=1)[np.arange(len(codes)), codes] for member in self.estimators_]
        )
        shares = (said / np.maximum(said.sum(axis=0), np.finfo(np.float64).tiny)).astype(np.float32)
        slopes = (member._log_slopes(X, codes) for member in self.estimators_)
        return np.sum([share[:, None, None] * slope for share, slope in zip(shares, slopes, strict=True)], axis=0)


def _helps(before: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    """Whether the losses of some images fell, by more than chance explains (two standard errors of the mean)."""
    gain = before - after
    return bool(gain.mean() > 2 * gain.std() / np.sqrt(len(gain)))
