"""Where the errors go, as far as chance does not explain it: findings about one confusion matrix.

Each looks at many classes or pairs and shows the one that stands out, so its interval allows for all that were
looked at (Bonferroni): where chance alone spreads the errors, each kind of finding appears in at most 5% of runs.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.findings import Finding, NotApplicable
from misread.analysis.words import bracketed, images_of, percent, points, quoted, share
from misread.evaluation.intervals import clopper_pearson, difference_interval

__all__ = ["confused_pair", "error_findings", "error_sink", "hardest_class"]

CONFIDENCE = 0.95


def error_findings(counts: NDArray[Any], names: Sequence[str]) -> list[Finding | NotApplicable]:
    """Every check of a confusion matrix, applied."""
    return [check(counts, names) for check in (error_sink, confused_pair, hardest_class)]


def error_sink(
    counts: NDArray[Any], names: Sequence[str], *, confidence: float = CONFIDENCE
) -> Finding | NotApplicable:
    """E1: more errors end in one class than an even spread over the other classes would send there."""
    errors, n_classes = _errors(counts), len(counts)
    total = int(errors.sum())
    if n_classes < 3 or not total:
        return NotApplicable("E1", "needs three classes and at least one error")
    received, others = errors.sum(axis=0), total - errors.sum(axis=1)
    low, high = clopper_pearson(received, others, confidence=_of_all(confidence, n_classes))
    chance = 1 / (n_classes - 1)
    sink = int(np.where(low > chance, low, -1.0).argmax())
    if low[sink] <= chance:
        return NotApplicable("E1", "no class attracts more errors than chance would send there")
    ratio, ends = received[sink] / others[sink] / chance, (low[sink] / chance, high[sink] / chance)
    name = quoted(names[sink])
    return Finding(
        "E1",
        f"{ratio:.1f} times as many errors end in {name} as by chance [{ends[0]:.1f},\u00a0{ends[1]:.1f}]",
        f"{received[sink]:,} of the {others[sink]:,} errors on other classes "
        f"({share(received[sink] / others[sink])}) are read as {name}; spread evenly, {share(chance)} would be. "
        f"{_allowing(confidence, f'the {n_classes} classes')} Look down its column.",
        float(np.clip((ends[0] - 1) / 3, 0.1, 0.9)),
        place="errors",
        interval=(float(ratio), float(ends[0]), float(ends[1])),
    )


def confused_pair(
    counts: NDArray[Any], names: Sequence[str], *, confidence: float = CONFIDENCE
) -> Finding | NotApplicable:
    """E2: a class is read as one other more often than its errors, spread evenly, would be."""
    errors, n_classes = _errors(counts), len(counts)
    if n_classes < 3 or not errors.any():
        return NotApplicable("E2", "needs three classes and at least one error")
    n_pairs, chance = n_classes * (n_classes - 1), 1 / (n_classes - 1)
    level = _of_all(confidence, n_pairs)
    misread, images = errors.sum(axis=1, keepdims=True), counts.sum(axis=1, keepdims=True)
    least = clopper_pearson(errors, misread, confidence=level)[0]
    beyond = least > chance
    if not beyond.any():
        return NotApplicable("E2", "no class is taken for another more often than chance would have it")
    low, high = clopper_pearson(errors, images, confidence=level)
    true, predicted = divmod(int(np.where(beyond, low, -1.0).argmax()), n_classes)
    count, n, of_class = int(errors[true, predicted]), int(images[true, 0]), int(misread[true, 0])
    ends = float(low[true, predicted]), float(high[true, predicted])
    all_of = images_of(names[true])
    return Finding(
        "E2",
        f"{share(count / n)} of {all_of} are read as {quoted(names[predicted])} {bracketed(*ends)}",
        f"{count:,} of {n:,}, and {share(count / of_class, 0)} of the {of_class:,} errors on {all_of}; spread "
        f"evenly over the other classes, {share(chance, 0)} would be. "
        f"{_allowing(confidence, f'the {n_pairs:,} pairs')}",
        float(np.clip((least[true, predicted] / chance - 1) / 3, 0.15, 0.95)),
        place="errors",
        interval=(count / n, *ends),
    )


def hardest_class(
    counts: NDArray[Any], names: Sequence[str], *, confidence: float = CONFIDENCE
) -> Finding | NotApplicable:
    """E3: one class is misread more often than the others."""
    images, n_classes = counts.sum(axis=1), len(counts)
    wrong = images - np.diag(counts)
    rest, rest_wrong = images.sum() - images, wrong.sum() - wrong
    if n_classes < 2 or not wrong.any() or np.count_nonzero(images) < 2:
        return NotApplicable("E3", "needs images of two classes and at least one error")
    looked_at = n_classes if n_classes > 2 else 1
    low, high = difference_interval((wrong, images), (rest_wrong, rest), confidence=_of_all(confidence, looked_at))
    worst = int(low.argmax())
    if low[worst] <= 0:
        return NotApplicable("E3", "no class is misread more often than the others beyond chance")
    own, other = wrong[worst] / images[worst], rest_wrong[worst] / rest[worst]
    ends = float(low[worst]), float(high[worst])
    all_of = images_of(names[worst])
    return Finding(
        "E3",
        f"{points(own - other)} more of {all_of} are misread than of the others "
        f"{bracketed(*ends, digits=2, sign='')}",
        f"{share(own)} of {all_of} ({wrong[worst]:,} of {images[worst]:,}) and {share(other)} of the other images "
        f"are misread. {_allowing(confidence, f'the {n_classes} classes')}",
        float(np.clip(ends[0] * 4, 0.05, 0.7)),
        place="classes",
        interval=(float(own - other), *ends),
    )


def _errors(counts: NDArray[Any]) -> NDArray[Any]:
    return counts * (1 - np.eye(len(counts), dtype=counts.dtype))


def _of_all(confidence: float, n: int) -> float:
    """The confidence that each of n intervals needs for all of them to hold at once."""
    return 1 - (1 - confidence) / n


def _allowing(confidence: float, what: str) -> str:
    return f"The {percent(confidence)} interval allows for {what} that were looked at."
