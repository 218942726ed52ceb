"""A million images: seconds and memory of each command at growing sizes, from a memory-mapped folder.

    python -m benchmarks.million make DIR --images 1000000
    python -m benchmarks.million measure DIR --sizes 60000 125000 250000

The images are deformed copies of MNIST, made by misread's own transforms: those for training of its training
images, those for testing (one in seven) of its test images, so that no image has copies on both sides. Each
command runs in a process of its own; said is its processor time, the seconds on the clock, and the most memory
that was resident, mapped files included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import measured_by

HERE = Path(__file__).parent
CHUNK = 20_000
TEST_SHARE = 1 / 7
SEED = 42
MODELS = ("sgd-scaled", "knn", "forest")
JOBS = (*(f"train {model}" for model in MODELS), "evaluate", "predict", "judge", "study")


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    job: str
    images: int
    seconds: float
    processor_seconds: float
    peak_mb: float


def make(folder: Path, n_images: int) -> None:
    """Write x_train.npy, y_train.npy, x_test.npy and y_test.npy, a chunk at a time."""
    from misread import load
    from misread.models.augmented import DeformedCopiesClassifier

    folder.mkdir(parents=True, exist_ok=True)
    mnist = load("mnist")
    n_test = round(n_images * TEST_SHARE)
    for part, split, n in (("train", mnist.train, n_images - n_test), ("test", mnist.test, n_test)):
        images = np.lib.format.open_memmap(folder / f"x_{part}.npy", "w+", np.uint8, (n, *mnist.shape))
        labels = np.lib.format.open_memmap(folder / f"y_{part}.npy", "w+", np.uint8, (n,))
        for start in range(0, n, CHUNK):
            rows = np.arange(start, min(start + CHUNK, n)) % len(split)
            rng = np.random.default_rng((SEED, part == "test", start))
            images[start : start + CHUNK] = DeformedCopiesClassifier.DEFORMATION.apply(split.images[rows], rng)
            labels[start : start + CHUNK] = split.labels[rows]


def commands(folder: Path, work: Path) -> Iterator[tuple[str, list[str]]]:
    """Every job with its command, in an order in which each finds what it needs."""
    for model in MODELS:
        yield f"train {model}", ["train", model, str(folder), "--out", str(work / f"{model}.misread")]
    linear, answers = str(work / "sgd-scaled.misread"), str(work / "answers.parquet")
    yield "evaluate", ["evaluate", linear, str(folder), "--out", str(work / "evaluated")]
    yield "predict", ["predict", linear, str(folder), "--out", answers]
    yield "judge", ["judge", linear, "--data", str(folder), "--out", str(work / "judged")]
    yield "study", ["study", str(folder), "--out", str(work / "study")]


def run(job: str, words: list[str], n_images: int) -> Cost:
    """Run one command of misread and count what it takes."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "misread", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{job} with {n_images:,} images failed:\n{said}")
    used = usage.ru_utime + usage.ru_stime
    return Cost(job, n_images, time.perf_counter() - started, used, usage.ru_maxrss / 1024)


def measure(folder: Path, sizes: list[int], jobs: list[str]) -> list[Cost]:
    """Every job at every size; the images are made, and removed, below `folder`."""
    costs = []
    for n in sizes:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            data = Path(work, "images")
            make(data, n)
            for job, words in commands(data, Path(work)):
                if job in jobs:
                    costs.append(run(job, words, n))
                    print(asdict(costs[-1]), file=sys.stderr, flush=True)
    return costs


def slopes(costs: list[Cost]) -> dict[str, float]:
    """Of each job, the exponent of its processor time: 1 for cost in proportion to the images."""
    found = {}
    for job in dict.fromkeys(one.job for one in costs):
        own = [one for one in costs if one.job == job]
        if len(own) > 1:
            pairs = [(np.log(one.images), np.log(one.processor_seconds)) for one in own]
            found[job] = float(np.polyfit(*zip(*pairs, strict=True), 1)[0])
    return found


def markdown(costs: list[Cost]) -> str:
    """One table: a row for each job, a column for each size."""
    sizes = sorted({one.images for one in costs})
    found, grow = {(one.job, one.images): one for one in costs}, slopes(costs)
    lines = ["# A million images", "", (__doc__ or "").partition("\n\n")[2].partition("\n\n")[2]]
    lines.append(f"| job | {' | '.join(f'{n:,} images' for n in sizes)} | grows as n to the |")
    lines.append("| --- " + "| ---: " * (len(sizes) + 1) + "|")
    for job in dict.fromkeys(one.job for one in costs):
        cells = [
            f"{one.processor_seconds:,.0f} s ({one.seconds:,.0f} s), {one.peak_mb:,.0f} MB" if one else "-"
            for one in (found.get((job, n)) for n in sizes)
        ]
        lines.append(f"| {job} | {' | '.join(cells)} | {f'{grow[job]:.2f}' if job in grow else '-'} |")
    return "\n".join([*lines, "", measured_by("million", [SEED, SEED]), ""])


def main() -> None:
    """Make images, or measure and write `million.md`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.million", description=__doc__)
    parser.add_argument("what", choices=("make", "measure"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[60_000, 125_000, 250_000])
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    options = parser.parse_args()
    if options.what == "make":
        make(options.folder, options.images)
        return
    table = markdown(measure(options.folder, options.sizes, options.jobs))
    (HERE / "million.md").write_text(table, "utf-8")
    print(table)


if __name__ == "__main__":
    main()
