"""Is the error with twice the images where it was said to be? `python -m benchmarks.learning [--seeds N]`.

Of each data set, parts of n images are drawn; from a learning curve within a part, the error with twice as many
images is predicted with a 95% interval, and then measured: fitted on twice as many, asked about other images. Said
is how often it lay inside.

How wide intervals are was chosen on seeds 0 to 2; the seeds below had no part in it.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.machine import measured_by
from misread.data import joined, load
from misread.fitting.learning import ASKED, measure_learning
from misread.fitting.prepare import prepared
from misread.tasks import classification

CASES = (("digits", (300, 600)), ("mnist", (500, 1_000, 2_000)))
MODELS = ("knn", "forest", "sgd-scaled")


def main() -> None:
    """Measure, print and write `learning.md`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=5)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    lines = ["# The error with twice the images, predicted and measured", "", (__doc__ or "").partition("\n\n")[2]]
    lines += [
        "| data | images | model | measured inside the interval | mean width | mean of predicted, measured |"
    ]
    lines += ["| --- | ---: | --- | ---: | ---: | --- |"]
    inside, tried = 0, 0
    for name, sizes in CASES:
        data = load(name)
        every = joined([data.train, data.test])
        for n in sizes:
            for model in MODELS:
                estimator, _ = prepared(model, classification(data), 0, None, data.shape)
                told, measured = [], []
                for seed in seeds:
                    rows = np.random.default_rng(seed).permutation(len(every))
                    X, y = every.X[rows], every.labels[rows]
                    curve = measure_learning(estimator, X[:n], y[:n], seed=seed)
                    doubled, others = 2 * int(curve.sizes[-1]), slice(2 * n, 2 * n + 5_000)
                    asked = len(y[others])
                    fitted = estimator.fit(X[:doubled], y[:doubled])
                    measured.append(float(np.mean(fitted.predict(X[others]) != y[others])))
                    told.append(curve.predict(doubled, asked=asked))
                hits = sum(one.low <= error <= one.high for one, error in zip(told, measured, strict=True))
                inside, tried = inside + hits, tried + options.seeds
                width = np.mean([one.high - one.low for one in told])
                means = f"{np.mean([one.error for one in told]):.2%}, {np.mean(measured):.2%}"
                lines.append(f"| {name} | {n:,} | {model} | {hits} of {options.seeds} | {width:.2%} | {means} |")
                print(lines[-1], flush=True)
    lines += [
        "",
        f"Inside: {inside} of {tried} ({inside / tried:.0%}). Of n images a fifth is asked about, {1 - ASKED:.0%}",
    ]
    lines[-1] += " are learnt from, and twice as many is twice these."
    lines += [
        "",
        measured_by("learning", seeds),
        "",
    ]
    (Path(__file__).parent / "learning.md").write_text("\n".join(lines), "utf-8")
    print(lines[-4])
    if inside < 0.9 * tried:
        raise SystemExit("fewer than nine in ten were inside their interval")


if __name__ == "__main__":
    main()
