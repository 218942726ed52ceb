"""What a person should know first: coded findings with an explanation, or the reason why one does not apply."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from misread.analysis.words import bracketed, images_of, one_is, percent, points, quoted, score_text, share, times
from misread.evaluation.comparison import PairedTest, paired
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.thresholds import OperatingPoint

__all__ = [
    "Finding",
    "NotApplicable",
    "applicable",
    "better_model",
    "doubtful_labels",
    "hidden_by_imbalance",
    "mended_by_copies",
    "missed_positives",
    "promise_on_test",
    "top_findings",
]

WORTH_SAYING = 0.05
"""Positives of which a detector misses fewer are not worth a finding."""
BY_ACCIDENT = 0.01
"""So many of the labels that a model contradicts may be contradicted by the nearest images without being wrong."""


@dataclass(frozen=True)
class Finding:
    """Something worth knowing.

    Attributes
    ----------
    code : str
        Stable, such as 'E1': E errors, T thresholds, M models, L labels.
    title : str
        A sentence that begins with a magnitude and ends with its interval.
    explanation : str
        What was counted, and what the interval allows for.
    weight : float
        0 (a curiosity) to 1 (look at this first).
    place : str
        The part of the page that shows it.
    interval : tuple of float
        Value, low and high end.
    """

    code: str
    title: str
    explanation: str
    weight: float
    place: str = ""
    interval: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class NotApplicable:
    """A finding that cannot be judged on these data, and why."""

    code: str
    reason: str


def missed_positives(point: OperatingPoint, positive: str, model: str) -> Finding | NotApplicable:
    """T1: the threshold misses many positives."""
    positives = point.true_positives + point.false_negatives
    if not positives:
        return NotApplicable("T1", "there is no positive sample")
    low, high = map(float, clopper_pearson(point.false_negatives, positives))
    if low <= WORTH_SAYING:
        return NotApplicable(
            "T1", f"no more than {percent(WORTH_SAYING)} of the positives are missed, or by chance"
        )
    missed = point.false_negatives / positives
    return Finding(
        "T1",
        f"{share(missed)} of {images_of(positive)} are missed {bracketed(low, high)}",
        f"At threshold {score_text(point.threshold)} {model} finds {point.true_positives:,} of {positives:,} and "
        f"misses {point.false_negatives:,}; of its positive answers {share(point.precision)} are right. Another "
        "threshold trades the one for the other.",
        float(np.clip(low * 2.2, 0, 0.9)),
        place="explorer",
        interval=(missed, low, high),
    )


def hidden_by_imbalance(point: OperatingPoint, positive: str, model: str) -> Finding | NotApplicable:
    """T2: accuracy flatters, because always 'no' is nearly as accurate."""
    (tn, fp), (fn, tp) = point.confusion
    n = tn + fp + fn + tp
    if not tp + fn:
        return NotApplicable("T2", "there is no positive sample")
    accuracy, always_no = (tp + tn) / n, (tn + fp) / n
    if always_no <= 0.8:
        return NotApplicable("T2", "always answering 'no' would be wrong too often to mislead anybody")
    gain = paired(tp, fp, n)
    ahead = gain.difference >= 0
    low, high = (gain.low, gain.high) if ahead else (-gain.high, -gain.low)
    return Finding(
        "T2",
        f"{points(gain.difference)} of accuracy {'over' if ahead else 'under'} always saying 'no' "
        f"{bracketed(low, high, digits=2, sign='')}",
        f"Is it {quoted(positive)}? Always 'no' is right for {share(always_no, 2)} of the images and finds none "
        f"of {images_of(positive)}; {model} is right for {share(accuracy, 2)}. See precision and recall.",
        0.35,
        place="explorer",
        interval=(abs(gain.difference), low, high),
    )


def promise_on_test(
    wanted: float, test: OperatingPoint, model: str, *, promised: bool = True, confidence: float = 0.95
) -> Finding | NotApplicable:
    """T3: does the precision chosen out of fold hold on the test set? It weighs less where nobody promised it."""
    answered = test.true_positives + test.false_positives
    if not answered:
        return NotApplicable("T3", "nothing in the test set is answered positive at the chosen threshold")
    level = 2 * confidence - 1
    low, high = (float(end) for end in clopper_pearson(test.true_positives, answered, confidence=level))
    if low < wanted <= high:
        return NotApplicable("T3", "the test images neither confirm nor contradict the precision that was chosen")
    holds = low >= wanted
    return Finding(
        "T3",
        f"{share(test.precision)} precision on the test set {bracketed(low, high)}, where {percent(wanted)} was "
        "chosen out of fold",
        f"Of {answered:,} positive answers of {model} there, {test.true_positives:,} are right: that "
        f"{'holds' if holds else 'is not reached'}. Each end has {percent(confidence)} confidence.",
        0.3 if holds else 0.92 if promised else 0.4,
        place="confirm",
        interval=(test.precision, low, high),
    )


def better_model(test: PairedTest, first: str, second: str, *, looked_at: int = 1) -> Finding | NotApplicable:
    """M1: one model reads more of the same images than another, by the interval and by the exact test alike."""
    ahead = test.difference >= 0
    winner, loser = (first, second) if ahead else (second, first)
    low, high = (test.low, test.high) if ahead else (-test.high, -test.low)
    if low <= 0 or test.p_value > 1 - test.confidence:
        return NotApplicable("M1", f"between {first} and {second} there is no difference that is not chance")
    only_winner, only_loser = sorted([test.only_first, test.only_second], reverse=True)
    others = f"is of {percent(test.confidence)}"
    if looked_at > 1:
        others = f"allows for the {looked_at} models that were looked at"
    return Finding(
        "M1",
        f"{winner} reads {points(test.difference)} more than {loser} {bracketed(low, high, digits=2, sign='')}",
        f"On the same {test.n:,} images only {winner} is right {times(only_winner)}, only {loser} "
        f"{times(only_loser)}. The interval {others}.",
        float(np.clip(low * 12, 0.2, 0.8)),
        place="models",
        interval=(abs(test.difference), low, high),
    )


def mended_by_copies(test: PairedTest, model: str) -> Finding | NotApplicable:
    """M2: training on shifted copies as well reads more of the test images."""
    if test.low <= 0:
        return NotApplicable("M2", "shifted copies mend no more of the test images than chance would")
    return Finding(
        "M2",
        f"{points(test.difference)} more are read right with shifted copies "
        f"{bracketed(test.low, test.high, digits=2, sign='')}",
        f"Of {test.n:,} test images they mend {test.only_first:,} that {model} misreads, and break "
        f"{test.only_second:,}. The interval is of {percent(test.confidence)}.",
        0.3,
        place="copies",
        interval=(test.difference, test.low, test.high),
    )


def doubtful_labels(
    n_label_errors: int, n_suspects: int, n_labels: int, model: str, *, expected: float | None = None
) -> Finding | NotApplicable:
    """L1: some errors may be the label's fault."""
    if not n_suspects:
        return NotApplicable("L1", "the model contradicts no label confidently")
    if expected is not None and not n_label_errors:
        return NotApplicable("L1", "no label is more likely wrong than right")
    if expected is None and clopper_pearson(n_label_errors, n_suspects)[0] <= BY_ACCIDENT:
        return NotApplicable("L1", "the nearest images side with the model no more often than by accident")
    low, high = map(float, clopper_pearson(n_label_errors, n_labels))
    labels = "label" if n_suspects == 1 else f"{n_suspects:,} labels"
    most = f"Of the {labels} that {model} contradicts most confidently"
    if expected is None:  # runs from before there were chances
        why = f"{most}, the nearest images side with it {times(n_label_errors)}."
    else:
        these = f"{n_label_errors:,} {one_is(n_label_errors)}"
        why = (
            f"{most}, {these} more likely wrong than right, by its scores and the nearest images; "
            f"of all labels about {expected:,.0f} are expected to be wrong."
        )
    return Finding(
        "L1",
        f"{n_label_errors:,} {'label deserves' if n_label_errors == 1 else 'labels deserve'} a second look",
        f"That is {share(n_label_errors / n_labels, 2)} of them {bracketed(low, high, digits=2)}. {why} "
        "That is no proof: a person should look at these.",
        float(np.clip(n_label_errors / 200, 0.05, 0.4)),
        place="labels",
        interval=(n_label_errors / n_labels, low, high),
    )


def applicable(findings: Iterable[Finding | NotApplicable]) -> list[Finding]:
    """Those that could be judged."""
    return [one for one in findings if isinstance(one, Finding)]


def top_findings(findings: Iterable[Finding | NotApplicable], count: int = 3) -> list[Finding]:
    """The weightiest findings, at most one of each topic (the letter of the code) while others are left."""
    ranked = sorted(applicable(findings), key=lambda f: (-f.weight, f.code))
    topics: set[str] = set()
    firsts: list[Finding] = []
    rest: list[Finding] = []
    for finding in ranked:
        (rest if finding.code[0] in topics else firsts).append(finding)
        topics.add(finding.code[0])
    return sorted((firsts + rest)[:count], key=lambda f: (-f.weight, f.code))
