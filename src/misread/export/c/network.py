"""A network of whole numbers in C: where its values lie in memory, and what the code computes, emulated."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.errors import ParameterError
from misread.export.agreement import Outputs
from misread.export.c.costs import Costs
from misread.export.c.decision import Decision
from misread.models.whole import WholeConv, WholeNetwork, packed

__all__ = ["Place", "WholeInC", "places_of", "whole_in_c"]

_CODE_BYTES, _STACK_BYTES = 1_024, 256
_LAYER_BYTES = 40
_MOST_SIDE, _MOST_MEMORY = 255, 2**15 - 1
_MOST_SUM = 2**32 - 1


@dataclass(frozen=True)
class Place:
    """Where a layer's results go, in the memory that all layers share.

    Attributes
    ----------
    start : int
    backwards : bool
        Whether rows are computed from the last to the first.
    kernel : int
        Where the layer unpacks the weights of one channel.
    """

    start: int
    backwards: bool
    kernel: int = 0


@dataclass(frozen=True, eq=False)
class WholeInC:
    """A network of whole numbers for C.

    Attributes
    ----------
    network : WholeNetwork
    decision : Decision
    places : list of Place
        Of each convolution's results.
    memory : int
        Bytes that there are.
    """

    network: WholeNetwork
    decision: Decision
    places: list[Place]
    memory: int

    machine: ClassVar[str] = "network.c.jinja"
    bits: ClassVar[int] = 32

    @property
    def n_planes(self) -> int:
        """How many scores there are: for two classes one, the difference."""
        n = len(self.network.planes.weights)
        return 1 if n == 2 else n

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Scores of images of shape (n, height, width), one column for each plane."""
        sums = self.network.sums(images)
        return sums[:, 1:] - sums[:, :1] if sums.shape[1] == 2 else sums

    def answer(self, images: NDArray[np.uint8]) -> Outputs:
        """Labels, whether they are sure and whether there is nothing to read, as the C code has them."""
        return self.decision.answer(self.scores(images), images)

    def costs(self) -> Costs:
        """What it takes in a microcontroller."""
        planes, tables, work = self.network.planes, 0, 0
        for layer in self.network.convolutions:
            n_edges = len(layer.spot.rows) + len(layer.spot.columns) + 2
            tables += packed(layer.weights).size + len(layer.weights) * (4 + 1 + 1) + n_edges + _LAYER_BYTES
            work += len(layer.weights) * layer.n_taps
        tables += packed(planes.weights).size + 4 * len(planes.biases)
        return Costs(
            tables,
            _CODE_BYTES,
            self.memory,
            _STACK_BYTES + 8 * len(planes.weights),
            work + planes.weights.size,
        )

    def values(self, size: tuple[int, int]) -> dict[str, Any]:
        """What its template is filled with."""
        layers, sides, channels, start = [], size, 1, 0
        for layer, place in zip(self.network.convolutions, self.places, strict=True):
            spot = layer.spot
            layers.append(
                {
                    "weights": packed(layer.weights).tolist(),
                    "biases": layer.biases.tolist(),
                    "multipliers": layer.multipliers.tolist(),
                    "shifts": layer.shifts.tolist(),
                    "rows": [first for first, _ in spot.rows] + [spot.rows[-1][1]],
                    "columns": [first for first, _ in spot.columns] + [spot.columns[-1][1]],
                    "sides": [*sides, channels, len(layer.weights), spot.side, *spot.strides],
                    "from": start,
                    "to": place.start,
                    "kernel": place.kernel,
                    "backwards": int(place.backwards),
                }
            )
            sides, channels, start = (len(spot.rows), len(spot.columns)), len(layer.weights), place.start
        planes = self.network.planes
        return {
            "layers": layers,
            "planes": packed(planes.weights).tolist(),
            "biases": planes.biases.tolist(),
            "n_values": planes.weights.shape[1],
            "n_sums": len(planes.weights),
            "values_at": start,
            "memory": self.memory,
        }


