"""What is looked at in which order, who gets what, what is written, and what the numbers may say."""

from dataclasses import replace

import numpy as np
import pytest

from misread import train
from misread.analysis.doubted import doubted_labels
from misread.data import Dataset, Split, joined, load
from misread.data.corrections import NONE, RIGHT, UNCLEAR, WRONG, Correction, Corrections, append_corrections
from misread.data.unlabelled import Unlabelled
from misread.errors import ParameterError
from misread.recipes.review import Desk, Said, review_labels, review_unlabelled
from misread.recipes.review.progress import (
    CONFIRMED,
    RELABELLED,
    UNSEEN,
    UNTOLD,
    progress_of,
    share_in_words,
    stop_in_words,
)
from misread.recipes.review.verdicts import Verdicts
from misread.recipes.review.words import in_words
from misread.recipes.suspects import Suspects


def suspects_of(data: Dataset) -> Suspects:
    """Doubts of a model that reads the true digit, with a little doubt."""
    every = joined([data.train, data.test])
    truth = joined([load("digits").train, load("digits").test]).take(slice(0, len(every))).labels
    table = np.full((len(every), 10), 0.01)
    table[np.arange(len(every)), truth] = 0.91
    found = doubted_labels(every.X, every.labels, table)
    return Suspects(found, every, len(data.train), data.class_names, len(every), "the truth", table)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Three hundred digits; twelve 3s carry a 5, and four others are wrong, too."""
    digits = load("digits")
    every = joined([digits.train, digits.test]).take(slice(0, 300))
    labels = every.labels.copy()
    labels[np.flatnonzero(labels == 3)[:12]] = 5
    labels[np.flatnonzero(labels == 0)[:4]] = [1, 2, 4, 6]
    changed = replace(every, labels=labels)
    return replace(digits, train=changed.take(slice(0, 250)), test=changed.take(slice(250, 300)))


@pytest.fixture(scope="module")
def suspects(data: Dataset) -> Suspects:
    return suspects_of(data)


@pytest.fixture
def desk(data: Dataset, suspects: Suspects, tmp_path) -> Desk:
    return Desk(review_labels(data, suspects), Verdicts(tmp_path / "corrections.csv", {}), "Ann")


def written(desk: Desk) -> list[tuple[str, str, str]]:
    return [(one.given, one.label, one.verdict) for one in Corrections.read(desk.verdicts.path).rows]


def test_the_most_doubtful_come_first_and_those_that_are_alike_together(desk):
    screens = desk.review.screens
    assert sorted(place for screen in screens for place in screen) == sorted(desk.review.positions.tolist())
    groups = [screen for screen in screens if len(screen) > 1]
    assert groups
    for group in groups:
        rows = [desk.review.rank[place] for place in group]
        found = desk.review.suspects.labels
        assert rows == sorted(rows)
        assert len({(found.given[row], found.suggested[row]) for row in rows}) == 1
    first = [screen[0] for screen in screens]
    assert [desk.review.rank[place] for place in first] == sorted(desk.review.rank[place] for place in first)


def test_orders(data, suspects):
    by_class = review_labels(data, suspects, order="class=5")
    every = joined([data.train, data.test])
    assert set(by_class.positions.tolist()) == set(np.flatnonzero(every.labels == 5).tolist())
    assert set(by_class.positions[:12].tolist()) <= set(suspects.labels.index.tolist())
    cell = review_labels(data, suspects, order="cell=5,3")
    assert len(cell.positions) == 12
    mixed = review_labels(data, None, order="random")
    assert sorted(mixed.positions.tolist()) == list(range(300))
    assert (mixed.positions == review_labels(data, suspects, order="random").positions).all()
    for order, said in (
        ("class=33", "no class '33'"),
        ("cell=5", "no class ''"),
        ("doub", "did you mean doubt"),
        ("class=", "class=X"),
    ):
        with pytest.raises(ParameterError, match=said):
            review_labels(data, suspects, order=order)
    with pytest.raises(ParameterError, match="--model"):
        review_labels(data, None)


def test_names_of_classes_may_have_commas(data, suspects):
    names = ("a,b", "c", *data.class_names[2:])
    found = review_labels(replace(data, class_names=names), suspects, order="cell=a,b,c")
    assert len(found.positions) == 0


def test_verdicts_are_lines(desk):
    a, b, c, d, e = desk.review.positions[:5].tolist()
    given = desk.review.given
    other = "7" if given(c) != "7" else "8"
    said = [Said(a, RIGHT), Said(b, WRONG, given(b)), Said(c, WRONG, other), Said(d, UNCLEAR), Said(e, NONE)]
    desk.record("x", said)
    assert written(desk) == [
        (given(a), given(a), RIGHT),
        (given(b), given(b), RIGHT),
        (given(c), other, WRONG),
        (given(d), "", UNCLEAR),
        (given(e), "", NONE),
    ]
    assert desk.progress().seen == 5
    assert "2 wrong" in desk.progress().words
    again = Desk(desk.review, Verdicts(desk.verdicts.path, {}), "Ann")
    assert again.progress() == desk.progress()
    shown = [place for screen in again.following("y", 30) for place in screen]
    assert not {a, b, c, d, e} & set(shown)


def test_two_pages_get_different_images_and_a_page_that_left_gives_them_back(desk):
    first, second = desk.following("x", 3), desk.following("y", 3)
    assert not {p for s in first for p in s} & {p for s in second for p in s}
    desk.leave("x")
    assert desk.following("z", 3) == first
    desk.arrive("y")
    assert desk.following("y", 3) == second


def test_what_others_write_is_noticed(desk):
    places = [place for screen in desk.following("x", 2) for place in screen]
    place = places[0]
    one = Correction(int(desk.review.hashes[place]), "", desk.review.given(place), "8", WRONG, by="Bob")
    append_corrections(desk.verdicts.path, [one])
    desk.record("x", [Said(places[1], RIGHT)])
    assert desk.gone(places) == places[:2]
    assert desk.progress().seen == 2


def test_undo_takes_back_and_nothing_is_erased(desk):
    place = int(desk.review.positions[0])
    desk.record("x", [Said(place, NONE)])
    desk.withdraw("x", [place])
    assert [verdict for *_, verdict in written(desk)] == [NONE, "withdrawn"]
    assert Corrections.read(desk.verdicts.path).decisions() == {}
    assert desk.progress().seen == 0
    assert place not in {p for s in desk.following("y", 30) for p in s}  # it is on the table of who took it back
    desk.record("x", [Said(place, RIGHT)])
    assert desk.progress().seen == 1


def test_who_withdraws_takes_back_only_his_own():
    rows = [
        Correction(1, "a", "5", "3", WRONG, by="Ann"),
        Correction(1, "a", "5", "", UNCLEAR, by="Bob"),
        Correction(1, "a", "5", "", "withdrawn", by="Ann"),
    ]
    found = Corrections(tuple(rows)).decisions()[1]
    assert (found.last.by, found.earlier) == ("Bob", ())


def test_skipped_comes_last(desk):
    (first, *_), *_ = desk.following("x", 1)
    desk.record("x", [Said(first, "skip")])
    assert not desk.verdicts.path.exists()
    order = [place for _ in range(200) for screen in desk.following("x", 1) for place in screen]
    assert order[-1] == first


def test_nonsense_is_refused(desk):
    for said, what in (
        (Said(10_000, RIGHT), "no image 10000"),
        (Said(0, "maybe"), "a verdict is"),
        (Said(0, WRONG, "eleven"), "no class 'eleven'"),
        (Said(0, WRONG, ""), "no class ''"),
    ):
        with pytest.raises(ParameterError, match=what):
            desk.record("x", [said])
    assert not desk.verdicts.path.exists()


def test_copies_count_as_one_and_those_with_another_label_as_themselves(data, tmp_path):
    images = np.concatenate([data.train.images[:40], data.train.images[:2], data.train.images[:1]])
    labels = np.concatenate([data.train.labels[:42], [(data.train.labels[0] + 1) % 10]])
    labels[40:42] = labels[:2]
    copies = replace(data, train=Split(images, labels), test=data.test.take(slice(0, 0)))
    review = review_labels(copies, None, order="random")
    assert len(review.positions) == 41
    desk = Desk(review, Verdicts(tmp_path / "c.csv", {}))
    place = next(one for one in review.positions.tolist() if one in (0, 40))
    desk.record("x", [Said(place, RIGHT)])
    assert desk.gone([0, 40, 42, 1]) == [0, 40]


def test_words(desk):
    place = int(desk.review.positions[0])
    assert "which has not seen it, gives 91% to" in in_words(desk.review, place)
    quiet = next(p for p in range(300) if p not in desk.review.rank)
    assert in_words(desk.review, quiet) == "Nobody contradicts this label."


def test_the_estimate_covers_the_truth():
    """Of 200 random orders of 1,000 labels of which 4% are wrong, 95% of the intervals hold 4%."""
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        states = np.where(rng.permutation(1_000) < 40, RELABELLED, CONFIRMED).astype(np.int8)[:150]
        low, high = (
            float(one) / 100
            for one in share_in_words(states, 1_000)
            .partition("(")[2]
            .replace("%", "")
            .split(" with")[0]
            .split(" to ")
        )
        inside += low <= 0.04 <= high
    assert inside >= 190


def test_the_estimate_in_words():
    states = np.array([CONFIRMED] * 96 + [RELABELLED] * 3 + [UNTOLD], np.int8)
    assert share_in_words(states, 100) == (
        "All labels were seen: 3 of 100 (3.00%) are wrong; 1 cannot be told and count as right."
    )
    assert "an estimated 3.00%" in share_in_words(states, 1_000)
    assert "Nothing" in share_in_words(states[:0], 100)
    open_ = np.append(states, [UNSEEN, RELABELLED]).astype(np.int8)
    assert "first 100 in random order" in progress_of(open_, "random", True).stop


def test_the_bound_on_what_is_left_holds_however_often_one_looks():
    """Labels of which 10% are wrong from first to last: hardly ever is one told that fewer are left."""
    rng = np.random.default_rng(1)
    broken = 0
    for _ in range(300):
        states = np.where(rng.random(1_000) < 0.1, RELABELLED, CONFIRMED).astype(np.int8)
        for seen in (50, 100, 150, 225, 337, 505, 757):
            words, _ = stop_in_words(states[:seen], 1_000)
            most = int(words.rpartition("at most ")[2].partition(" ")[0].replace(",", ""))
            if most < int(0.1 * (1_000 - seen)):
                broken += 1
                break
    assert broken <= 15
    assert stop_in_words(states[:49], 1_000)[1] is False
    words, may_stop = stop_in_words(np.full(100, CONFIRMED, np.int8), 300)
    assert may_stop
    assert words.startswith("You may stop here. None of the 50 up to number 100 was wrong")


def test_what_is_expected_goes_by_the_calibrated_chance(desk):
    chance = np.linspace(0.9, 0.1, len(desk.review.suspects.labels))
    labels = replace(desk.review.suspects.labels, chance=chance)
    review = replace(desk.review, suspects=replace(desk.review.suspects, labels=labels))
    other = Desk(review, Verdicts(desk.verdicts.path, {}))
    assert f"about {chance.sum():.0f} more expected" in other.progress().words
    assert "wrong with a chance of 90%" in in_words(review, int(review.positions[0]))


def test_what_helps_most_comes_first_of_images_without_labels():
    digits = load("digits")
    bundle = train("knn", replace(digits, train=digits.train.take(slice(0, 300))))
    some = digits.test.take(slice(0, 60))
    pictures = Unlabelled(some.images, some.names, some.hashes, {}, ())
    made = review_unlabelled(pictures, "new", bundle=bundle, order="use")
    assert sorted(made.positions.tolist()) == list(range(60))
    least_sure = review_unlabelled(pictures, "new", bundle=bundle).positions
    assert set(made.positions[:3].tolist()) <= set(least_sure[:20].tolist())
    with pytest.raises(ParameterError, match="give --model FILE"):
        review_unlabelled(pictures, "new", order="use")
