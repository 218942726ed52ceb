"""About how long training takes, before it starts."""

from misread.fitting.enough import N_FOLDS
from misread.fitting.hold_out import holds_out_enough
from misread.models.zoo import ZOO, make

__all__ = ["expected_seconds"]


def expected_seconds(model: str, n_images: int, n_pixels: int, task: str = "classification") -> float:
    """About how long it takes to train a named model and its twins on the held-out folds, on two cores.

    Parameters
    ----------
    model : str
        A name of the zoo; its parameters are taken to be its own.
    n_images, n_pixels : int
        Of the training images.
    task : str

    Examples
    --------
    >>> round(expected_seconds("convnet", 55_000, 784) / 60)
    4
    >>> round(expected_seconds("svc", 55_000, 784) / 60)
    20
    """
    once = ZOO[model].seconds
    alone = task == "denoising" or holds_out_enough(make(model), n_images, task)
    n_learnt = n_images * (N_FOLDS - 1) // N_FOLDS
    return once(n_images, n_pixels) + (0 if alone else N_FOLDS * once(n_learnt, n_pixels))