def whole_in_c(bundle: Bundle) -> WholeInC:
    """Lay a network out for C.

    Raises
    ------
    ParameterError
        If its images or layers are too large.
    """
    network: WholeNetwork = bundle.estimator.network_
    size = bundle.manifest.image_size
    places, memory = places_of(network.convolutions, size)
    if max(size) > _MOST_SIDE or memory > _MOST_MEMORY:
        raise ParameterError(
            f"images of {size[0]}x{size[1]} need {memory:,} bytes of RAM in C, at most {_MOST_MEMORY:,} and sides "
            f"of {_MOST_SIDE} pixels are taken; train with --size on smaller ones"
        )
    for layer in network.convolutions:
        sums = np.abs(layer.weights.astype(np.int64)).reshape(len(layer.weights), -1).sum(axis=1) * 255
        most = (sums + np.abs(layer.biases)) * layer.multipliers + (1 << layer.shifts)
        if len(layer.weights) > _MOST_SIDE or int(most.max()) > _MOST_SUM:
            raise ParameterError(
                f"a layer of {len(layer.weights)} channels is too wide for C here, at most {_MOST_SIDE} of sums "
                "that stay within 32 bits are taken; train tiny with its own widths"
            )
    return WholeInC(network, Decision.of(bundle, network.planes.unit, WholeInC.bits), places, memory)


def places_of(layers: tuple[WholeConv, ...], size: tuple[int, int]) -> tuple[list[Place], int]:
    """Where each layer's results go so that all take least memory, and how much that is.

    Results may lie over what they are computed from as far as rows that are still needed stay whole.
    """
    best: list[Place] = []
    least = 0

    def follow(number: int, start: int, n_given: int, height: int, places: list[Place]) -> None:
        nonlocal best, least
        low = min((place.start for place in places), default=0)
        high = max((place.start + _n_bytes(one) for place, one in zip(places, layers, strict=False)), default=0)
        if best and high - low >= least:
            return
        if number == len(layers):
            best, least = [Place(place.start - low, place.backwards) for place in places], high - low
            return
        layer = layers[number]
        for place in _candidates(layer, start, n_given, height):
            follow(number + 1, place.start, _n_bytes(layer), len(layer.spot.rows), [*places, place])

    first = Place(0, False)
    follow(1, 0, _n_bytes(layers[0]), len(layers[0].spot.rows), [first])
    return _with_kernels(layers, best)


def _with_kernels(layers: tuple[WholeConv, ...], places: list[Place]) -> tuple[list[Place], int]:
    """Kernels before or behind what a layer reads and writes."""
    found, memory = list[Place](), 0
    spans = [(place.start, place.start + _n_bytes(layer)) for place, layer in zip(places, layers, strict=True)]
    for number, (layer, place) in enumerate(zip(layers, places, strict=True)):
        used = spans[max(0, number - 1) : number + 1]
        n_taps = layer.weights[0].size
        first, last = min(start for start, _ in used), max(stop for _, stop in used)
        kernel = 0 if n_taps <= first else last
        found.append(replace(place, kernel=kernel))
        memory = max(memory, last, kernel + n_taps)
    return found, memory


def _candidates(layer: WholeConv, start: int, n_given: int, height: int) -> Iterator[Place]:
    """Places for the results of a layer whose input of so many bytes and rows is at `start`."""
    spot, n_bytes = layer.spot, _n_bytes(layer)
    given_row, row = n_given // height, n_bytes // len(spot.rows)
    edge, down = spot.side // 2, spot.strides[0]
    needed = [
        (max(0, top * down - edge), min(height, (bottom - 1) * down + edge + 1)) for top, bottom in spot.rows
    ]
    before = min(given_row * top - row * (i + 1) for i, (top, _) in enumerate(needed))
    after = max(given_row * bottom - row * i for i, (_, bottom) in enumerate(needed))
    yield Place(start + min(0, before), False)
    yield Place(start + max(0, after), True)
    yield Place(start - n_bytes, False)
    yield Place(start + n_given, False)


def _n_bytes(layer: WholeConv) -> int:
    return layer.spot.n_places * len(layer.weights)
