"""Findings: their codes, their numbers, and when they do not apply."""

import numpy as np
import pytest

from misread.analysis import error_findings, findings, words
from misread.analysis.confusion import confusion_counts
from misread.analysis.findings import Finding, NotApplicable
from misread.analysis.pairs import most_confused, most_confused_classes
from misread.evaluation.comparison import mcnemar, paired
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.thresholds import OperatingPoint

COUNTS = np.array([[90, 2, 8], [1, 80, 19], [0, 3, 97]])
NAMES = ["a", "b", "c"]


def test_the_class_that_swallows_errors() -> None:
    found = error_findings.error_sink(COUNTS, NAMES)
    assert isinstance(found, Finding)
    assert found.code == "E1"
    assert found.title.startswith("1.8 times as many errors end in c as by chance [")
    assert "27 of the 30 errors on other classes (90.0%) are read as c; spread evenly, 50.0% would be" in (
        found.explanation
    )
    assert isinstance(error_findings.error_sink(np.diag([3, 3, 3]), NAMES), NotApplicable)


def test_a_few_errors_more_than_an_even_spread_are_no_finding() -> None:
    counts = np.diag([30] * 10)
    for true, predicted in zip([0, 1, 2, 3, 4, 5] + [0, 1, 2, 3] * 8, [8] * 6 + [4, 5, 6, 7] * 8, strict=False):
        counts[true, predicted] += 1
    counts[9, 0] += 7
    assert isinstance(error_findings.error_sink(counts, list("0123456789")), NotApplicable)


def test_the_most_confused_pair() -> None:
    found = error_findings.confused_pair(COUNTS, NAMES)
    assert isinstance(found, Finding)
    low, high = clopper_pearson(19, 100, confidence=1 - 0.05 / 6)
    assert found.title == f"19.0% of the images of b are read as c [{low:.1%},\u00a0{high:.1%}]"
    assert found.interval == (0.19, float(low), float(high))
    assert isinstance(error_findings.confused_pair(np.diag([3, 3]), NAMES), NotApplicable)
    assert [(p.true, p.predicted, p.count) for p in most_confused(COUNTS, 2)] == [(1, 2, 19), (0, 2, 8)]
    assert most_confused(COUNTS, 1)[0].share_of_errors == pytest.approx(19 / 33)
    assert most_confused_classes(COUNTS) == (1, 2)
    assert most_confused_classes(np.diag([3, 3, 3])) == (0, 1)


def test_the_hardest_class_also_of_two() -> None:
    found = error_findings.hardest_class(np.array([[95, 5], [30, 70]]), ["3", "5"])
    assert isinstance(found, Finding)
    assert found.title.startswith("25.00 points more of the 5s are misread than of the others [")
    assert isinstance(error_findings.hardest_class(np.array([[95, 5], [6, 94]]), ["3", "5"]), NotApplicable)


@pytest.mark.parametrize(
    ("images", "wrong"), [((100,) * 10, 0.1), ((40,) * 10, 0.1), ((900, 300, 100, 100), 0.05), ((60, 60), 0.2)]
)
def test_errors_at_random_make_no_findings(images: tuple[int, ...], wrong: float) -> None:
    rng = np.random.default_rng(5)
    names = [str(k) for k in range(len(images))]
    labels = np.repeat(np.arange(len(images)), images)
    found = {"E1": 0, "E2": 0, "E3": 0}
    for _ in range(200):
        elsewhere = (labels + rng.integers(1, len(images), len(labels))) % len(images)
        said = np.where(rng.random(len(labels)) < wrong, elsewhere, labels)
        for one in error_findings.error_findings(confusion_counts(labels, said, len(images)), names):
            found[one.code] += isinstance(one, Finding)
    assert max(found.values()) <= 10, found


def test_equally_good_models_make_no_findings() -> None:
    """Fewer than the 5% that the intervals allow, by more than chance: all is counted, whoever is ahead."""
    rng, rounds, n = np.random.default_rng(6), 2000, 400
    found = {"M1": 0, "M2": 0}
    for one, other in rng.multinomial(n, [0.09, 0.09, 0.82], rounds)[:, :2]:
        test = paired(int(one), int(other), n)
        found["M1"] += isinstance(findings.better_model(test, "A", "B"), Finding)
        found["M2"] += isinstance(findings.mended_by_copies(test, "A"), Finding)
    assert max(found.values()) <= 0.05 * rounds, found


def test_the_best_of_equally_good_models_is_no_finding() -> None:
    """As a study asks it: the best of three against the next best, both chosen by the very images."""
    rng, rounds, made = np.random.default_rng(7), 1000, 0
    for _ in range(rounds):
        right = rng.random((3, 400)) < 0.9
        best, second = np.argsort(-right.sum(axis=1), kind="stable")[:2]
        test = mcnemar(right[best], right[second], confidence=1 - 0.05 / 2)
        made += isinstance(findings.better_model(test, "A", "B", looked_at=2), Finding)
    assert made <= 0.05 * rounds, made


