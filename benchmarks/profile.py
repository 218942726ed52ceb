"""Is a set told from the training images, and named? `python -m benchmarks.profile [--draws N]`.

A scaled linear classifier learns MNIST's training images. Sets of 200 of its test images are drawn and changed:
clean ones shall raise an alarm in at most 1 of 100 draws, the others be called by what happened to them in 99 of
100. Every threshold comes from training images (`misread.analysis.profile`). What is proposed was tried on some
images of the set; the accuracy is that on all 10,000 test images, changed, and then with what is proposed. "Other
writers" are sets of 200 consecutive test images, which come from a few hands; "one class" are sets of one digit.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.machine import measured_by
from misread.analysis.profile import Profile
from misread.bundle import Bundle
from misread.bundle.watch import Watch
from misread.data import load
from misread.evaluation.intervals import clopper_pearson
from misread.images.deform import affine
from misread.images.fit import fit_images
from misread.recipes.train import train

N, TRIED, SIDE, SEED = 200, 5, 28, 17
Images = NDArray[np.uint8]


def mapped(images: Images, matrix: Any, moves: Any = (0.0, 0.0)) -> Images:
    """Each image through a matrix around its middle, then moved."""
    middle, matrix = np.full(2, (SIDE - 1) / 2), np.asarray(matrix, float)
    return affine(images, matrix, middle - matrix @ middle + moves)


def turned(images: Images, degrees: float) -> Images:
    """All of them the same way."""
    a = np.deg2rad(degrees)
    return mapped(images, [[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])


def strewn(images: Images) -> Images:
    """Four pixels along both axes, each image its own way."""
    return mapped(images, np.eye(2), 4 * np.random.default_rng(SEED).choice([-1.0, 1.0], (len(images), 2)))


SETS: dict[str, tuple[str, Callable[[Images], Images]]] = {
    "clean": ("", lambda x: x),
    "inverted": ("inverted", lambda x: 255 - x),
    "off-centre, 4 pixels to the left": ("off-centre", lambda x: mapped(x, np.eye(2), (0, 4))),
    "off-centre, 4 pixels any way": ("off-centre", strewn),
    "half as large": ("tiny", lambda x: mapped(x, 2 * np.eye(2))),
    "turned by 15 degrees": ("turned", lambda x: turned(x, 15)),
    "turned by -15 degrees": ("turned", lambda x: turned(x, -15)),
    "blurred, sigma 1": ("blurred", lambda x: ndimage.gaussian_filter(x, (0, 1, 1))),
}


def main() -> None:
    """Measure, print and write `profile.md`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000)
    draws = parser.parse_args().draws
    test = load("mnist").test
    bundle = train("sgd-scaled", "mnist")
    profile, rng = Profile(bundle.example_images, bundle.example_labels), np.random.default_rng(SEED)
    lines = ["# Sets that are not like the training images", "", (__doc__ or "").partition("\n\n")[2]]
    lines.append("| set | named | of draws | as (others) | accuracy | proposed | with it |")
    lines.append("| --- | ---: | ---: | --- | ---: | --- | ---: |")
    for title, (cause, change) in SETS.items():
        images = np.ascontiguousarray(change(test.images))
        codes = bundle.answer(images).labels
        measures = profile.measure(images, codes)
        sets = [rng.choice(len(images), N, replace=False) for _ in range(draws)]
        words = [proposed(bundle, images[rows]) for rows in sets[:TRIED]]
        remedy = max(words, key=words.count)
        mended = accuracy(bundle, with_remedy(images, remedy), test.labels) if remedy else None
        lines.append(row(title, cause, profile, measures, sets, (codes == test.labels).mean(), remedy, mended))
        if not cause:
            right = float((codes == test.labels).mean())
            some = [np.arange(start, start + N) for start in range(0, len(images), N)]
            lines.append(row("other writers", "", profile, measures, some, right))
            some = [rng.choice(np.flatnonzero(test.labels == digit), N) for digit in range(10) for _ in range(10)]
            lines.append(row("one class", "", profile, measures, some, right))
    lines += ["", measured_by("profile", [SEED])]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


def row(
    title: str,
    cause: str,
    profile: Profile,
    measures: NDArray[np.float64],
    sets: list[NDArray[np.intp]],
    right: float,
    remedy: str = "",
    mended: float | None = None,
) -> str:
    """A line of the table, printed as well."""
    found = [profile.compare(measures[rows]) for rows in sets]
    names = ["" if one is None else one.cause or "not like them" for one in found]
    hits = sum(bool(name) for name in names) if not cause else names.count(cause)
    low, high = clopper_pearson(hits, len(sets))
    others = sorted({name or "nothing" for name in names} - {cause or "nothing"})
    said = f"{hits / len(sets):.1%} ({low:.1%} to {high:.1%}){'' if cause else ' alarms'}"
    called = f"{cause or 'nothing'}{f' ({chr(44).join(others)})' if others else ''}"
    after = f"`{remedy}` | {mended:.2%}" if mended is not None else "– | –"
    text = f"| {title} | {said} | {len(sets):,} | {called} | {right:.2%} | {after} |"
    print(text, flush=True)
    return text


def proposed(bundle: Bundle, images: Images) -> str:
    """What is proposed for a set; "" for nothing."""
    watch = Watch(bundle)
    watch.add(images, bundle.answer(images))
    found = re.search(r"try (--[a-z -]+)", watch.said() or "")
    return found[1] if found else ""


def with_remedy(images: Images, remedy: str) -> Images:
    """Images prepared as is proposed."""
    images = 255 - images if "--invert" in remedy else images
    return fit_images(images, SIDE, "mnist") if "--fit" in remedy else images


def accuracy(bundle: Bundle, images: Images, labels: NDArray[np.int64]) -> float:
    """The share that is read right."""
    return float((bundle.answer(images).labels == labels).mean())


if __name__ == "__main__":
    main()
