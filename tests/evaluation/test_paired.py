"""Two tables of answers, image by image."""

import numpy as np
import pytest

from misread.errors import AnswersError
from misread.evaluation.answers import Answers
from misread.evaluation.paired import matched


def table(y, predictions, **more):
    return Answers.from_scores(y, np.array(predictions), class_names=["a", "b", "c"], **more)


def test_fixed_broken_and_both_wrong():
    y = ["a", "a", "b", "b", "c", "c"]
    pair = matched(table(y, ["a", "b", "b", "c", "c", "a"]), table(y, ["a", "a", "b", "a", "b", "c"]))
    assert pair.fixed.tolist() == [1, 5]
    assert pair.broken.tolist() == [4]
    assert pair.both_wrong.tolist() == [3]
    test = pair.test()
    assert (test.only_first, test.only_second) == (2, 1)
    assert test.difference == pytest.approx(1 / 6)
    assert [(c.name, c.fixed, c.broken, c.both_wrong) for c in pair.by_class()] == [
        ("a", 1, 0, 0),
        ("b", 0, 0, 1),
        ("c", 1, 1, 0),
    ]
    assert pair.remarks == ()


def test_only_shared_images_are_compared_in_the_order_of_the_first():
    first = table(["a", "b", "c"], ["a", "b", "c"], names=["x", "y", "z"])
    second = table(["c", "a", "b"], ["c", "b", "b"], names=["z", "x", "new"])
    pair = matched(first, second)
    assert pair.first.names.tolist() == pair.second.names.tolist() == ["x", "z"]
    assert pair.broken.tolist() == [0]
    assert len(pair.remarks) == 2
    assert "1 of the 3 images of the first are not in the other" in pair.remarks[0]


def test_copies_are_paired_in_order_and_content_goes_before_names():
    hashes = np.array([7, 7, 9, 7], np.uint64)
    first = table(["a"] * 4, ["a", "b", "c", "a"], hashes=hashes, names=list("1234"))
    second = table(["a"] * 3, ["a", "a", "b"], hashes=hashes[[0, 1, 3]], names=list("567"))
    pair = matched(first, second)
    assert pair.matched_by == "content"
    assert pair.first.names.tolist() == ["1", "2", "4"]
    assert pair.second.names.tolist() == ["5", "6", "7"]


def test_classes_are_matched_by_name():
    first = Answers.from_scores(["a", "b"], [[0.9, 0.1], [0.2, 0.8]], class_names=["a", "b"])
    second = Answers.from_scores(["a", "b"], [[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]], class_names=["b", "a", "c"])
    pair = matched(first, second)
    assert pair.first.class_names == ("a", "b", "c")
    assert pair.fixed.size == pair.broken.size == 0
    np.testing.assert_allclose(pair.second.scores, [[0.7, 0.1, 0.2], [0.3, 0.6, 0.1]])


def test_labels_that_differ_or_are_unknown_are_left_out_and_counted():
    first = table(["a", "b", "", "c"], ["a", "b", "c", "c"])
    second = table(["a", "c", "", ""], ["a", "b", "c", "a"])
    pair = matched(first, second)
    assert pair.first.names.tolist() == ["0", "3"]
    assert pair.broken.tolist() == [1]
    assert any("1 images have different labels" in remark for remark in pair.remarks)
    assert any("1 images have no label" in remark for remark in pair.remarks)


def test_nothing_shared():
    with pytest.raises(AnswersError, match="no image is in both tables, by name: the first has 'x'"):
        matched(table(["a"], ["a"], names=["x"]), table(["a"], ["a"], names=["y"]))


def test_equal_models_are_rarely_called_different():
    """A/A: of 400 comparisons of equally good models, at most one in twenty is called a difference."""
    rng = np.random.default_rng(1)
    y = np.zeros(2_000, np.int64)
    cries = 0
    for _ in range(400):
        wrong = [np.where(rng.random(len(y)) < 0.04, 1, 0) for _ in range(2)]
        cries += matched(table(y, wrong[0]), table(y, wrong[1])).test().p_value < 0.05
    assert cries <= 20
