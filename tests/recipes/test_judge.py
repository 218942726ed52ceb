"""The answers of any classifier are judged like our own."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_score, recall_score
from sklearn.svm import SVC

from misread import judge, load
from misread.data.content import image_hashes
from misread.data.corrected import correct
from misread.data.corrections import Correction, Corrections
from misread.errors import AnswersError, ParameterError
from misread.evaluation.answers import Answers
from misread.recipes.attach import answers_on
from misread.recipes.judge import judge_answers
from misread.report import write_report


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def scores(digits):
    model = SVC(random_state=0).fit(digits.train.X, digits.train.labels)
    return model.decision_function(digits.test.X)


def test_counts_are_numpys(digits, scores):
    y, answered = digits.test.labels, scores.argmax(axis=1)
    result = judge(y, scores, images=digits.test.images, class_names=digits.class_names)
    values = result.values
    assert values["model.accuracy"]["value"] == accuracy_score(y, answered)
    for code, name in enumerate(digits.class_names):
        own = values["model.classes"][name]
        assert own["precision"]["value"] == precision_score(y == code, answered == code)
        assert own["recall"]["value"] == recall_score(y == code, answered == code)
    assert np.trace(np.array(values["model.confusion"])) == values["model.accuracy"]["count"]


def test_one_class_is_judged_as_a_detector_is(digits, scores):
    answers = Answers.from_scores(digits.test.labels, scores, class_names=digits.class_names)
    values = judge_answers(answers, digits.test.images, positive="5").values
    y, answered = digits.test.labels == 5, scores.argmax(axis=1) == 5
    assert values["model.precision"]["value"] == precision_score(y, answered)
    assert values["model.recall"]["value"] == recall_score(y, answered)


def test_tensors_series_and_images_as_frameworks_have_them(digits, scores):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(scores, requires_grad=True)
    images = torch.tensor(digits.test.images[:, None] / 255, dtype=torch.float32)
    result = judge(torch.tensor(digits.test.labels), tensor, images=images)
    assert result.values == judge(digits.test.labels, scores, images=digits.test.images).values


def test_planted_label_errors_are_doubted(digits, scores):
    y = digits.test.labels.copy()
    planted = np.random.default_rng(0).choice(len(y), 10, replace=False)
    y[planted] = (y[planted] + 1) % 10
    result = judge(y, scores, images=digits.test.images)
    assert len(set(planted) & set(result.arrays["suspects.index"][:12].tolist())) >= 8


@pytest.mark.parametrize("kind", ["scores", "answers", "no images"])
def test_every_kind_has_a_report(digits, scores, tmp_path, kind):
    given = scores.argmax(axis=1) if kind == "answers" else scores
    images = None if kind == "no images" else digits.test.images
    result = judge(digits.test.labels, given, images=images, model="theirs", names=np.arange(360))
    page = write_report(result, tmp_path).read_text()
    assert "theirs misreads" in page
    assert ("only the answers are known, not their scores" in page) == (kind == "answers")


def test_rows_are_found_by_content_by_number_or_not_at_all(digits, scores):
    answers = Answers.from_scores(None, scores, class_names=digits.class_names)
    by_number, images = answers_on(answers, digits)
    np.testing.assert_array_equal(by_number.labels, digits.test.labels)
    np.testing.assert_array_equal(images, digits.test.images)
    mixed = np.random.default_rng(0).permutation(360)
    hashed = Answers.from_scores(
        None, scores[mixed], class_names=digits.class_names, hashes=image_hashes(digits.test.images[mixed])
    )
    np.testing.assert_array_equal(answers_on(hashed, digits)[0].labels, digits.test.labels[mixed])
    with pytest.raises(AnswersError, match=r"row 1: 'x' is no image of digits; 1 of 360 are not"):
        strange = hashed.hashes.copy()
        strange[1] += 1
        names = [*"ax", *map(str, range(358))]
        answers_on(
            Answers.from_scores(None, scores, class_names=digits.class_names, hashes=strange, names=names), digits
        )
    with pytest.raises(AnswersError, match="there is no image 400 among the 360 of digits"):
        answers_on(Answers.from_scores(None, scores[:1], class_names=digits.class_names, names=[400]), digits)


def test_what_cannot_be_judged(digits, scores):
    with pytest.raises(AnswersError, match="no row has a label"):
        judge_answers(Answers.from_scores(None, scores, class_names=digits.class_names))
    with pytest.raises(AnswersError, match="359 images for 360 answers"):
        judge(digits.test.labels, scores, images=digits.test.images[1:])
    with pytest.raises(AnswersError, match="none is in both"):
        answers_on(Answers.from_scores(None, np.array(["a", "b"])), digits)
    with pytest.raises(AnswersError, match="there is no class 'cat'"):
        judge_answers(Answers.from_scores(digits.test.labels, scores), positive="cat")


def test_answers_by_row_are_of_the_data_as_it_came(tmp_path):
    """Corrections may leave images out; rows that were counted before are not those that are counted after."""
    digits = load("digits")
    left_out, relabelled = int(digits.test.labels[3]), int(digits.test.labels[5])
    wrong = str((relabelled + 1) % 10)
    rows = (
        Correction(None, "test/3", str(left_out), "", "unclear"),
        Correction(None, "test/5", str(relabelled), wrong, "wrong"),
    )
    fixed = correct(digits, Corrections(rows))
    answers = Answers.from_scores(None, digits.test.labels, class_names=digits.class_names)
    again = correct(fixed, Corrections((Correction(None, "test/0", "", "", "unclear"),)))
    for data, n in ((fixed, 359), (again, 358)):
        labelled, images = answers_on(answers, data)
        assert len(labelled) == len(images) == n
        assert labelled.names[~labelled.right].tolist() == ["test/5"]
        values = judge_answers(labelled, images, corrected=data.corrected).values
        assert values["model.accuracy"]["count"] == n - 1
        assert values["model.as_given"]["accuracy"]["count"] == n


def test_more_classes_than_can_be_shown_against_each_other_are_refused():
    labels = [str(number) for number in range(2_001)]
    with pytest.raises(AnswersError, match=r"2,001 classes are more than the 2,000 .* choose one"):
        judge(labels, labels)


def test_answers_with_groups_tell_their_spread(tmp_path):
    rng = np.random.default_rng(0)
    groups = np.repeat(["ann", "bob", "cy"], 40)
    labels = rng.integers(0, 2, 120)
    predictions = np.where((groups == "bob") & (rng.random(120) < 0.6), 1 - labels, labels)
    rows = [f"{a},{b},{c}" for a, b, c in zip(labels, predictions, groups, strict=True)]
    path = tmp_path / "answers.csv"
    path.write_text("\n".join(["label,answer,writer", *rows]))
    result = judge_answers(Answers.read(path))
    spread = result.values["model.groups"]
    assert spread["n"] == 3
    assert spread["worse"] == 1
    assert spread["worst"][0]["name"] == "bob"
    assert spread["worst"][0]["is_worse"]
    assert result.arrays["model.groups"].tolist() == groups.tolist()


def test_a_table_of_pandas_is_known_by_the_names_of_its_columns(digits, scores):
    pd = pytest.importorskip("pandas")
    right = np.count_nonzero(scores.argmax(axis=1) == digits.test.labels)
    turned = pd.DataFrame(scores, columns=digits.class_names).iloc[:, ::-1]
    for names in (None, digits.class_names):
        answers = Answers.from_scores(digits.test.labels, turned, class_names=names)
        assert np.count_nonzero(answers.right) == right
        assert answers.class_names == (names or digits.class_names[::-1])
    plain = pd.DataFrame(scores)
    assert Answers.from_scores(digits.test.labels, plain).class_names == digits.class_names


def test_copies_of_an_image_are_each_answered_once(digits):
    """The content of both is the same; their labels need not be."""
    test = digits.test
    again = test.take(np.array([0, 1, 0, 2]))
    labels = again.labels.copy()
    labels[2] = 9 - labels[2]
    data = replace(digits, test=replace(again, labels=labels, names=np.array(list("abcd"))))
    answers = Answers.from_scores(None, labels, class_names=digits.class_names, hashes=data.test.hashes)
    assert answers_on(answers, data)[0].right.all()
    with pytest.raises(AnswersError, match="row 2: 'c' is of the same image as row 0"):
        answers_on(replace(answers, names=np.array(list("abcd"))), replace(digits, test=test.take(np.arange(10))))


def test_images_are_shown_whatever_is_asked(digits, scores):
    y, images = digits.test.labels, digits.test.images
    for given in (scores, Answers.from_scores(y, scores)):
        of = None if isinstance(given, Answers) else y
        assert "gallery.images" in judge(of, given, images=images, positive="5").arrays
    with pytest.raises(ParameterError, match="leave them out"):
        judge(y, Answers.from_scores(y, scores))
