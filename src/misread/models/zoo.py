"""The models that have a name: all that belongs to one stands in its entry here."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from sklearn.decomposition import PCA
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from misread.errors import ParameterError
from misread.models.augmented import ShiftedCopiesClassifier
from misread.models.convnet import ConvNetClassifier
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.models.ensemble import FEW, ConvNetEnsembleClassifier
from misread.models.features import Deskew
from misread.models.forest import RandomForestClassifier
from misread.models.neighbors import KNeighborsClassifier
from misread.models.sgd import SGDClassifier
from misread.models.tiny import TinyNetClassifier
from misread.spelling import did_you_mean

__all__ = ["ZOO", "Model", "growing_by_image", "growing_by_pair", "growing_by_step", "make"]

_MNIST_IMAGES, _MNIST_PIXELS = 60_000, 784
_IMPORT_SECONDS = 3.0
"""Until PyTorch is there."""


def growing_by_pair(n_images: int, n_pixels: int) -> float:
    """Cost as a share of that on MNIST where every image meets every other."""
    return (n_images / _MNIST_IMAGES) ** 2 * (n_pixels / _MNIST_PIXELS)


def growing_by_image(n_images: int, n_pixels: int) -> float:
    """Cost as a share of that on MNIST where every image is met a fixed number of times."""
    return n_images / _MNIST_IMAGES


def growing_by_step(n_images: int, n_pixels: int) -> float:
    """Cost as a share of that on MNIST of a network: every pixel is met a fixed number of times, in steps.

    A step costs something however small its images are, and a small set is learnt in smaller steps.
    """
    pixels = n_images / _MNIST_IMAGES * n_pixels / _MNIST_PIXELS
    return _OF_STEPS * _steps(n_images) / _steps(_MNIST_IMAGES) + (1 - _OF_STEPS) * pixels


def growing_by_member(n_images: int, n_pixels: int) -> float:
    """The same of networks together, of which few images train one of each pose."""
    share = (
        len(ConvNetEnsembleClassifier.POSES) / ConvNetEnsembleClassifier().n_members if n_images <= FEW else 1.0
    )
    return share * growing_by_step(n_images, n_pixels)


_OF_STEPS = 0.12
"""Share of a network's time on MNIST that its steps cost by themselves."""


