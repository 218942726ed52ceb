"""Whole groups are held out: in folds, by models themselves, and by what calibrates them."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from misread import load
from misread.analysis.unlike import learn
from misread.data import Dataset, Split
from misread.errors import ParameterError
from misread.evaluation.chances import fit_calibration
from misread.evaluation.groups import difference_between_splits
from misread.fitting.folds import check_groups, folds_by_class, folds_regardless
from misread.fitting.hold_out import fit_and_hold_out, holds_out_enough
from misread.fitting.learning import measure_learning
from misread.fitting.out_of_fold import out_of_fold
from misread.fitting.tune import tune
from misread.models import KNeighborsClassifier
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.models.held_out import held_out_part
from misread.recipes.suspects import find_suspects
from misread.recipes.train import train

DIGITS = load("digits")
WRITERS = np.array([f"w{k}" for k in np.random.default_rng(0).integers(0, 30, len(DIGITS.train))])


def with_groups(n: int = 400, groups=None) -> Dataset:
    own = DIGITS.train.take(slice(0, n))
    who = WRITERS[:n] if groups is None else groups
    test = replace(DIGITS.test.take(slice(0, 60)), groups=np.repeat(["t1", "t2"], 30))
    return replace(DIGITS, train=replace(own, groups=who), test=test)


def test_folds_are_those_of_scikit_learn():
    labels, groups = DIGITS.train.labels, WRITERS
    ours = folds_by_class(labels, 3, groups)
    theirs = StratifiedGroupKFold(3).split(labels, labels, groups)
    for (train_, held), (their_train, their_held) in zip(ours, theirs, strict=True):
        assert np.array_equal(held, their_held)
        assert np.array_equal(train_, their_train)
        assert not set(groups[train_]) & set(groups[held])


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (np.repeat(["a", "b"], 200), r"are of 2 groups \(a, b\), too few to hold out whole groups in 3 folds"),
        (np.repeat("a", 400), "are of 1 group"),
    ],
)
@pytest.mark.parametrize("of", ["train", "tune", "suspects"])
def test_too_few_groups(groups, words, of):
    data = with_groups(groups=groups)
    with pytest.raises(ParameterError, match=words if of != "tune" else words.replace("3 folds", "5 folds")):
        {"train": train, "tune": tune, "suspects": lambda model, data: find_suspects(data, model=model)}[of](
            "knn", data
        )


def test_a_class_in_a_single_group():
    labels, groups = np.repeat([0, 1, 2], 30), np.tile(["a", "b", "c"], 30)
    groups[60:] = "c"
    with pytest.raises(ParameterError, match="class 'two' are of one group, 'c'"):
        check_groups(labels, groups, 3, ("zero", "one", "two"))
    with pytest.raises(ParameterError, match="class number 2"):
        folds_by_class(labels, 3, groups)


def test_one_giant_group_cannot_leave_a_fold_empty():
    labels = np.tile([0, 1], 100)
    groups = np.where(np.arange(200) < 196, "giant", np.array([f"g{k // 2}" for k in range(200)]))
    assert all(len(held) for _, held in folds_by_class(labels, 3, groups))


@pytest.mark.parametrize("n_groups", [3, 12, 300])
def test_part_held_out_is_of_whole_groups(n_groups):
    rng = np.random.default_rng(2)
    codes, groups = rng.integers(0, 5, 2_000), rng.integers(0, n_groups, 2_000)
    rest, held = held_out_part(codes, 1 / 12, rng, groups)
    assert len(rest) + len(held) == 2_000
    assert not set(groups[rest]) & set(groups[held])
    assert len(held)
    if n_groups >= 12:
        assert 0.05 < len(held) / 2_000 < 0.13


def test_a_model_that_holds_out_by_itself_holds_out_groups():
    own = DIGITS.train
    model = EdgeKernelClassifier(n_centres=200, n_rounds=0, random_state=0)
    fitted = fit_and_hold_out(model, own.X, own.labels, groups=WRITERS)
    others = np.setdiff1d(np.arange(len(own)), fitted.rows)
    assert len(fitted.rows)
    assert not set(WRITERS[fitted.rows]) & set(WRITERS[others])
    assert not holds_out_enough(model, 60_000, n_groups=30)
    assert holds_out_enough(model, 60_000, n_groups=500)
    assert holds_out_enough(model, 60_000)


def test_learning_curve_asks_about_groups_it_did_not_learn_from():
    curve = measure_learning(KNeighborsClassifier(), DIGITS.train.X, DIGITS.train.labels, groups=WRITERS, seed=0)
    assert len(curve.sizes) == 4


def test_tuning_folds_by_groups():
    plain, apart = tune("knn", replace(DIGITS)), tune("knn", with_groups(len(DIGITS.train)))
    assert len(plain.means) == len(apart.means)
    assert plain.means != apart.means


def test_calibration_is_chosen_on_other_groups():
    rng = np.random.default_rng(0)
    groups = np.repeat([f"g{k}" for k in range(20)], 50)
    skill = np.repeat(rng.normal(1.5, 1, 20), 50)
    leads = rng.exponential(1, 1_000)
    right = rng.random(1_000) < 1 / (1 + np.exp(-leads * skill))
    plain, apart = fit_calibration(right, leads), fit_calibration(right, leads, groups=groups)
    assert plain.losses != apart.losses


def styled(n_writers: int = 24) -> Dataset:
    """Digits whose writers each have a style: all their images are shifted alike."""
    rng = np.random.default_rng(0)
    own = DIGITS.train
    who = rng.integers(0, n_writers, len(own))
    shift = rng.integers(-1, 2, (n_writers, 2))
    images = np.array([np.roll(image, shift[one], (0, 1)) for image, one in zip(own.images, who, strict=True)])
    names = np.array([f"w{k}" for k in who])
    test = who < 4
    return Dataset(
        "styled",
        Split(images[~test], own.labels[~test], groups=names[~test]),
        Split(images[test], own.labels[test], groups=names[test]),
        DIGITS.class_names,
        "made",
        "none",
    )


def test_training_tells_the_spread_and_what_mixing_promises():
    bundle = train("knn", styled(), precision=0.95)
    held, tested = (bundle.manifest.metrics[part]["groups"] for part in ("out_of_fold", "test"))
    assert held["n"] == 20
    assert tested["n"] == 4
    assert held["mixed"]["difference"]["low"] > 0
    mixed, apart = (held["mixed"][name]["value"] for name in ("accuracy", "apart"))
    assert mixed - apart == pytest.approx(held["mixed"]["difference"]["value"])
    assert apart == bundle.manifest.metrics["out_of_fold"]["accuracy"]["value"]
    assert held["chance"] <= 0.01
    assert held["between"] > 0.05
    low, high = (held["accuracy"][end] for end in ("low", "high"))
    plain = bundle.manifest.metrics["out_of_fold"]["accuracy"]
    assert low < plain["low"]
    assert high > plain["high"]
    assert "w7" not in str(bundle.manifest.as_json())
    assert {*bundle.kept.groups} == {f"w{k}" for k in range(4, 24)}


def test_what_is_unlike_is_chosen_on_other_groups():
    data = styled()
    plain = replace(data, train=replace(data.train, groups=None))
    apart, mixed = (train("sgd-scaled", one).manifest.unlike for one in (data, plain))
    assert apart.threshold > mixed.threshold
    images, labels, rows = data.train.images, data.train.labels, np.arange(len(data.train))
    assert np.array_equal(learn(images, labels)[1], learn(images, labels, rows)[1])
    assert not len(learn(images, labels, np.zeros(len(rows)))[1])


def test_training_without_groups_says_nothing_of_them():
    assert "groups" not in train("knn", "digits").manifest.metrics["out_of_fold"]


def test_groups_that_mean_nothing_promise_nothing():
    rng = np.random.default_rng(0)
    own, alarms, gained = DIGITS.train, 0, []
    for _ in range(15):
        order = rng.permutation(len(own))
        X, y, groups = own.X[order], own.labels[order], rng.permutation(WRITERS)
        apart, mixed = (
            out_of_fold(KNeighborsClassifier(), X, y, cv=cv, scores=False)
            for cv in (folds_by_class(y, 3, groups), folds_regardless(y, 3))
        )
        more, low, high = difference_between_splits(mixed.predictions == y, apart.predictions == y, groups)
        gained.append(more)
        alarms += low > 0 or high < 0
    assert alarms <= 3
    assert abs(np.mean(gained)) < 0.003
