"""The models that have a name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from misread.errors import ParameterError
from misread.models.forest import RandomForestClassifier
from misread.models.neighbors import KNeighborsClassifier
from misread.models.rungs import (
    make_convnet,
    make_convnet_ensemble,
    make_edge_kernel,
    make_edge_kernel_large,
    make_knn_deskewed,
    make_knn_shifted,
    make_svc_deskewed,
)
from misread.models.sgd import SGDClassifier

__all__ = ["ZOO", "Model", "make"]


@dataclass(frozen=True)
class Model:
    """One named model.

    Attributes
    ----------
    name, about : str
        What it is called, and what it is in a few words.
    make : callable of int
        Gives an unfitted estimator for a seed.
    grid : mapping of str to list
        Parameters worth trying, for `misread tune`.
    """

    name: str
    about: str
    make: Callable[[int], Any]
    grid: Mapping[str, list[Any]] = field(default_factory=dict)


def _sgd(seed: int) -> Any:
    return SGDClassifier(random_state=seed)


def _sgd_scaled(seed: int) -> Any:
    return SGDClassifier(scaler=StandardScaler(), random_state=seed)


def _forest(seed: int) -> Any:
    return RandomForestClassifier(random_state=seed)


def _svc(seed: int) -> Any:
    return SVC(random_state=seed)


def _svc_ovr(seed: int) -> Any:
    return OneVsRestClassifier(SVC(random_state=seed))


def _knn(seed: int) -> Any:
    return KNeighborsClassifier()


_MODELS = (
    Model("sgd", "linear, raw pixels", _sgd, {"alpha": [1e-5, 1e-4, 1e-3, 1e-2]}),
    Model("sgd-scaled", "linear, standardised pixels", _sgd_scaled, {"alpha": [1e-4, 1e-3, 1e-2]}),
    Model("forest", "100 random trees", _forest, {"max_features": ["sqrt", 0.1], "min_samples_leaf": [1, 3]}),
    Model("svc", "support vectors, a duel for every two classes", _svc, {"C": [1.0, 5.0, 10.0]}),
    Model("svc-ovr", "support vectors, each class against the rest", _svc_ovr, {"estimator__C": [1.0, 5.0, 10.0]}),
    Model("knn", "nearest images", _knn, {"weights": ["uniform", "distance"], "n_neighbors": [3, 4, 5, 6]}),
    Model("knn-deskewed", "nearest images, all stood upright", make_knn_deskewed),
    Model("knn-shifted", "nearest among images and their shifted copies", make_knn_shifted),
    Model("svc-deskewed", "support vectors on upright images", make_svc_deskewed),
    Model("edge-kernel", "a kernel machine on edge directions", make_edge_kernel),
    Model("edge-kernel-large", "the same with more images and more practice", make_edge_kernel_large),
    Model("convnet", "one small convolutional network (misread[deep])", make_convnet),
    Model("convnet-ensemble", "several of them together (misread[deep])", make_convnet_ensemble),
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
        raise ParameterError(f"no model is called {name!r}; known are {', '.join(ZOO)}")
    estimator = ZOO[name].make(seed)
    unknown = sorted(set(params or {}) - set(estimator.get_params()))
    if unknown:
        raise ParameterError(
            f"{name} has no parameter {unknown[0]!r}; it has {', '.join(sorted(estimator.get_params()))}"
        )
    return estimator.set_params(**(params or {}))
