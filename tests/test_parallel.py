"""The same numbers on a Dask cluster, also when a worker is killed in the middle."""

import os
import signal
import threading

import numpy as np
import pytest

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


def test_data_goes_to_the_cluster_once(engine, digits, monkeypatch):
    X, y = digits
    sent = []
    submit = distributed.Client.submit

    def counted(client, function, *args, **options):
        sent.extend(one.nbytes for one in args if isinstance(one, np.ndarray))
        return submit(client, function, *args, **options)

    monkeypatch.setattr(distributed.Client, "submit", counted)
    with workers(engine=engine):
        for _ in range(3):
            out_of_fold(SGDClassifier(random_state=0), X, y)
    assert sent.count(X.nbytes) == 1


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
