"""`make bench`: every engine beside what a user would pick instead, with floors; results.md and results.json."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.contenders import ROWS, Row
from benchmarks.growth import growth
from benchmarks.machine import Machine, circumstances, measure_machine
from benchmarks.measure import Measurement, measure
from benchmarks.serving import serving
from benchmarks.tables import failures, markdown
from misread import load
from misread.data.catalogue import CATALOGUE
from misread.data.fetch import find

PACKAGES = ("numpy", "scikit-learn", "numba", "faiss-cpu", "scikit-learn-intelex")
HERE = Path(__file__).parent


def main() -> int:
    """Measure, write the tables, and fail when a row is below its floor."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--data", default="mnist", help="mnist or fashion-mnist")
    parser.add_argument("--runs", type=int, default=3, help="runs of each contender after the first")
    parser.add_argument(
        "--stock-python", help="time the whole stock notebook as well (half an hour), with this interpreter"
    )
    options = parser.parse_args()
    dataset = load(options.data)
    machine = measure_machine()
    engines = [_engine(row, options.data, options.runs) for row in ROWS]
    report: dict[str, Any] = {
        "data": options.data,
        "machine": asdict(machine),
        "runs": options.runs,
        "circumstances": circumstances(PACKAGES),
        "engines": engines,
        "compile": _compile_seconds(),
        "memory": _memory(options.data),
        "growth": [asdict(each) | {"slope": each.slope} for each in growth(dataset)],
        "limits": _limits(machine, engines),
        "serving": [asdict(each) for each in serving(dataset)],
        "study": _study(options.data, options.stock_python),
    }
    report["failures"] = failures(report)
    name = "results" if options.data == "mnist" else f"results-{options.data}"
    (HERE / f"{name}.json").write_text(json.dumps(report, indent=1) + "\n")
    (HERE / f"{name}.md").write_text(markdown(report))
    print(markdown(report))
    for failure in report["failures"]:
        print(f"below its floor: {failure}", file=sys.stderr)
    return 1 if report["failures"] else 0


def _engine(row: Row, data: str, runs: int) -> dict[str, Any]:
    contenders = {"misread": row.ours, **row.others}
    results: dict[str, Measurement] = {}
    for name, contender in contenders.items():
        print(f"{row.name}: {name} ...", file=sys.stderr, flush=True)
        measured = measure(contender.__module__, contender.__name__, data, runs)
        if measured is not None:
            results[name] = measured
    ours = results["misread"]
    return {
        "name": row.name,
        "floor": row.floor,
        "ahead_of": [name for name in row.ahead_of if name in results],
        "contenders": {
            name: {
                "seconds": each.median,
                "ratio": each.median / ours.median,
                "peak_mb": each.peak_mb,
                "identical": each.digest == ours.digest,
            }
            for name, each in results.items()
        },
    }


def _compile_seconds() -> dict[str, float]:
    """Seconds of all that has a kernel, on the digits, with an empty and then a filled compilation cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        cold, warm = (_run("benchmarks.run_all_kernels", environment=environment)["seconds"] for _ in range(2))
    return {"cold": cold, "warm": warm, "compile": cold - warm}


def _memory(data: str) -> list[dict[str, Any]]:
    """Peak memory with few and with many folds and grid points."""
    return [_run("benchmarks.memory", data, str(folds), str(points)) for folds, points in ((5, 8), (20, 64))]


def _run_study(data: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return _run("benchmarks.run_study", data, folder)


def _run(module: str, *words: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a module in a process of its own: its seconds, and the JSON object of its last line."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=HERE.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
        check=True,
    )
    return {"seconds": time.perf_counter() - start, **json.loads(done.stdout.splitlines()[-1])}


def _study(data: str, stock_python: str | None) -> dict[str, Any]:
    ours = _run_study(data)
    if stock_python is None:
        return {"misread": ours}
    folder = next(iter(find(CATALOGUE[data]).values())).parent
    command = [stock_python, str(HERE / "stock_notebook.py"), str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    stock = json.loads(done.stdout.splitlines()[-1])
    again = _run_study(data)
    seconds = (ours["seconds"] + again["seconds"]) / 2
    return {"misread": ours | {"seconds": seconds}, "stock": stock, "ratio": stock["total"] / seconds}


def _limits(machine: Machine, engines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Time that the plain computation would need at the machine's limit, over our time: above 1 is beyond it."""
    brute = 10_000 * 60_000 * 784 / 1e9 / (2 * machine.float32_gmac_per_second)
    epoch = 60_000 * 784 / 1e9 / machine.read_gb_per_second
    ours = {engine["name"]: engine["contenders"]["misread"]["seconds"] for engine in engines}
    neighbors = next(name for name in ours if "neighbours" in name)
    scaled = next(name for name in ours if "scaled, 100 epochs" in name)
    return [
        {
            "what": "every distance as float32 multiplications, 2 cores",
            "limit": brute,
            "ours": ours[neighbors],
            "floor": 1.0,
        },
        {
            "what": "reading every uint8 image once an epoch, 100 epochs",
            "limit": 100 * epoch,
            "ours": ours[scaled],
            "floor": 0.15,
        },
    ]


if __name__ == "__main__":
    sys.exit(main())
