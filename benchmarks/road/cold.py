"""One entrant in a process of its own: `python -m benchmarks.road.cold DATA FOLDER ENTRANT SEED`.

It trains, says when that was done, and is then asked about the test images, once. How long an answer takes is
measured on training images. Nothing is imported before it is needed: imports count.
"""

import json
import os
import pickle
import resource
import sys
import time
from importlib import import_module
from typing import Any

_TIMED, _TURNS = 2_000, 3


def main(data: str, folder: str, entrant: str, seed: int) -> None:
    """Train, ask, print what came of it as one line of JSON."""
    theirs = entrant.startswith("other:")
    model, train, ask_test = _theirs(folder, entrant, seed) if theirs else _ours(data, folder, entrant, seed)
    trained = time.monotonic()
    used = resource.getrusage(resource.RUSAGE_SELF)
    some = train[:_TIMED]
    turns = []
    for _ in range(_TURNS):
        start = time.perf_counter()
        model.predict(some)
        turns.append(time.perf_counter() - start)
    X, y = ask_test()
    wrong = [
        i for i, (said, true) in enumerate(zip(model.predict(X).tolist(), y.tolist(), strict=True)) if said != true
    ]
    said = {
        "trained": trained,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "microseconds": 1e6 * min(turns) / len(some),
        "n_bytes": len(pickle.dumps(model, protocol=5)),
        "n": len(y),
        "wrong": wrong,
    }
    print(json.dumps(said))


def _ours(data: str, folder: str, name: str, seed: int) -> tuple[Any, Any, Any]:
    """A model of the zoo, as `misread train` trains it."""
    from misread.data import load
    from misread.models.zoo import ZOO, make
    from misread.parallel import workers

    dataset = load(data, data_dir=folder or None)
    jobs = os.cpu_count() or 1
    model = make(name, seed=seed)
    if ZOO[name].extra:
        model.set_params(n_jobs=jobs)
    with workers(jobs):
        model.fit(dataset.train.X, dataset.train.labels)
    return model, dataset.train.X, lambda: (dataset.test.X, dataset.test.labels)


def _theirs(folder: str, name: str, seed: int) -> tuple[Any, Any, Any]:
    """What somebody else would run: the files are read by NumPy, and nothing of misread is imported."""
    others = import_module("benchmarks.road.others")
    X, y = others.read(folder, "train")
    return others.OTHERS[name].train(X, y, seed), X, lambda: others.read(folder, "t10k")


if __name__ == "__main__":
    main(*sys.argv[1:4], seed=int(sys.argv[4]))
