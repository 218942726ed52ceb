"""`misread warm`, and what a study's first run compiles beside itself."""

import io
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from misread.cli import app
from misread.cli import warm as cli
from misread.errors import ParameterError
from misread.recipes import warm as recipe
from misread.recipes.study.steps import steps_with


@pytest.fixture
def started(monkeypatch):
    """The commands that would be started."""
    commands = []

    class Process:
        def __init__(self, command, **_):
            commands.append(command[3:])
            self.stdout = io.StringIO("forest\nknn\n")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def kill(self):
            commands.append("killed")

    monkeypatch.setattr(subprocess, "Popen", Process)
    return commands


@pytest.mark.parametrize(
    ("kept", "jobs", "expected"),
    [
        (set(), 2, [["forest", "knn"], "killed"]),
        ({"forest"}, 2, [["knn"], "killed"]),
        ({"forest", "knn"}, 2, []),
        (set(), 1, []),
    ],
)
def test_what_is_missing_is_compiled_beside_where_there_is_a_core(monkeypatch, started, kept, jobs, expected):
    monkeypatch.setattr(cli, "is_warm", lambda model: model in kept)
    with pytest.raises(KeyboardInterrupt), cli.compiling_beside(jobs):
        raise KeyboardInterrupt
    assert started == expected


def test_what_is_compiled_beside_is_waited_for(monkeypatch, started):
    monkeypatch.setattr(cli, "is_warm", lambda model: False)
    with cli.compiling_beside(2) as wait_for:
        wait_for("")
        wait_for("forest")
        wait_for("forest")
        wait_for("knn")
        wait_for("knn")
    assert started == [["forest", "knn"], "killed"]


def test_a_process_that_failed_is_not_waited_for():
    command = [sys.executable, "-c", cli._BESIDE, "no such model"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert cli._line(process.stdout) == ""


def test_every_step_that_is_waited_for_is_a_step():
    assert {step.name for step in steps_with("", False)} >= set(recipe.COMPILED_FOR)
    assert set(recipe.LATER) == set(recipe.COMPILED_FOR.values())


def test_what_is_compiled_is_seen(monkeypatch, tmp_path):
    kernel = recipe.LATER["knn"]
    recipe.warm(["knn"])
    assert recipe.is_warm("knn")
    stats = kernel.stats._replace(cache_path=str(tmp_path))
    monkeypatch.setattr(type(kernel), "stats", stats)
    assert not recipe.is_warm("knn")
    monkeypatch.setattr(type(kernel), "stats", stats._replace(cache_path=None))
    assert recipe.is_warm("knn")  # there is no place to look at


def test_models_by_name():
    assert CliRunner().invoke(app, ["warm", "sgd"]).exit_code == 0
    with pytest.raises(ParameterError, match="no kernels of 'convnet'; expected some of sgd, forest"):
        recipe.warm(["convnet"])
