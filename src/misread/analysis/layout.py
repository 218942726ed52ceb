"""A map of images: where each stands in the plane, so that those that look alike stand together."""

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

__all__ = ["MOST_LAID_OUT", "lay_out"]

MOST_LAID_OUT = 200_000
N_LANDMARKS = 2_500
N_COMPONENTS = 32
MOST_PIXELS = 1_024
PERPLEXITY = 30
N_ITERATIONS = 350
N_NEAREST = 5
BLOCK, BLOCK_OF_DISTANCES = 4_000, 1_000


def lay_out(images: NDArray[np.uint8], seed: int) -> NDArray[np.float32]:
    """Places of images in the plane: principal components, then t-SNE of some, and the others among those.

    Up to 2,500 images, chosen at random, are laid out by t-SNE (van der Maaten and Hinton 2008) of their first 32
    principal components, beginning with the first two; each of the others goes between the five of these that are
    nearest to it. So it costs no more than a few seconds, however many there are.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    seed : int

    Returns
    -------
    ndarray of float32, shape (n, 2)
        From 0 to 1.

    Examples
    --------
    >>> from misread import load
    >>> lay_out(load("digits").train.images[:50], seed=42).shape
    (50, 2)
    """
    n = len(images)
    reduced = _components(images)
    random = np.random.default_rng(seed)
    chosen = np.sort(random.choice(n, N_LANDMARKS, replace=False)) if n > N_LANDMARKS else np.arange(n)
    flat = _embedded(reduced[chosen], seed)
    if n > N_LANDMARKS:
        places = _among(reduced, reduced[chosen], flat, random)
        places[chosen] = flat
        flat = places
    low, high = flat.min(axis=0, initial=np.inf), flat.max(axis=0, initial=-np.inf)
    return ((flat - low) / np.where(high > low, high - low, 1)).astype(np.float32)


def _components(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The first principal components of the images, large ones at a step."""
    step = int(np.ceil(np.sqrt(images.shape[1] * images.shape[2] / MOST_PIXELS)))
    X = images[:, ::step, ::step].reshape(len(images), -1)
    mean = X.mean(axis=0, dtype=np.float64).astype(np.float32)
    products = np.zeros((X.shape[1], X.shape[1]))
    for start in range(0, len(X), BLOCK):
        block = X[start : start + BLOCK] - mean
        products += block.T @ block
    _, vectors = np.linalg.eigh(products)
    axes = vectors[:, ::-1][:, :N_COMPONENTS].astype(np.float32)
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1, 1).astype(np.float32)
    return np.concatenate([(X[start : start + BLOCK] - mean) @ axes for start in range(0, len(X), BLOCK)])


def _embedded(reduced: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    n = len(reduced)
    flat = np.zeros((n, 2), np.float32)
    flat[:, : reduced.shape[1]] = reduced[:, :2]
    if n < 4 or not flat.any():
        return flat
    spread = flat[:, 0].std()
    model = TSNE(
        perplexity=min(PERPLEXITY, (n - 1) / 3),
        init=flat / (spread or 1) * 1e-4,
        max_iter=N_ITERATIONS,
        random_state=seed,
    )
    with threadpool_limits(
        1, "openmp"
    ):  # its steps are too short to share: threads wait for each other on a busy machine
        return np.asarray(model.fit_transform(reduced), np.float32)


def _among(
    reduced: NDArray[np.float32],
    landmarks: NDArray[np.float32],
    flat: NDArray[np.float32],
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Each image between the landmarks that are nearest to it, a little aside, so that none hides another."""
    places = np.empty((len(reduced), 2), np.float32)
    squares = (landmarks**2).sum(axis=1)
    for start in range(0, len(reduced), BLOCK_OF_DISTANCES):
        part = slice(start, start + BLOCK_OF_DISTANCES)
        block = reduced[part]
        distances = squares - 2 * (block @ landmarks.T) + (block**2).sum(axis=1)[:, None]
        nearest = np.argpartition(distances, N_NEAREST, axis=1)[:, :N_NEAREST]
        near = np.maximum(np.take_along_axis(distances, nearest, axis=1), 1e-9)
        weights = (near.min(axis=1, keepdims=True) / near) ** 2
        places[part] = (flat[nearest] * (weights / weights.sum(axis=1, keepdims=True))[..., None]).sum(axis=1)
    aside = 0.25 * np.sqrt(np.ptp(flat[:, 0]) * np.ptp(flat[:, 1]) / len(flat))
    return places + random.normal(scale=aside, size=places.shape).astype(np.float32)
