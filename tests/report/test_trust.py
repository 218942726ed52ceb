"""What a report says of chances and of groups: the numbers of the result, counted once more, and told rightly."""

import html
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss

from misread import judge, load
from misread.errors import ParameterError
from misread.evaluation.chances import uncalibrated
from misread.recipes.evaluate import evaluate
from misread.recipes.study.enough import run_enough
from misread.recipes.study.step import Context, Outcome
from misread.recipes.study.steps import steps_with
from misread.recipes.train import train
from misread.report import report_data, write_report

DIGITS = load("digits")


def drawn(n: int = 2_000, boldness: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that are too bold."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, (n, 3))
    true = uncalibrated(logits, are_shares=False)
    labels = np.array([rng.choice(3, p=row) for row in true])
    return labels, uncalibrated(boldness * logits, are_shares=False)


def test_probabilities_of_anybody_are_judged_before_and_after_calibration():
    labels, said = drawn()
    result = judge(labels, said)
    section = report_data(result)["chances"]
    before, after = section["series"]
    assert before["loss"]["value"] == pytest.approx(log_loss(labels, said), rel=1e-9)
    assert after["loss"]["value"] < before["loss"]["value"]
    assert after["error"]["value"] < 0.03 < before["error"]["value"]
    assert "It is too bold where it says" in section["answer"]
    assert ", calibrated by " in section["answer"]
    right, chance = said.argmax(axis=1) == labels, said.max(axis=1)
    for one in before["bins"]:
        inside = (chance >= one["from"]) & ((chance < one["to"]) | (one["to"] == 1))
        assert one["right"]["of"] == inside.sum()
        assert one["right"]["count"] == (right & inside).sum()
        assert one["chance"] == pytest.approx(chance[inside].mean())


def test_true_probabilities_are_said_to_be_and_few_answers_say_nothing():
    labels, said = drawn()
    true = report_data(judge(*drawn(boldness=1)))["chances"]
    assert "In no range does it differ" in true["answer"]
    few = judge(labels[:30], said[:30])
    assert "chances" in report_data(few)["absent"]


def test_answers_alone_have_no_chances():
    labels, said = drawn(200)
    assert "model.chances" not in judge(labels, said.argmax(axis=1)).values


def test_places_go_by_odds():
    labels, said = drawn()
    section = report_data(judge(labels, said))["chances"]
    at = [tick["at"] for tick in section["ticks"]]
    assert at == sorted(at)
    assert at[3] - at[2] == pytest.approx(at[4] - at[3], abs=0.01)


@pytest.fixture(scope="module")
def grouped():
    rng = np.random.default_rng(0)
    own, tested = DIGITS.train, DIGITS.test
    who, other = (np.array([f"<w{k}>" for k in rng.integers(0, 12, len(part))]) for part in (own, tested))
    images = tested.images.copy()
    images[other == "<w3>"] = images[other == "<w3>"][:, ::-1]
    data = replace(DIGITS, train=replace(own, groups=who), test=replace(tested, images=images, groups=other))
    return evaluate(train("knn", data), data)


def test_groups(grouped, tmp_path: Path):
    section = report_data(grouped)["groups"]
    right = grouped.arrays["model.predictions"] == grouped.arrays["labels.test"]
    who = grouped.arrays["model.groups"]
    assert section["worst"][0]["name"] == "<w3>"
    assert section["worst"][0]["is_worse"]
    assert section["worst"][0]["count"] == right[who == "<w3>"].sum()
    assert len(section["figure"]["dots"]) == section["n"] == 12
    assert "differ beyond chance" in section["answer"]
    assert section["mixed"].startswith("In training, folds that mix groups would have promised")
    text = write_report(grouped, tmp_path).read_text("utf-8")
    assert "<w3>" not in text
    assert "<w3>: " in html.unescape(text)
    assert "Is it as good for every group?" in text


def test_without_groups_there_is_no_section():
    found = report_data(evaluate(train("knn", DIGITS), DIGITS))
    assert "groups" in found["absent"]
    assert found["chances"]["about"].startswith("Calibrated by the curve in the model file")


def test_enough_is_measured_when_it_is_asked_for(tmp_path: Path):
    bundle = train("knn", DIGITS)
    assert report_data(evaluate(bundle, DIGITS))["absent"]["enough"].startswith("it was not asked for")
    result = evaluate(bundle, DIGITS, enough=True)
    found, section = result.values["model.enough"], report_data(result)["enough"]
    learnt = [one["n"] for one in found["measured"]]
    assert learnt == sorted(learnt)
    assert learnt[-1] + found["asked"] == len(DIGITS.train)
    assert found["twice"]["n"] == 2 * learnt[-1]
    assert [one["n"] for one in section["further"]][-1] == 4 * learnt[-1]
    assert "twice as many, it is expected to misread" in section["answer"]
    placed = [*section["measured"], *section["further"]]
    assert all(0 <= one[f"{end}_at"] <= 1 for one in placed for end in ("low", "error", "high"))
    assert all(0 <= tick["at"] <= 1 for tick in [*section["across"], *section["up"]])
    assert "Have I enough images?" in write_report(result, tmp_path).read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "others", "train": DIGITS.train.take(slice(0, 300))}, "not from these of others"),
        ({"positive": "5"}, "this one is for detector"),
    ],
)
def test_enough_is_of_the_data_that_a_model_learnt_from(change, words):
    positive = change.pop("positive", None)
    with pytest.raises(ParameterError, match=words):
        evaluate(train("sgd-scaled", DIGITS, positive=positive), replace(DIGITS, **change), enough=True)


@pytest.mark.parametrize("best", ["knn", "sgd_raw", "sgd_scaled", "chosen"])
def test_a_study_asks_about_its_hero(best):
    done = {
        "best": Outcome({"best.step": best}),
        "knn": Outcome({"knn.best_params": {"n_neighbors": 1, "weights": "uniform"}}),
    }
    small = replace(DIGITS, train=DIGITS.train.take(slice(0, 400)))
    found = run_enough(Context(small, "5", 0, done, model="knn")).values
    assert found["enough.measured"][-1]["error"] < 0.3
    assert set(found) == {f"enough.{name}" for name in ("asked", "measured", "twice", "further")}
    assert [step.name for step in steps_with("", True)][-1] == "enough"
    assert "enough" not in {step.name for step in steps_with("knn")}


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 800}}])
def test_axe_finds_nothing_in_either_section(grouped, tmp_path, open_report, options):
    axe = os.environ.get("MISREAD_AXE")
    if not axe:
        pytest.skip("MISREAD_AXE names no axe.min.js")
    page = open_report(write_report(grouped, tmp_path), bypass_csp=True, **options)
    page.add_script_tag(path=axe)
    for section in ("#chances", "#groups"):
        found = page.evaluate("at => axe.run(at)", section)
        assert [one["id"] for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
