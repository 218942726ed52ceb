"""One rule from columns of scores to decisions, and one for what counts as true."""

import ast
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, softmax

import misread
from misread.analysis.confusion import confusion_counts
from misread.analysis.suspects import confident_joint, find_suspects
from misread.errors import ParameterError
from misread.evaluation.calibration import class_probabilities
from misread.evaluation.comparison import compare_areas, mcnemar
from misread.evaluation.rejection import RejectionCurve
from misread.evaluation.reliability import Reliability, best_temperature, expected_calibration_error
from misread.evaluation.scores import (
    HALF,
    ZERO,
    as_codes,
    as_one_column,
    as_truth,
    class_table,
    first_yes,
    leads,
    logits,
    margins,
    unlike_scores,
    with_all_classes,
)
from misread.evaluation.thresholds import OperatingPoint, ThresholdCurve
from misread.figures import PrecisionRecallDisplay, RocDisplay, ThresholdDisplay

SCORES = np.random.default_rng(0).normal(size=40)
TRUTH = SCORES + np.random.default_rng(1).normal(size=40) > 0


@pytest.mark.parametrize("boundary", [ZERO, HALF, 0.125, -3.0])
def test_the_largest_column_is_the_answer_on_either_side_of_the_boundary(boundary):
    scores = np.append(SCORES, boundary)
    table = class_table(scores, boundary)
    np.testing.assert_array_equal(table.argmax(axis=1) == 1, scores > boundary)
    np.testing.assert_array_equal(scores > boundary, scores >= first_yes(boundary))
    np.testing.assert_allclose(margins(scores, boundary), 2 * np.abs(scores - boundary), atol=1e-12)


def test_the_usual_boundaries_give_the_columns_that_model_files_hold():
    np.testing.assert_array_equal(class_table(SCORES), np.column_stack([-SCORES, SCORES]))
    shares = expit(SCORES)
    np.testing.assert_array_equal(class_table(shares, HALF), np.column_stack([1 - shares, shares]))


def test_boundaries_may_differ_from_row_to_row():
    boundaries = np.linspace(-1, 1, 40)
    np.testing.assert_array_equal(class_table(SCORES, boundaries).argmax(axis=1) == 1, boundaries < SCORES)


def test_logits_stand_for_the_probabilities_that_scores_claim():
    np.testing.assert_allclose(softmax(logits(SCORES), axis=1)[:, 1], expit(SCORES))
    np.testing.assert_allclose(as_one_column(logits(SCORES)), SCORES)
    shares = np.clip(expit(SCORES), 0.01, 0.99)
    np.testing.assert_allclose(softmax(logits(shares, HALF), axis=1)[:, 1], shares)
    assert np.isfinite(logits([0.0, 1.0], HALF)).all()


def test_leads_are_margins_where_the_answer_is_the_best_and_below_zero_elsewhere():
    table = np.random.default_rng(2).normal(size=(30, 4))
    np.testing.assert_array_equal(leads(table, table.argmax(axis=1)), margins(table))
    worst = table.argmin(axis=1)
    assert (leads(table, worst) < 0).all()
    assert unlike_scores(table, worst).all()
    assert not unlike_scores(table, table.argmax(axis=1)).any()


def test_columns_for_classes_never_seen_do_not_win():
    table = np.array([[1.0, 3.0], [-np.inf, 0.0]])
    full = with_all_classes(table, np.array([0, 3]), 4, -np.inf)
    assert full.argmax(axis=1).tolist() == [3, 3]
    assert with_all_classes(table, np.array([0, 1]), 2) is table


