"""Planes: linear models, and what stands before them, in double precision as in Python."""

from typing import Any

import numpy as np

from misread.export.graph.builder import Tensor
from misread.export.graph.said import Said
from misread.models.hinge import dense_weights

__all__ = ["planes", "project", "standardise"]


def planes(model: Any, x: Tensor) -> Said:
    """A linear model with `coef_` and `intercept_`, its scaler before it where it has one."""
    graph = x.graph
    x = x.cast(np.float64)
    if getattr(model, "scaler_", None) is not None:
        x = standardise(model.scaler_, x)
    weights = graph.constant(np.atleast_2d(dense_weights(model)).T.astype(np.float64), "weights")
    biases = graph.constant(np.ravel(model.intercept_).astype(np.float64), "biases")
    scores = (x @ weights + biases).named("planes")
    return Said(model.classes_, scores, is_plane=len(model.classes_) == 2)


def standardise(scaler: Any, x: Tensor) -> Tensor:
    """Subtract means and divide by scales, as StandardScaler does."""
    x = x.cast(np.float64)
    if scaler.with_mean:
        x = (x - x.graph.constant(scaler.mean_, "means")).named("centred")
    if scaler.with_std:
        x = (x / x.graph.constant(scaler.scale_, "scales")).named("standardised")
    return x


def project(pca: Any, x: Tensor) -> Tensor:
    """Main components, as PCA gives them."""
    centred = x.cast(np.float64) - x.graph.constant(pca.mean_.astype(np.float64), "means")
    components = (centred @ x.graph.constant(pca.components_.T.astype(np.float64), "axes")).named("components")
    if pca.whiten:
        components = components / np.sqrt(pca.explained_variance_)
    return components
