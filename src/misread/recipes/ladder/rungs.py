"""The rungs, from cheap to dear: models of the zoo, what each adds, and about how long it takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from misread.data import Split
from misread.errors import ParameterError

__all__ = ["RUNGS", "Rung", "rungs_named"]

_MNIST_TRAIN, _MNIST_PIXELS = 60_000, 784


def _square(train: Split) -> float:
    """Every image meets every other."""
    return (len(train) / _MNIST_TRAIN) ** 2 * (train.X.shape[1] / _MNIST_PIXELS)


def _linear(train: Split) -> float:
    """Every image is met a fixed number of times."""
    return len(train) / _MNIST_TRAIN


def _pixels(train: Split) -> float:
    """Every pixel is met a fixed number of times."""
    return _linear(train) * max(train.X.shape[1] / _MNIST_PIXELS, 0.1)


@dataclass(frozen=True)
class Rung:
    """One rung.

    Attributes
    ----------
    model : str
        Its name in `misread.models.zoo`.
    adds : str
        What it has that the rungs below have not.
    mnist_seconds : float
        Seconds for everything on full MNIST with two cores: training, scores of held-out images, judging.
    growth : callable of Split to float
        That time on other training images, as a share of that on MNIST.
    extra : str
        The optional dependency it needs, or "".
    """

    model: str
    adds: str
    mnist_seconds: float
    growth: Callable[[Split], float] = _linear
    extra: str = ""

    def seconds(self, train: Split) -> float:
        """About how long it takes on a machine with two cores like ours."""
        return self.mnist_seconds * self.growth(train) + 0.5

    def why_not(self) -> str | None:
        """The reason why it cannot be had here, or None."""
        if self.extra == "deep" and not (find_spec("torch") and find_spec("safetensors")):
            return "needs PyTorch; try: pip install 'misread[deep]'"
        return None


RUNGS = (
    Rung("knn", "nothing: the study's baseline, 5 nearest images", 6, _square),
    Rung("knn-deskewed", "images stood upright, nearer ones count more", 6, _square),
    Rung("knn-shifted", "copies shifted by a pixel, nearer ones count more", 25, _square),
    Rung("svc-deskewed", "a boundary learnt from upright images", 60, _square),
    Rung("edge-kernel", "edge directions instead of pixels, practice on bent copies", 150, _linear),
    Rung("edge-kernel-large", "more practice, and more images to compare with", 480, _linear),
    Rung("convnet", "features learnt, too", 270, _pixels, "deep"),
    Rung("convnet-ensemble", "networks that see three poses, asked together", 2_200, _pixels, "deep"),
)
"""All rungs in the order in which they are tried."""


def rungs_named(models: Sequence[str] | None) -> list[Rung]:
    """The rungs of these names, or all, in the order in which they are tried.

    Raises
    ------
    ParameterError
        If there is no rung of a name.
    """
    known = {rung.model: rung for rung in RUNGS}
    unknown = sorted(set(models or ()) - set(known))
    if unknown:
        raise ParameterError(f"no rung is called {unknown[0]!r}; known are {', '.join(known)}")
    return [rung for rung in RUNGS if models is None or rung.model in models]
