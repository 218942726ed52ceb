"""Wrong labels found and mended, measured: `python -m benchmarks.suspects [--data NAMES] [--images N]`.

Labels of training and test images are changed, at random or to the class that each is most confused with. Said are
the precision at the number planted, the share found among 1.11 times and 1.5 times as many suspects, the same by
cleanlab's ranking of the same held-out scores where it is installed; whether labels are wrong as often as the
chance says; and the test error (by true labels) of models trained on the wrong labels, on those mended by a
reviewer who saw the first suspects, and on the true ones. Rows are kept in `suspects.json` for `suspects.md`.
"""

import argparse
import json
import os
import shlex
import sys
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import circumstances
from misread.analysis.confusion import confusion_counts
from misread.analysis.doubted import doubted_labels
from misread.data import Dataset, Split, joined, load
from misread.data.corrected import correct
from misread.data.corrections import Correction, Corrections
from misread.evaluation.calibration import class_probabilities
from misread.models import KNeighborsClassifier
from misread.models.pixels import set_shape
from misread.models.zoo import make
from misread.recipes.suspects import Suspects, best_doubter, find_suspects

HERE = Path(__file__).parent
REVIEWED = 2_000 / 1_800
"""Suspects that the reviewer sees, as a share of the number planted."""
BINS = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
KEY = ("data", "images", "planted", "share", "seed", "by")


