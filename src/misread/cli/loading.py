"""Data sets as the commands load them: with progress, with what is to be said of them, and like a model's own."""

import re
import warnings
from typing import TYPE_CHECKING

from misread.cli.own import NOTHING, SHAPE, Own
from misread.cli.progress import showing_progress
from misread.cli.words import say
from misread.data import Dataset, load
from misread.errors import ParameterError
from misread.images.colour import ColourLostWarning

if TYPE_CHECKING:
    from misread.bundle import Manifest

__all__ = ["load_alike", "load_with_progress", "say_notes", "size_of"]


def load_with_progress(data: str, own: Own = NOTHING, *, notes: bool = True, download: bool = True) -> Dataset:
    """Load a data set by name or path while a progress bar shows, and print its notes, all on standard error."""
    size = own.get("size")
    with showing_progress() as tell, warnings.catch_warnings():
        warnings.simplefilter("ignore", ColourLostWarning)  # it is a note, too
        how = {**own, "size": size_of(size) if isinstance(size, str) else size}
        dataset = load(data, download=download, progress=tell, **how)
    if notes:
        say_notes(dataset)
    return dataset


def size_of(text: str) -> int | tuple[int, int]:
    """A side, or height and width, such as 28 or 28x20."""
    found = re.fullmatch(r"(\d{1,9})(?:\s*[xX×*,]\s*(\d{1,9}))?", text.strip(), re.ASCII)
    if found is None:
        raise ParameterError(f"expected a --size in pixels such as 28, or 28x20 (height x width), got {text!r}")
    return int(found[1]) if found[2] is None else (int(found[1]), int(found[2]))


def say_notes(dataset: Dataset) -> None:
    """Say on standard error how a table was understood, and what was left out or is odd."""
    if dataset.layout:
        say(f"read as: {dataset.layout}", aside=True, hang=2)
    for note in dataset.notes:
        say(f"! {note}", aside=True, hang=2)


def load_alike(manifest: "Manifest", data: str, own: Own = NOTHING, *, download: bool = True) -> Dataset:
    """Read a data set the way the model prepares every image, and its own as it was read in training."""
    from misread.recipes.alike import reading_alike

    alike = reading_alike(manifest, data)
    shape = {name: alike[name] for name in SHAPE}
    return load_with_progress(data, {**alike, **own, **shape}, download=download)
