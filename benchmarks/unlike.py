"""How much of what is no digit model files call unlike all that they learnt.

`python -m benchmarks.unlike MODEL... [--images 300] [--other fashion-mnist]` says the share of the test images
of the first model's data that is refused, and of every kind of strange image of `benchmarks.strange`; of these,
none chose anything. `--families` compares measures instead, by what may choose: strange images made of training
images.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.strange import REPORTED, TUNING
from benchmarks.unlike_families import compare
from misread import load
from misread.bundle import Bundle
from misread.bundle import load as load_model
from misread.images.fit import fit_image


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unlike", description=__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--images", type=int, default=300, help="of every kind")
    parser.add_argument("--families", action="store_true", help="compare measures, on the first model's answers")
    parser.add_argument("--other", default="", help="another set of the same size, brought in by the mnist fit")
    options = parser.parse_args()
    bundles = [load_model(path) for path in options.models]
    data = load(bundles[0].manifest.dataset["name"])
    if options.families:
        compare(bundles[0], data, _kinds(TUNING, data.train.images[:20_000], options.images))
        return
    kinds = {f"test images of {data.name}": data.test.images}
    kinds |= _kinds(REPORTED, load("mnist").test.images, options.images)
    if options.other:
        others = load(options.other).test.images
        kinds |= {f"{options.other}, by the mnist fit": np.stack([fit_image(one, 28, "mnist") for one in others])}
        kinds |= {f"{options.other}, as it is": others}
    names = [bundle.manifest.model for bundle in bundles]
    print(f"| % unlike or empty | {' | '.join(names)} |\n| --- |{' --- |' * len(names)}")
    for name, images in kinds.items():
        shares = [f"{100 * _refused(bundle, images):.2f}" for bundle in bundles]
        print(f"| {name} ({len(images):,}) | {' | '.join(shares)} |", flush=True)
    print(f"\n{_milliseconds(bundles[0], data.test.images[:200]):.2f} ms of CPU an image, one at a time")


def _kinds(makers: dict, digits: np.ndarray, n: int) -> dict[str, np.ndarray]:
    return {name: make(np.random.default_rng(0), digits, n) for name, make in makers.items()}


def _refused(bundle: Bundle, images: np.ndarray) -> float:
    answers = bundle.answer(images)
    states = [bundle.state(answers, row) for row in range(len(images))]
    return float(np.mean([state in ("unlike", "empty") for state in states]))


def _milliseconds(bundle: Bundle, images: np.ndarray) -> float:
    assert bundle.likeness is not None
    start = process_time()
    for image in images:
        bundle.likeness.distances(image[None])
    return 1e3 * (process_time() - start) / len(images)


if __name__ == "__main__":
    main()
