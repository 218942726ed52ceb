"""How well photographs are read: `python -m benchmarks.photographs [--model FILE] [--images N] [--sheets DIR]`.

Digits of MNIST's test part, which no model here has seen, are drawn as ink on a sheet, lit, and photographed, as
the seed says; nothing of the crop was chosen on them. Every file goes the way of a user's: it is decoded, prepared
and answered by the model, which says what it is sure of at the precision of 99.9% that it was trained to. Beside
each kind stands how the same digits are read as MNIST has them (clean), and by the crop of earlier
model files (`mnist-1`). Settings were chosen on training images that the model had not seen (`--tune`), and on
other seeds.
"""

import argparse
import io
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import measured_by
from benchmarks.photographs.kinds import KINDS, NOTHING
from benchmarks.photographs.scene import Scene, photograph
from benchmarks.photographs.sheets import write_sheet
from misread.bundle import Bundle
from misread.bundle.file import load as load_model
from misread.bundle.file import save
from misread.data import Dataset, load
from misread.evaluation.intervals import clopper_pearson
from misread.images.fit import fit_image
from misread.images.picture import read_grey
from misread.recipes.train import train

HERE = Path(__file__).parent.parent
_COLUMNS = ("right", "clean", "earlier", "unsure", "empty", "sure and wrong", "sure")
_AT_HAND: list[Any] = []
HELD_BACK = 10_000
"""Training images, the last ones, that the model for `--tune` does not learn."""


@dataclass(frozen=True)
class Told:
    """Of photographs of one kind: what was seen, answered, and how long it took."""

    files: list[bytes]
    seen: NDArray[np.uint8]
    labels: NDArray[np.int64]
    answers: NDArray[np.int64]
    states: NDArray[np.str_]
    clean: NDArray[np.bool_]
    earlier: NDArray[np.bool_]
    milliseconds: float