def test_missed_positives_and_imbalance() -> None:
    point = OperatingPoint(0.0, 3530, 687, 1891, 53892)
    missed = findings.missed_positives(point, "5", "SGD")
    assert isinstance(missed, Finding)
    assert missed.title == "34.9% of the 5s are missed [33.6%,\u00a036.2%]"
    hidden = findings.hidden_by_imbalance(point, "5", "SGD")
    assert isinstance(hidden, Finding)
    assert hidden.title.startswith("4.74 points of accuracy over always saying 'no' [")
    assert "right for 90.97% of the images and finds none of the 5s; SGD is right for 95.70%" in hidden.explanation
    nothing = OperatingPoint(0.0, 0, 1, 0, 9)
    assert isinstance(findings.missed_positives(nothing, "5", "SGD"), NotApplicable)
    assert isinstance(findings.missed_positives(OperatingPoint(0.0, 4, 1, 1, 9), "5", "SGD"), NotApplicable)
    assert isinstance(findings.hidden_by_imbalance(nothing, "5", "SGD"), NotApplicable)


def test_a_few_labels_that_neighbours_contradict_are_no_finding() -> None:
    assert isinstance(findings.doubtful_labels(1, 90, 5000, "SGD"), NotApplicable)
    found = findings.doubtful_labels(41, 400, 60_000, "SGD")
    assert isinstance(found, Finding)
    assert found.title == "41 labels deserve a second look"
    assert "the nearest images side with it 41 times" in found.explanation


def test_a_label_that_is_likelier_wrong_than_right_is_a_finding() -> None:
    assert isinstance(findings.doubtful_labels(0, 90, 5000, "SGD", expected=2.0), NotApplicable)
    found = findings.doubtful_labels(1, 90, 5000, "SGD", expected=2.0)
    assert isinstance(found, Finding)
    assert found.title == "1 label deserves a second look"
    assert "Of the 90 labels that SGD contradicts most confidently, 1 is more likely wrong" in found.explanation
    assert "about 2 are expected to be wrong" in found.explanation


@pytest.mark.parametrize(("right", "wrong", "said"), [(990, 10, "holds"), (500, 500, "is not reached")])
def test_the_promise(right: int, wrong: int, said: str) -> None:
    found = findings.promise_on_test(0.9, OperatingPoint(1.0, right, wrong, 5, 1000), "SGD")
    assert isinstance(found, Finding)
    assert said in found.explanation
    assert isinstance(findings.promise_on_test(0.9, OperatingPoint(1.0, 45, 5, 5, 1000), "SGD"), NotApplicable)


@pytest.mark.parametrize(("confidence", "said"), [(0.95, "95%"), (0.9, "90%"), (0.995, "99.5%"), (0.8, "80%")])
def test_a_finding_says_the_confidence_that_it_was_asked_for(confidence: float, said: str) -> None:
    for right in (990, 500):
        point = OperatingPoint(1.0, right, 1000 - right, 5, 1000)
        found = findings.promise_on_test(0.9, point, "SGD", confidence=confidence)
        assert isinstance(found, Finding)
        low, high = clopper_pearson(right, 1000, confidence=2 * confidence - 1)
        assert f"[{low:.1%},\u00a0{high:.1%}], where 90% was chosen" in found.title
        assert f"Each end has {said} confidence" in found.explanation
    first, second = np.arange(100) < 80, np.arange(100) >= 50
    better = findings.better_model(mcnemar(first, second, confidence=confidence), "A", "B")
    assert isinstance(better, Finding)
    assert f"The interval is of {said}." in better.explanation


def test_a_promise_is_not_rounded() -> None:
    found = findings.promise_on_test(0.995, OperatingPoint(1.0, 1000, 0, 5, 1000), "SGD")
    assert isinstance(found, Finding)
    assert "where 99.5% was chosen" in found.title


def test_better_model_is_told_from_the_winners_side() -> None:
    first, second = np.zeros(1000, bool), np.zeros(1000, bool)
    first[:700], second[50:850] = True, True
    found = findings.better_model(mcnemar(first, second), "A", "B", looked_at=3)
    assert isinstance(found, Finding)
    assert found.title.startswith("B reads 10.00 points more than A [")
    assert "only B is right 150 times, only A 50 times" in found.explanation
    assert "allows for the 3 models" in found.explanation
    assert isinstance(findings.better_model(mcnemar(first, first), "A", "B"), NotApplicable)


def test_top_findings_take_one_of_each_topic_first() -> None:
    made = [
        Finding(code, code, "", weight) for code, weight in [("E1", 0.9), ("E2", 0.8), ("T1", 0.3), ("M1", 0.2)]
    ]
    assert [f.code for f in findings.top_findings([*made, NotApplicable("L1", "none")])] == ["E1", "T1", "M1"]
    assert [f.code for f in findings.top_findings(made[:2])] == ["E1", "E2"]


def test_names_are_shortened_and_isolated() -> None:
    assert words.quoted("x" * 200) == "\u2068" + "x" * 39 + "…\u2069"
    assert words.quoted("\u202eabc") == "\u2068\u202eabc\u2069"


@pytest.mark.parametrize(
    ("p", "text"), [(0.04321, "p = 0.04"), (0.0012345, "p = 0.0012"), (3e-21, "p < 0.0001"), (0.0, "p < 0.0001")]
)
def test_p_values_as_text(p: float, text: str) -> None:
    assert words.p_text(p) == text.replace(" ", "\u00a0")
