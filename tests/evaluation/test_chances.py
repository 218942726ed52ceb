"""Chances are true on answers that nothing was fitted on, rise with leads, and never claim more than is known."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.isotonic import isotonic_regression

from misread.errors import ParameterError
from misread.evaluation.chances import LEAST, cross_calibrated, curve_losses, fit_calibration, in_percent
from misread.evaluation.curves import KINDS, Grouped


def drawn(n, seed=0, truth=lambda lead: expit(2 * lead - 1)):
    """Leads, and answers that are right as often as `truth` says."""
    rng = np.random.default_rng(seed)
    leads = rng.exponential(1.5, n)
    return rng.random(n) < truth(leads), leads


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "truth", [lambda lead: expit(2 * lead - 1), lambda lead: np.minimum(0.3 + lead / 4, 0.97)]
)
def test_every_kind_of_curve_is_near_the_truth(monkeypatch, kind, truth):
    monkeypatch.setattr("misread.evaluation.chances.KINDS", {kind: KINDS[kind]})
    calibration = fit_calibration(*drawn(20_000, truth=truth))
    leads = np.linspace(0.1, 4, 50)
    near = {"temperature": 0.25, "beta": 0.1}.get(kind, 0.05)  # these two have a shape of their own
    assert np.abs(calibration.chance(leads) - truth(leads)).max() < near
    assert (np.diff(calibration.chance(leads)) >= 0).all()


def test_the_kind_is_chosen_by_answers_that_it_was_not_fitted_on():
    calibration = fit_calibration(*drawn(5_000))
    assert calibration.kind == min(calibration.losses, key=calibration.losses.get)
    assert calibration.losses == curve_losses(*drawn(5_000))
    right, leads = drawn(50_000, seed=1)
    chance = calibration.chance(leads)
    truth = expit(2 * leads - 1)
    lost, least = (-np.log(np.where(right, one, 1 - one)).mean() for one in (chance, truth))
    assert least <= lost < least + 0.003


def test_no_chance_is_above_what_the_answers_support():
    for n in (LEAST, 1_000, 30_000):
        calibration = fit_calibration(np.ones(n, bool), np.arange(n) * 1.0)
        assert calibration.chance([1e12])[0] <= (n + 1) / (n + 2)
        assert calibration.ceiling <= 0.05 ** (1 / n)
    assert [fit_calibration(np.ones(n, bool), np.arange(n)).ceiling for n in (100, 1_000, 10_000)] == [
        0.9,
        0.99,
        0.999,
    ]


@pytest.mark.parametrize("n", [0, 1, LEAST - 1])
def test_too_few_answers_say_nothing(n):
    assert fit_calibration(np.ones(n, bool), np.ones(n)) is None


@pytest.mark.parametrize("right", [np.ones(90, bool), np.zeros(90, bool), np.arange(90) % 2 == 0])
@pytest.mark.parametrize("leads", [np.zeros(90), np.arange(90) * 1e9, np.arange(90) * 1e-9, np.arange(90) - 45.0])
def test_strange_leads_give_chances(right, leads):
    calibration = fit_calibration(right, leads)
    assert (calibration.chances > 0).all()
    assert (calibration.chances < 1).all()
    assert (np.diff(calibration.leads) > 0).all()
    assert (np.diff(calibration.chances) >= 0).all()


def test_what_is_no_number_is_refused():
    with pytest.raises(ParameterError, match="finite"):
        fit_calibration(np.ones(50, bool), np.full(50, np.nan))


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_the_answer_is_the_likeliest_class_and_chances_add_up(n_classes):
    rng = np.random.default_rng(0)
    calibration = fit_calibration(*drawn(2_000, truth=lambda lead: 0.2 + 0.7 * np.tanh(lead)), temperature=0.3)
    scores = rng.normal(size=(500, n_classes))
    codes = scores.argmax(axis=1)
    ordered = np.sort(scores, axis=1)
    leads = ordered[:, -1] - ordered[:, -2]
    table = calibration.table(scores, codes, leads)
    np.testing.assert_allclose(table.sum(axis=1), 1)
    assert (table >= 0).all()
    assert (table[np.arange(500), codes] >= table.max(axis=1) - 1e-12).all()
    np.testing.assert_allclose(table[np.arange(500), codes], np.maximum(calibration.chance(leads), 1 / n_classes))


def test_held_out_chances_are_not_fitted_on_their_own_answers():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(400, 5))
    codes, ordered = scores.argmax(axis=1), np.sort(scores, axis=1)
    leads, right = ordered[:, -1] - ordered[:, -2], rng.random(400) < 0.7
    calibration = fit_calibration(right, leads)
    table = cross_calibrated(calibration, right, leads, scores, codes)
    np.testing.assert_allclose(table.sum(axis=1), 1)
    assert not np.allclose(table, calibration.table(scores, codes, leads))


def test_a_chance_in_words_is_never_all():
    for chance in (0.9, 0.99, 0.9989, 0.9996, 1 - 1e-12, 1.0):
        for ceiling in (0.9, 0.99, 0.999, 0.9999):
            assert "100" not in in_percent(chance, ceiling)


@pytest.mark.parametrize("seed", range(8))
def test_venn_abers_is_isotonic_regression_with_one_more_answer_at_each_knot(seed):
    random = np.random.default_rng(seed)
    leads = random.exponential(size=random.integers(20, 900)).round(seed % 4 + 1)
    right = random.random(len(leads)) < 1 / (1 + np.exp(1 - random.uniform(0, 4) * leads))
    grouped = Grouped.of(right, leads)
    knots, chances = KINDS["venn-abers"](grouped)
    expected = []
    for place in np.searchsorted(grouped.leads, knots):
        at = np.arange(len(grouped.leads)) == place
        low, high = (
            isotonic_regression(
                (grouped.right + more * at) / (grouped.counts + at), sample_weight=grouped.counts + at
            )[place]
            for more in (0, 1)
        )
        expected.append(high / (1 - low + high))
    np.testing.assert_allclose(chances, np.maximum.accumulate(expected), rtol=1e-12)
