"""`misread ladder` on the command line."""

import json

import pytest
from typer.testing import CliRunner

from misread.cli import app
from misread.cli.ladder import _seconds
from misread.errors import ParameterError


def test_it_shows_the_rungs_and_writes_the_run(tmp_path):
    done = CliRunner().invoke(app, ["ladder", "digits", "--models", "knn, svc-deskewed", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "knn" in done.output
    assert "3.61%" in done.output
    assert len(json.loads((tmp_path / "ladder.json").read_text())["rungs"]) == 2
    assert (tmp_path / "ladder.png").is_file()


def test_skipped_rungs_have_a_reason(tmp_path):
    done = CliRunner().invoke(app, ["ladder", "--models", "knn", "--budget", "0.001s", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "skipped knn" in done.output
    assert not (tmp_path / "ladder.png").exists()


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("45", 45), ("1.5 m", 90)])
def test_times(text, seconds):
    assert _seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "0s", "5 days", "٣m"])
def test_times_that_are_none(text):
    with pytest.raises(ParameterError, match="such as"):
        _seconds(text)