def _steps(n_images: int) -> float:
    """Steps of an epoch, as `ConvNetClassifier` chooses them."""
    return n_images / min(128, max(16, n_images // 50))


@dataclass(frozen=True)
class Model:
    """One named model.

    Attributes
    ----------
    name, about : str
        What it is called, and what it is in a few words.
    make : callable of int
        Gives an unfitted estimator for a seed.
    mnist_seconds : float
        About how long it takes to train it once, ask it about held-out images, and judge it, on full MNIST with
        two cores.
    growth : callable of (n_images, n_pixels) to float
        That time on other training images, as a share of that on MNIST.
    grid : mapping of str to list
        Parameters worth trying, for `misread tune`.
    adds : str
        As a rung of the ladder, what it has that the rungs below have not; "" for a model that is no rung.
    extra : str
        The optional dependency it needs, or "".
    """

    name: str
    about: str
    make: Callable[[int], Any]
    mnist_seconds: float
    growth: Callable[[int, int], float]
    grid: Mapping[str, list[Any]] = field(default_factory=dict)
    adds: str = ""
    extra: str = ""

    def seconds(self, n_images: int, n_pixels: int) -> float:
        """About how long it takes on a machine with two cores like ours."""
        start = _IMPORT_SECONDS if self.extra else 0.5
        return self.mnist_seconds * self.growth(n_images, n_pixels) + start

    def why_not(self) -> str | None:
        """The reason why it cannot be had here, or None."""
        if self.extra == "deep" and not (find_spec("torch") and find_spec("safetensors")):
            return "needs PyTorch; try: pip install 'misread[deep]'"
        return None


def _svc_deskewed(seed: int) -> Any:
    machine = SVC(C=10, gamma="scale", break_ties=True, cache_size=400, random_state=seed)
    return make_pipeline(Deskew(), PCA(0.9, svd_solver="covariance_eigh"), machine)


_MODELS = (
    Model(
        "sgd",
        "linear, raw pixels",
        lambda seed: SGDClassifier(random_state=seed),
        10,
        growing_by_image,
        {"alpha": [1e-5, 1e-4, 1e-3, 1e-2]},
    ),
    Model(
        "sgd-scaled",
        "linear, standardised pixels",
        lambda seed: SGDClassifier(scaler=StandardScaler(), random_state=seed),
        20,
        growing_by_image,
        {"alpha": [1e-4, 1e-3, 1e-2]},
    ),
    Model(
        "forest",
        "100 random trees",
        lambda seed: RandomForestClassifier(random_state=seed),
        15,
        growing_by_image,
        {"max_features": ["sqrt", 0.1], "min_samples_leaf": [1, 3]},
    ),
    Model(
        "svc",
        "support vectors, a duel for every two classes",
        lambda seed: SVC(random_state=seed),
        600,
        growing_by_pair,
        {"C": [1.0, 5.0, 10.0]},
    ),
    Model(
        "svc-ovr",
        "support vectors, each class against the rest",
        lambda seed: OneVsRestClassifier(SVC(random_state=seed)),
        3_000,
        growing_by_pair,
        {"estimator__C": [1.0, 5.0, 10.0]},
    ),
    Model(
        "knn",
        "nearest images",
        lambda seed: KNeighborsClassifier(),
        6,
        growing_by_pair,
        {"weights": ["uniform", "distance"], "n_neighbors": [3, 4, 5, 6]},
        adds="nothing: the study's baseline, 5 nearest images",
    ),
    Model(
        "knn-deskewed",
        "nearest images, all stood upright",
        lambda seed: make_pipeline(Deskew(), KNeighborsClassifier(4, weights="distance")),
        6,
        growing_by_pair,
        adds="images stood upright, nearer ones count more",
    ),
    Model(
        "knn-shifted",
        "nearest among images and their shifted copies",
        lambda seed: ShiftedCopiesClassifier(KNeighborsClassifier(4, weights="distance")),
        25,
        growing_by_pair,
        adds="copies shifted by a pixel, nearer ones count more",
    ),
    Model(
        "svc-deskewed",
        "support vectors on upright images",
        _svc_deskewed,
        60,
        growing_by_pair,
        adds="a boundary learnt from upright images",
    ),
    Model(
        "edge-kernel-quick",
        "a kernel machine on edge directions, in seconds",
        lambda seed: EdgeKernelClassifier(
            n_centres=1_500, n_rounds=0, n_components=128, gamma=0.8, scales=((5, 2),), random_state=seed
        ),
        5,
        growing_by_image,
        adds="edge directions instead of pixels",
    ),
    Model(
        "edge-kernel-small",
        "the same after practice on bent copies",
        lambda seed: EdgeKernelClassifier(
            n_centres=1_500, n_rounds=3, n_components=128, gamma=0.8, random_state=seed
        ),
        10,
        growing_by_image,
        adds="practice on bent copies, finer windows",
    ),
    Model(
        "edge-kernel-medium",
        "the same with more images and more practice",
        lambda seed: EdgeKernelClassifier(
            n_centres=3_000, n_rounds=5, n_components=200, gamma=0.8, random_state=seed
        ),
        25,
        growing_by_image,
        adds="more images to compare with, and more practice",
    ),
    Model(
        "edge-kernel",
        "a kernel machine on edge directions",
        lambda seed: EdgeKernelClassifier(random_state=seed),
        150,
        growing_by_image,
        adds="distances along all axes, and yet more images",
    ),
    Model(
        "edge-kernel-large",
        "the same with more images and more practice",
        lambda seed: EdgeKernelClassifier(n_centres=8_000, n_rounds=30, random_state=seed),
        480,
        growing_by_image,
        adds="more practice, and more images to compare with",
    ),
    Model(
        "tiny",
        "a network of 4-bit weights for a microcontroller (misread[deep])",
        lambda seed: TinyNetClassifier(random_state=seed),
        330,
        growing_by_step,
        adds="features learnt, rounded to fit a microcontroller",
        extra="deep",
    ),
    Model(
        "convnet",
        "one small convolutional network (misread[deep])",
        lambda seed: ConvNetClassifier(random_state=seed),
        270,
        growing_by_step,
        adds="features learnt, too",
        extra="deep",
    ),
    Model(
        "convnet-ensemble",
        "several of them together (misread[deep])",
        lambda seed: ConvNetEnsembleClassifier(random_state=seed),
        2_200,
        growing_by_member,
        adds="networks that see three poses, asked together",
        extra="deep",
    ),
)
ZOO: dict[str, Model] = {model.name: model for model in _MODELS}


def make(name: str, *, seed: int = 42, params: Mapping[str, Any] | None = None) -> Any:
    """Make an unfitted estimator.

    Parameters
    ----------
    name : str
        One of `ZOO`.
    seed : int, default 42
        Random state, where the estimator has one.
    params : mapping, optional
        Parameters that differ from the model's own.

    Raises
    ------
    ParameterError
        If there is no such model or it has no such parameter.

    Examples
    --------
    >>> make("knn", params={"n_neighbors": 3})
    KNeighborsClassifier(n_neighbors=3)
    """
    if name not in ZOO:
        raise ParameterError(f"no model is called {name!r}{did_you_mean(name, ZOO)}; known are {', '.join(ZOO)}")
    estimator = ZOO[name].make(seed)
    known = estimator.get_params()
    unknown = sorted(set(params or {}) - set(known))
    if unknown:
        raise ParameterError(
            f"{name} has no parameter {unknown[0]!r}{did_you_mean(unknown[0], estimator.get_params())}; it has "
            f"{', '.join(sorted(estimator.get_params()))}"
        )
    given = {one: _several(one, value, known[one]) for one, value in (params or {}).items()}
    return estimator.set_params(**given)


def _several(name: str, value: Any, usual: Any) -> Any:
    """A value of the command line, such as 8,8,16, for a parameter that takes several."""
    if not (isinstance(usual, tuple) and isinstance(value, str | int | float)):
        return value
    try:
        return tuple(json.loads(f"[{value}]"))
    except ValueError as error:
        if not usual:  # names
            return tuple(str(value).split(","))
        example = json.dumps(usual, separators=(",", ":"))[1:-1]
        raise ParameterError(f"expected {name} such as {name}={example}, got {value!r}") from error
