"""How much of what is no digit a model file calls unlike: `python -m benchmarks.unlike MODEL [--images 300]`.

Said are the share of MNIST's test images refused, and of every kind of strange image of `benchmarks.strange`; of
these, none chose anything.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.strange import REPORTED
from misread import load
from misread.bundle import Bundle
from misread.bundle import load as load_model


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unlike", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, default=300, help="of every kind")
    options = parser.parse_args()
    bundle, test = load_model(options.model), load("mnist").test.images
    print(f"| {bundle.manifest.model} | unlike or empty |\n| --- | --- |")
    print(f"| MNIST's test images | {_refused(bundle, test):.2%} of {len(test):,} |")
    for name, make in REPORTED.items():
        images = make(np.random.default_rng(0), test, options.images)
        print(f"| {name} | {_refused(bundle, images):.1%} of {len(images):,} |", flush=True)
    codes = bundle.answer(test[:100]).labels
    start = perf_counter()
    for image, code in zip(test[:100], codes, strict=True):
        bundle.likeness.distances(image[None], np.array([code]))
    print(f"\n{1e3 * (perf_counter() - start) / 100:.2f} ms an image, one at a time")


def _refused(bundle: Bundle, images: np.ndarray) -> float:
    answers = bundle.answer(images)
    states = [bundle.state(answers, row) for row in range(len(images))]
    return float(np.mean([state in ("unlike", "empty") for state in states]))


if __name__ == "__main__":
    main()
