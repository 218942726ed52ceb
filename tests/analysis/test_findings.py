"""Findings: their codes, their numbers, and when they do not apply."""

import numpy as np
import pytest

from misread.analysis import findings
from misread.analysis.findings import Finding, NotApplicable
from misread.analysis.pairs import most_confused
from misread.evaluation.comparison import mcnemar
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.thresholds import OperatingPoint

COUNTS = np.array([[90, 2, 8], [1, 80, 19], [0, 3, 97]])
NAMES = ["a", "b", "c"]


def test_the_class_that_swallows_errors() -> None:
    found = findings.error_sink(COUNTS, NAMES)
    assert isinstance(found, Finding)
    assert found.code == "E1"
    assert found.title == "Most errors go into c"
    assert "27 of 33 errors (82%)" in found.explanation
    assert isinstance(findings.error_sink(np.diag([3, 3, 3]), NAMES), NotApplicable)


def test_the_most_confused_pair() -> None:
    found = findings.confused_pair(COUNTS, NAMES)
    assert isinstance(found, Finding)
    assert found.title == "19.0% of b is read as c"
    assert isinstance(findings.confused_pair(np.diag([3, 3]), NAMES), NotApplicable)
    assert [(p.true, p.predicted, p.count) for p in most_confused(COUNTS, 2)] == [(1, 2, 19), (0, 2, 8)]
    assert most_confused(COUNTS, 1)[0].share_of_errors == pytest.approx(19 / 33)


def test_missed_positives_and_imbalance() -> None:
    point = OperatingPoint(0.0, 3530, 687, 1891, 53892)
    missed = findings.missed_positives(point, "5", "SGD")
    assert isinstance(missed, Finding)
    assert missed.title == "Threshold 0 misses 35% of 5"
    hidden = findings.hidden_by_imbalance(point, "5")
    assert isinstance(hidden, Finding)
    assert "91.0% of the time" in hidden.explanation
    nothing = OperatingPoint(0.0, 0, 1, 0, 9)
    assert isinstance(findings.missed_positives(nothing, "5", "SGD"), NotApplicable)
    assert isinstance(findings.hidden_by_imbalance(nothing, "5"), NotApplicable)


@pytest.mark.parametrize(
    ("right", "wrong", "verdict"), [(990, 10, "holds"), (500, 500, "is broken"), (45, 5, "is not proven")]
)
def test_the_promise(right: int, wrong: int, verdict: str) -> None:
    found = findings.promise_on_test(0.9, OperatingPoint(1.0, right, wrong, 5, 1000), "SGD")
    assert isinstance(found, Finding)
    assert verdict in found.title


@pytest.mark.parametrize(("confidence", "said"), [(0.95, "95%"), (0.9, "90%"), (0.995, "99.5%"), (0.8, "80%")])
def test_a_finding_says_the_confidence_that_it_was_asked_for(confidence: float, said: str) -> None:
    for right in (990, 500, 900):
        point = OperatingPoint(1.0, right, 1000 - right, 5, 1000)
        found = findings.promise_on_test(0.9, point, "SGD", confidence=confidence)
        assert isinstance(found, Finding)
        bound = "high" if right == 500 else "low"
        low, high = clopper_pearson(right, 1000, confidence=2 * confidence - 1)
        end = f"{float(high if bound == 'high' else low):.1%}"
        assert f"{end} with {said} confidence" in found.explanation
    first, second = np.arange(100) < 60, np.arange(100) >= 45
    better = findings.better_model(mcnemar(first, second, confidence=confidence), "A", "B")
    assert isinstance(better, Finding)
    assert f"({said} interval" in better.explanation


def test_a_promise_is_not_rounded() -> None:
    found = findings.promise_on_test(0.995, OperatingPoint(1.0, 1000, 0, 5, 1000), "SGD")
    assert isinstance(found, Finding)
    assert found.title.startswith("The promise of 99.5% precision holds")


def test_better_model_is_told_from_the_winners_side() -> None:
    first, second = np.zeros(1000, bool), np.zeros(1000, bool)
    first[:700], second[50:850] = True, True
    found = findings.better_model(mcnemar(first, second), "A", "B")
    assert isinstance(found, Finding)
    assert found.title.startswith("B is better than A, p")
    assert "only B is right 150 times, only A 50 times" in found.explanation
    assert isinstance(findings.better_model(mcnemar(first, first), "A", "B"), NotApplicable)


def test_top_findings_take_one_of_each_topic_first() -> None:
    made = [
        Finding(code, code, "", weight) for code, weight in [("E1", 0.9), ("E2", 0.8), ("T1", 0.3), ("M1", 0.2)]
    ]
    assert [f.code for f in findings.top_findings([*made, NotApplicable("L1", "none")])] == ["E1", "T1", "M1"]
    assert [f.code for f in findings.top_findings(made[:2])] == ["E1", "E2"]


def test_names_are_shortened_and_isolated() -> None:
    assert findings.quoted("x" * 200) == "\u2068" + "x" * 39 + "…\u2069"
    assert findings.quoted("\u202eabc") == "\u2068\u202eabc\u2069"


@pytest.mark.parametrize(
    ("p", "text"), [(0.04321, "p = 0.04"), (0.0012345, "p = 0.0012"), (3e-21, "p = 3e-21"), (0.0, "p < 1e-300")]
)
def test_p_values_as_text(p: float, text: str) -> None:
    assert findings.p_text(p) == text.replace(" ", "\u00a0")
