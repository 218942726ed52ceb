"""Written to a folder after the compiled code has answered like its emulation, bit for bit."""

import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.errors import ModelFileError, ParameterError
from misread.export.agreement import Agreement, images_to_compare
from misread.export.c.compiled import compiler, run_c
from misread.export.c.linear import quantise
from misread.export.c.network import whole_in_c
from misread.export.c.source import Machine, as_c
from misread.export.measured import Measured, measure
from misread.export.source import Source, described
from misread.files import atomic_write, writable_folder
from misread.models import SGDClassifier
from misread.models.convnet import ConvNetClassifier
from misread.models.ensemble import ConvNetEnsembleClassifier
from misread.models.tiny import TinyNetClassifier

__all__ = ["c_of", "export_c", "machine_of"]


def export_c(
    bundle: Bundle,
    folder: str | os.PathLike[str],
    held_out: NDArray[np.uint8] | None = None,
    truth: NDArray[np.int64] | None = None,
    source: Source | None = None,
) -> tuple[Agreement, Measured]:
    """Write a linear model or `tiny` as C99: ``misread.h`` and ``misread.c``, for a microcontroller.

    A linear model's weights are rounded to 8 bits, so that it does not answer quite like the model; tiny's are
    whole numbers as they are. How it answers, and how good it is, is measured and written into the header. Where
    there is a C compiler the code is compiled and must answer like its emulation in Python.

    Parameters
    ----------
    bundle : Bundle
    folder : path
        Created if it is missing.
    held_out : ndarray of uint8, shape (n, height, width), optional
        Images that the model was not trained on.
    truth : ndarray of int64, shape (n,), optional
        What is right for them: class codes, or of a detector 0 and 1.
    source : Source, optional
        The file that the model is from.

    Returns
    -------
    Agreement
        On how many images compiled code and emulation gave the same answers.
    Measured
        How good it is.

    Raises
    ------
    ParameterError
        If the model is of another kind, or its images are too large.
    ModelFileError
        If the code does not compile here, or answers otherwise.
    """
    contents, agreement, measured = c_of(bundle, held_out, truth, source)
    where = writable_folder(folder)
    for name, content in contents.items():
        with atomic_write(where / name) as stream:
            stream.write(content.encode("ascii"))
    return agreement, measured


def c_of(
    bundle: Bundle,
    held_out: NDArray[np.uint8] | None = None,
    truth: NDArray[np.int64] | None = None,
    source: Source | None = None,
) -> tuple[dict[str, str], Agreement, Measured]:
    """What `export_c` writes, by file name, and what it found."""
    model = machine_of(bundle)
    compared = images_to_compare(bundle, held_out)
    known = held_out is not None and truth is not None and len(held_out) > 0
    images = compared.images[: compared.n_held_out] if known else bundle.example_images
    measured = measure(bundle, images, truth if known else None, model.answer(images)["label"])
    command = compiler()
    checked_with = "its emulation in Python alone, no C compiler was here"
    if command is not None:
        _compare(model, as_c(model, bundle.manifest, {}, [], ""), compared.images, command)
        checked_with = f"{Path(command).name}, bit for bit with its emulation in Python"
    n_random = len(compared.images) - compared.n_held_out - compared.n_examples
    agreement = Agreement(compared.n_held_out, compared.n_examples, n_random, 0.0, checked_with)
    facts = described(bundle, source, agreement) | {"accuracy": json.dumps(measured.as_json())}
    name = "a model in memory" if source is None else source.name
    return as_c(model, bundle.manifest, facts, measured.in_words(), name), agreement, measured


def machine_of(bundle: Bundle) -> Machine:
    """The model in whole numbers, as the C code has it.

    Raises
    ------
    ParameterError
        If it is of a kind without C code, or too large.
    """
    model, manifest = bundle.estimator, bundle.manifest
    if manifest.task in ("classification", "detector"):
        if type(model) is SGDClassifier:
            return quantise(bundle)
        if type(model) is TinyNetClassifier:
            return whole_in_c(bundle)
    what = f"this one is {manifest.model} for {manifest.task}"
    if type(model) in (ConvNetClassifier, ConvNetEnsembleClassifier):
        what = f"{manifest.model} is too large for a microcontroller"
    raise ParameterError(
        f"only linear models (sgd, sgd-scaled) and tiny go to C; {what}; `misread train tiny` makes one that"
        " does, or try --onnx"
    )


def _compare(model: Machine, sources: dict[str, str], images: NDArray[np.uint8], command: str) -> None:
    labels, if_sure = run_c(sources, images, (command,))
    ours = model.answer(images)
    expected = np.where(ours["blank"], -2, np.where(ours["sure"], ours["label"], -1))
    wrong = np.flatnonzero((labels != ours["label"]) | (if_sure != expected))
    if len(wrong):
        raise ModelFileError(
            f"compiled by {Path(command).name}, the C code answers {len(wrong):,} of {len(images):,} images "
            "otherwise than its emulation; nothing was written; report this with the model file"
        )
