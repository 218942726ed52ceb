"""Data read the way a model's own was: what was said in training need not be said again."""

import os
from typing import Any

from misread.bundle import Manifest
from misread.recipes.retrain import recorded

__all__ = ["reading_alike"]

_OF_ITS_DATA = ("on_error", "label_column", "path_column", "header", "group_column", "group_level")


def reading_alike(manifest: Manifest, data: str | os.PathLike[str]) -> dict[str, Any]:
    """How `misread.load` is to read data for a model.

    Parameters
    ----------
    manifest : Manifest
        What the model says of itself.
    data : name or path
        Of the very data that it was trained on, what its training said of columns and folders holds, too.
    """
    trained = recorded(manifest)
    here = os.path.abspath(data) == os.path.abspath(trained.data) if trained.data else False
    own = {name: trained.reading[name] for name in _OF_ITS_DATA if here and name in trained.reading}
    return {**own, "size": manifest.image_size, "fit": manifest.fit, "invert": manifest.invert}
