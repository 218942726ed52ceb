"""What a person should know first: coded findings with an explanation, or the reason why one does not apply."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.pairs import most_confused
from misread.evaluation.comparison import PairedTest
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.thresholds import OperatingPoint

__all__ = [
    "Finding",
    "NotApplicable",
    "better_model",
    "confused_pair",
    "doubtful_labels",
    "error_sink",
    "hidden_by_imbalance",
    "missed_positives",
    "p_text",
    "percent",
    "promise_on_test",
    "quoted",
    "top_findings",
]

LONGEST_NAME = 40


@dataclass(frozen=True)
class Finding:
    """Something worth knowing.

    Attributes
    ----------
    code : str
        Stable, such as 'E1': E errors, T thresholds, M models, L labels.
    title, explanation : str
    weight : float
        0 (a curiosity) to 1 (look at this first).
    """

    code: str
    title: str
    explanation: str
    weight: float


@dataclass(frozen=True)
class NotApplicable:
    """A finding that cannot be judged on these data, and why."""

    code: str
    reason: str


def error_sink(counts: NDArray[Any], names: Sequence[str]) -> Finding | NotApplicable:
    """E1: one class swallows the errors."""
    errors = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    total, n_classes = int(errors.sum()), len(counts)
    if n_classes < 3 or not total:
        return NotApplicable("E1", "needs three classes and at least one error")
    columns = errors.sum(axis=0)
    sink = int(columns.argmax())
    share = columns[sink] / total
    sink_name = quoted(names[sink])
    return Finding(
        "E1",
        f"Most errors go into {sink_name}" if share > 0.5 else f"{sink_name} attracts the most errors",
        f"{columns[sink]:,} of {total:,} errors ({share:.0%}) are images of another class read as "
        f"{sink_name}; errors spread evenly would put {1 / n_classes:.0%} there. Look down its column.",
        float(np.clip((share * n_classes - 1) / 2, 0, 1)),
    )


def confused_pair(counts: NDArray[Any], names: Sequence[str]) -> Finding | NotApplicable:
    """E2: the class that is most often taken for one other."""
    pairs = most_confused(counts, counts.size)
    if not pairs:
        return NotApplicable("E2", "there is no error")
    worst = max(pairs, key=lambda pair: pair.share_of_class if pair.count >= 5 else 0.0)
    low, high = clopper_pearson(worst.count, int(counts[worst.true].sum()))
    true, predicted = quoted(names[worst.true]), quoted(names[worst.predicted])
    return Finding(
        "E2",
        f"{worst.share_of_class:.1%} of {true} is read as {predicted}",
        f"{worst.count:,} of {int(counts[worst.true].sum()):,} images of {true} (95% interval {float(low):.1%} to "
        f"{float(high):.1%}), {worst.share_of_errors:.0%} of all errors: the most confused pair.",
        float(np.clip(worst.share_of_class * 5, 0, 0.95)),
    )


def missed_positives(point: OperatingPoint, positive: str, model: str) -> Finding | NotApplicable:
    """T1: the default threshold misses many positives."""
    positives = point.true_positives + point.false_negatives
    if not positives:
        return NotApplicable("T1", "there is no positive sample")
    low, high = clopper_pearson(point.false_negatives, positives)
    missed = point.false_negatives / positives
    return Finding(
        "T1",
        f"Threshold {point.threshold:g} misses {missed:.0%} of {quoted(positive)}",
        f"{model} finds {point.true_positives:,} of {positives:,} and misses {point.false_negatives:,} "
        f"(95% interval {float(low):.1%} to {float(high):.1%}). Of its positive answers {point.precision:.1%} are "
        "right. Another threshold trades the one for the other.",
        float(np.clip(missed * 2.2, 0, 0.9)),
    )


def hidden_by_imbalance(point: OperatingPoint, positive: str) -> Finding | NotApplicable:
    """T2: accuracy flatters, because always 'no' is nearly as accurate."""
    (tn, fp), (fn, tp) = point.confusion
    n = tn + fp + fn + tp
    if not tp + fn:
        return NotApplicable("T2", "there is no positive sample")
    accuracy, baseline = (tp + tn) / n, (tn + fp) / n
    return Finding(
        "T2",
        f"{accuracy:.1%} accuracy says little here",
        f"Only {1 - baseline:.1%} of the images are {quoted(positive)}, so that always answering 'no' is right "
        f"{baseline:.1%} of the time. Judge the detector by precision and recall.",
        0.35 if baseline > 0.8 else 0.0,
    )


def promise_on_test(
    wanted: float, test: OperatingPoint, model: str, *, confidence: float = 0.95
) -> Finding | NotApplicable:
    """T3: does the precision chosen out of fold hold on the test set?"""
    answered = test.true_positives + test.false_positives
    if not answered:
        return NotApplicable("T3", "nothing in the test set is answered positive at the chosen threshold")
    low, high = (
        float(end) for end in clopper_pearson(test.true_positives, answered, confidence=2 * confidence - 1)
    )
    sure = percent(confidence)
    where = f"On the test set {model} has precision {test.precision:.1%} there "
    where += f"({test.true_positives:,} of {answered:,}"
    if low >= wanted:
        verdict, text, weight = "holds on the test set", f"at least {low:.1%} with {sure} confidence).", 0.3
    elif high < wanted:
        verdict, text, weight = "is broken on the test set", f"at most {high:.1%} with {sure} confidence).", 0.92
    else:
        verdict = "is not proven by the test set"
        text = f"at least {low:.1%} with {sure} confidence). Ask for the lower bound to be on the safe side."
        weight = 0.5
    return Finding("T3", f"The promise of {percent(wanted)} precision {verdict}", f"{where}; {text}", weight)


def better_model(test: PairedTest, first: str, second: str) -> Finding | NotApplicable:
    """M1: is the difference between two models real?"""
    split = test.only_first + test.only_second
    if not split:
        return NotApplicable("M1", "the two models are right on the same samples")
    ahead = test.difference >= 0
    winner, loser = (first, second) if ahead else (second, first)
    low, high = (test.low, test.high) if ahead else (-test.high, -test.low)
    only_winner, only_loser = sorted([test.only_first, test.only_second], reverse=True)
    how = "is better than" if test.p_value < 0.05 else "is not shown to be better than"
    return Finding(
        "M1",
        f"{winner} {how} {loser}, {p_text(test.p_value)}",
        f"On the same {test.n:,} images only {winner} is right {only_winner:,} times, "
        f"only {loser} {only_loser:,} times (exact McNemar test). Accuracy differs by {abs(test.difference):.2%} "
        f"({percent(test.confidence)} interval {low:.2%} to {high:.2%}).",
        0.8 if test.p_value < 0.001 else 0.4,
    )


def doubtful_labels(n_label_errors: int, n_suspects: int) -> Finding | NotApplicable:
    """L1: some errors may be the label's fault."""
    if not n_suspects:
        return NotApplicable("L1", "the model contradicts no label confidently")
    return Finding(
        "L1",
        f"{n_label_errors:,} labels deserve a second look" if n_label_errors else "No label looks plainly wrong",
        f"Of the {n_suspects:,} labels that the model contradicts most confidently, the nearest training images "
        f"side with the model {n_label_errors:,} times. That is no proof: a person should look at these.",
        float(np.clip(n_label_errors / 200, 0.05, 0.4)),
    )


