"""Labelled images: named sets, verified downloads, and one reader per format."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from misread.data.catalogue import names
    from misread.data.dataset import Dataset, Split, joined
    from misread.data.loading import load

__all__ = ["Dataset", "Split", "joined", "load", "names"]

_HOMES = {"Dataset": "dataset", "Split": "dataset", "joined": "dataset", "load": "loading", "names": "catalogue"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: who only decodes a picture needs no reader of tables."""
    if name not in _HOMES:
        raise AttributeError(f"module 'misread.data' has no attribute {name!r}")
    return getattr(import_module(f"misread.data.{_HOMES[name]}"), name)
