"""`misread ladder` on the command line."""

import json

import pytest
from typer.testing import CliRunner

from misread.bundle import load
from misread.cli import app
from misread.cli.ladder import _held_out_error
from misread.data import load as load_data
from misread.errors import ParameterError
from misread.recipes.ladder import run_ladder, rungs_named
from misread.recipes.ladder.budget import in_seconds
from misread.recipes.operating import choose_again


def test_it_shows_the_rungs_and_writes_the_run(tmp_path):
    done = CliRunner().invoke(app, ["ladder", "digits", "--models", "knn, svc-deskewed", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "knn" in done.output
    assert "3.61%" in done.output
    rungs = json.loads((tmp_path / "ladder.json").read_text())["rungs"]
    assert len(rungs) == 2
    assert (tmp_path / "ladder.png").is_file()
    best = load(tmp_path / "best.misread")
    expected = min(rungs, key=lambda rung: rung["held_out_errors"])
    assert best.manifest.model == expected["model"]
    assert best.manifest.metrics["test"]["accuracy"]["count"] == 360 - expected["verdict"]["errors"]
    assert best.manifest.metrics["out_of_fold"]["n"] == len(best.held_out.truth)
    assert best.manifest.command.startswith("misread ladder digits --models")
    digits = load_data("digits")
    wrong = best.answer(digits.test.images).labels != digits.test.labels
    assert wrong.sum() == expected["verdict"]["errors"]
    again = choose_again(best, precision=0.999).manifest.operating_point
    assert again.threshold > 0


def test_the_best_is_chosen_without_the_test_images():
    class Told:
        def __init__(self, errors, held_out):
            self.climbed = type("Climbed", (), {"held_out_errors": errors, "held_out": held_out})

    assert _held_out_error(Told(1, 4)) == 0.25
    assert _held_out_error(Told(0, 0)) == 1


def test_skipped_rungs_have_a_reason(tmp_path):
    done = CliRunner().invoke(app, ["ladder", "--models", "knn", "--budget", "0.001s", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "skipped knn" in done.output
    assert not (tmp_path / "ladder.png").exists()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h", 3600), ("45", 45), ("1.5 m", 90), (20, 20), (0.5, 0.5)],
)
def test_times(text, seconds):
    assert in_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "0s", "5 days", "٣m", 0, -1.0, float("nan"), True, "9" * 400])
def test_times_that_are_none(text):
    with pytest.raises(ParameterError, match="such as"):
        in_seconds(text)


def test_a_budget_without_a_unit_is_in_seconds_and_says_so(tmp_path):
    done = CliRunner().invoke(app, ["ladder", "--models", "knn", "--budget", "1", "--out", str(tmp_path)])
    assert "--budget 1 is 1 seconds; 1m would be minutes" in done.stderr
    assert run_ladder("digits", models=["knn"], budget="1s").manifest["budget"] == 1


def test_a_rung_that_is_misspelt():
    with pytest.raises(ParameterError, match="did you mean edge-kernel"):
        rungs_named(["edgekernel"])
