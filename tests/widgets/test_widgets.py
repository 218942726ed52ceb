"""What a widget knows without a browser: numbers are NumPy's, what is set is checked."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from misread import Answers
from misread.errors import ParameterError
from misread.widgets import ConfusionMatrix, ThresholdExplorer


@pytest.fixture
def detector():
    rng = np.random.default_rng(0)
    truth = rng.random(500) < 0.2
    return truth, np.round(rng.normal(size=500) + 2 * truth, 1)


def test_numbers_at_any_threshold_are_scikit_learns(detector):
    truth, scores = detector
    explorer = ThresholdExplorer(truth, scores, threshold=0.7)
    for threshold in (0.7, -1.05, 2.0):
        explorer.threshold = threshold
        said = scores >= threshold
        assert explorer.point.precision == pytest.approx(precision_score(truth, said))
        assert explorer.point.recall == pytest.approx(recall_score(truth, said))
        assert f"Precision {precision_score(truth, said):.1%} (" in explorer._sentences[0]
    explorer.threshold = 99.0
    assert explorer._sentences[0] == "Precision: yes is never answered."


def test_the_slider_stops_at_scores_and_reaches_both_ends(detector):
    explorer = ThresholdExplorer(*detector)
    assert set(explorer._steps) <= set(detector[1])
    assert explorer._steps == sorted(explorer._steps)
    assert (explorer._steps[0], explorer._steps[-1]) == (detector[1].min(), detector[1].max())
    alone = ThresholdExplorer([True, False], [1.0, 1.0])
    assert alone._steps == [1.0]


def test_many_scores_are_drawn_in_few_points():
    scores = np.random.default_rng(0).normal(size=60_000)
    explorer = ThresholdExplorer(scores > 1, scores)
    assert len(explorer._drawn["thresholds"]) <= 600
    assert len(explorer._steps) <= 1000


@pytest.mark.parametrize("threshold", [np.nan, np.inf])
def test_a_threshold_is_finite(detector, threshold):
    with pytest.raises(ParameterError, match="expected a finite threshold"):
        ThresholdExplorer(*detector, threshold=threshold)
    explorer = ThresholdExplorer(*detector)
    with pytest.raises(ParameterError, match="expected a finite threshold"):
        explorer.threshold = threshold
    assert explorer.threshold == 0.0


@pytest.fixture
def answers():
    rng = np.random.default_rng(1)
    labels = rng.choice(["3", "5", "<b>8</b>"], 90)
    return Answers.from_scores(labels, rng.dirichlet(np.ones(3), 90), class_names=["3", "5", "<b>8</b>"])


def test_the_matrix_counts_as_scikit_learn_does(answers):
    matrix = ConfusionMatrix(answers)
    assert np.array_equal(matrix._counts, confusion_matrix(answers.labels, answers.predictions))
    matrix.cell = ("5", "3")
    assert set(matrix.rows) == set(np.flatnonzero((answers.labels == 1) & (answers.predictions == 0)))
    assert np.all(np.diff(answers.leads[matrix.rows]) <= 0)
    matrix.cell = None
    assert matrix.rows.size == 0


def test_the_open_cell_sends_its_images_and_says_how_many_there_are(answers):
    images = np.zeros((90, 8, 8), np.uint8)
    matrix = ConfusionMatrix(answers, images)
    matrix.cell = ("3", "3")
    assert matrix._opened["count"] == len(matrix.rows) == len(matrix._opened["pictures"])
    assert all(picture.startswith('<img src="data:image/png;base64,') for picture in matrix._opened["pictures"])


def test_answers_without_scores_and_partly_without_labels():
    answers = Answers(("a", "b"), [0, 1, 1, 0], labels=[0, 0, -1, 1])
    matrix = ConfusionMatrix(answers)
    assert matrix._counts == [[1, 1], [1, 0]]
    matrix.cell = ("a", "b")
    assert matrix.rows.tolist() == [1]


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((89, 8, 8), np.uint8), r"shape \(89, 8, 8\)"),
        (np.zeros((90, 64), np.uint8), r"shape \(90, 64\)"),
        (np.zeros((90, 8, 8)), "float64"),
    ],
)
def test_images_that_do_not_belong_to_the_answers(answers, images, words):
    with pytest.raises(ParameterError, match=words):
        ConfusionMatrix(answers, images)


def test_what_nobody_can_point_at(answers):
    with pytest.raises(ParameterError, match="there is no class '7'; the classes are 3, 5"):
        ConfusionMatrix(answers).cell = ("7", "3")
    with pytest.raises(ParameterError, match="with labels"):
        ConfusionMatrix(Answers(("a", "b"), [0, 1]))
    many = tuple(str(code) for code in range(201))
    with pytest.raises(ParameterError, match="at most 200 classes"):
        ConfusionMatrix(Answers(many, [0, 1], labels=[0, 1]))
