"""What an editor knows of the public calls; read by mypy (`make lint`), never run."""

from typing import assert_type

import numpy as np

import misread
from misread import Answers, Bundle, Comparison, Dataset, LadderResult, StudyResult
from misread.fitting.tune import Tuned
from misread.recipes.check import Checked

digits = misread.load("digits")
assert_type(digits, Dataset)
assert_type(digits.class_names, tuple[str, ...])

bundle = misread.train("knn", digits, positive=5, precision=0.95, params={"n_neighbors": 3}, seed=1)
assert_type(bundle, Bundle)
assert_type(misread.open_model("digits.misread"), Bundle)
misread.save(bundle, "digits.misread")

assert_type(misread.tune("knn", "digits", grid={"n_neighbors": [3, 5]}), Tuned)
assert_type(misread.evaluate(bundle, digits, "runs/x"), StudyResult)
assert_type(misread.judge(["cat", "dog"], np.array([[0.9, 0.1], [0.2, 0.8]])), StudyResult)
assert_type(misread.compare("a.misread", "b.csv", "photos", confidence=0.99), Comparison)
assert_type(misread.check(bundle, digits, accuracy=0.9, precision={"5": 0.95}), Checked)
assert_type(misread.run_study("digits", "runs/digits", seed=7), StudyResult)
assert_type(misread.run_ladder("digits", models=["knn"]), LadderResult)

answers = Answers.from_scores([0, 1], [[0.9, 0.1], [0.2, 0.8]])
assert_type(answers, Answers)
assert_type(answers.take([0]), Answers)
assert_type(Answers.read("answers.csv"), Answers)
assert_type(len(answers), int)

try:
    misread.load("nothing")
except misread.DataError as error:
    assert_type(error, misread.DataError)
except misread.MisreadError:
    pass
