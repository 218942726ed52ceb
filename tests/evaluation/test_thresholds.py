import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics

from misread.errors import ParameterError
from misread.evaluation.thresholds import OperatingPoint, ThresholdCurve


@st.composite
def truth_and_scores(draw):
    """Labels with both classes, and scores from a small grid so that ties are common."""
    n = draw(st.integers(2, 60))
    truth = draw(arrays(bool, n))
    truth[0], truth[1] = True, False
    scores = draw(arrays(np.float64, n, elements=st.sampled_from([-2.5, -1.0, 0.0, 1e-9, 0.5, 3.0])))
    return truth, scores


@given(truth_and_scores())
def test_curve_agrees_with_scikit_learn_on_ties(case):
    truth, scores = case
    curve = ThresholdCurve.from_scores(truth, scores)
    precision, recall, thresholds = metrics.precision_recall_curve(truth, scores)
    np.testing.assert_array_equal(curve.thresholds, thresholds)
    np.testing.assert_array_equal(curve.precision, precision[:-1])
    np.testing.assert_array_equal(curve.recall, recall[:-1])
    fpr, tpr, thresholds = metrics.roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_array_equal(curve.thresholds, thresholds[:0:-1])
    np.testing.assert_array_equal(curve.false_positive_rate, fpr[:0:-1])
    np.testing.assert_array_equal(curve.recall, tpr[:0:-1])
    assert curve.roc_auc == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)
    assert curve.average_precision == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-12)


@given(truth_and_scores(), st.sampled_from([-3.0, -1.0, -0.2, 0.0, 0.5, 2.0, 3.0, 9.0]))
def test_a_point_agrees_with_scikit_learn_and_with_a_direct_count(case, threshold):
    truth, scores = case
    point = ThresholdCurve.from_scores(truth, scores).at(threshold)
    assert point == OperatingPoint.from_scores(truth, scores, threshold)
    answers = scores >= threshold
    assert point.confusion == metrics.confusion_matrix(truth, answers, labels=[False, True]).tolist()
    assert point.recall == metrics.recall_score(truth, answers)
    assert point.precision == metrics.precision_score(truth, answers, zero_division=1.0)
    assert point.f1 == pytest.approx(metrics.f1_score(truth, answers, zero_division=0.0), abs=1e-15)


@given(truth_and_scores(), st.sampled_from([0.25, 0.5, 0.9, 1.0]))
def test_for_precision_is_the_lowest_threshold_that_reaches_it(case, wanted):
    truth, scores = case
    point = ThresholdCurve.from_scores(truth, scores).for_precision(wanted)
    reached = [t for t in np.unique(scores) if truth[scores >= t].mean() >= wanted]
    assert (None if point is None else point.threshold) == (min(reached) if reached else None)


@given(truth_and_scores(), st.sampled_from([0.25, 0.5, 0.9, 1.0]))
def test_for_recall_is_the_highest_threshold_that_reaches_it(case, wanted):
    truth, scores = case
    point = ThresholdCurve.from_scores(truth, scores).for_recall(wanted)
    assert point.threshold == max(t for t in np.unique(scores) if (scores >= t)[truth].mean() >= wanted)


def test_a_confident_precision_needs_a_higher_threshold():
    rng = np.random.default_rng(0)
    truth = rng.random(2_000) < 0.3
    curve = ThresholdCurve.from_scores(truth, 2 * truth + rng.normal(size=2_000))
    plain, sure = curve.for_precision(0.9), curve.for_precision(0.9, confidence=0.95)
    assert sure.threshold > plain.threshold
    assert sure.precision > 0.9


def test_curve_refuses_what_it_cannot_judge():
    with pytest.raises(ParameterError, match="one score per sample"):
        ThresholdCurve.from_scores([True, False], [1.0])
    with pytest.raises(ParameterError, match="finite"):
        ThresholdCurve.from_scores([True, False], [1.0, np.nan])
    with pytest.raises(ParameterError, match="finite"):
        ThresholdCurve.from_scores([], [])
    curve = ThresholdCurve.from_scores([True, True], [1.0, 2.0])
    with pytest.raises(ParameterError, match="only one"):
        _ = curve.roc_auc
    with pytest.raises(ParameterError, match=r"write 0\.9"):
        curve.for_precision(90)
    with pytest.raises(ParameterError, match="confidence"):
        curve.for_precision(0.9, confidence=0.4)
