"""Sections about the other steps of the study: strategies, two labels, noise, neighbours, and all numbers."""

from typing import Any

import numpy as np

from misread.analysis.words import bracketed, share
from misread.evaluation.comparison import mcnemar
from misread.evaluation.intervals import clopper_pearson
from misread.report.encode import sprite
from misread.report.evidence import Absent, Evidence, interval
from misread.report.questions import ahead_in_words
from misread.results.names import RUNGS
from misread.results.reference import notebook_number
from misread.tasks import large_and_odd_of

__all__ = ["denoising", "duels", "ladder", "multilabel", "neighbor_grid", "numbers"]

SHOWN_CLEANED = 10
SHOWN_DIFFERENT = 12

_WEIGHTED = {"distance": "the nearer the heavier", "uniform": "all alike"}


def duels(evidence: Evidence) -> dict[str, Any]:
    """Who wins each duel between two classes over the first image, and what one-against-all says."""
    names = evidence.value("duels.classes")
    scores = np.ravel(evidence.value("duels.pairwise_scores"))
    grid: list[list[float | None]] = [[None] * len(names) for _ in names]
    if len(scores) == 1:
        scores = -scores
    for place, (i, j) in enumerate(zip(*np.triu_indices(len(names), 1), strict=True)):
        grid[i][j], grid[j][i] = float(scores[place]), -float(scores[place])
    wins = [sum(1 for score in row if score is not None and score > 0) for row in grid]
    largest = max((abs(score) for row in grid for score in row if score is not None), default=1.0) or 1.0
    return {
        "names": names,
        "grid": grid,
        "largest": largest,
        "wins": wins,
        "n": len(scores),
        "prediction": evidence.value("duels.prediction"),
        "one_vs_rest": evidence.result.values.get("one_vs_rest.prediction"),
        "n_estimators": evidence.result.values.get("one_vs_rest.n_estimators"),
        "true": evidence.names[int(evidence.labels[0])],
        "scores": np.ravel(evidence.value("duels.scores")).tolist(),
        "image": sprite(evidence.array("data.first_images")[:1], levels=256),
        "sgd_raw": evidence.result.values.get("sgd_raw.first_prediction"),
        **_both_ways(evidence, len(scores)),
    }


def _both_ways(evidence: Evidence, n_duels: int) -> dict[str, Any]:
    """What both strategies say of many images, and those on which they differ."""
    arrays = evidence.result.arrays
    one, rest = (arrays.get(f"{name}.asked_predictions") for name in ("duels", "one_vs_rest"))
    truth, images = arrays.get("duels.asked_labels"), arrays.get("duels.asked_images")
    if one is None or rest is None or truth is None or images is None or not len(truth):
        return {"answer": "", "differ": []}
    names, first, second = evidence.names, one == truth, rest == truth
    differ = np.flatnonzero(one != rest)
    fights = "one duel reads" if n_duels == 1 else f"{n_duels:,} duels read"
    answer = f"Of {len(truth):,} images that they had not seen, {fights} {share(float(first.mean()))} "
    answer += (
        f"right and one model a class {share(float(second.mean()))}: {ahead_in_words(mcnemar(first, second))}. "
    )
    answer += f"They differ on {len(differ):,}." if len(differ) else "They agree on all of them."
    return {
        "answer": answer,
        "differ": [
            {
                "sheet": sprite(images[row : row + 1]),
                "true": names[truth[row]],
                "duels": names[one[row]],
                "rest": names[rest[row]],
            }
            for row in differ[:SHOWN_DIFFERENT]
        ],
    }


def multilabel(evidence: Evidence) -> dict[str, Any]:
    """Large and odd: counts of right and wrong for each label, both together."""
    predicted = evidence.array("multilabel.predictions").astype(bool)
    truth = large_and_odd_of(evidence.names)[evidence.labels]
    rows = []
    for column, title in enumerate(("Large (7 or more)", "Odd")):
        t, p = truth[:, column], predicted[:, column]
        tp, fp, fn = (int(np.count_nonzero(x)) for x in (t & p, ~t & p, t & ~p))
        rows.append(
            {"title": title, "precision": interval(tp, tp + fp), "recall": interval(tp, tp + fn)},
        )
    both = int(np.count_nonzero((truth == predicted).all(axis=1)))
    return {
        "rows": rows,
        "both": interval(both, len(truth)),
        "f1_macro": evidence.value("multilabel.f1_macro"),
        "f1_weighted": evidence.value("multilabel.f1_weighted"),
        "first": evidence.value("multilabel.first_prediction"),
        "chain": evidence.result.values.get("multilabel.chain_prediction"),
        "answer": f"For {share(both / len(truth))} of the held-out images five nearest neighbours get both labels "
        f"right.{_chained(evidence)}",
    }


def _chained(evidence: Evidence) -> str:
    """What a chain of two classifiers gets right of the images that it was asked about."""
    said, codes = (
        evidence.result.arrays.get(f"multilabel.{name}") for name in ("chain_asked_predictions", "asked_labels")
    )
    if said is None or codes is None or not len(codes):
        return ""
    right = (said == large_and_odd_of(evidence.names)[codes]).all(axis=1)
    low, high = map(float, clopper_pearson(int(right.sum()), len(right)))
    return (
        f" A chain of two SVCs, the second of which sees what the first answered, gets both right for "
        f"{share(float(right.mean()))} {bracketed(low, high)} of {len(right):,} that it had not seen."
    )