def main() -> None:
    """Measure, and write down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suspects", description=__doc__)
    parser.add_argument("--data", default="mnist,fashion-mnist")
    parser.add_argument("--images", type=int, help="training images to take, and a sixth as many for testing")
    parser.add_argument("--share", type=float, default=0.03, help="of the labels to change")
    parser.add_argument("--how", default="random,confused")
    parser.add_argument("--model", help="who doubts; what `misread suspects` takes by default")
    parser.add_argument("--scores", type=Path, metavar="DIR", help="held-out scores at hand, as NPZ (table, y)")
    parser.add_argument("--mend", default="", help="models to train before and after: knn,edge-kernel,sgd-scaled")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    command = f"python -m benchmarks.suspects {shlex.join(sys.argv[1:])}".strip()
    for name in options.data.split(","):
        clean = _part(load(name), options.images, options.seed)
        for how in options.how.split(","):
            spoilt = _spoilt(clean, how, options.share, np.random.default_rng(options.seed))
            kept = f"{name}-{how}-{options.share}-{options.images}-{options.seed}.npz"
            found = _doubted(spoilt, options.model, options.scores and options.scores / kept)
            measured = {"data": name, "images": len(clean.train), "planted": how, "share": options.share}
            measured |= {"seed": options.seed, "by": found.by, **_found(clean, spoilt, found)}
            measured |= _mended(
                clean, spoilt, found, load(name).test, [model for model in options.mend.split(",") if model]
            )
            measured |= {"command": command, "load": os.getloadavg()[0], **circumstances(["numpy", "cleanlab"])}
            print(json.dumps(measured), flush=True)
            _keep(measured)


def _doubted(spoilt: Dataset, model: str | None, kept: Path | None) -> Suspects:
    """What `misread suspects` finds; held-out scores, which take most of the time, may be at hand."""
    if kept is None or not kept.exists():
        return find_suspects(spoilt, model)
    every = joined([spoilt.train, spoilt.test])
    with np.load(kept) as arrays:
        table, labels = arrays["table"], arrays["y"]
    if (labels != every.labels).any():
        raise SystemExit(f"{kept} holds scores of other labels")
    probabilities = class_probabilities(every.labels, table)
    found = doubted_labels(every.X, every.labels, probabilities, scores=table)
    n_train, names = len(spoilt.train), spoilt.class_names
    return Suspects(found, every, n_train, names, len(every), model or best_doubter(spoilt), probabilities)


def _keep(measured: dict[str, Any]) -> None:
    path = HERE / "suspects.json"
    rows = json.loads(path.read_text("utf-8")) if path.exists() else []
    rows = [row for row in rows if any(row[key] != measured[key] for key in KEY)]
    rows = sorted([*rows, measured], key=lambda row: [str(row[key]) for key in KEY])
    path.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    (HERE / "suspects.md").write_text(_page(rows), "utf-8")


def _page(rows: list[dict[str, Any]]) -> str:
    lines = ["# Wrong labels, found and mended", "", (__doc__ or "").partition("\n\n")[2].strip(), ""]
    lines += ["Ours, and cleanlab's in brackets:", ""]
    lines += [
        "| data, training images | planted | who doubts | at the number planted | in 1.11 times | in 1.5 times |"
    ]
    lines += ["| --- | --- | --- | ---: | ---: | ---: |"]
    for row in rows:
        if row["n_planted"]:
            cells = [
                f"{row[f'ours_{rate}']:.1%}"
                + (f" ({row[f'cleanlab_{rate}']:.1%})" if f"cleanlab_{rate}" in row else "")
                for rate in ("precision", "recall_1.11", "recall_1.5")
            ]
            lines.append(f"| {_what(row)} | {row['by']} | {' | '.join(cells)} |")
    lines += ["", "Labels that the chance says are wrong, and how many were (planted), by chance:", ""]
    names = [f"{low} to {high}" for low, high in pairwise(BINS)]
    lines += [f"| data, training images | planted | {' | '.join(names)} | all labels |"]
    lines += ["| --- | --- |" + " ---: |" * len(BINS)]
    for row in rows:
        cells = [f"{expected:.0f}, {wrong}" for expected, wrong in row["reliability"]]
        lines.append(f"| {_what(row)} | {' | '.join(cells)} | {row['expected']:.0f}, {row['n_planted']} |")
    lines += [
        "",
        "Test errors by true labels, of models trained on wrong labels, on mended ones and on true ones:",
        "",
    ]
    lines += ["| data, training images | planted | reviewed | model | wrong | mended | true |"]
    lines += ["| --- | --- | ---: | --- | ---: | ---: | ---: |"]
    for row in rows:
        for model, errors in row.get("errors", {}).items():
            cells = [f"{errors[state]:.2%}" for state in ("wrong", "mended", "true")]
            lines.append(f"| {_what(row)} | {row['reviewed']:,} | {model} | {' | '.join(cells)} |")
    lines += ["", "How each was measured:", ""]
    for command in dict.fromkeys(row["command"] for row in rows):
        row = next(row for row in rows if row["command"] == command)
        versions = ", ".join(f"{name} {version}" for name, version in row["versions"].items())
        lines.append(
            f"- `{command}`: commit {row['commit']}, {row['day']}, {row['cores']} cores of {row['processor']} "
            f"beside other jobs (load {row['load']:.0f}); {versions}"
        )
    return "\n".join([*lines, ""])


def _what(row: dict[str, Any]) -> str:
    planted = "none" if not row["n_planted"] else f"{row['n_planted']:,} ({row['share']:.0%}) {row['planted']}"
    return f"{row['data']}, {row['images']:,}; seed {row['seed']} | {planted}"


def _part(dataset: Dataset, n: int | None, seed: int) -> Dataset:
    if n is None:
        return dataset
    rng = np.random.default_rng(seed)
    rows = [
        np.sort(rng.permutation(len(part))[:most]) for part, most in ((dataset.train, n), (dataset.test, n // 6))
    ]
    return replace(dataset, train=dataset.train.take(rows[0]), test=dataset.test.take(rows[1]))


def _spoilt(dataset: Dataset, how: str, share: float, rng: np.random.Generator) -> Dataset:
    """The same set with wrong labels: any other class, or the one that nearest neighbours most confuse it with."""
    n_classes = len(dataset.class_names)
    other = _most_confused(dataset)
    parts = {}
    for name in ("train", "test"):
        split = getattr(dataset, name)
        labels = split.labels.copy()
        rows = rng.permutation(len(labels))[: round(share * len(labels))]
        step = rng.integers(1, n_classes, len(rows))
        labels[rows] = other[labels[rows]] if how == "confused" else (labels[rows] + step) % n_classes
        parts[name] = replace(split, labels=labels)
    return replace(dataset, **parts)


def _most_confused(dataset: Dataset) -> NDArray[np.intp]:
    train, test = dataset.train, dataset.test
    answers = KNeighborsClassifier().fit(train.X, train.labels).predict(test.X)
    counts = confusion_counts(test.labels, answers, len(dataset.class_names)).astype(float)
    np.fill_diagonal(counts, -1)
    return counts.argmax(axis=1)


def _labels(dataset: Dataset) -> NDArray[np.int64]:
    return np.concatenate([dataset.train.labels, dataset.test.labels])


def _found(clean: Dataset, spoilt: Dataset, found: Suspects) -> dict[str, Any]:
    wrong = _labels(clean) != _labels(spoilt)
    chance, hit = found.labels.chance, wrong[found.labels.index]
    bins = [(chance >= low) & ((chance < high) | (high == BINS[-1])) for low, high in pairwise(BINS)]
    said = {
        "suspects": len(found),
        "n_planted": int(wrong.sum()),
        "expected": round(found.labels.expected, 1),
        "likely": found.n_likely,
        "reliability": [(round(float(chance[some].sum()), 1), int(hit[some].sum())) for some in bins],
    }
    if wrong.any():
        said |= _rates(wrong, found.labels.index, "ours")
        said |= _by_cleanlab(wrong, _labels(spoilt), found) if find_spec("cleanlab") else {}
    return said


def _rates(wrong: NDArray[np.bool_], order: NDArray[np.int64], who: str) -> dict[str, float]:
    n, hits = int(wrong.sum()), wrong[order]
    looks = {"precision": 1.0, "recall_1.11": REVIEWED, "recall_1.5": 1.5}
    return {f"{who}_{name}": round(float(hits[: round(times * n)].sum()) / n, 4) for name, times in looks.items()}


def _by_cleanlab(wrong: NDArray[np.bool_], labels: NDArray[np.int64], found: Suspects) -> dict[str, float]:
    from cleanlab.rank import get_label_quality_scores

    order = np.argsort(get_label_quality_scores(labels, found.probabilities), kind="stable")
    return _rates(wrong, order, "cleanlab")


def _mended(clean: Dataset, spoilt: Dataset, found: Suspects, test: Split, models: list[str]) -> dict[str, Any]:
    """Errors by true labels: trained on wrong labels, on those that a reviewer mended, and on true ones."""
    true, given, names = _labels(clean), _labels(spoilt), clean.class_names
    n_seen = round(REVIEWED * np.count_nonzero(true != given))
    rows = tuple(
        Correction(int(found.images.hashes[i]), "", names[given[i]], names[true[i]], "wrong")
        for i in found.labels.index[:n_seen].tolist()
        if true[i] != given[i]
    )
    if not models:
        return {}
    states = {"wrong": spoilt, "mended": correct(spoilt, Corrections(rows)), "true": clean}
    errors = {model: {state: _error(model, data, test) for state, data in states.items()} for model in models}
    return {"reviewed": n_seen, "errors": errors}


def _error(model: str, data: Dataset, test: Split) -> float:
    estimator = make(model)
    set_shape(estimator, data.shape)
    answers = estimator.fit(data.train.X, data.train.labels).predict(test.X)
    return round(float(np.mean(answers != test.labels)), 5)


if __name__ == "__main__":
    main()
