"""How much of a model's accuracy is left when something happens to the images."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.data import Dataset
from misread.errors import ParameterError
from misread.images.corrupt import KINDS, STRENGTHS, corrupt
from misread.parallel import in_blocks
from misread.recipes.evaluate import unseen_images
from misread.recipes.metrics import share
from misread.results.provenance import made_by
from misread.results.stress import Stress

__all__ = ["stress_bundle"]

N_EXAMPLES = 3
SLOW = 120.0
"""Seconds from which on a sample is proposed."""


def stress_bundle(
    bundle: Bundle,
    dataset: Dataset,
    *,
    n_images: int | None = None,
    every: bool = False,
    seed: int = 42,
    title: str = "",
    command: str = "",
    on_stage: Callable[[str], None] = lambda stage: None,
    say: Callable[[str], None] = lambda text: None,
) -> Stress:
    """Ask a model about images that it has not seen, as they are and corrupted in every way.

    What is corrupted are the images that the model sees: already in its size, light on dark.

    Parameters
    ----------
    bundle : Bundle
        A classifier or detector.
    dataset : Dataset
        Its images prepared as the model's were.
    n_images : int, optional
        Take a random sample of this many of them.
    every : bool
        Use the training images of the data set, too, where the model has not seen them.
    seed : int, default 42
        Of the sample, and of what is random in the corruptions.
    title, command : str
        What to call the model, and what to write down as the command.
    on_stage, say : callable of str
        Told what is under way, and what a person should know before it goes on.

    Returns
    -------
    Stress

    Raises
    ------
    ParameterError
        If the model gives no classes, there are no images, or `n_images` is less than 1.
    """
    manifest = bundle.manifest
    if manifest.task not in ("classification", "detector"):
        raise ParameterError(f"a model for {manifest.task} gives no classes to be right or wrong about")
    if n_images is not None and n_images < 1:
        raise ParameterError(f"at least 1 image is needed, got {n_images}")
    found = unseen_images(bundle, dataset, every)
    test, of, remarks = found.test, len(found.test), found.notes
    if n_images is not None and n_images < of:
        test = test.take(np.sort(np.random.default_rng(seed).choice(of, n_images, replace=False)))
        remarks = (f"a random sample of {n_images:,} of the {of:,} images: hence the wide intervals", *remarks)
    asker, what = _Asker(bundle, test.labels), f"Asking about {len(test):,} images"
    on_stage(what)
    start = perf_counter()
    clean, read = asker.ask(test.images)
    _say_how_long((perf_counter() - start) * len(KINDS) * len(STRENGTHS), len(test), say)
    shown = _examples(test.labels, read == asker.labels)
    images = np.empty((len(KINDS), len(STRENGTHS) + 1, len(shown), *test.images.shape[1:]), np.uint8)
    answers = np.empty((len(KINDS), len(STRENGTHS) + 1, len(test)), np.int64)
    images[:, 0], answers[:, 0] = test.images[shown], read
    kinds: list[dict[str, Any]] = [{} for _ in KINDS]

    def ask(block: slice) -> None:
        k, kind = block.start, list(KINDS.values())[block.start]
        strengths = []
        for strength in STRENGTHS:
            corrupted = corrupt(test.images, kind.name, strength, seed=seed)
            said, answers[k, strength] = asker.ask(corrupted)
            strengths.append({"strength": strength, **said})
            images[k, strength] = corrupted[shown]
        mean = float(np.mean([one["accuracy"]["value"] for one in strengths]))
        kinds[k] = {"name": kind.name, "about": kind.about, "published": kind.published, "accuracy": mean}
        kinds[k]["strengths"] = strengths
        on_stage(f"{what}, {sum(map(bool, kinds))} of {len(KINDS)} kinds of corruption done")

    in_blocks(ask, len(KINDS), 1, None)
    right = answers[:, 1:] == asker.labels
    published = right[np.arange(len(KINDS)), [kind.published - 1 for kind in KINDS.values()]]
    values = {
        "title": title or manifest.model,
        "n": len(test),
        "of": of,
        "seed": seed,
        "clean": clean,
        "mean": _mean(right.reshape(-1, len(test))),
        "published": _mean(published),
        "kinds": kinds,
    }
    about = {"command": command, "model": manifest.as_json(), "data": dataset.sha256, **made_by()}
    return Stress(values, asker.names, images, answers[:, :, shown], asker.labels[shown], remarks, about)


def _say_how_long(seconds: float, n: int, say: Callable[[str], None]) -> None:
    """Say it before a person waits for minutes, and how many images would do in one."""
    if seconds > SLOW:
        sample = max(100, int(n * 60 / seconds) // 100 * 100)
        say(f"this takes about {seconds / 60:.0f} minutes; --images {sample} asks about a sample in one")


class _Asker:
    """Asks a model about the same images again and again."""

    def __init__(self, bundle: Bundle, labels: NDArray[np.int64]) -> None:
        self.bundle, manifest = bundle, bundle.manifest
        self.labels, self.names = labels, manifest.classes
        if manifest.positive is not None:
            self.labels = (labels == manifest.classes.index(manifest.positive)).astype(np.int64)
            self.names = (f"not {manifest.positive}", manifest.positive)

    def ask(self, images: NDArray[np.uint8]) -> tuple[dict[str, Any], NDArray[np.int64]]:
        """What it reads right, refuses, and is sure of and wrong; and what it reads, as class codes."""
        said = self.bundle.answer(images)
        codes = said.labels.astype(np.int64)
        has_point = self.bundle.manifest.operating_point is not None
        answered = said.sure if has_point else ~said.refused
        rows = {"accuracy": codes == self.labels}
        if has_point or said.unlike is not None:
            rows |= {"refused": ~answered, "sure_and_wrong": answered & (codes != self.labels)}
        return {name: share(int(np.count_nonzero(row)), len(images)) for name, row in rows.items()}, codes


def _mean(right: NDArray[np.bool_]) -> dict[str, float]:
    """The mean accuracy over corruptions, with an interval over images: all were made of the same ones."""
    by_image = right.mean(axis=0)
    wide = 1.96 * float(by_image.std(ddof=1)) / len(by_image) ** 0.5 if len(by_image) > 1 else 1.0
    value = float(by_image.mean())
    return {"value": value, "low": max(0.0, value - wide), "high": min(1.0, value + wide)}


def _examples(labels: NDArray[np.int64], right: NDArray[np.bool_]) -> NDArray[np.intp]:
    """A few images of different classes that are read right as they are, where there are such."""
    order = np.argsort(~right, kind="stable")
    _, first = np.unique(labels[order], return_index=True)
    chosen = order[np.sort(first)][:N_EXAMPLES]
    return np.sort(chosen)
