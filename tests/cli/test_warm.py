"""`misread warm`, and what a study's first run compiles beside itself."""

import subprocess

import pytest
from typer.testing import CliRunner

from misread.cli import app
from misread.cli import warm as cli
from misread.errors import ParameterError
from misread.recipes import warm as recipe


@pytest.fixture
def started(monkeypatch):
    """The commands that would be started."""
    commands = []

    class Process:
        def __init__(self, command, **_):
            commands.append(command[2:])

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
        (set(), 2, [["misread", "warm", "forest", "knn"], "killed"]),
        ({"forest"}, 2, [["misread", "warm", "knn"], "killed"]),
        ({"forest", "knn"}, 2, []),
        (set(), 1, []),
    ],
)
def test_what_is_missing_is_compiled_beside_where_there_is_a_core(monkeypatch, started, kept, jobs, expected):
    monkeypatch.setattr(cli, "is_warm", lambda model: model in kept)
    with pytest.raises(KeyboardInterrupt), cli.compiling_beside(jobs):
        raise KeyboardInterrupt
    assert started == expected


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
