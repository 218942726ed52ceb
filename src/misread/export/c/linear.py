"""A linear model in whole numbers: 8-bit weights, and what C code computes with them, emulated to the last bit."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.errors import ParameterError
from misread.export.agreement import Outputs
from misread.export.c.costs import Costs
from misread.export.c.decision import Decision
from misread.export.planes import planes_of

__all__ = ["Quantised", "quantise"]

_CODE_BYTES, _STACK_BYTES = 512, 128
_MOST_PIXELS = 2**15 - 1  # counted in an int of 16 bits; sums of as many stay within 32
_STEPS = 1 << 15
_N_CANDIDATES = 60


@dataclass(frozen=True, eq=False)
class Quantised:
    """A linear model in whole numbers.

    The score of plane k is ``multipliers[k] * sum(weights[k] * image) + biases[k]``, in units of `unit`.

    Attributes
    ----------
    weights : ndarray of int8, shape (n_planes, n_pixels)
    multipliers : ndarray of int64, shape (n_planes,), from 0 to 32,768
    biases : ndarray of int64, shape (n_planes,)
    decision : Decision
    """

    weights: NDArray[np.int8]
    multipliers: NDArray[np.int64]
    biases: NDArray[np.int64]
    decision: Decision

    machine: ClassVar[str] = "linear.c.jinja"
    bits: ClassVar[int] = 64

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Scores of images of shape (n, height, width), one column for each plane."""
        pixels = images.reshape(len(images), -1).astype(np.float64)  # exact: sums are far below 2 ** 53
        sums = (pixels @ self.weights.astype(np.float64).T).astype(np.int64)
        return sums * self.multipliers + self.biases

    def answer(self, images: NDArray[np.uint8]) -> Outputs:
        """Labels, whether they are sure and whether there is nothing to read, as the C code has them."""
        return self.decision.answer(self.scores(images), images)

    def costs(self) -> Costs:
        """What it takes in a microcontroller."""
        n_planes, n_weights = len(self.weights), self.weights.size
        tables = n_weights + n_planes * (2 + 8)
        return Costs(tables, _CODE_BYTES, 0, _STACK_BYTES + 8 * n_planes, n_weights)

    def values(self, size: tuple[int, int]) -> dict[str, Any]:
        """What its template is filled with."""
        return {
            "weights": self.weights.reshape(len(self.weights), *size).tolist(),
            "multipliers": self.multipliers.tolist(),
            "biases": [f"INT64_C({bias})" for bias in self.biases.tolist()],
        }

    @property
    def n_planes(self) -> int:
        """How many scores there are."""
        return len(self.weights)


def quantise(bundle: Bundle) -> Quantised:
    """Round a linear model to 8-bit weights so that its scores of the training images change least.

    Raises
    ------
    ParameterError
        If it is of images too large for 32-bit sums.

    Notes
    -----
    Each plane gets the step that leaves the least squared error of its scores; then weights are rounded one after
    the other, and the rest make up for what rounding changed, as far as images have those pixels together:
    E. Frantar, S. Ashkboos, T. Hoefler and D. Alistarh, GPTQ, ICLR 2023.
    """
    model = bundle.estimator
    n_pixels = model.n_features_in_
    if n_pixels > _MOST_PIXELS:
        raise ParameterError(
            f"images of {n_pixels:,} pixels are too large for C here, at most {_MOST_PIXELS:,} are taken; "
            "train with --size on smaller ones"
        )
    planes, biases = planes_of(model)
    pixels = bundle.example_images.reshape(len(bundle.example_images), -1).astype(np.float64)
    together = pixels.T @ pixels / len(pixels)
    steps = np.array([_best_step(plane, together) for plane in planes])
    weights = _rounded(planes, steps, together)
    unit = float(steps.max()) / _STEPS
    multipliers = np.rint(steps / unit).astype(np.int64)
    left = planes - weights * (multipliers * unit)[:, None]
    biases = biases + left @ pixels.mean(axis=0)
    if np.abs(biases / unit).max() >= 2**62:
        raise ParameterError(
            "the model's biases are too large for 64-bit sums in C; train it again, or use --onnx"
        )
    return Quantised(
        weights,
        multipliers,
        np.rint(biases / unit).astype(np.int64),
        Decision.of(bundle, unit, Quantised.bits),
    )


def _best_step(plane: NDArray[np.float64], together: NDArray[np.float64]) -> float:
    """The step between 8-bit weights that changes the scores of the training images least."""
    widest = max(float(np.abs(plane).max()), 1e-300)
    candidates = widest / 127 * np.geomspace(1e-3, 1, _N_CANDIDATES)
    left = [plane - _to_bytes(plane / step) * step for step in candidates]
    errors = [float(one @ together @ one) for one in left]
    return float(candidates[int(np.argmin(errors))])


def _rounded(
    planes: NDArray[np.float64], steps: NDArray[np.float64], together: NDArray[np.float64]
) -> NDArray[np.int8]:
    """Weights rounded from the pixel that carries most ink to the one that carries least."""
    order = np.argsort(-together.diagonal(), kind="stable")
    hessian = together[np.ix_(order, order)]
    hessian[np.diag_indices_from(hessian)] += 0.01 * max(float(together.diagonal().mean()), 1e-12)
    upper = np.linalg.cholesky(np.linalg.inv(hessian)).T
    rest, weights = planes[:, order] / steps[:, None], np.empty(planes.shape, np.int8)
    for k, pixel in enumerate(order):
        weights[:, pixel] = _to_bytes(rest[:, k])
        missed = (rest[:, k] - weights[:, pixel]) / upper[k, k]
        rest[:, k + 1 :] -= missed[:, None] * upper[k, k + 1 :]
    return weights


def _to_bytes(values: NDArray[np.float64]) -> NDArray[np.int8]:
    return np.clip(np.rint(values), -127, 127).astype(np.int8)
