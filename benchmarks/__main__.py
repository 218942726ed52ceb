"""`make bench`: every engine beside what a user would pick instead, with floors; results.md and results.json."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.contenders import ROWS, Row, mnist
from benchmarks.growth import Growth, growth
from benchmarks.machine import Machine, measure_machine
from benchmarks.measure import Measurement, measure
from benchmarks.serving import serving

HERE = Path(__file__).parent
STUDY_FLOOR = 20
COMPILE_CEILING = 15.0
MEMORY_CEILING_MB = 1024


def main() -> int:
    """Measure, write the tables, and fail when a row is below its floor."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="time the whole stock notebook as well (half an hour)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each contender after the first")
    parser.add_argument("--stock-python", default=sys.executable, help="interpreter that runs the stock notebook")
    options = parser.parse_args()
    machine = measure_machine()
    engines = [_engine(row, options.runs) for row in ROWS]
    report: dict[str, Any] = {
        "machine": asdict(machine),
        "runs": options.runs,
        "versions": _versions(),
        "engines": engines,
        "compile": _compile_seconds(),
        "growth": [asdict(each) | {"slope": each.slope} for each in growth(mnist())],
        "limits": _limits(machine, engines),
        "serving": [asdict(each) for each in serving()],
        "study": _study(options.stock_python if options.full else None),
    }
    failures = _failures(report)
    report["failures"] = failures
    (HERE / "results.json").write_text(json.dumps(report, indent=1) + "\n")
    (HERE / "results.md").write_text(_markdown(report))
    print((HERE / "results.md").read_text())
    return 1 if failures else 0


def _engine(row: Row, runs: int) -> dict[str, Any]:
    contenders = {"misread": row.ours, **row.others}
    results: dict[str, Measurement] = {}
    for name, contender in contenders.items():
        print(f"{row.name}: {name} ...", file=sys.stderr, flush=True)
        measured = measure(contender.__module__, contender.__name__, runs)
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
    """Seconds of the digits study with an empty and then a filled compilation cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        cold, warm = (_run_study("digits", environment)["seconds"] for _ in range(2))
    return {"cold": cold, "warm": warm, "compile": cold - warm}


def _run_study(data: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.run_study", data, folder]
        start = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=HERE.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
            check=True,
        )
        return {"seconds": time.perf_counter() - start, **json.loads(done.stdout.splitlines()[-1])}


def _study(stock_python: str | None) -> dict[str, Any]:
    ours = _run_study("mnist")
    if stock_python is None:
        return {"misread": ours}
    folder = Path(os.environ["MISREAD_DATA"]) / "mnist"
    command = [stock_python, str(HERE / "stock_notebook.py"), str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    stock = json.loads(done.stdout.splitlines()[-1])
    again = _run_study("mnist")
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
        {"what": "every distance as float32 multiplications, 2 cores", "limit": brute, "ours": ours[neighbors]},
        {
            "what": "reading every uint8 image once an epoch, 100 epochs",
            "limit": 100 * epoch,
            "ours": ours[scaled],
        },
    ]


def _failures(report: dict[str, Any]) -> list[str]:
    failures = []
    for engine in report["engines"]:
        others = engine["contenders"]
        reference = others["scikit-learn"]
        if reference["ratio"] < engine["floor"]:
            failures.append(f"{engine['name']}: {reference['ratio']:.1f} x, floor {engine['floor']} x")
        if not reference["identical"]:
            failures.append(f"{engine['name']}: results differ from scikit-learn's")
        failures += [
            f"{engine['name']}: behind {name}" for name in engine["ahead_of"] if others[name]["ratio"] < 1
        ]
    if report["compile"]["compile"] > COMPILE_CEILING:
        failures.append(f"compiling takes {report['compile']['compile']:.1f} s, ceiling {COMPILE_CEILING} s")
    study = report["study"]
    if study["misread"]["peak_mb"] > MEMORY_CEILING_MB:
        failures.append(f"the study holds {study['misread']['peak_mb']:.0f} MB, ceiling {MEMORY_CEILING_MB} MB")
    if study["misread"]["differ"]:
        failures.append(f"the study's numbers differ from the notebook's: {study['misread']['differ']}")
    if "ratio" in study and study["ratio"] < STUDY_FLOOR:
        failures.append(f"the study: {study['ratio']:.1f} x the stock notebook, floor {STUDY_FLOOR} x")
    return failures


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("numpy", "scikit-learn", "numba", "faiss-cpu", "scikit-learn-intelex"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _markdown(report: dict[str, Any]) -> str:
    machine, study = report["machine"], report["study"]
    runs = "one run of each" if report["runs"] == 1 else f"medians of {report['runs']} runs"
    lines = [
        "# Benchmark",
        "",
        f"Written by `make bench` on {os.cpu_count()} cores: one core reads "
        f"{machine['read_gb_per_second']:.1f} GB/s and does {machine['float32_gmac_per_second']:.0f} "
        "billion float32 multiply-adds a second. "
        + ", ".join(f"{name} {number}" for name, number in report["versions"].items())
        + f". MNIST; {runs} after a first one, all in one go; "
        "ratios above 1 mean that misread is faster.",
        "",
        "| job | with | seconds | misread is faster by | peak MB | same results |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for engine in report["engines"]:
        for name, each in engine["contenders"].items():
            ratio = "" if name == "misread" else f"{each['ratio']:.1f} x"
            same = "" if name == "misread" else "yes" if each["identical"] else "no"
            lines.append(
                f"| {engine['name']} | {name} | {each['seconds']:.2f} | {ratio} | {each['peak_mb']:.0f} | {same} |"
            )
    lines += [
        "",
        "## Growth",
        "",
        "| job | images | seconds | microseconds an image | slope |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in report["growth"]:
        grown = Growth(each["name"], each["sizes"], each["seconds"])
        columns = (
            ", ".join(f"{n:,}" for n in grown.sizes),
            ", ".join(f"{s:.2f}" for s in grown.seconds),
            ", ".join(f"{s:.1f}" for s in grown.microseconds_per_image),
            f"{grown.slope:.2f}",
        )
        lines.append(f"| {grown.name} | " + " | ".join(columns) + " |")
    lines += [
        "",
        "## Against the machine's limit",
        "",
        "| plain computation | at the limit, s | ours, s |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {limit['what']} | {limit['limit']:.2f} | {limit['ours']:.2f} |" for limit in report["limits"]]
    lines += [
        "",
        "## Serving",
        "",
        "| model | images a request | connections | predictions a second | p50 ms | p99 ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each['model']} | {each['batch']} | {each['connections']} | {each['predictions_per_second']:.0f} "
        f"| {each['p50_ms']:.1f} | {each['p99_ms']:.1f} |"
        for each in report["serving"]
    ]
    compiled = report["compile"]
    lines += [
        "",
        "## The study",
        "",
        f"`misread study mnist`: {study['misread']['seconds']:.1f} s with everything it writes, "
        f"{study['misread']['peak_mb']:.0f} MB at most.",
    ]
    if "stock" in study:
        lines.append(
            f"The notebook's calls with scikit-learn {study['stock']['scikit-learn']}: "
            f"{study['stock']['total']:.0f} s. misread is {study['ratio']:.1f} times faster."
        )
    lines += [
        f"Compiling the kernels, once after installation: {compiled['compile']:.1f} s "
        f"(digits study {compiled['cold']:.1f} s, then {compiled['warm']:.1f} s).",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
