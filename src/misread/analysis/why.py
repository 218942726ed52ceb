"""Why an image was read as it was: asked of the model that read it, while it is still there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.gallery import misread
from misread.evaluation.responses import boundary, responses
from misread.evaluation.scores import class_table
from misread.models import KNeighborsClassifier, SGDClassifier
from misread.models.hinge import dense_weights
from misread.models.network import LeadSlopesMixin

__all__ = ["explain", "patches_of"]

N_NEIGHBORS = 4
MOST_EXPLAINED = 1_500
MOST_BLANKED = 120
N_SIDE = 7
SEED = 42


def explain(
    model: Any, X: NDArray[np.uint8], y: NDArray[np.int64], predictions: NDArray[np.int64], shape: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    """Ask a fitted classifier why it misread images that it was not fitted on.

    Parameters
    ----------
    model : fitted classifier of class codes 0, 1, ...
    X : ndarray of uint8, shape (n, height * width)
    y, predictions : ndarray of int64, shape (n,)
        Class codes: the true ones, and the model's answers.
    shape : tuple of int
        Height and width.

    Returns
    -------
    dict of str to ndarray
        Of a linear model `weights`, shape (n_classes, height * width): what a grey level adds to each score. Of
        nearest neighbours `rows`, the misread images that were asked about; `neighbors`, positions among the
        images that the model was fitted on, and `distances`, both of shape (n_rows, 4). Of any other model `rows`;
        `changes`, shape (n_rows, rows of parts, columns of parts): how much the lead of the answer over the true
        class changes when one part of the image is blanked; and `flips`: where the answer changes;
        of a convolutional network, or several, `slopes`, too, shape (n_rows, height, width):
        how much a grey level adds to that lead.
    """
    if isinstance(model, SGDClassifier) and model.coef_.shape[1] == X.shape[1]:
        return {"weights": _weights(model)}
    if isinstance(model, KNeighborsClassifier):
        rows = misread(y, predictions, MOST_EXPLAINED, SEED)
        k = min(N_NEIGHBORS, model.n_samples_fit_)
        distances, neighbors = model.kneighbors(X[rows], k) if len(rows) else (np.empty((0, k)), np.empty((0, k)))
        return {"rows": rows, "neighbors": neighbors.astype(np.int64), "distances": distances.astype(np.float32)}
    rows = misread(y, predictions, MOST_BLANKED, SEED)
    changes, flips = patches_of(model, X[rows].reshape(-1, *shape), y[rows], predictions[rows])
    found: dict[str, NDArray[Any]] = {"rows": rows, "changes": changes, "flips": flips}
    if isinstance(model, LeadSlopesMixin) and len(rows):
        found["slopes"] = model.lead_slopes(X[rows], predictions[rows], y[rows])
    return found


def patches_of(
    model: Any, images: NDArray[np.uint8], y: NDArray[np.int64], predictions: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """How the lead of the answer over the true class changes when one part after the other is blanked.

    Parts lie on a grid of up to seven by seven; blank is the level that most of the images' edge has.

    Returns
    -------
    changes : ndarray of float32, shape (n, rows, columns)
    flips : ndarray of bool, same shape
        Where the answer becomes another.
    """
    n, height, width = images.shape
    edges = [np.linspace(0, side, min(N_SIDE, side) + 1).round().astype(int) for side in (height, width)]
    n_rows, n_columns = len(edges[0]) - 1, len(edges[1]) - 1
    changes = np.zeros((n, n_rows, n_columns), np.float32)
    flips = np.zeros((n, n_rows, n_columns), bool)
    if not n:
        return changes, flips
    border = np.concatenate([images[:, 0].ravel(), images[:, -1].ravel()])
    blank = np.uint8(np.median(border))
    before, _ = _leads(model, images, y, predictions)
    for row in range(n_rows):
        for column in range(n_columns):
            changed = images.copy()
            part = (slice(*edges[0][row : row + 2]), slice(*edges[1][column : column + 2]))
            changed[:, part[0], part[1]] = blank
            after, answers = _leads(model, changed, y, predictions)
            changes[:, row, column] = after - before
            flips[:, row, column] = answers != predictions
    return changes, flips


def _leads(
    model: Any, images: NDArray[np.uint8], y: NDArray[np.int64], predictions: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    scores, answers = responses(model, images.reshape(len(images), -1))
    table = class_table(scores, boundary(model))
    every = np.arange(len(images))
    codes = np.searchsorted(model.classes_, np.stack([predictions, y]))
    codes = np.minimum(codes, table.shape[1] - 1)
    return table[every, codes[0]] - table[every, codes[1]], np.asarray(answers, np.int64)


def _weights(model: SGDClassifier) -> NDArray[np.float32]:
    weights = dense_weights(model)
    scaler = getattr(model, "scaler_", None)
    if scaler is not None and scaler.scale_ is not None:
        weights = weights / scaler.scale_
    if len(weights) == 1:
        weights = np.concatenate([-weights, weights])
    return weights.astype(np.float32)
