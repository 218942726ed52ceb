"""Labels of training and test images are doubted by models that saw neither."""

from dataclasses import replace

import numpy as np
import pytest

from misread import load, train
from misread.errors import AnswersError, ParameterError
from misread.evaluation.answers import Answers
from misread.models import KNeighborsClassifier
from misread.recipes.suspects import best_doubter, find_suspects

PLANTED = 15


def spoilt(split, seed):
    labels = split.labels.copy()
    rows = np.random.default_rng(seed).permutation(len(labels))[:PLANTED]
    labels[rows] = (labels[rows] + 3) % 10
    return replace(split, labels=labels), set(rows.tolist())


@pytest.fixture(scope="module")
def planted():
    digits = load("digits")
    train_part, wrong_train = spoilt(digits.train, 1)
    test_part, wrong_test = spoilt(digits.test, 2)
    wrong = {f"train/{row}" for row in wrong_train} | {f"test/{row}" for row in wrong_test}
    return replace(digits, train=train_part, test=test_part), wrong


def found_of(suspects, n):
    return {row["name"] for row in suspects.rows()[:n]}


def test_planted_errors_of_training_and_test_come_first(planted):
    data, wrong = planted
    found = find_suspects(data, "knn")
    assert found.n_doubted == len(data.train) + len(data.test)
    assert len(wrong & found_of(found, 40)) >= 29
    first = found.rows()[0]
    assert list(first)[:3] == ["hash", "name", "given"]
    split = data.train if first["part"] == "train" else data.test
    assert int(first["hash"], 16) == int(split.hashes[first["row"]])
    assert data.class_names[split.labels[first["row"]]] == first["given"]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_model_file_does_not_vouch_for_what_it_has_learnt(planted, keeps, monkeypatch):
    """The nearest image of a training image is itself, wrong label and all: only held-out answers count.

    Those that the file keeps or, where it keeps none, of its like fitted out of fold.
    """
    data, wrong = planted
    bundle = train(KNeighborsClassifier(1), data)
    if keeps:
        monkeypatch.setattr("misread.recipes.suspects._held_out", lambda *given: pytest.fail("fitted again"))
    else:
        bundle = replace(bundle, kept=None)
    found = find_suspects(data, bundle)
    by_model = [row for row in found.rows() if row["probability_given"] < 0.5]
    assert len(wrong & {row["name"] for row in by_model}) >= 29


def test_answers_of_others_doubt_what_they_answer(planted):
    data, wrong = planted
    scores = KNeighborsClassifier().fit(data.train.X, data.train.labels).predict_proba(data.test.X)
    answers = Answers.from_scores(None, scores, class_names=data.class_names, names=data.test.names)
    found = find_suspects(data, answers)
    assert found.n_doubted == len(data.test)
    assert {row["part"] for row in found.rows()} == {"test"}
    assert len(wrong & found_of(found, 20)) >= 13
    only = Answers(answers.class_names, answers.predictions, names=data.test.names)
    assert len(wrong & found_of(find_suspects(data, only), 20)) >= 13
    with pytest.raises(AnswersError, match=r"row 1: .* is of the same image as row 0"):
        find_suspects(data, answers.take(np.zeros(2, int)))


def test_who_cannot_doubt(planted):
    data, _ = planted
    with pytest.raises(ParameterError, match="detector cannot doubt"):
        find_suspects(data, train("knn", data, positive="5"))
    smaller = replace(data, class_names=(*data.class_names[:9], "nine"))
    with pytest.raises(ParameterError, match="class 'nine'"):
        find_suspects(smaller, train("knn", data))


def test_the_better_model_where_there_is_time(planted):
    data, _ = planted
    assert best_doubter(data) == "edge-kernel"
    many = replace(data, class_names=(*data.class_names, *(f"more {i}" for i in range(1_000))))
    assert best_doubter(many) == "knn"
