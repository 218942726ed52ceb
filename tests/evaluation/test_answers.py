"""The table of answers: what it takes, what it refuses, and that files give it back."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from misread.errors import AnswersError, OutputError, ParameterError
from misread.evaluation.answers import Answers

Y = ["cat", "dog", "dog", "cow"]
P = [[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]]


def everything():
    return Answers.from_scores(
        Y,
        P,
        class_names=["cat", "cow", "dog"],
        names=["a/1.png", "a/2.png", "ü.png", "b,\n.png"],
        hashes=np.array([1, 2, 3, 2**64 - 1], np.uint64),
        asked="test",
        folds=[0, 1, -1, 2],
        groups=["w1", "w1", "w2", "w3"],
        refused=[False, True, False, False],
        threshold=0.1,
        calibrated=True,
        provenance={"model": "mine", "seed": 3},
    )


def test_probabilities_with_names():
    answers = everything()
    assert answers.predictions.tolist() == [0, 2, 2, 1]
    assert answers.right.tolist() == [True, True, True, True]
    assert answers.scale == "probabilities"
    np.testing.assert_allclose(answers.leads, [0.8, 0.2, 0.7, 0.1])
    assert answers.sure.tolist() == [True, False, True, bool(answers.leads[3] >= 0.1)]  # the second is refused


def test_no_cell_of_a_csv_is_a_formula(tmp_path):
    names = ["=1+1", "a;=1+1", "-1"]
    answers = Answers.from_scores(names, np.eye(3), class_names=names, names=["@x", "b\t+y", "c"])
    answers.write(tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text("utf-8")
    assert all(marked in text for marked in ("'=1+1", "a;'=1+1", "'@x"))
    assert sorted(Answers.read(tmp_path / "a.csv").class_names) == sorted(names)


@pytest.mark.parametrize("ending", ["npz", "parquet"])
def test_files_give_everything_back(tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    answers = everything()
    answers.write(tmp_path / f"a.{ending}")
    again = Answers.read(tmp_path / f"a.{ending}")
    for name in ("class_names", "scale", "calibrated", "positive", "threshold", "provenance"):
        assert getattr(again, name) == getattr(answers, name), name
    for name in ("predictions", "labels", "scores", "asked", "folds", "names", "hashes", "groups", "refused"):
        np.testing.assert_array_equal(getattr(again, name), getattr(answers, name), err_msg=name)


def test_csv_gives_the_rows_back(tmp_path):
    answers = everything()
    answers.write(tmp_path / "a.csv")
    again = Answers.read(tmp_path / "a.csv")
    for name in ("class_names", "scale"):
        assert getattr(again, name) == getattr(answers, name)
    for name in ("predictions", "labels", "scores", "asked", "folds", "names", "hashes", "groups", "refused"):
        np.testing.assert_array_equal(getattr(again, name), getattr(answers, name), err_msg=name)


@pytest.mark.parametrize(
    "text",
    [
        "file,label,cat,dog\na.png,cat,0.75,0.25\nb.png,dog,0.5,0.5\n",
        "\ufefffile;label;p_cat;p_dog\na.png;cat;0.75;0.25\nb.png;dog;0.5;0.5\n",
        "path\ty_true\tprob:cat\tprob:dog\r\na.png\tcat\t0.75\t0.25\r\nb.png\tdog\t0.5\t0.5\r\n",
    ],
)
def test_anybodys_csv(tmp_path, text):
    (tmp_path / "a.csv").write_text(text, "utf-8")
    answers = Answers.read(tmp_path / "a.csv")
    assert answers.class_names == ("cat", "dog")
    assert answers.names.tolist() == ["a.png", "b.png"]
    assert answers.labels.tolist() == [0, 1]
    assert answers.predictions.tolist() == [0, 0]
    assert answers.scale == "probabilities"


def test_answers_alone(tmp_path):
    (tmp_path / "a.csv").write_text("index,answer\n0,5\n1,3\n2,5\n")
    answers = Answers.read(tmp_path / "a.csv")
    assert answers.class_names == ("3", "5")
    assert not answers.is_labelled.any()
    with pytest.raises(AnswersError, match="only the answers are known"):
        answers.leads


def test_two_classes_have_one_score():
    signed = Answers.from_scores([0, 1, 1], [-2.0, 3.0, -0.5])
    assert signed.scale == "decision_function"
    assert signed.predictions.tolist() == [0, 1, 0]
    assert signed.positive_scores.tolist() == [-2.0, 3.0, -0.5]
    for shape in ((2,), (2, 1)):
        sigmoid = np.reshape([0.2, 0.7], shape)
        assert Answers.from_scores([0, 1], sigmoid).scores.tolist() == [[0.8, 0.2], [1 - 0.7, 0.7]]


@pytest.mark.parametrize(("labels", "remedy"), [([[0], [1]], "ravel"), ([[1.0, 0.0], [0.0, 1.0]], "argmax")])
def test_labels_as_a_table_say_what_to_do(labels, remedy):
    with pytest.raises(AnswersError, match=rf"labels must have shape \(n,\), got \(2, [12]\); .*{remedy}"):
        Answers.from_scores(np.array(labels), [[0.9, 0.1], [0.2, 0.8]])


def test_unknown_labels_are_allowed_unknown_answers_are_not():
    answers = Answers.from_scores(["cat", "", "dog"], np.array(["cat", "cat", "dog"]), class_names=["cat", "dog"])
    assert answers.labels.tolist() == [0, -1, 1]
    with pytest.raises(AnswersError, match="row 1: the answer 'cow' is none of the classes cat, dog"):
        Answers.from_scores(["cat", "dog"], np.array(["cat", "cow"]), class_names=["cat", "dog"])


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([[0.5, 0.5], [np.nan, 1]], "row 1: the score of '0' is nan"),
        ([[0.5, 0.5], [1, np.inf]], "row 1: the score of '1' is inf"),
        ([[0.5, 0.5, 0.1], [0, 1, 0]], "3 columns of scores for 2 classes"),
    ],
)
def test_scores_that_make_no_sense(scores, message):
    with pytest.raises(AnswersError, match=message):
        Answers.from_scores([0, 1], scores, class_names=["0", "1"])


def test_what_claims_to_be_a_probability_is_one():
    with pytest.raises(AnswersError, match=r"row 1: probabilities must lie in \[0, 1\] and sum to 1"):
        Answers.from_scores([0, 1], [[0.5, 0.5], [0.9, 0.9]], scale="probabilities")
    assert Answers.from_scores([0, 1], [[0.5, 0.5], [0.9, 0.9]]).scale == "decision_function"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no rows below the header"),
        ("file,answer\n", "there are no rows below the header"),
        ("file,label\na.png,5\n", "no score or answer|columns of scores|expected a column 'answer'|expected 2"),
        ("file,answer\na.png\n", "line 2 has 1 cells, the header 2"),
        ("file,a,b\nx,0.5,oops\n", "row 0: 'b' is 'oops'; expected a number"),
        ("file,a,a\nx,0.5,0.5\n", "the column 'a' stands there twice"),
        ("hash,answer\nzz,5\n00,3\n", "row 0: the hash 'zz' is not 16 hexadecimal digits"),
        ("asked,answer\nnever,5\ntest,3\n", "row 0: asked is 'never'"),
    ],
)
def test_files_that_make_no_sense(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(AnswersError, match=message):
        Answers.read(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.txt", "missing.csv"])
def test_no_such_table(tmp_path, name):
    with pytest.raises(AnswersError):
        Answers.read(tmp_path / name)


@pytest.mark.parametrize("ending", ["npz", "parquet", "csv"])
def test_rubbish_in_files(tmp_path, ending):
    (tmp_path / f"a.{ending}").write_bytes(b"PK\x03\x04\xff\xfe rubbish \x00")
    with pytest.raises(AnswersError, match=f"a.{ending}"):
        Answers.read(tmp_path / f"a.{ending}")


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputError):
        everything().write(tmp_path / "no" / "a.csv")


@pytest.mark.parametrize("classes", [2, 3])
def test_an_estimator_is_asked(classes):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), np.arange(60) % classes
    names = [f"c{code}" for code in range(classes + 1)]
    for estimator in (LogisticRegression(), SVC()):
        fitted = estimator.fit(X, y)
        answers = Answers.from_estimator(fitted, X, y, class_names=names)
        np.testing.assert_array_equal(answers.predictions, fitted.predict(X))
        assert answers.scores.shape == (60, classes + 1)
    with pytest.raises(ParameterError, match="ovr"):
        wide = np.arange(60) % 4
        Answers.from_estimator(
            SVC(decision_function_shape="ovo").fit(X, wide), X, wide, class_names=["a", "b", "c", "d"]
        )


def test_nobody_is_sure_of_what_is_refused():
    scores = [[3.0, 0.0], [0.0, 4.0], [0.0, 1.0]]
    answers = Answers.from_scores([0, 1, 1], scores, threshold=2.0, refused=[False, True, False])
    assert answers.sure.tolist() == [True, False, False]
    assert answers.certainties.tolist() == [3.0, -1.0, 1.0]
    assert answers.take([1]).refused.tolist() == [True]
    assert Answers.from_scores([0, 1, 1], scores, threshold=2.0).sure.tolist() == [True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "name,answer,state\na,7,sure\nb,7,unlike\nc,7,unsure\n",
        "name,answer,refused\na,7,False\nb,7,true\nc,7,0\n",
        "name,answer,refused,state\na,7,0,unlike\nb,7,1,sure\nc,7,0,\n",
    ],
)
def test_a_table_says_what_was_refused(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    assert Answers.read(tmp_path / "a.csv", class_names=["7", "8"]).refused.tolist() == [False, True, False]


def test_some_rows():
    answers = everything().take([2, 0])
    assert answers.names.tolist() == ["ü.png", "a/1.png"]
    assert len(answers) == 2
