"""Training: one cycle of the learning rate over images that are bent anew in every epoch."""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from misread.images.deform import Deformation

__all__ = ["Settings", "best_device", "logits_of", "pixels_asked", "seeded", "threads", "threads_for", "train"]

_BATCH_ASKED = 500
_PIXELS_FOR_THREADS = 2**14
_DRAWING = Lock()  # PyTorch has one stream of random numbers for all threads


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate : float
        At the top of the cycle.
    weight_decay : float
    label_smoothing : float
        Share of the target spread over all classes.
    averaging : float
        Weight of the past in the moving average of the weights, for each step; what is kept is the average.
    patience : int or None
        Stop when the held-out loss has been no better for so many epochs.
    deformation : Deformation
    fade : (float, float)
        How many times as strong it is in the first epoch and in the last, in a line between them.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    averaging: float
    patience: int | None
    deformation: Deformation
    fade: tuple[float, float]

    def deformation_in(self, epoch: int) -> Deformation:
        """The deformation in an epoch, counted from 1."""
        first, last = self.fade
        done = (epoch - 1) / max(1, self.epochs - 1)
        return self.deformation.times(first + (last - first) * done)


Told = Callable[[int, int, float], None]


def train(
    network: nn.Module,
    images: NDArray[np.uint8],
    codes: NDArray[np.int64],
    held_images: NDArray[np.uint8],
    held_codes: NDArray[np.int64],
    settings: Settings,
    rng: np.random.Generator,
    on_epoch: Told,
    n_jobs: int | None = None,
) -> nn.Module:
    """Train in place, and return the average of the weights on the way, at its best on the held-out images.

    Parameters
    ----------
    network : nn.Module
    images, held_images : ndarray of uint8, shape (n, height, width)
    codes, held_codes : ndarray of int64, shape (n,)
    settings : Settings
    rng : Generator
        Draws the order of the images and their deformations.
    on_epoch : callable of (epoch, epochs, loss)
        Told after every epoch, from 1 on, the training loss.
    n_jobs : int, optional
        Threads of the deformations.
    """
    device = best_device()
    _place(network, device)
    average = copy.deepcopy(network).eval()
    best, best_loss, best_epoch = average, math.inf, 0
    steps = max(1, len(images) // settings.batch_size)
    optimiser = _optimiser(network, settings)
    half = _half_precision(device)
    step = 0
    for epoch in range(1, settings.epochs + 1):
        network.train()
        losses = []
        for pixels, truth in _batches(images, codes, steps, settings.deformation_in(epoch), rng, n_jobs):
            rate = _rate(step / (steps * settings.epochs)) * settings.learning_rate
            for group in optimiser.param_groups:
                group["lr"] = rate
            batch = _as_input(pixels, device)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                logits = network(batch)
            target = torch.from_numpy(truth).to(device)
            loss = functional.cross_entropy(logits.float(), target, label_smoothing=settings.label_smoothing)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            _follow(average, network, min(settings.averaging, step / (step + 10)))
            losses.append(loss.detach())
        on_epoch(epoch, settings.epochs, float(torch.stack(losses).mean()))
        if settings.patience is not None and len(held_images):
            held_loss = _loss(average, held_images, held_codes)
            if held_loss < best_loss:
                best, best_loss, best_epoch = copy.deepcopy(average), held_loss, epoch
            elif epoch - best_epoch >= settings.patience:
                return best
    return best if settings.patience is not None and len(held_images) else average


def pixels_asked(images: NDArray[np.uint8]) -> int:
    """The work of `logits_of` at a time, as pixels of a step of training, which takes three times as long."""
    return images[:_BATCH_ASKED].size // 3


def logits_of(network: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits of shape (n, n_classes) in single precision, whatever the machine."""
    device = best_device()
    _place(network, device)
    network.eval()
    blocks = [images[start : start + _BATCH_ASKED] for start in range(0, len(images), _BATCH_ASKED)]
    with torch.inference_mode():
        parts = [network(_as_input(block, device)).float().cpu().numpy() for block in blocks]
    return np.concatenate(parts).astype(np.float64)


def log_slopes_of(network: nn.Module, images: NDArray[np.uint8], codes: NDArray[np.int64]) -> NDArray[np.float32]:
    """How much each grey level adds to the log-probability of a class: gradients, shaped as the images."""
    device = best_device()
    _place(network, device)
    network.eval()
    with torch.enable_grad():
        pixels = _as_input(images, device).requires_grad_(True)
        said = torch.log_softmax(network(pixels).float(), dim=1)
        chosen = said[torch.arange(len(images), device=device), torch.from_numpy(codes).to(device)]
        (slopes,) = torch.autograd.grad(chosen.sum(), pixels)
    return np.asarray(slopes[:, 0].float().cpu().numpy() / 255, np.float32)


def best_device() -> torch.device:
    """The GPU if PyTorch sees one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let PyTorch draw from a seed inside, one thread at a time, and leave its own stream as it was."""
    with _DRAWING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def threads_for(pixels: int, n: int | None) -> int | None:
    """How many of n threads help with so many pixels at a time: one alone where they would mostly wait.

    A step of 26 images of 8x8 takes 5 ms in one thread. Two need no less time by themselves, five times the CPU,
    and beside other programs a hundred times as long, since each waits for the other at every layer.

    Examples
    --------
    >>> threads_for(26 * 8 * 8, 2), threads_for(128 * 28 * 28, 2)
    (1, 2)
    """
    return n if pixels > _PIXELS_FOR_THREADS else 1


@contextmanager
def threads(n: int | None) -> Iterator[None]:
    """Let PyTorch use n threads inside; None leaves it alone."""
    before = torch.get_num_threads()
    try:
        if n is not None:
            torch.set_num_threads(n)
        yield
    finally:
        torch.set_num_threads(before)


def _place(network: Any, device: torch.device) -> None:
    """Move a network to a device, channels last; PyTorch's types do not know of the latter."""
    network.to(device=device, memory_format=torch.channels_last)


def _batches(
    images: NDArray[np.uint8],
    codes: NDArray[np.int64],
    steps: int,
    deformation: Deformation,
    rng: np.random.Generator,
    n_jobs: int | None,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    order = rng.permutation(len(images))
    bent = deformation.apply(images, rng, n_jobs=n_jobs)
    for chosen in np.array_split(order, steps):
        yield bent[chosen], codes[chosen]


def _as_input(pixels: NDArray[np.uint8], device: torch.device) -> Tensor:
    batch = torch.from_numpy(pixels.astype(np.float32)).to(device)[:, None]
    return (batch / 255).contiguous(memory_format=torch.channels_last)


def _optimiser(network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Adam with decay of the kernels alone: norms and biases are left to find their size."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.99), fused=True)


def _rate(done: float) -> float:
    """One cycle: a quarter of the way up in a line, then down to nothing in half a cosine."""
    warm = 0.2
    if done < warm:
        return 0.05 + 0.95 * done / warm
    return 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, weight: float) -> None:
    """Move the average a little towards the network; its statistics too."""
    mine = [p for p in average.state_dict().values() if p.dtype.is_floating_point]
    theirs = [p for p in network.state_dict().values() if p.dtype.is_floating_point]
    torch._foreach_lerp_(mine, theirs, 1 - weight)


def _loss(network: nn.Module, images: NDArray[np.uint8], codes: NDArray[np.int64]) -> float:
    logits = torch.from_numpy(logits_of(network, images))
    return float(functional.cross_entropy(logits, torch.from_numpy(codes)))


def _half_precision(device: torch.device) -> bool:
    """Whether 16-bit floats are faster here: on GPUs, and on CPUs that multiply tiles of them.

    Without tiles they are slower (610 against 430 µs an image), even where AVX-512 has instructions for them.
    """
    return device.type == "cuda" or bool(torch.cpu.get_capabilities().get("amx_bf16", False))
