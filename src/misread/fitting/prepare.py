"""An unfitted estimator for a task: by the name of a model, or somebody's own."""

from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.multioutput import MultiOutputClassifier

from misread.errors import ParameterError
from misread.models import KNeighborsClassifier
from misread.models.pixels import set_shape
from misread.models.zoo import make
from misread.tasks import Task

__all__ = ["prepared"]


def prepared(
    model: str | BaseEstimator,
    task: Task,
    seed: int,
    params: Mapping[str, Any] | None,
    shape: tuple[int, int],
) -> tuple[Any, str]:
    """An unfitted estimator that can learn the task, and what it is called.

    Several labels are learned one by one by a model that knows only one at a time. A model that looks at images
    as such is told their shape.

    Raises
    ------
    ParameterError
        If the model is unknown, has not those parameters, or cannot learn the task.
    """
    if isinstance(model, str):
        estimator, name = make(model, seed=seed, params=params), model
    else:
        if params:
            raise ParameterError("parameters go with a model's name; set those of an estimator on the estimator")
        if isinstance(model, type) or not hasattr(model, "get_params"):
            what = (
                f"the class {model.__name__}"
                if isinstance(model, type)
                else f"an object of type {type(model).__name__}"
            )
            raise ParameterError(f"expected a model's name or a scikit-learn estimator, such as SVC(), got {what}")
        estimator, name = clone(model), type(model).__name__
    _check_unfrozen(estimator, name)
    set_shape(estimator, shape)
    is_knn = isinstance(estimator, KNeighborsClassifier)
    if task.name == "denoising" and not is_knn:
        raise ParameterError(f"{name} cannot learn to take out noise; the model that can is knn")
    if task.name == "multilabel" and is_knn and task.y_train.shape[1] < 2:
        raise ParameterError(f"{name} learns two labels or more; add one, or train another model, such as forest")
    if task.name == "multilabel" and not is_knn:
        estimator = MultiOutputClassifier(estimator)
    return estimator, name


def _check_unfrozen(estimator: Any, name: str) -> None:
    """Refuse classifiers that learn nothing more: no image could be held out from what they learned before."""
    for part in (estimator, *estimator.get_params().values()):
        if isinstance(part, FrozenEstimator) and is_classifier(part.estimator):
            frozen = type(part.estimator).__name__
            raise ParameterError(
                f"{name} holds a frozen {frozen}: what it learned before cannot be held out from it; give the "
                f"{frozen} itself, or its answers for images that it never saw to misread.judge"
            )