def main() -> None:
    """Measure, print and write `photographs.md`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photographs", description=__doc__)
    parser.add_argument("--model", type=Path, help="a model file of MNIST; what is not there is trained")
    parser.add_argument("--images", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--kinds", help="only these, with commas between them; nothing is written down")
    parser.add_argument(
        "--tune", action="store_true", help="on training images held back; nothing is written down"
    )
    parser.add_argument(
        "--sheets", type=Path, metavar="DIR", help="write a picture of each kind, and what was seen"
    )
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = options.model or Path(folder) / "edge-kernel.misread"
        if not path.exists():
            save(train("edge-kernel", _parts(options.tune), precision=0.999), path)
        _measure(path, options)


def _measure(path: Path, options: argparse.Namespace) -> None:
    chosen = options.kinds.split(",") if options.kinds else None
    measure = partial(_measured, options.images, options.seed, options.sheets)
    rows = []
    with ProcessPoolExecutor(options.jobs, get_context("spawn"), _begin, (path, options.tune)) as pool:
        names = [name for name in (*KINDS, *NOTHING) if chosen is None or name.startswith(tuple(chosen))]
        for row in pool.map(measure, names):
            rows.append(row)
            print(json.dumps(row), flush=True)
    if chosen is None and not options.tune:
        (HERE / "photographs.md").write_text(_page(rows, load_model(path), options.seed), "utf-8")


def _begin(model: Path, tune: bool) -> None:
    """Have at hand, in a process of its own, what all kinds are asked with."""
    _AT_HAND.extend([load_model(model), _parts(tune)])


def _measured(n: int, seed: int, sheets: Path | None, name: str) -> dict[str, Any]:
    model, data = _AT_HAND
    scenes = {**KINDS, **NOTHING}
    told = ask(model, scenes[name], data, n, (seed, list(scenes).index(name)))
    if sheets:
        sheets.mkdir(parents=True, exist_ok=True)
        path = sheets / f"{name.replace(' ', '-').replace(':', '').replace(',', '')}.png"
        write_sheet(path, told.files, told.seen, told.labels, told.answers, told.states)
    return {"kind": name, **_counts(told)}


def _parts(tune: bool) -> Dataset:
    data = load("mnist")
    if not tune:
        return data
    edge = len(data.train) - HELD_BACK
    return replace(data, train=data.train.take(slice(0, edge)), test=data.train.take(slice(edge, None)))


def ask(model: Bundle, scene: Scene, data: Dataset, n: int, seed: tuple[int, int]) -> Told:
    """Photograph n digits of the test part, and ask the model about them as `misread predict` does."""
    rows = np.random.default_rng(seed).permutation(len(data.test))[:n]
    digits, labels = data.test.images[rows], data.test.labels[rows]
    files = [photograph(scene, digit, data.test.images, (*seed, index)) for index, digit in enumerate(digits)]
    start = time.process_time()
    seen = np.stack([model.prepare(read_grey(io.BytesIO(file))) for file in files])
    took = time.process_time() - start
    greys = [read_grey(io.BytesIO(file)) for file in files]
    before = np.stack([fit_image(grey, model.manifest.image_size, "mnist-1") for grey in greys])
    earlier = model.answer(before)
    was_right = (earlier.labels == labels) & ~earlier.blank
    answers = model.answer(seen)
    states = np.array([model.state(answers, row) for row in range(n)])
    clean = model.answer(digits).labels == labels
    return Told(files, seen, labels, answers.labels, states, clean, was_right, 1000 * took / n)


def _counts(told: Told) -> dict[str, Any]:
    said, right = told.states != "empty", told.answers == told.labels
    return {
        "n": len(said),
        "clean": int(told.clean.sum()),
        "earlier": int(told.earlier.sum()),
        "right": int((said & right).sum()),
        "unsure": int((said & ~right & (told.states != "sure")).sum()),
        "sure and wrong": int((~right & (told.states == "sure")).sum()),
        "sure": int((told.states == "sure").sum()),
        "empty": int((~said).sum()),
        "milliseconds": round(told.milliseconds, 1),
    }


def _who(model: Bundle) -> str:
    params = ", ".join(f"{name}={value}" for name, value in model.manifest.params.items())
    return (
        f"{model.manifest.model} ({params or 'as it is'}), {model.manifest.dataset['n_train']:,} training images"
    )


def _page(rows: list[dict[str, Any]], model: Bundle, seed: int) -> str:
    written = [row for row in rows if row["kind"] in KINDS]
    nothing = [row for row in rows if row["kind"] in NOTHING]
    written.sort(key=lambda row: (row["right"] - row["clean"], -row["sure and wrong"]))
    n = written[0]["n"]
    lines = ["# Photographs", "", (__doc__ or "").partition("\n\n")[2].strip(), ""]
    lines += [f"{n} photographs of each kind, the worst kinds first; {_who(model)}:", ""]
    lines += [
        "| photographs | right | clean | `mnist-1` | wrong, unsure | nothing read | wrong, but sure | sure | ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in written:
        shares = [f"{row[name] / n:.1%}" for name in _COLUMNS]
        lines.append(f"| {row['kind']} | {' | '.join(shares)} | {row['milliseconds']:.0f} |")
    wrong, every = sum(row["sure and wrong"] for row in written), n * len(written)
    low, high = clopper_pearson(wrong, every)
    behind = sum(row["right"] < row["clean"] - 0.015 * n for row in written)
    lines += [
        "",
        f"Over all kinds {wrong} of {every:,} answers were wrong, but sure ({wrong / every:.2%}; {low:.2%} to ",
    ]
    lines[-1] += (
        f"{high:.2%}). In {behind} of {len(written)} kinds more than 1.5 points fewer are right than of the same "
    )
    lines[-1] += "digits as MNIST has them. The last column is CPU time to decode and crop one."
    lines += ["", "Photographs on which there is nothing to read:", ""]
    lines += ["| photographs | said so | not sure | sure |", "| --- | ---: | ---: | ---: |"]
    for row in sorted(nothing, key=lambda row: row["empty"]):
        shares = [row["empty"], n - row["empty"] - row["sure"], row["sure"]]
        lines.append(f"| {row['kind']} | {' | '.join(f'{share / n:.1%}' for share in shares)} |")
    return "\n".join([*lines, "", measured_by("photographs", [seed]), ""])
