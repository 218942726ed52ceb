"""Compile the kernels before they are needed, into Numba's cache."""

from collections.abc import Callable, Sequence
from pathlib import Path

from misread.analysis.unlike import learn
from misread.data.embedded import load_embedded_digits
from misread.errors import ParameterError
from misread.kernels.neighbors import search_images
from misread.kernels.tree_builder import grow_tree
from misread.models import zoo
from misread.models.pixels import set_shape

__all__ = ["COMPILED_FOR", "FAMILIES", "LATER", "is_warm", "warm"]

FAMILIES = ("sgd", "forest", "knn", "edge-kernel")
"""Models that together use every kernel."""

LATER = {"forest": grow_tree, "knn": search_images}
"""Those that a study comes to after others, and the largest kernel of each."""

COMPILED_FOR = {"forest": "forest", "multilabel": "knn", "denoise": "knn", "knn": "knn"}
"""The steps of a study that come to these kernels first, one of them on every data set."""

_N_IMAGES = 200


def warm(models: Sequence[str] = FAMILIES, on_stage: Callable[[str], None] = lambda _: None) -> None:
    """Compile the kernels of models, by training them on a few of the embedded digits.

    What is compiled is kept where Numba keeps it (`NUMBA_CACHE_DIR`), for this processor.

    Parameters
    ----------
    models : sequence of str
        Some of `FAMILIES`.
    on_stage : callable
        Told what is compiled.

    Raises
    ------
    ParameterError
        If a model is not one of these.
    """
    digits = load_embedded_digits().train
    X, y = digits.X[:_N_IMAGES], digits.labels[:_N_IMAGES]
    for name in models:
        if name not in FAMILIES:
            raise ParameterError(f"there are no kernels of {name!r}; expected some of {', '.join(FAMILIES)}")
        on_stage(f"Compiling what {name} needs")
        estimator = zoo.make(name)
        set_shape(estimator, digits.images.shape[1:])
        estimator.fit(X, y).predict(X[:10])
        if name == "edge-kernel":  # and, since it goes by edges, too, what model files call unlike
            learn(digits.images[:_N_IMAGES], y)
        if name == "knn":
            estimator.fit(X, (y[:, None] > [4, 6]).astype(int)).predict(X[:10])


def is_warm(model: str) -> bool:
    """Whether the largest kernel of one of `LATER` is in the cache; so, too, where there is no cache."""
    kernel = LATER[model]
    folder = kernel.stats.cache_path
    return folder is None or any(Path(folder).glob(f"*.{kernel.py_func.__qualname__}-*.nbi"))
