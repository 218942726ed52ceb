"""A network that learns with weights of four bits and values of eight, as a microcontroller will have them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from misread.models.whole import LEVELS, WEIGHT, Spans, Spot, WholeConv, WholeLinear, WholeNetwork, plan

__all__ = ["build_rounded_network", "in_whole_numbers"]

_WIDE = 2.6
"""Standard deviations that the largest weight stands for: of a Gaussian, four bits leave the least error so."""


def build_rounded_network(shape: tuple[int, int], n_classes: int, widths: Sequence[int]) -> nn.Sequential:
    """Convolutions whose weights and results are rounded as they are learnt.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the images.
    n_classes : int
    widths : sequence of int
        Channels of each convolution.

    Returns
    -------
    nn.Sequential
        From float images (n, 1, height, width), 0 to 1, to logits (n, n_classes).

    Notes
    -----
    B. Jacob and others, Quantization and training of neural networks for efficient integer-arithmetic-only
    inference, CVPR 2018. The largest of each window is taken before the norm, which never changes a sign.
    """
    layers: list[nn.Module] = []
    channels = 1
    for wide, spot in zip(widths, plan(shape, len(widths)), strict=True):
        layers.append(_Conv(channels, wide, spot))
        channels = wide
    return nn.Sequential(*layers, nn.Flatten(), _Linear(channels * spot.n_places, n_classes))


class _Levels(torch.autograd.Function):
    """Rounded to levels of 0 to 255; what lies between passes its gradient on as if it had not been."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        levels = functional.hardtanh(x, 0, 255).round_()
        ctx.save_for_backward(levels)
        return levels

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (levels,) = ctx.saved_tensors
        return torch.ops.aten.hardtanh_backward(gradient, levels, 0, 255)


class _Conv(nn.Module):
    """Convolution, largest of each window, norm, and rounding to levels of 0 to 255."""

    def __init__(self, channels: int, wide: int, spot: Spot) -> None:
        super().__init__()
        self.spot = spot
        self.kernel = nn.Parameter(nn.init.kaiming_normal_(torch.empty(wide, channels, spot.side, spot.side)))
        self.norm = nn.BatchNorm2d(wide)

    def forward(self, x: Tensor) -> Tensor:
        spot, norm = self.spot, self.norm
        kernel = _rounded(self.kernel, _steps(self.kernel))
        x = functional.conv2d(x, kernel, stride=spot.strides, padding=spot.side // 2)
        x = _largest(x, spot.rows, spot.columns)
        x = functional.batch_norm(
            x,
            norm.running_mean,
            norm.running_var,
            norm.weight.abs() * LEVELS,
            norm.bias * LEVELS,
            self.training,
            0.05,
            norm.eps,
        )
        levels: Tensor = _Levels.apply(x)  # type: ignore[no-untyped-call]
        return levels


class _Linear(nn.Module):
    """A plane for every class; all have one step between weights, a power of two."""

    def __init__(self, n_values: int, n_classes: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(n_classes, n_values) / n_values**0.5)
        self.bias = nn.Parameter(torch.zeros(n_classes))

    def step(self) -> Tensor:
        exponent = torch.round(torch.log2(_WIDE * self.kernel.detach().std() / WEIGHT))
        return torch.exp2(exponent)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(
            x / LEVELS, _rounded(self.kernel, self.step().expand(len(self.kernel))), self.bias
        )


def _steps(kernel: Tensor) -> Tensor:
    """The step between weights of each channel."""
    flat = kernel.detach().flatten(1)
    return (_WIDE * flat.square().mean(1).sqrt() / WEIGHT).clamp_min(1e-8)


def _rounded(kernel: Tensor, steps: Tensor) -> Tensor:
    zeros = torch.zeros(len(kernel), dtype=torch.int32, device=kernel.device)
    return torch.fake_quantize_per_channel_affine(kernel, steps.contiguous(), zeros, 0, -WEIGHT, WEIGHT)


def _largest(x: Tensor, rows: Spans, columns: Spans) -> Tensor:
    """The largest of each window; windows touch and do not overlap."""
    height, width = x.shape[2:]
    sides = (height // len(rows), width // len(columns))
    if (len(rows), len(columns)) == (height, width):
        return x
    if (sides[0] * len(rows), sides[1] * len(columns)) == (height, width):
        return functional.max_pool2d(x, sides)
    x = torch.stack([x[:, :, start:stop].amax(2) for start, stop in rows], 2)
    return torch.stack([x[..., start:stop].amax(3) for start, stop in columns], 3)


@torch.no_grad()
def in_whole_numbers(network: nn.Sequential) -> WholeNetwork:
    """The trained network in whole numbers alone."""
    layers = list[WholeConv]()
    before = 1 / 255  # what 1 of a pixel is to the first layer, which sees 0 to 1
    for layer in network:
        if isinstance(layer, _Conv):
            steps, norm = _steps(layer.kernel), layer.norm
            assert norm.running_mean is not None
            assert norm.running_var is not None
            slope = (norm.weight.abs() / torch.sqrt(norm.running_var + norm.eps)).double() * LEVELS
            offsets = norm.bias.double() * LEVELS - norm.running_mean.double() * slope
            scales = slope * steps.double() * before
            weights = np.ascontiguousarray(_codes(layer.kernel, steps).transpose(0, 2, 3, 1))
            layers.append(WholeConv.of(weights, _array(scales), _array(offsets), layer.spot))
            before = 1.0
    last = network[-1]
    assert isinstance(last, _Linear)
    step = last.step()
    unit = float(step) / LEVELS
    weights = _codes(last.kernel, step.expand(len(last.kernel)))
    by_channel = weights.reshape(len(weights), -1, layers[-1].spot.n_places)
    by_place = np.ascontiguousarray(by_channel.transpose(0, 2, 1)).reshape(weights.shape)
    biases = np.rint(_array(last.bias) / unit).astype(np.int64)
    return WholeNetwork(tuple(layers), WholeLinear(by_place, biases, unit))


def _codes(kernel: Tensor, steps: Tensor) -> NDArray[np.int8]:
    shape = (-1, *[1] * (kernel.ndim - 1))
    levels = torch.round(kernel / steps.reshape(shape)).clamp(-WEIGHT, WEIGHT)
    return np.asarray(levels.cpu().numpy(), np.int8)


def _array(tensor: Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().numpy(), np.float64)