def denoising(evidence: Evidence) -> dict[str, Any]:
    """A few images as they were, with noise, and cleaned."""
    parts = [evidence.array(f"denoise.{part}")[:SHOWN_CLEANED] for part in ("noisy", "cleaned", "true")]
    n = len(parts[0])
    if not n:
        raise Absent("no image was cleaned")
    noisy = np.clip(np.asarray(parts[0], np.float64), 0, 255).astype(np.uint8)
    return {
        "n": n,
        "answer": _cleaned(evidence),
        "cleaned": len(evidence.array("denoise.noisy")),
        "sheet": sprite(np.concatenate([noisy, *parts[1:]]).astype(np.uint8), levels=64, columns=n),
        "before": evidence.value("denoise.noisy_pixel_error"),
        "after": evidence.value("denoise.clean_pixel_error"),
    }


def _cleaned(evidence: Evidence) -> str:
    """How much of the noise is gone, and whether the images can be read better for it."""
    before, after = (evidence.value(f"denoise.{name}_pixel_error") for name in ("noisy", "clean"))
    n = len(evidence.array("denoise.noisy"))
    answer = (
        f"{share(1 - after / before, 0)} of the noise is gone: a pixel is off by {after:.1f} of 255 grey levels "
    )
    answer += f"instead of {before:.1f}, in {n:,} test images."
    values = evidence.result.values
    if values.get("denoise.clean_accuracy") is None:
        return answer
    noisy, clean, true = (round(n * values[f"denoise.{name}_accuracy"]) for name in ("noisy", "clean", "true"))
    effect = "no easier" if clean <= noisy else "easier"
    return answer + (
        f" That makes them cleaner and {effect} to read: five nearest neighbours read {noisy} of {n} right with "
        f"the noise, {clean} cleaned, and {true} as they were."
    )


def neighbor_grid(evidence: Evidence) -> dict[str, Any]:
    """Cross-validated accuracy for each weighting and number of neighbours."""
    scores = {
        (str(cell["weights"]), int(cell["n_neighbors"])): float(cell["mean_accuracy"])
        for cell in evidence.value("knn.grid_scores")
    }
    best = evidence.value("knn.best_params")
    low, high = min(scores.values()), max(scores.values())
    return {
        "weights": sorted({weights for weights, _ in scores}),
        "neighbors": sorted({k for _, k in scores}),
        "cells": {
            f"{weights}/{k}": {"score": score, "level": (score - low) / (high - low) if high > low else 1.0}
            for (weights, k), score in scores.items()
        },
        "best": f"{best['weights']}/{best['n_neighbors']}",
        "answer": f"{best['n_neighbors']} neighbours, {_WEIGHTED.get(best['weights'], best['weights'])}: "
        f"{share(float(evidence.value('knn.best_score')), 2)} right in cross-validation on training images, where "
        f"the worst of the {len(scores)} settings gets {share(low, 2)}.",
        "score": evidence.value("knn.best_score"),
    }


def ladder(evidence: Evidence) -> dict[str, Any]:
    """Accuracy on the test set, rung by rung."""
    test = evidence.test_labels
    if test is None:
        raise Absent("the data set has no test images")
    rungs: list[dict[str, Any]] = []
    before = None
    for name, title in (*RUNGS, ("chosen.test_predictions", evidence.title)):
        predictions = evidence.result.arrays.get(name)
        if predictions is None:
            continue
        right = predictions == test
        gain = ahead_in_words(mcnemar(right, before)) if before is not None else None
        rungs.append({"title": title, "gain": gain, **interval(int(np.count_nonzero(right)), len(test))})
        before = right
    if not rungs:
        raise Absent("no predictions for the test set are stored")
    worst, best = (pick(rungs, key=lambda rung: rung["k"]) for pick in (min, max))
    answer = (
        f"From {share(worst['value'], 2)} ({worst['title']}) to {share(best['value'], 2)} ({best['title']}) of "
    )
    answer += f"{len(test):,} test images."
    lowest = min(rung["low"] for rung in rungs)
    start = float(np.floor(lowest * 50 - 0.25) / 50)
    for rung in rungs:
        rung |= {f"{end}_at": 100 * (rung[end] - start) / (1 - start) for end in ("low", "value", "high")}
    return {"answer": answer, "rungs": rungs, "n": len(test), "start": start}


def numbers(evidence: Evidence) -> dict[str, Any]:
    """Every value, beside the notebook's where there is one."""
    rows = []
    for name, value in sorted(evidence.result.values.items()):
        printed = notebook_number(evidence.result, name)
        rows.append(
            {
                "name": name,
                "value": _plain(value),
                "notebook": None if printed is None else _plain(printed.value),
                "agrees": None if printed is None else printed.agrees(value),
            }
        )
    return {"rows": rows}


def _plain(value: Any) -> str:
    text = str(value).replace("'", "")
    return text if len(text) <= 160 else text[:159] + "…"
