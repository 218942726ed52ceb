"""Choose a model's parameters by cross-validation on the training images alone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV

from misread.data import Dataset, load
from misread.errors import ParameterError
from misread.fitting.folds import folds_by_class
from misread.fitting.prepare import prepared
from misread.fitting.refusing import naming_what_is_refused
from misread.models import KNeighborsClassifierCV
from misread.models.zoo import ZOO
from misread.tasks import Wanted, class_name, make_task

__all__ = ["Tuned", "tune"]

N_FOLDS = 5


@dataclass(frozen=True)
class Tuned:
    """The grid with its scores.

    Attributes
    ----------
    scoring : {'accuracy', 'average_precision'}
    params : tuple of dict
        Every combination, in the order of the grid.
    means, spreads : tuple of float
        Mean and standard deviation of its scores over the folds.
    best : int
        The first one with the highest mean.
    """

    scoring: str
    params: tuple[dict[str, Any], ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    best: int

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters to train with."""
        return self.params[self.best]


def tune(
    model: str,
    data: Dataset | str | os.PathLike[str] = "digits",
    *,
    positive: str | int | None = None,
    grid: Mapping[str, list[Any]] | None = None,
    seed: int = 42,
    cv: int = N_FOLDS,
) -> Tuned:
    """Try every combination of a grid in cross-validation on the training images.

    Parameters
    ----------
    model : str
        A name of the zoo.
    data : Dataset, name or path
    positive : str or int, optional
        Class to detect; detectors are compared by average precision, since their threshold is chosen later.
    grid : mapping of str to list, optional
        Parameters to try; the model's own grid by default.
    seed : int, default 42
    cv : int, default 5
        Folds, each with the same share of every class, not shuffled.

    Raises
    ------
    ParameterError
        If the model is unknown or has nothing to tune, or a class has too few images.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    positive = None if positive is None else class_name(dataset, positive)
    task = make_task(dataset, Wanted(positive), seed)
    estimator, name = prepared(model, task, seed, {}, dataset.shape)
    grid = ZOO[name].grid if grid is None else grid
    if not grid:
        raise ParameterError(f"{name} has nothing to tune; give a grid with --grid NAME=VALUE,VALUE")
    unknown = sorted(set(grid) - set(estimator.get_params()))
    if unknown:
        raise ParameterError(f"{name} has no parameter {unknown[0]!r}")
    counts = np.unique(dataset.train.labels, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < cv:
        raise ParameterError(
            f"each of at least two classes needs {cv} training images, of {len(counts)} one has {counts.min()}; "
            "take fewer folds (--folds), or add images"
        )
    scoring = "accuracy" if positive is None else "average_precision"
    if name == "knn" and set(grid) == {"n_neighbors", "weights"} and positive is None:
        search: Any = KNeighborsClassifierCV(grid["n_neighbors"], weights=grid["weights"], cv=cv)
    else:
        folds = folds_by_class(dataset.train.labels, cv)
        search = GridSearchCV(estimator, dict(grid), cv=folds, scoring=scoring, refit=False, error_score="raise")
    with naming_what_is_refused(name):
        results = search.fit(task.X_train, task.y_train).cv_results_
    return Tuned(
        scoring,
        tuple({key: _plain(value) for key, value in one.items()} for one in results["params"]),
        tuple(float(mean) for mean in results["mean_test_score"]),
        tuple(float(spread) for spread in results["std_test_score"]),
        int(search.best_index_),
    )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
