"""Choose a model's parameters by cross-validation on the training images alone."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import average_precision_score
from sklearn.model_selection import ParameterGrid

from misread import html
from misread.data import Dataset, load
from misread.errors import ParameterError
from misread.fitting.folds import check_groups, folds_by_class
from misread.fitting.out_of_fold import OutOfFold, out_of_fold
from misread.fitting.prepare import prepared
from misread.fitting.refusing import naming_what_is_refused
from misread.models import KNeighborsClassifierCV
from misread.models.zoo import ZOO
from misread.tasks import Task, Wanted, class_name, make_task

__all__ = ["Tuned", "tune"]

N_FOLDS = 5


@dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        what, mean = self.scoring.replace("_", " "), self.means[self.best]
        return f"<Tuned: {len(self.params)} combinations, best {self.best_params} with {what} {mean:.2%}>"

    def _repr_html_(self) -> str:
        """Every combination with its scores, in a notebook."""
        rows = [
            (*params.values(), f"{mean:.2%}", f"{spread:.2%}", "best" if row == self.best else "")
            for row, (params, mean, spread) in enumerate(zip(self.params, self.means, self.spreads, strict=True))
        ]
        titles = (*self.best_params, self.scoring.replace("_", " "), "spread over the folds", "")
        return html.block(repr(self)[1:-1], html.table(rows, titles))


def tune(
    model: str,
    data: Dataset | str | os.PathLike[str] = "digits",
    *,
    positive: str | int | None = None,
    grid: Mapping[str, list[Any]] | None = None,
    seed: int = 42,
    cv: int = N_FOLDS,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Tuned:
    """Try every combination of a grid on the training images, each in one out-of-fold pass over the same folds.

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
        Folds, each with the same share of every class, not shuffled; of whole groups, where the data has any.
    on_stage : callable of str
        Told what is tried.

    Returns
    -------
    Tuned
        Means and spreads over the folds, as of scikit-learn's `GridSearchCV`.

    Raises
    ------
    ParameterError
        If the model is unknown or has nothing to tune, or a class has too few images.

    Examples
    --------
    >>> import misread
    >>> misread.tune("knn", "digits", grid={"n_neighbors": [1, 3], "weights": ["uniform"]}).best_params
    {'n_neighbors': 1, 'weights': 'uniform'}
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
    groups = dataset.train.groups
    if groups is not None:
        check_groups(dataset.train.labels, groups, cv, dataset.class_names)
    scoring = "accuracy" if positive is None else "average_precision"
    with naming_what_is_refused(name):
        if name == "knn" and set(grid) == {"n_neighbors", "weights"} and positive is None:
            splits = cv if groups is None else folds_by_class(dataset.train.labels, cv, groups)
            search = KNeighborsClassifierCV(grid["n_neighbors"], weights=grid["weights"], cv=splits)
            found = search.fit(task.X_train, task.y_train).cv_results_
            params, means, spreads = found["params"], found["mean_test_score"], found["std_test_score"]
        else:
            params = list(ParameterGrid(dict(grid)))
            folds = folds_by_class(dataset.train.labels, cv, groups)
            scores = np.array(list(_scores(estimator, params, task, folds, groups, scoring, on_stage)))
            means, spreads = scores.mean(axis=1), scores.std(axis=1)
    return Tuned(
        scoring,
        tuple({key: _plain(value) for key, value in one.items()} for one in params),
        tuple(float(mean) for mean in means),
        tuple(float(spread) for spread in spreads),
        int(np.argmax(means)),
    )


def _scores(
    estimator: Any,
    params: list[dict[str, Any]],
    task: Task,
    folds: list[Any],
    groups: NDArray[np.str_] | None,
    scoring: str,
    on_stage: Callable[[str], None],
) -> Iterator[NDArray[np.float64]]:
    """Of every combination its score in each fold."""
    for number, some in enumerate(params, 1):
        words = ", ".join(f"{key}={value}" for key, value in some.items())
        on_stage(f"Trying {words} in {len(folds)} folds ({number} of {len(params)})")
        tried = clone(estimator).set_params(**some)
        with_scores = scoring != "accuracy"
        held_out = out_of_fold(tried, task.X_train, task.y_train, cv=folds, scores=with_scores, groups=groups)
        yield held_out.fold_accuracies if scoring == "accuracy" else _precisions(held_out, len(folds))


def _precisions(held_out: OutOfFold, n_folds: int) -> NDArray[np.float64]:
    """Average precision in each fold."""
    every = [held_out.folds == fold for fold in range(n_folds)]
    return np.array([average_precision_score(held_out.y[one], held_out.scores[one]) for one in every])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
