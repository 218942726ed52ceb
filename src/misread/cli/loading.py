"""Data sets as the commands load them: with progress, with what is to be said of them, and like a model's own."""

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from misread.cli.own import NOTHING, Own
from misread.cli.progress import showing_progress
from misread.cli.words import say
from misread.data import Dataset, load
from misread.errors import ParameterError
from misread.images.colour import ColourLostWarning
from misread.images.fit import FITS

if TYPE_CHECKING:
    from misread.bundle import Manifest

__all__ = ["load_alike", "load_with_progress", "say_notes", "size_of"]


def load_with_progress(
    data: str,
    data_dir: Path | None = None,
    size: str | tuple[int, int] | None = None,
    fit: str = FITS[0],
    invert: bool = False,
    on_error: str = "stop",
    *,
    notes: bool = True,
    download: bool = True,
    own: Own = NOTHING,
) -> Dataset:
    """Load a data set by name or path while a progress bar shows, and print its notes, all on standard error."""
    with showing_progress() as tell, warnings.catch_warnings():
        warnings.simplefilter("ignore", ColourLostWarning)  # it is a note, too
        dataset = load(
            data,
            data_dir=data_dir,
            download=download,
            size=size_of(size) if isinstance(size, str) else size,
            fit=fit,
            invert=invert,
            on_error=on_error,
            progress=tell,
            **own,
        )
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


def load_alike(
    manifest: "Manifest",
    data: str,
    data_dir: Path | None = None,
    on_error: str = "stop",
    *,
    download: bool = True,
    own: Own = NOTHING,
) -> Dataset:
    """Read a data set the way the model prepares every image."""
    size, fit, invert = manifest.image_size, manifest.fit, manifest.invert
    return load_with_progress(data, data_dir, size, fit, invert, on_error, download=download, own=own)
