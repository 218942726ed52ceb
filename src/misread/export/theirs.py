"""Anybody's ONNX classifier of images, asked like ours."""

import os
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.errors import ModelFileError
from misread.evaluation.answers import Answers
from misread.export.onnx import first_line, runtime

__all__ = ["TheirModel"]

_BATCH = 250
_KINDS = {
    "tensor(uint8)": np.uint8,
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
}
_PREFERRED = ("probabilities", "scores")


class TheirModel:
    """An ONNX file that takes images and gives classes.

    Its one input is of shape (n, height, width), with an axis of one channel before or after these, or
    (n, pixels); `uint8` as they are, floats from 0 to 1. Its answer is an output with a column of floats for every
    class, 'probabilities' and 'scores' before others, or else one of one whole number an image.

    Parameters
    ----------
    path : path

    Raises
    ------
    ModelFileError
        If it is no such file, or the runtime cannot run it.
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path, run = Path(path), runtime()
        try:
            self._session = run.InferenceSession(str(self.path), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has exceptions of its own kinds, one for each cause
            raise ModelFileError(f"{path} is no ONNX model that runs here ({first_line(error)})") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in _KINDS:
            kinds = ", ".join(f"{one.name} {one.type}" for one in inputs)
            raise ModelFileError(
                f"{path} must have one input of images, uint8 or floats; it has {kinds or 'none'}"
            )
        self._input = inputs[0]

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width that it takes; None where it does not say."""
        shape = [side if isinstance(side, int) and side > 0 else None for side in self._input.shape[1:]]
        if len(shape) == 3:
            shape = shape[1:] if shape[0] == 1 else shape[:2]
        if len(shape) == 1 and shape[0] is not None and isqrt(shape[0]) ** 2 == shape[0]:
            shape = [isqrt(shape[0])] * 2
        if len(shape) != 2 or shape[0] is None or shape[1] is None:
            return None
        return shape[0], shape[1]

    def answers(
        self, images: NDArray[np.uint8], labels: NDArray[np.int64], class_names: tuple[str, ...], **more: Any
    ) -> Answers:
        """Ask about images of shape (n, height, width).

        Raises
        ------
        ModelFileError
            If it does not take them, or gives no column for each class.
        AnswersError
            If an answer makes no sense.
        """
        parts = [self._run(images[start : start + _BATCH]) for start in range(0, len(images), _BATCH)]
        n, k = len(images), len(class_names)
        found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        tables = [name for name, one in found.items() if one.shape == (n, k) and one.dtype.kind == "f"]
        tables.sort(key=lambda name: name not in _PREFERRED)
        codes = [
            name
            for name, one in found.items()
            if one.reshape(len(one), -1).shape == (n, 1) and one.dtype.kind in "iu"
        ]
        if not tables and not codes:
            shapes = ", ".join(f"{name} {one.dtype} {one.shape[1:]}" for name, one in found.items())
            raise ModelFileError(
                f"{self.path} must give a column for each of the {k} classes, or the number of one; "
                f"an image has {shapes}"
            )
        if not tables:
            given = found[codes[0]].reshape(-1).astype(np.int64)
            return Answers.from_scores(labels, given, class_names=class_names, **more)
        return Answers.from_scores(labels, found[tables[0]].astype(np.float64), class_names=class_names, **more)

    def _run(self, images: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        kind = _KINDS[self._input.type]
        pixels = images if kind == np.uint8 else (images.astype(np.float64) / 255).astype(kind)
        shape = self._input.shape[1:]
        if len(shape) == 3:
            pixels = pixels[:, None] if shape[0] == 1 or not isinstance(shape[0], int) else pixels[..., None]
        elif len(shape) == 1:
            pixels = pixels.reshape(len(pixels), -1)
        names = [output.name for output in self._session.get_outputs()]
        try:
            values = self._session.run(names, {self._input.name: np.ascontiguousarray(pixels)})
        except Exception as error:  # onnxruntime has exceptions of its own kinds, one for each cause
            raise ModelFileError(
                f"{self.path} does not take {len(images)} images of {images.shape[1]}x{images.shape[2]} "
                f"({first_line(error)})"
            ) from error
        return {name: value for name, value in zip(names, values, strict=True) if isinstance(value, np.ndarray)}