WAYS = [
    TRUTH,
    TRUTH.astype(int),
    TRUTH.astype(np.uint8),
    TRUTH.astype(float),
    np.where(TRUTH, 1, -1),
    np.where(TRUTH, 1.0, -1.0),
    TRUTH.astype(object),
    np.where(TRUTH, 1, -1).astype(object),
    np.where(TRUTH, 1, -1).tolist(),
]
NOT_TRUTH = [
    np.where(TRUTH, "cat", "dog"),
    np.where(TRUTH, "1", "0"),
    np.where(TRUTH, "True", "False").astype(object),
    np.where(TRUTH, 2, 1),
    np.where(TRUTH, 1.0, np.nan),
    np.where(TRUTH, True, None),
    np.resize([-1, 0, 1], 40),
    TRUTH * 0.7,
]
ASKED = {
    "as_truth": as_truth,
    "ThresholdCurve": lambda y: ThresholdCurve.from_scores(y, SCORES).precision,
    "OperatingPoint": lambda y: OperatingPoint.from_scores(y, SCORES, 0.0),
    "RejectionCurve": lambda y: RejectionCurve.from_margins(y, SCORES).accuracy,
    "Reliability": lambda y: Reliability.from_answers(y, expit(SCORES)).counts,
    "mcnemar": lambda y: mcnemar(y, SCORES > 0),
    "compare_areas": lambda y: compare_areas(y, SCORES).areas,
    "ThresholdDisplay": lambda y: ThresholdDisplay.from_scores(y, SCORES, 0.0).point,
    "RocDisplay": lambda y: RocDisplay.from_scores(y, SCORES, 0.0).point,
    "PrecisionRecallDisplay": lambda y: PrecisionRecallDisplay.from_scores(y, {"m": SCORES}, {"m": 0.0}).points,
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_the_truth_is_understood_however_it_is_written(asked):
    expected = asked(TRUTH)
    for y in WAYS:
        np.testing.assert_equal(asked(y), expected)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_what_cannot_be_understood_as_truth_is_refused(asked):
    for y in NOT_TRUTH:
        with pytest.raises(ParameterError, match="such as y == 'cat'"):
            asked(y)


def test_one_kind_of_truth_alone_is_understood():
    assert as_truth([1, 1]).tolist() == [True, True]
    assert as_truth([-1.0, -1.0]).tolist() == as_truth([0, 0]).tolist() == [False, False]
    assert as_truth([]).shape == (0,)


CODED = {
    "confusion_counts": lambda y: confusion_counts(y, [0] * len(y), 3),
    "class_probabilities": lambda y: class_probabilities(y, np.eye(3)[[0, 1, 2]]),
    "expected_calibration_error": lambda y: expected_calibration_error(np.eye(3), y),
    "best_temperature": lambda y: best_temperature(np.eye(3), y),
    "confident_joint": lambda y: confident_joint(y, np.eye(3)),
    "find_suspects": lambda y: find_suspects(y, np.eye(3)).index,
}


@pytest.mark.parametrize("asked", CODED.values(), ids=CODED)
def test_class_codes_are_understood_or_refused(asked):
    expected = asked([0, 1, 2])
    for same in ([0.0, 1.0, 2.0], np.array([0, 1, 2], np.uint8)):
        np.testing.assert_equal(asked(same), expected)
    for wrong in ([-1, 1, 1], [1, 2, 3], [0.5, 1, 2], ["a", "b", "c"], [0, 1, np.nan], [None, 0, 1]):
        with pytest.raises(ParameterError, match="expected class codes from 0 to 2"):
            asked(wrong)


def test_codes_may_be_empty_or_yes_and_no():
    assert as_codes([], 3).shape == (0,)
    assert as_codes([True, False], 2).tolist() == [1, 0]


def test_no_other_place_makes_two_columns_of_one():
    """Three rules stood in three rooms once; `class_table` is the one that is left."""
    root = Path(misread.__file__).parent
    makers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("column_stack", "stack", "hstack", "vstack")
        and node.args
        and isinstance(node.args[0], ast.List)
        and any(isinstance(one, ast.UnaryOp | ast.BinOp) for one in node.args[0].elts)
        and "data" not in path.parts
        and not {"images", "export"} & set(path.parts)
    }
    assert makers <= {"evaluation/scores.py", "tasks.py", "report/steps.py", "analysis/unlike.py"}, makers
