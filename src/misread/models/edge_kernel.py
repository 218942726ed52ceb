"""A kernel machine on edge features, solved in closed form: accuracy far past nearest neighbours in minutes."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.blas import ssyrk
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.extmath import randomized_svd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.errors import ParameterError
from misread.images.deform import Deformation, deskew
from misread.models.features import Scales, edge_histograms
from misread.models.held_out import TemperatureClassifierMixin, held_out_part
from misread.models.pixels import PixelReader, seen_by

__all__ = ["EdgeKernelClassifier"]

_BLOCK = 4_000
_ROWS_IN_CACHE = 64
_LEAST_ALPHA = 1e-12


class EdgeKernelClassifier(TemperatureClassifierMixin, BaseEstimator):
    """Kernel ridge regression on the edges of upright images and of bent copies of them.

    Images are stood upright (`misread.images.deform.deskew`) and described by histograms of edge directions
    (`misread.models.features.OrientedGradients`). A Gaussian kernel compares each with `n_centres` training images
    (the Nystroem method), and a ridge regression on these similarities is solved exactly, in one Cholesky
    factorisation. Then come rounds of practice: every image is bent at random and asked about, and the few that
    are not clearly right are added to the normal equations, which are solved again. This looks at many bent
    copies for the price of comparing them, and moves the squared error towards what support vector machines mind.

    Parameters
    ----------
    n_centres : int, default 5000
        Training images to compare with. Time grows with its square, and so does memory (12 bytes each).
    n_rounds : int, default 6
        Rounds of practice; each bends every training image once.
    gamma : float, default 1.5
        Sharpness of the kernel ``exp(-gamma * d**2 / m)``, d a distance and m the centres' mean squared distance.
    alpha : float, default 1e-5
        Weight of the ridge penalty, as a share of the mean diagonal of the normal equations.
    clear : float, default 0.5
        How far the true class must be ahead of the next for an answer to be clearly right; 1 is all the way.
    emphasis : float, default 4.0
        Weight of an image met in practice that was not clearly right.
    n_components : int, optional
        Axes of the edge features to compare along, those along which the centres differ most; all by default.
        Comparing takes time in proportion.
    n_directions : int, default 8
    scales : tuple, default ((7, 2),)
        Of the edge features.
    deformation : Deformation, optional
        How images are bent; by default `EdgeKernelClassifier.DEFORMATION`.
    shape : (int, int), optional
        Height and width; by default the images are square (or, if they cannot be, one row).
    held_out : float, default 1/12
        Share of the training images that is learnt from only after the model has been asked about them, so that
        there are honest scores to calibrate by; 0 for none.
    random_state : int, RandomState or None
    n_jobs : int, optional
        Threads of the features, as joblib counts them; the algebra is BLAS's.

    Attributes
    ----------
    classes_ : ndarray
    axes_ : ndarray of float32, shape (n_edge_features, n_components), or None
        Orthonormal, so that distances along them are those of the features but for what other axes would add.
    centres_ : ndarray of float32, shape (n_centres, n_components or n_edge_features)
    coef_ : ndarray of float64, shape (n_centres, n_classes)
    temperature_ : float
        What scores are divided by before the softmax of `predict_proba`, fitted on the held-out part.
    held_out_indices_ : ndarray of int64
        The training images that were held out.
    held_out_scores_ : ndarray of float64, shape (n_held_out, n_classes)
        Their scores, from before they were learnt from.
    """

    DEFORMATION = Deformation(rotation=12, scale=0.12, shear=0.15, shift=0.8, elastic=0.6)

    def __init__(
        self,
        n_centres: int = 5000,
        n_rounds: int = 6,
        gamma: float = 1.5,
        alpha: float = 1e-5,
        clear: float = 0.5,
        emphasis: float = 4.0,
        n_components: int | None = None,
        n_directions: int = 8,
        scales: Scales = ((7, 2),),
        deformation: Deformation | None = None,
        shape: tuple[int, int] | None = None,
        held_out: float = 1 / 12,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_centres = n_centres
        self.n_rounds = n_rounds
        self.gamma = gamma
        self.alpha = alpha
        self.clear = clear
        self.emphasis = emphasis
        self.n_components = n_components
        self.n_directions = n_directions
        self.scales = scales
        self.deformation = deformation
        self.shape = shape
        self.held_out = held_out
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Learn from images of shape (n, height * width) and their classes; `groups` are held out whole."""
        X, y = validate_data(self, X, y, dtype="numeric", order="C")
        check_classification_targets(y)
        if not 0 <= self.alpha < np.inf:
            raise ParameterError(f"alpha must be a number of at least 0, got {self.alpha}")
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.reader_ = PixelReader.learn(X, self.shape)
        images = self.reader_.read(X)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        rest, held = held_out_part(codes, self.held_out, rng, groups)
        chosen = np.sort(rng.choice(rest, min(self.n_centres, len(rest)), replace=False))
        edges = self._edges(images[chosen])
        self.axes_ = _main_axes(edges, self.n_components, int(rng.integers(2**31))) if self.n_components else None
        self.centres_ = self._along_axes(edges)
        m = len(chosen)
        self.sharpness_ = self.gamma / max(_mean_squared_distance(self.centres_), 1e-12)
        self.means_ = np.float32(0)
        self.means_ = self._compare(self.centres_[:_BLOCK], self.centres_).mean(axis=0)

        equations = _Equations(m, len(self.classes_), self.alpha)
        self._study(images, codes, rest, equations)
        self.coef_ = equations.solve()
        for _ in range(self.n_rounds):
            self._practise(images, codes, rest, equations, rng)
            self.coef_ = equations.solve()
        self._calibrate(held, codes, lambda: self._scores(images[held]))
        if len(held):
            self._study(images, codes, held, equations)
            for _ in range(self.n_rounds):
                self._practise(images, codes, held, equations, rng)
            self.coef_ = equations.solve()
        return self

    def _ask(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        return self._scores(self.reader_.read(seen_by(self, X, dtype="numeric", order="C")))

    def _study(
        self,
        images: NDArray[np.uint8],
        codes: NDArray[np.int64],
        rows: NDArray[np.int64],
        equations: "_Equations",
    ) -> None:
        """Learn from images as they are."""
        for block in _blocks(rows):
            equations.add(self._similarities(images[block]), codes[block])

    def _practise(
        self,
        images: NDArray[np.uint8],
        codes: NDArray[np.int64],
        rows: NDArray[np.int64],
        equations: "_Equations",
        rng: np.random.Generator,
    ) -> None:
        """Learn from one bent copy of each image whose answer is not clearly right."""
        deformation = (self.deformation or self.DEFORMATION).for_size(self.reader_.shape)
        coef = self.coef_.astype(np.float32)
        for block in _blocks(rows):
            similar = self._similarities(deformation.apply(images[block], rng, n_jobs=self.n_jobs))
            unclear = _leads(similar @ coef, codes[block]) < self.clear
            equations.add(similar[unclear], codes[block][unclear], self.emphasis)

    def _scores(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Scores in double precision, so that they do not depend on which images are asked about together."""
        centres = self.centres_.astype(np.float64)
        parts = []
        for block in _blocks(np.arange(len(images))):
            features = self._along_axes(self._edges(images[block]).astype(np.float64))
            parts.append(self._compare(features, centres) @ self.coef_)
        return np.concatenate(parts)

    def _similarities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._compare(self._along_axes(self._edges(images)), self.centres_)

    def _compare(self, features: NDArray[Any], centres: NDArray[Any]) -> NDArray[Any]:
        """Kernel values less their means: without what all have in common, single precision is enough to learn."""
        similar = features @ centres.T
        lengths = np.einsum("ij,ij->i", features, features)[:, None]
        centre_lengths = np.einsum("ij,ij->i", centres, centres)
        sharpness = features.dtype.type(self.sharpness_)

        def finish(start: int) -> None:
            rows = similar[start : start + _ROWS_IN_CACHE]
            rows *= 2
            rows -= lengths[start : start + _ROWS_IN_CACHE]
            rows -= centre_lengths
            rows *= sharpness
            np.exp(rows, out=rows)
            rows -= self.means_

        starts = range(0, len(similar), _ROWS_IN_CACHE)
        Parallel(n_jobs=self.n_jobs, require="sharedmem")(delayed(finish)(start) for start in starts)
        return similar

    def _along_axes(self, edges: NDArray[Any]) -> NDArray[Any]:
        return edges if self.axes_ is None else edges @ self.axes_.astype(edges.dtype)

    def _edges(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        upright = deskew(images, n_jobs=self.n_jobs)
        return edge_histograms(upright, self.n_directions, self.scales, n_jobs=self.n_jobs)


class _Equations:
    """The normal equations of a ridge regression on one-hot targets, added up block by block."""

    def __init__(self, n_features: int, n_classes: int, alpha: float) -> None:
        self.gram = np.zeros((n_features, n_features), np.float32, order="F")
        self.moments = np.zeros((n_features, n_classes))
        self.targets = np.eye(n_classes, dtype=np.float32) - np.float32(1 / n_classes)
        self.alpha = alpha

    def add(self, features: NDArray[np.float32], codes: NDArray[np.int64], weight: float = 1.0) -> None:
        """Add samples; only the upper triangle of `gram` is kept."""
        if len(features):
            ssyrk(weight, features.T, beta=1.0, c=self.gram, overwrite_c=True)
            self.moments += weight * (features.T @ self.targets[codes])

    def solve(self) -> NDArray[np.float64]:
        """Coefficients of shape (n_features, n_classes); the penalty grows where rounding leaves no solution."""
        alpha = self.alpha
        while True:
            normal = self.gram.astype(np.float64, order="F")
            diagonal = np.einsum("ii->i", normal)
            diagonal += alpha * max(diagonal.mean(), 1e-30)
            try:
                factor = cho_factor(normal, overwrite_a=True, check_finite=False)
                return cho_solve(factor, self.moments, check_finite=False)
            except LinAlgError:
                alpha = max(4 * alpha, _LEAST_ALPHA)


def _leads(scores: NDArray[np.float32], codes: NDArray[np.int64]) -> NDArray[np.float32]:
    """How far the true class is ahead of the best other one."""
    rows = np.arange(len(scores))
    true = scores[rows, codes]
    scores[rows, codes] = -np.inf
    return true - scores.max(axis=1)


def _blocks(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


def _main_axes(points: NDArray[np.float32], n_axes: int, seed: int) -> NDArray[np.float32]:
    """Orthonormal axes along which points differ most, as columns; at most as many as there are points."""
    from_mean = points - points.mean(axis=0)
    _, _, axes = randomized_svd(from_mean, min(n_axes, *points.shape), n_iter=4, random_state=seed)
    return np.ascontiguousarray(axes.T, np.float32)


def _mean_squared_distance(points: NDArray[np.float32]) -> float:
    """Mean of the squared distances between all pairs: twice the variance about the mean."""
    return float(2 * points.var(axis=0, dtype=np.float64).sum())
