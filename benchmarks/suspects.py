"""Wrong labels found and mended, measured: `python -m benchmarks.suspects [--data NAME] [--images N]`.

Labels of training and test images are changed, at random or to the class that each is most confused with. Said are
the precision at the number planted, the share found among 1.11 times and 1.5 times as many suspects, the same by
cleanlab's ranking of the same held-out probabilities where it is installed, and the test error (by true labels) of
models trained on the wrong labels, on those mended by a reviewer who saw the first suspects, and on the true ones.
"""

import argparse
import json
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.confusion import confusion_counts
from misread.data import Dataset, load
from misread.data.corrected import correct
from misread.data.corrections import Correction, Corrections
from misread.models import KNeighborsClassifier
from misread.models.pixels import set_shape
from misread.models.zoo import make
from misread.recipes.suspects import Suspects, find_suspects

PLANTED = 0.03
REVIEWED = 2_000 / 1_800
"""Suspects that the reviewer sees, as a share of the number planted."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suspects", description=__doc__)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--images", type=int, help="training images to take, and a sixth as many for testing")
    parser.add_argument("--model", help="who doubts; what `misread suspects` takes by default")
    parser.add_argument("--mend", default="knn,edge-kernel,sgd-scaled", help="models to train before and after")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    clean = _part(load(options.data), options.images, options.seed)
    for how in ("random", "confused"):
        spoilt = _spoilt(clean, how, np.random.default_rng(options.seed))
        found = find_suspects(spoilt, options.model)
        measured = {"data": options.data, "images": len(clean.train), "planted": how, "by": found.by}
        measured |= _found(clean, spoilt, found) | _mended(clean, spoilt, found, options.mend.split(","))
        print(json.dumps(measured), flush=True)


def _part(dataset: Dataset, n: int | None, seed: int) -> Dataset:
    if n is None:
        return dataset
    rng = np.random.default_rng(seed)
    rows = [
        np.sort(rng.permutation(len(part))[:most]) for part, most in ((dataset.train, n), (dataset.test, n // 6))
    ]
    return replace(dataset, train=dataset.train.take(rows[0]), test=dataset.test.take(rows[1]))


def _spoilt(dataset: Dataset, how: str, rng: np.random.Generator) -> Dataset:
    """The same set with wrong labels: any other class, or the one that nearest neighbours most confuse it with."""
    n_classes = len(dataset.class_names)
    other = _most_confused(dataset)
    parts = {}
    for name in ("train", "test"):
        split = getattr(dataset, name)
        labels = split.labels.copy()
        rows = rng.permutation(len(labels))[: round(PLANTED * len(labels))]
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
    return {"suspects": len(found), "n_planted": int(wrong.sum()), **_rates(wrong, found.labels.index, "ours")} | (
        _by_cleanlab(wrong, _labels(spoilt), found) if find_spec("cleanlab") else {}
    )


def _rates(wrong: NDArray[np.bool_], order: NDArray[np.int64], who: str) -> dict[str, float]:
    n, hits = int(wrong.sum()), wrong[order]
    looks = {"precision": 1.0, "recall_1.11": REVIEWED, "recall_1.5": 1.5}
    return {f"{who}_{name}": round(float(hits[: round(times * n)].sum()) / n, 4) for name, times in looks.items()}


def _by_cleanlab(wrong: NDArray[np.bool_], labels: NDArray[np.int64], found: Suspects) -> dict[str, float]:
    from cleanlab.rank import get_label_quality_scores

    order = np.argsort(get_label_quality_scores(labels, found.probabilities), kind="stable")
    return _rates(wrong, order, "cleanlab")


def _mended(clean: Dataset, spoilt: Dataset, found: Suspects, models: list[str]) -> dict[str, Any]:
    """Errors by true labels: trained on wrong labels, on those that a reviewer mended, and on true ones."""
    true, given, names = _labels(clean), _labels(spoilt), clean.class_names
    n_seen = round(REVIEWED * np.count_nonzero(true != given))
    rows = tuple(
        Correction(int(found.images.hashes[i]), "", names[given[i]], names[true[i]], "wrong")
        for i in found.labels.index[:n_seen].tolist()
        if true[i] != given[i]
    )
    states = {"wrong": spoilt, "mended": correct(spoilt, Corrections(rows)), "true": clean}
    return {
        f"{model}_error": {state: _error(model, data, clean) for state, data in states.items()}
        for model in filter(None, models)
    }


def _error(model: str, data: Dataset, clean: Dataset) -> float:
    estimator = make(model)
    set_shape(estimator, data.shape)
    answers = estimator.fit(data.train.X, data.train.labels).predict(clean.test.X)
    return round(float(np.mean(answers != clean.test.labels)), 5)


if __name__ == "__main__":
    main()
