"""The network: a few narrow layers of small kernels, and its weights as bytes."""

from collections.abc import Sequence

from safetensors.torch import load, save
from torch import Tensor, nn

__all__ = ["build_network", "network_to_bytes", "weights_from_bytes"]

_SMALLEST = 4
_LAST = 3


def build_network(shape: tuple[int, int], n_classes: int, widths: Sequence[int], depth: int) -> nn.Sequential:
    """Stages of 3x3 convolutions, the image halved between them.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the images; a side that would fall under 4 pixels is not halved.
    n_classes : int
    widths : sequence of int
        Channels of each stage.
    depth : int
        Convolutions a stage.

    Returns
    -------
    nn.Sequential
        From float images (n, 1, height, width), 0 to 1, to logits (n, n_classes).

    Notes
    -----
    After S. An, M. Lee, S. Park, H. Yang and J. So, An ensemble of simple convolutional neural network models for
    MNIST digit recognition, arXiv 2008.10400 (2020), made cheap: few channels see the full size, and most work is
    done on a quarter and on a sixteenth of the pixels.
    """
    size, channels = shape, 1
    layers: list[nn.Module] = []
    for stage, wide in enumerate(widths):
        if stage:
            stride = (_stride(size[0]), _stride(size[1]))
            layers.append(nn.MaxPool2d(stride))
            size = (size[0] // stride[0], size[1] // stride[1])
        for _ in range(depth):
            layers += _convolution(channels, wide)
            channels = wide
    pooled = (min(size[0], _LAST), min(size[1], _LAST))
    layers += [nn.AdaptiveMaxPool2d(pooled), nn.Flatten(), nn.Linear(channels * pooled[0] * pooled[1], n_classes)]
    return nn.Sequential(*layers)


def _convolution(channels: int, wide: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(inplace=True)]


def _stride(side: int) -> int:
    return 2 if side >= 2 * _SMALLEST else 1


def network_to_bytes(network: nn.Module) -> bytes:
    """Weights and running statistics in the safetensors format."""
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()})


def weights_from_bytes(content: bytes) -> dict[str, Tensor]:
    """Read what `network_to_bytes` gave; plain tensors, nothing is run."""
    return load(content)