def top_findings(findings: Iterable[Finding | NotApplicable], count: int = 3) -> list[Finding]:
    """The weightiest findings, at most one of each topic (the letter of the code) while others are left."""
    ranked = sorted((f for f in findings if isinstance(f, Finding)), key=lambda f: (-f.weight, f.code))
    topics: set[str] = set()
    firsts: list[Finding] = []
    rest: list[Finding] = []
    for finding in ranked:
        (rest if finding.code[0] in topics else firsts).append(finding)
        topics.add(finding.code[0])
    return sorted((firsts + rest)[:count], key=lambda f: (-f.weight, f.code))


def quoted(name: str) -> str:
    """A class name for a sentence: shortened, and isolated so that right-to-left text disturbs nothing else."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return short if short.isascii() else f"\u2068{short}\u2069"


def percent(share: float) -> str:
    """A share that somebody chose, with no digit more or less than they gave.

    Examples
    --------
    >>> percent(0.9), percent(0.975), percent(0.9999)
    ('90%', '97.5%', '99.99%')
    """
    return f"{100 * share:.10g}%"


def p_text(p_value: float) -> str:
    """A p-value as people write it, never broken over two lines."""
    if p_value < 1e-300:
        text = "p < 1e-300"
    elif p_value < 1e-4:
        text = f"p = {p_value:.0e}".replace("e-0", "e-")
    else:
        text = f"p = {p_value:.4f}" if p_value < 0.01 else f"p = {p_value:.2f}"
    return text.replace(" ", "\u00a0")
