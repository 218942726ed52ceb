"""The same numbers on a Dask cluster, also when a worker is killed in the middle."""

import json
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread.bundle import load as load_model
from misread.cli import app
from misread.data import load
from misread.errors import ParameterError
from misread.fitting.out_of_fold import out_of_fold
from misread.models import KNeighborsClassifierCV, RandomForestClassifier, SGDClassifier
from misread.parallel import workers

distributed = pytest.importorskip("distributed")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def cluster():
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def engine(cluster):
    return "dask://" + cluster.scheduler_address.removeprefix("tcp://")


@pytest.fixture(scope="module")
def digits():
    train = load("digits").train
    return train.X, train.labels


def everything(X, y):
    sgd = SGDClassifier(random_state=0)
    grid = KNeighborsClassifierCV(n_neighbors=(3, 4)).fit(X, y)
    return [
        out_of_fold(sgd, X, y).scores,
        sgd.fit(X, y).coef_,
        out_of_fold(RandomForestClassifier(10, random_state=0), X, y == 5).scores,
        grid.cv_results_["mean_test_score"],
    ]


def test_a_cluster_gives_the_same_numbers(engine, digits):
    expected = everything(*digits)
    with workers(engine=engine):
        got = everything(*digits)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def counted(monkeypatch):
    """The sizes of all arrays that are sent from now on."""
    sent = []
    submit = distributed.Client.submit

    def submitted(client, function, *args, **options):
        sent.extend(one.nbytes for one in args if isinstance(one, np.ndarray))
        return submit(client, function, *args, **options)

    monkeypatch.setattr(distributed.Client, "submit", submitted)
    return sent


def test_data_goes_to_the_cluster_once(engine, digits, monkeypatch):
    X, y = digits
    sent = counted(monkeypatch)
    with workers(engine=engine):
        for _ in range(3):
            out_of_fold(SGDClassifier(random_state=0), X, y)
    assert sent.count(X.nbytes) == 1


@pytest.mark.parametrize("seen", [True, False], ids=["all see the file", "the file is gone"])
def test_mapped_data_is_read_by_the_workers(engine, digits, monkeypatch, tmp_path, seen):
    """Who sees the same file reads it; else it is sent."""
    X, y = digits
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    if not seen:
        (tmp_path / "X.npy").unlink()
    sent = counted(monkeypatch)
    with workers(engine=engine):
        got = out_of_fold(SGDClassifier(random_state=0), mapped, y)
    np.testing.assert_array_equal(got.scores, out_of_fold(SGDClassifier(random_state=0), X, y).scores)
    assert (X.nbytes in sent) is not seen


def test_commands_say_the_same_on_a_cluster(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_image = Image.fromarray(load("digits").test.images[0]).save
    for name in ("a.png", "b.png"):
        save_image(name)
    Path("broken.png").write_text("no image")

    def both(*words, out=()):
        said = []
        for where, more in (("here", []), ("there", ["--engine", engine])):
            names = [one.replace("OUT", where) for one in (*words, *out)]
            done = CliRunner().invoke(app, [*names, *more])
            assert done.exit_code in (0, 1), done.output
            said.append(done.stdout.replace(where, "OUT").partition("written")[0])
        assert said[0] == said[1]
        return said[0]

    both("train", "sgd", "digits", out=("--out", "OUT.misread"))
    first, second = (load_model(f"{name}.misread") for name in ("here", "there"))
    np.testing.assert_array_equal(first.held_out.scores, second.held_out.scores)
    assert first.manifest.metrics == second.manifest.metrics
    assert '"a.png"' in both("predict", "here.misread", "a.png", "broken.png", "b.png", "--json")
    assert both("evaluate", "here.misread", "digits", out=("--out", "OUT-judged"))
    assert "best" in both("tune", "sgd", "digits", "--grid", "alpha=0.001,0.01", "--folds", "2")
    for where, more in (("here", []), ("there", ["--engine", engine])):
        done = CliRunner().invoke(app, ["ladder", "digits", "--models", "knn", "--out", f"{where}-ladder", *more])
        assert done.exit_code == 0, done.output
    here, there = (json.loads(Path(f"{one}-ladder", "ladder.json").read_text()) for one in ("here", "there"))
    assert here["rungs"][0]["verdict"]["errors"] == there["rungs"][0]["verdict"]["errors"]


def test_a_killed_worker_costs_time_not_the_result(cluster, engine, digits):
    expected = everything(*digits)
    pids = [worker.process.pid for worker in cluster.workers.values()]
    killer = threading.Timer(0.3, os.kill, (pids[0], signal.SIGKILL))
    with workers(engine=engine):
        killer.start()
        rounds = [everything(*digits) for _ in range(3)]
    assert killer.finished.is_set()
    for got in rounds:
        for ours, theirs in zip(got, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("engine", ["spark://host:1", "dask://host", "dask:8786", "dask://127.0.0.1:9"])
def test_an_address_that_makes_no_sense_is_said(engine, monkeypatch):
    monkeypatch.setattr("misread.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(ParameterError, match=r"dask://host:port|no Dask scheduler"), workers(engine=engine):
        pass


def test_jobs_must_be_positive():
    with pytest.raises(ParameterError, match="at least 1"), workers(jobs=0):
        pass
