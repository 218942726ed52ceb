"""`misread data enough`: whether more images would help."""

import json

from typer.testing import CliRunner

from misread.cli import app


def run(*words):
    return CliRunner().invoke(app, ["data", "enough", *words])


def test_words_and_json():
    done = run("digits", "knn")
    assert done.exit_code == 0, done.output
    assert "twice as many, it is expected to misread" in " ".join(done.output.split())
    told = json.loads(run("digits", "knn", "--json").stdout)
    assert [one["n"] for one in told["measured"]] == sorted(one["n"] for one in told["measured"])
    assert told["low"] <= told["error"] <= told["high"]
    assert all(one["low"] <= one["error"] <= one["high"] for one in told["measured"])
    assert told["n"] == 2 * told["measured"][-1]["n"]


def test_an_unknown_model_is_named():
    done = run("digits", "kn")
    assert done.exit_code != 0
    assert "no model is called" in str(done.exception) + done.output
