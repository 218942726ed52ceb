"""Which family of graphs an estimator belongs to, and estimators that are made of others."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import linear_model, svm
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.ensemble import RandomForestClassifier as SklearnForest
from sklearn.frozen import FrozenEstimator
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from misread.errors import ParameterError
from misread.export.graph.builder import Tensor
from misread.export.graph.edges import edge_kernel
from misread.export.graph.linear import planes, project, standardise
from misread.export.graph.neighbors import neighbors, several_votes
from misread.export.graph.network import ensemble, network, whole_network
from misread.export.graph.pixels import posed
from misread.export.graph.said import Said
from misread.export.graph.trees import forest
from misread.export.graph.vectors import each_against_the_rest, support_vectors
from misread.models import KNeighborsClassifier, RandomForestClassifier, SGDClassifier
from misread.models.augmented import ShiftedCopiesClassifier
from misread.models.convnet import ConvNetClassifier
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.models.ensemble import ConvNetEnsembleClassifier
from misread.models.features import Deskew
from misread.models.tiny import TinyNetClassifier

__all__ = ["answers_of", "several_answers_of"]

Shape = tuple[int, int]


def answers_of(model: Any, x: Tensor, shape: Shape) -> Said:
    """The part of the graph that stands for a classifier.

    Parameters
    ----------
    model : fitted classifier
    x : Tensor, shape (n, n_features)
        Pixels (uint8) or features of them.
    shape : (int, int)
        Height and width of the images, for models that see them as such.

    Raises
    ------
    ParameterError
        If it is of a family without graphs.
    """
    kind = type(model)
    if kind is ConvNetEnsembleClassifier:
        members = [_checked(member) for member in model.estimators_]
        return ensemble(model, _as_images(members[0], x))
    if kind in _OF_IMAGES:
        return _OF_IMAGES[kind](_checked(model), _as_images(model, x))
    if kind in _OF_ROWS:
        return _OF_ROWS[kind](model, x)
    if kind in _MADE_OF_OTHERS:
        return _MADE_OF_OTHERS[kind](model, x, shape)
    known = sorted({one.__name__ for one in (*_OF_IMAGES, *_OF_ROWS, *_MADE_OF_OTHERS)})
    raise ParameterError(
        f"{kind.__name__} has no form in ONNX here, {', '.join(known)} have; serve it with `misread serve FILE`"
    )


def several_answers_of(model: Any, x: Tensor, shape: Shape) -> list[Said]:
    """The same for a model that gives several answers about each image."""
    if isinstance(model, KNeighborsClassifier):
        return several_votes(model, x)
    if isinstance(model, MultiOutputClassifier):
        parts = []
        for number, part in enumerate(model.estimators_, 1):
            with x.graph.inside(f"output_{number}"):
                parts.append(answers_of(part, x, shape))
        return parts
    if isinstance(model, Pipeline):
        return several_answers_of(model.steps[-1][1], _transformed(model, x, shape), shape)
    if isinstance(model, ShiftedCopiesClassifier):
        return several_answers_of(_checked(model).estimator_, x, shape)
    raise ParameterError(f"{type(model).__name__} with several labels has no form in ONNX here; train knn or sgd")


def _checked(model: Any) -> Any:
    reader = model.reader_
    if (reader.low, reader.high) != (0, 255):
        raise ParameterError(
            f"a model of pixels from {reader.low} to {reader.high} is not exported; train on uint8"
        )
    return model


def _as_images(model: Any, x: Tensor) -> Tensor:
    if x.dtype != np.uint8:
        raise ParameterError(f"{type(model).__name__} is exported on pixels alone, not on features of them")
    return x.reshape(0, *model.reader_.shape)


def _transformed(model: Pipeline, x: Tensor, shape: Shape) -> Tensor:
    """What the last step of a pipeline sees."""
    for name, step in model.steps[:-1]:
        with x.graph.inside(name):
            x = _transform(step, x)
    return x


def _transform(step: Any, x: Tensor) -> Tensor:
    if step in ("passthrough", None):
        return x
    if isinstance(step, FrozenEstimator):
        return _transform(step.estimator, x)
    if type(step) is Deskew:
        images = _as_images(_checked(step), x)
        return posed(images, step.reader_.shape, slant=True, aspect=False).reshape(0, -1)
    if type(step) is StandardScaler:
        return standardise(step, x)
    if type(step) is PCA:
        return project(step, x)
    raise ParameterError(
        f"the step {type(step).__name__} has no form in ONNX here, Deskew, PCA and StandardScaler have; "
        "serve it with `misread serve FILE`"
    )


def _pipeline(model: Pipeline, x: Tensor, shape: Shape) -> Said:
    return answers_of(model.steps[-1][1], _transformed(model, x, shape), shape)


def _shifted(model: ShiftedCopiesClassifier, x: Tensor, shape: Shape) -> Said:
    return answers_of(_checked(model).estimator_, x, shape)


def _one_vs_rest(model: OneVsRestClassifier, x: Tensor, shape: Shape) -> Said:
    """A plane for each class; support vectors that several have are kept once."""
    parts, is_plane = model.estimators_, len(model.classes_) == 2
    machines = all(type(part) is svm.SVC for part in parts)
    if machines and len({(part.kernel, part._gamma, part.degree, part.coef0) for part in parts}) == 1:
        return Said(model.classes_, each_against_the_rest(parts, x), is_plane=is_plane)
    columns = []
    for number, part in enumerate(parts, 1):
        with x.graph.inside(f"class_{number}"):
            said = answers_of(part, x, shape)
        if not said.is_plane:
            raise ParameterError(
                "one model against the rest is exported for linear models and support vectors alone"
            )
        columns.append(said.scores)
    scores = columns[0] if len(columns) == 1 else x.graph.add("Concat", *columns, axis=1, name="planes")
    return Said(model.classes_, scores, is_plane=is_plane)


_OF_IMAGES: dict[type, Callable[[Any, Tensor], Said]] = {
    EdgeKernelClassifier: edge_kernel,
    ConvNetClassifier: network,
    TinyNetClassifier: whole_network,
}
_OF_ROWS: dict[type, Callable[[Any, Tensor], Said]] = {
    **dict.fromkeys(
        (
            SGDClassifier,
            linear_model.SGDClassifier,
            linear_model.LogisticRegression,
            linear_model.LogisticRegressionCV,
            linear_model.Perceptron,
            linear_model.RidgeClassifier,
            linear_model.RidgeClassifierCV,
            svm.LinearSVC,
            LinearDiscriminantAnalysis,
        ),
        planes,
    ),
    **dict.fromkeys((RandomForestClassifier, SklearnForest, ExtraTreesClassifier, DecisionTreeClassifier), forest),
    KNeighborsClassifier: neighbors,
    svm.SVC: support_vectors,
    svm.NuSVC: support_vectors,
}
_MADE_OF_OTHERS: dict[type, Callable[[Any, Tensor, Shape], Said]] = {
    Pipeline: _pipeline,
    ShiftedCopiesClassifier: _shifted,
    OneVsRestClassifier: _one_vs_rest,
}
