"""Findings: their codes, their numbers, and when they do not apply."""

import numpy as np
import pytest

from misread.analysis import findings
from misread.analysis.findings import Finding, NotApplicable
from misread.analysis.pairs import most_confused
from misread.evaluation.comparison import mcnemar
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
    assert findings.quoted("x" * 200) == "x" * 39 + "…" or len(findings.quoted("x" * 200)) <= 42
    assert findings.quoted("\u202eabc") == "\u2068\u202eabc\u2069"


@pytest.mark.parametrize(
    ("p", "text"), [(0.04321, "p = 0.04"), (0.0012345, "p = 0.0012"), (3e-21, "p = 3e-21"), (0.0, "p < 1e-300")]
)
def test_p_values_as_text(p: float, text: str) -> None:
    assert findings.p_text(p) == text.replace(" ", "\u00a0")
