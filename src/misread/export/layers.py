"""A trained network as plain arrays, its norms folded into its convolutions."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.errors import ParameterError
from misread.models.whole import WholeNetwork

__all__ = ["Conv", "Layer", "Levels", "Linear", "MaxPool", "Spans", "forward", "layers_of", "whole_layers_of"]

Floats = NDArray[np.float32]
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Conv:
    """A convolution with a border of zeros, as if to keep the size; what is under 0 becomes 0.

    Attributes
    ----------
    weights : ndarray of float32, shape (out, in, height, width)
    biases : ndarray of float32, shape (out,)
    strides : (int, int)
        From one place to the next, down and to the right.
    """

    weights: Floats
    biases: Floats
    strides: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class MaxPool:
    """The largest of each window.

    Attributes
    ----------
    rows, columns : tuple of (start, stop)
        Where the windows are along each axis.
    """

    rows: Spans
    columns: Spans


@dataclass(frozen=True, eq=False)
class Levels:
    """Times a number for each channel, in double precision, to the nearest whole number, half up, 255 at most.

    Attributes
    ----------
    scales : ndarray of float64, shape (channels,)
    """

    scales: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linear:
    """A plane for every class, on all that is left.

    Attributes
    ----------
    weights : ndarray of float32, shape (out, in)
    biases : ndarray of float32, shape (out,)
    """

    weights: Floats
    biases: Floats


Layer = Conv | MaxPool | Levels | Linear


def layers_of(model: Any) -> list[Layer]:
    """The layers of a ConvNetClassifier, from images of 0 to 1 to logits.

    Raises
    ------
    ParameterError
        If it has one that is not known here.
    MissingExtraError
        If PyTorch is not installed.
    """
    read = import_module("misread.models.deep.network").weights_from_bytes
    network = model._build()
    network.load_state_dict(read(model.weights_))
    parts = list(network.eval())
    kinds = [type(part).__name__ for part in parts]
    size, layers = model.reader_.shape, list[Layer]()
    for i, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
        if kind == "Conv2d" and kinds[i + 1 : i + 3] == ["BatchNorm2d", "ReLU"]:
            layers.append(_folded(part, parts[i + 1]))
        elif kind in ("MaxPool2d", "AdaptiveMaxPool2d"):
            adapts = kind == "AdaptiveMaxPool2d"
            sides = (
                part.output_size
                if adapts
                else [side // step for side, step in zip(size, part.kernel_size, strict=True)]
            )
            cut = _adaptive if adapts else _even
            pool = MaxPool(*(cut(side, n) for side, n in zip(size, sides, strict=True)))
            layers.append(pool)
            size = (len(pool.rows), len(pool.columns))
        elif kind == "Linear":
            layers.append(Linear(_numpy(part.weight), _numpy(part.bias)))
        elif kind not in ("BatchNorm2d", "ReLU", "Flatten"):
            raise ParameterError(f"a network with a layer of the kind {kind} is not exported")
    return layers


def whole_layers_of(network: WholeNetwork) -> list[Layer]:
    """The layers of a network of whole numbers, from images of 0 to 255 to logits; all their sums are exact."""
    layers, channels = list[Layer](), 1
    for one in network.convolutions:
        weights = np.ascontiguousarray(one.weights.transpose(0, 3, 1, 2), np.float32)
        layers.append(Conv(weights, one.biases.astype(np.float32), one.spot.strides))
        if one.spot.n_places < one.spot.n_looks:
            layers.append(MaxPool(one.spot.rows, one.spot.columns))
        layers.append(Levels(one.multipliers / 2.0**one.shifts))
        channels = len(weights)
    planes = network.planes
    by_place = planes.weights.reshape(len(planes.weights), -1, channels).transpose(0, 2, 1)
    weights = np.ascontiguousarray(by_place.reshape(planes.weights.shape), np.float32) * np.float32(planes.unit)
    layers.append(Linear(weights, (planes.biases * planes.unit).astype(np.float32)))
    return layers


def forward(layers: list[Layer]) -> Callable[[NDArray[np.uint8]], NDArray[np.float64]]:
    """A function from images of shape (n, height, width) to logits, by PyTorch."""
    torch = import_module("torch")
    kernels = torch.nn.functional

    def batch_logits(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        x = torch.from_numpy(images.astype(np.float32))[:, None] / 255
        for layer in layers:
            if isinstance(layer, MaxPool):
                x = _largest(x, layer)
                continue
            if isinstance(layer, Levels):
                raise ParameterError("a network of whole numbers answers by itself, without PyTorch")
            weights, biases = torch.from_numpy(layer.weights), torch.from_numpy(layer.biases)
            if isinstance(layer, Conv):
                edge = [side // 2 for side in layer.weights.shape[2:]]
                x = kernels.relu(kernels.conv2d(x, weights, biases, stride=layer.strides, padding=edge))
            else:
                x = x.flatten(1) @ weights.T + biases
        return np.asarray(x.numpy(), np.float64)

    return batch_logits


def _largest(x: Any, pool: MaxPool) -> Any:
    torch = import_module("torch")
    rows = torch.stack([x[:, :, start:stop].amax(2) for start, stop in pool.rows], 2)
    return torch.stack([rows[..., start:stop].amax(3) for start, stop in pool.columns], 3)


def _folded(conv: Any, norm: Any) -> Conv:
    """A convolution and its norm in one, multiplied in double precision."""
    mean, variance, gain, bias = (
        _numpy(one).astype(np.float64) for one in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    scale = gain / np.sqrt(variance + norm.eps)
    weights = _numpy(conv.weight).astype(np.float64) * scale[:, None, None, None]
    return Conv(weights.astype(np.float32), (bias - mean * scale).astype(np.float32))


def _even(side: int, n: int) -> Spans:
    step = side // n
    return tuple((step * i, step * (i + 1)) for i in range(n))


def _adaptive(side: int, n: int) -> Spans:
    return tuple((i * side // n, -(-(i + 1) * side // n)) for i in range(n))


def _numpy(tensor: Any) -> Floats:
    return np.asarray(tensor.detach().cpu().contiguous().numpy(), np.float32)
