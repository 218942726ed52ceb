"""SGD beside scikit-learn's, alone and beside a process that streams memory: `python -m benchmarks.starved`.

One class of MNIST's training images against the rest, on one core, set-up included; scaled means that the images
are standardised first, which counts, too. Both are fitted in turn, in one process; the seconds are its own
computing, so that waiting for a core does not count, but waiting for memory does. The neighbour copies 256 MB over
and over. The coefficients must be the same to the last bit.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sklearn.linear_model import SGDClassifier as Sklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.machine import measured_by
from misread.data import load
from misread.models import SGDClassifier

EPOCHS, SEED, DIGIT = (5, 20, 60), 42, 5
NEIGHBOUR = "import numpy as np; a = np.ones(2**25); b = np.ones(2**25)\nwhile True: a[:] = b"


@contextmanager
def neighbour(streams: bool) -> Iterator[None]:
    """A process that copies memory, while the block runs, or none."""
    if not streams:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", NEIGHBOUR])
    try:
        time.sleep(1)
        yield
    finally:
        process.kill()
        process.wait()


def seconds(fit: Callable[[], Any]) -> tuple[float, bytes]:
    """Seconds of this process's computing, and the fitted weights."""
    start = time.process_time()
    model = fit()
    spent = time.process_time() - start
    model = model[-1] if hasattr(model, "steps") else model
    return spent, model.coef_.tobytes() + model.intercept_.tobytes()


def main() -> None:
    """Measure, print and write `starved.md`, above what is noted there by hand."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starved", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    train = load("mnist").train
    X, y = train.X, train.labels == DIGIT
    lines = ["| pixels | epochs | beside a stream | misread, s | scikit-learn, s | times |"]
    lines.append("| --- | ---: | --- | ---: | ---: | ---: |")
    for scaled in (False, True):
        for n_epochs in EPOCHS:
            options: dict[str, Any] = {"random_state": SEED, "max_iter": n_epochs, "tol": None}
            scaler = StandardScaler() if scaled else None
            ours = SGDClassifier(**options, stopping="objective", scaler=scaler)
            theirs = make_pipeline(scaler or "passthrough", Sklearn(**options))
            ours.fit(X, y)  # compiles, should nobody have yet
            for streams in (False, True):
                with neighbour(streams):
                    pairs = [[seconds(lambda m=m: m.fit(X, y)) for m in (ours, theirs)] for _ in range(runs)]
                if any(mine != other for (_, mine), (_, other) in pairs):
                    raise SystemExit("the coefficients differ")
                mine, other = (statistics.median(pair[k][0] for pair in pairs) for k in (0, 1))
                kind, beside = "scaled" if scaled else "raw", "yes" if streams else "no"
                lines.append(f"| {kind} | {n_epochs} | {beside} | {mine:.2f} | {other:.2f} | {other / mine:.1f} |")
                print(lines[-1], flush=True)
    path = Path(__file__).with_suffix(".md")
    notes = path.read_text().partition("\n## ") if path.exists() else ("", "", "")
    title = "# SGD where memory is slow\n\n" + (__doc__ or "").partition("\n\n")[2]
    table = "\n".join(["", *lines, "", measured_by("starved", [SEED]), ""])
    path.write_text(f"{title}{table}{notes[1]}{notes[2]}")


if __name__ == "__main__":
    main()
