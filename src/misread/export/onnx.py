"""A model for other runtimes: ONNX, written only where it is seen to answer as ours does."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.errors import MissingExtraError, ModelFileError
from misread.export.agreement import Agreement, Ask, OnAsked, agree
from misread.export.graph.builder import OPSET
from misread.export.graph.decision import as_onnx, with_metadata
from misread.export.source import Source, described
from misread.files import atomic_write

__all__ = ["export_onnx", "first_line", "onnx_of", "run_onnx", "runtime"]


def export_onnx(
    bundle: Bundle,
    path: str | os.PathLike[str],
    held_out: NDArray[np.uint8] | None = None,
    source: Source | None = None,
) -> Agreement:
    """Write a model as ONNX, after the exported one has answered as ours does.

    Its input `images` is `uint8` of shape (n, height, width), in the size and polarity that the model takes; all
    that the model does to them is inside. Its outputs: `label`, int64 of shape (n,), the index of the class (of
    a detector 1 where the class is seen; of several labels 0 or 1, shape (n, n_outputs)); `probabilities`,
    float32 of shape (n, n_classes), where the model has them; `sure`, bool of shape (n,), by the operating
    point; `blank` and, where the model can say, `unlike`, bool; and `scores`, float64. A
    model that takes noise away gives `cleaned` alone. Class names, the manifest and how well it agrees are in the
    metadata.

    Parameters
    ----------
    bundle : Bundle
    path : path
        Of the file to write, whole or not at all.
    held_out : ndarray of uint8, shape (n, height, width), optional
        Images that the model was not trained on, to compare on as well.
    source : Source, optional
        The file that the model is from.

    Returns
    -------
    Agreement
        On how many images both gave the same answers.

    Raises
    ------
    MissingExtraError
        If onnx or onnxruntime is not installed.
    ParameterError
        If the model has no form in ONNX, or the images are of another size.
    ModelFileError
        If the exported model answers differently.
    """
    content, agreement = onnx_of(bundle, held_out, source)
    with atomic_write(path) as stream:
        stream.write(content)
    return agreement


def onnx_of(
    bundle: Bundle,
    held_out: NDArray[np.uint8] | None = None,
    source: Source | None = None,
    *,
    on_asked: OnAsked = lambda done, of: None,
) -> tuple[bytes, Agreement]:
    """The content of the file that `export_onnx` writes, and how well it agrees.

    `on_asked` is told how many of how many images were answered.
    """
    version = runtime().__version__
    content = as_onnx(bundle)
    checked_with = f"onnxruntime {version}, opset {OPSET}"
    agreement = agree(bundle, held_out, run_onnx(content), checked_with, on_asked=on_asked)
    return with_metadata(content, described(bundle, source, agreement)), agreement


def run_onnx(content: bytes) -> Ask:
    """A function that asks an ONNX model about images.

    Raises
    ------
    ModelFileError
        If the runtime cannot run it.
    """
    run = runtime()
    try:
        session = run.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has exceptions of its own kinds, one for each cause
        raise ModelFileError(
            f"onnxruntime {run.__version__} cannot run the exported model ({first_line(error)}); "
            "nothing was written; try pip install --upgrade onnxruntime"
        ) from error
    names = [output.name for output in session.get_outputs()]

    def ask(images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return dict(zip(names, session.run(names, {"images": images}), strict=True))

    return ask


def runtime() -> Any:
    """The package onnxruntime.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "onnx") from error
    return onnxruntime


def first_line(error: Exception) -> str:
    """What an exception of the runtime says, short."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
