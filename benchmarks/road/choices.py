"""How settings were chosen: `python -m benchmarks.road.choices MODEL [--set NAME=VALUE ...] [--why TEXT]`.

A model of the zoo, with what is set, learns from 50,000 training images and is asked about the other 10,000. What
came of it is added to road_choices.json and road_choices.md. No test image is read. `--replay N` does the
N-th choice again and says whether the same images are misread.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from benchmarks.machine import circumstances
from benchmarks.road.race import MEASURED, PACKAGES
from misread.data import load
from misread.models.zoo import ZOO, make
from misread.parallel import workers

HERE = Path(__file__).parents[1]
LOG = HERE / "road_choices.json"
HELD_OUT, DRAWN_WITH = 10_000, 2026


def main() -> int:
    """Try, and write down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.road.choices", description=__doc__)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--why", default="")
    parser.add_argument("--replay", type=int)
    options = parser.parse_args()
    log: list[dict[str, Any]] = json.loads(LOG.read_text()) if LOG.exists() else []
    if options.replay is not None:
        old = log[options.replay - 1]
        again = [tried(old["data"], old["model"], old["params"], seed) for seed in range(len(old["runs"]))]
        same = all(one["misread"] == before["misread"] for one, before in zip(again, old["runs"], strict=True))
        print(f"then {_errors(old['runs'])}, now {_errors(again)}: {'the same' if same else 'other'} images")
        return 0 if same else 1
    given = dict(one.split("=", 1) for one in options.set)
    values = {name: _value(text) for name, text in given.items()}
    params = known_params(options.model) | values
    around = circumstances(PACKAGES, of=MEASURED)
    runs = [tried(options.data, options.model, params, seed) for seed in range(options.seeds)]
    row = {
        "data": options.data,
        "model": options.model,
        "set": unusual(options.model, params),
        "params": params,
        "why": options.why,
    }
    log.append(row | {"around": around, "runs": runs})
    LOG.write_text("[\n" + ",\n".join(json.dumps(one) for one in log) + "\n]\n")
    LOG.with_suffix(".md").write_text(markdown(log))
    print(f"{options.model} {values}: {_errors(runs)} of {HELD_OUT} in {_cpu(runs)} CPU seconds")
    return 0


def known_params(model: str) -> dict[str, Any]:
    """What a model of the zoo is set to today, so that a choice can be replayed when the zoo is another."""
    return {
        name: value
        for name, value in make(model).get_params().items()
        if name != "random_state" and (value is None or isinstance(value, bool | int | float | str | tuple))
    }


def unusual(model: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that are not what the estimator's class has by itself."""
    estimator = make(model)
    usual = {} if isinstance(estimator, Pipeline) else type(estimator)().get_params()
    return {name: value for name, value in params.items() if name not in usual or _tuple(value) != usual[name]}


def tried(data: str, model: str, values: dict[str, Any], seed: int) -> dict[str, Any]:
    """Which held-out training images a model misreads, and what training it cost."""
    train = load(data).train
    order = np.random.default_rng(DRAWN_WITH).permutation(len(train))
    held, rest = np.sort(order[:HELD_OUT]), np.sort(order[HELD_OUT:])
    jobs = os.cpu_count() or 1
    estimator = make(model, seed=seed, params={name: _tuple(value) for name, value in values.items()})
    if ZOO[model].extra:
        estimator.set_params(n_jobs=jobs)
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    with workers(jobs):
        estimator.fit(train.X[rest], train.labels[rest])
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        wrong = held[estimator.predict(train.X[held]) != train.labels[held]]
    return {
        "seed": seed,
        "misread": wrong.tolist(),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(after.ru_utime - before.ru_utime, 2),
    }


def markdown(log: list[dict[str, Any]]) -> str:
    """The log as a table."""
    lines = [
        "# What was tried, on which images, with what result",
        "",
        f"Each row learnt from 50,000 training images and was asked about the other {HELD_OUT:,}, which "
        f"`numpy.random.default_rng({DRAWN_WITH}).permutation` draws: seeds count from 0. No test image was read. "
        "CPU seconds are of training alone: the machine was busy. "
        "`python -m benchmarks.road.choices --replay N` does row N again.",
        "",
        "| N | data | model | set | held-out errors, seed by seed | CPU seconds | why | with |",
        "| ---: | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for number, row in enumerate(log, 1):
        chosen = ", ".join(f"{name}={json.dumps(value)}" for name, value in row["set"].items()) or "nothing"
        lines.append(
            f"| {number} | {row['data']} | {row['model']} | {chosen} | {_errors(row['runs'])} "
            f"| {_cpu(row['runs'])} | {row['why']} | {row['around']['commit']}, {row['around']['day']} |"
        )
    return "\n".join([*lines, ""])


def _errors(runs: list[dict[str, Any]]) -> str:
    return ", ".join(str(len(run["misread"])) for run in runs)


def _cpu(runs: list[dict[str, Any]]) -> str:
    return ", ".join(f"{run['cpu_seconds']:.0f}" for run in runs)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
