"""Sections about the other steps of the study: strategies, two labels, noise, neighbours, and all numbers."""

from typing import Any

import numpy as np

from misread.analysis.words import p_text
from misread.evaluation.comparison import mcnemar
from misread.report.encode import sprite
from misread.report.evidence import Absent, Evidence, interval
from misread.results.names import RUNGS
from misread.results.reference import notebook_number
from misread.tasks import large_and_odd_of

__all__ = ["denoising", "duels", "ladder", "multilabel", "neighbor_grid", "numbers"]

SHOWN_CLEANED = 10


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
    }


def denoising(evidence: Evidence) -> dict[str, Any]:
    """A few images as they were, with noise, and cleaned."""
    parts = [evidence.array(f"denoise.{part}")[:SHOWN_CLEANED] for part in ("noisy", "cleaned", "true")]
    n = len(parts[0])
    if not n:
        raise Absent("no image was cleaned")
    noisy = np.clip(np.asarray(parts[0], np.float64), 0, 255).astype(np.uint8)
    return {
        "n": n,
        "cleaned": len(evidence.array("denoise.noisy")),
        "sheet": sprite(np.concatenate([noisy, *parts[1:]]).astype(np.uint8), levels=64),
        "before": evidence.value("denoise.noisy_pixel_error"),
        "after": evidence.value("denoise.clean_pixel_error"),
    }


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
        p = p_text(mcnemar(right, before).p_value) if before is not None else None
        rungs.append({"title": title, "p": p, **interval(int(np.count_nonzero(right)), len(test))})
        before = right
    if not rungs:
        raise Absent("no predictions for the test set are stored")
    lowest = min(rung["low"] for rung in rungs)
    return {"rungs": rungs, "n": len(test), "start": np.floor(lowest * 50 - 0.25) / 50}


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
