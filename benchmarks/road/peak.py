"""How far networks are from the peak of the machine: `python -m benchmarks.road.peak` writes road_peak.md.

The peak is a product of large float32 matrices, timed in the same process in turns with what is measured: so the
shares hold on a machine that is not quiet, too. Arithmetic is counted by PyTorch (a multiply-add is two
operations), convolutions and matrix products alone: norms, pooling, steps and bent images are the rest.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.machine import measured_by
from misread.data import load
from misread.models.deep.network import build_network
from misread.models.deep.training import Settings, logits_of, train
from misread.models.zoo import make

N_IMAGES, N_SIDE, N_TURNS, N_PARTS = 640, 1_024, 5, 6
PARTS = {
    "aten::convolution_backward": "convolutions, backwards",
    "aten::mkldnn_convolution": "convolutions, forwards",
    "aten::native_batch_norm": "norms, forwards",
    "aten::native_batch_norm_backward": "norms, backwards",
    "aten::max_pool2d_with_indices": "pooling, forwards",
    "aten::max_pool2d_with_indices_backward": "pooling, backwards",
    "aten::threshold_backward": "ReLU, backwards",
    "aten::clamp_min_": "ReLU, forwards",
    "aten::_fused_adamw_": "steps of the weights",
    "aten::_foreach_lerp_": "averaging the weights",
}


def main() -> int:
    """Measure, write, print."""
    images, labels = load("mnist").train.images[:N_IMAGES], load("mnist").train.labels[:N_IMAGES].astype(np.int64)
    convnet = make("convnet")
    settings = Settings(
        epochs=1,
        batch_size=convnet.batch_size,
        learning_rate=convnet.learning_rate,
        weight_decay=convnet.weight_decay,
        label_smoothing=convnet.label_smoothing,
        averaging=convnet.averaging,
        patience=None,
        deformation=convnet.DEFORMATION,
        fade=convnet.fade,
    )
    network = build_network((28, 28), 10, convnet.widths, convnet.depth)

    def learn() -> Any:
        none = images[:0], labels[:0]
        return train(network, images, labels, *none, settings, np.random.default_rng(0), lambda *_: None)

    def bend() -> Any:
        return settings.deformation.apply(images, np.random.default_rng(0))

    jobs: dict[str, Callable[[], Any]] = {"trained": learn, "asked": lambda: logits_of(network, images)}
    lines = [
        "# How far networks are from the machine's peak",
        "",
        __doc__.split("\n", 2)[2].strip().replace("\n", " "),
        "",
        f"{torch.get_num_threads()} threads. Written by {measured_by('road.peak', [0])}.",
        "",
        "| convnet | operations an image, millions | share of peak | where the time goes |",
        "| --- | ---: | ---: | --- |",
    ]
    bent = _best(bend)
    for name, job in jobs.items():
        with FlopCounterMode(display=False) as counter:
            job()
        share, seconds = _share_of_peak(job, counter.get_total_flops())
        parts = _where(job)
        if name == "trained":
            parts = [f"bending the images {bent / seconds:.0%}", *parts]
        lines.append(
            f"| {name} | {counter.get_total_flops() / N_IMAGES / 1e6:.1f} | {share:.0%} | {', '.join(parts)} |"
        )
    text = "\n".join([*lines, ""])
    (Path(__file__).parents[1] / "road_peak.md").write_text(text)
    print(text)
    return 0


def _share_of_peak(job: Callable[[], Any], operations: int) -> tuple[float, float]:
    """Operations a second as a share of those of a matrix product, and seconds: the best of several turns each."""
    a, b = torch.rand(N_SIDE, N_SIDE), torch.rand(N_SIDE, N_SIDE)
    turns = [(_seconds(lambda: a @ b), _seconds(job)) for _ in range(N_TURNS)]
    product, seconds = (min(column) for column in zip(*turns, strict=True))
    return operations / seconds / (2 * N_SIDE**3 / product), seconds


def _where(job: Callable[[], Any]) -> list[str]:
    """The parts that take most of the time of PyTorch's own work."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        job()
    events = seen.key_averages()
    whole = sum(event.self_cpu_time_total for event in events)
    most = sorted(events, key=lambda event: -event.self_cpu_time_total)[:N_PARTS]
    return [f"{PARTS.get(event.key, event.key)} {event.self_cpu_time_total / whole:.0%}" for event in most]


def _best(job: Callable[[], Any]) -> float:
    return min(_seconds(job) for _ in range(N_TURNS))


def _seconds(job: Callable[[], Any]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
