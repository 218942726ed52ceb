"""Names of classes and images meet however their letters are composed."""

import numpy as np

from misread.evaluation.answers import Answers

APART, AS_ONE = "e\u0301", "\u00e9"


def test_classes_of_answers(tmp_path):
    answers = Answers.from_scores([APART, "b"], [[0.9, 0.1], [0.2, 0.8]], class_names=[AS_ONE, "b"])
    assert answers.class_names == (AS_ONE, "b")
    assert answers.right.all()
    assert answers.as_detector(APART).positive == AS_ONE
    (tmp_path / "answers.csv").write_text(
        f"name,label,probability:{APART},probability:b\n0,{AS_ONE},0.9,0.1\n", "utf-8"
    )
    read = Answers.read(tmp_path / "answers.csv", class_names=[AS_ONE, "b"])
    assert read.class_names == (AS_ONE, "b")
    np.testing.assert_array_equal(read.labels, [0])
