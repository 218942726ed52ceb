"""Labelled images: named sets, verified downloads, and one reader per format."""

from misread.data.catalogue import names
from misread.data.dataset import Dataset, Split, joined
from misread.data.loading import load

__all__ = ["Dataset", "Split", "joined", "load", "names"]
