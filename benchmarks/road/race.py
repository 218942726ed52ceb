"""The race: `python -m benchmarks.road [--data mnist] [--seeds 5] [--first 0] [--within 60s] [--only NAME,...]`.

Each rung and each of other people's classifiers is trained with every seed in a process of its own. Its seconds
count from the start of that process to the end of training: starting Python, imports, reading and all. Kernels are
compiled and files are in the machine's cache before. Settings are fixed, and were chosen on training images
(`benchmarks/road_choices.md`). What is measured is kept in road.json after every run, so that a race that was cut
off goes on where it stopped; road.md and road-DATA.png are drawn from it. Exit code 1 when a target is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.machine import busy_seconds, circumstances
from benchmarks.road.others import OTHERS
from benchmarks.road.picture import draw
from benchmarks.road.table import TARGETS, Course, markdown
from misread.data.catalogue import CATALOGUE
from misread.data.fetch import fetch, find
from misread.models.zoo import ZOO
from misread.recipes.ladder.budget import in_seconds

__all__ = ["MEASURED", "PACKAGES", "main"]

HERE = Path(__file__).parents[1]
PACKAGES = ("numpy", "scipy", "scikit-learn", "numba", "torch", "lightgbm", "keras")
MEASURED = ("src", "benchmarks/road")
"""What the numbers depend on: they count as of the last commit that touched this."""
_FEWER_SEEDS = {"convnet-ensemble": 3}
_DEAR = 100.0
"""Other people's classifiers that take longer, in seconds, run with one seed: what is at stake is ours."""


@dataclass(frozen=True)
class Entrant:
    """Who runs: its name, about how long it takes, with how many seeds at most, and why it cannot."""

    name: str
    seconds: float
    most_seeds: int
    why_not: str | None


def main() -> int:
    """Measure what is not measured yet, write all down, and say which targets are missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.road", description=__doc__)
    parser.add_argument("--data", default="mnist", choices=sorted(TARGETS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--within", type=in_seconds, default="1h", help="leave out who takes longer, such as 60s")
    parser.add_argument("--only", default="", help="names, with commas between them")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    chosen = [one for one in entrants() if one.seconds <= options.within and (not only or one.name in only)]
    runs = [
        (one, seed)
        for one in chosen
        if not one.why_not
        for seed in range(options.first, options.first + min(options.seeds, one.most_seeds))
    ]
    for one in chosen:
        if one.why_not:
            print(f"{one.name}: left out, {one.why_not}")
    around = circumstances(PACKAGES, of=MEASURED)
    kept = Kept(HERE / "road.json", options.data, around)
    left = [(one, seed) for one, seed in runs if not kept.has(one.name, seed)]
    print(f"{len(left)} of {len(runs)} runs to go, about {sum(one.seconds for one, _ in left) / 60:.0f} minutes")
    folder = data_folder(options.data)
    for one, seed in left:
        run = cold_run(options.data, folder, one.name, seed)
        kept.add({"entrant": one.name, "seed": seed} | run)
        print(f"{one.name}, seed {seed}: {run['wrong_share']:.2%} in {run['seconds']:.1f} s", flush=True)
    (HERE / "road.md").write_text(markdown(kept.courses))
    course = kept.course
    draw(course, HERE / f"road-{options.data}.png")
    missed = [said for seconds, said in course.missed() if seconds <= options.within]
    print("\n".join(missed))
    return 1 if missed else 0


def entrants() -> list[Entrant]:
    """The rungs of the ladder and other people's classifiers, from cheap to dear."""
    ours = [
        Entrant(model.name, model.seconds(60_000, 784), _FEWER_SEEDS.get(model.name, 99), model.why_not())
        for model in ZOO.values()
        if model.adds
    ]
    theirs = [
        Entrant(
            name,
            one.seconds,
            99 if one.is_random and one.seconds < _DEAR else 1,
            None if find_spec(one.package) else f"needs {one.package}",
        )
        for name, one in OTHERS.items()
    ]
    return sorted([*ours, *theirs], key=lambda one: one.seconds)


def cold_run(data: str, folder: Path, entrant: str, seed: int) -> dict[str, Any]:
    """Train one entrant in a process of its own; `others` says how many cores worked for others."""
    busy, own, start = busy_seconds(), _cpu_seconds(), time.monotonic()
    command = [sys.executable, "-m", "benchmarks.road.cold", data, str(folder), entrant, str(seed)]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{entrant}, seed {seed}:\n{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    seconds = said.pop("trained") - start
    others = (busy_seconds() - busy - _cpu_seconds() + own) / (time.monotonic() - start)
    return {"seconds": seconds, "wrong_share": len(said["wrong"]) / said["n"], "others": round(others, 3)} | said


def _cpu_seconds() -> float:
    """Of this process and of all that it waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def data_folder(data: str) -> Path:
    """Where the files of a named set lie; they are downloaded where they do not."""
    entry = CATALOGUE[data]
    found = find(entry)
    return (next(iter(found.values())) if len(found) == len(entry.files) else fetch(data).popitem()[1]).parent


class Kept:
    """All that was ever measured, a course for each data set, commit and machine; one line a run in the file."""

    def __init__(self, path: Path, data: str, around: dict[str, Any]) -> None:
        self.path = path
        self.courses = [Course(**one) for one in json.loads(path.read_text())] if path.exists() else []
        here = (data, around["commit"], around["processor"], around["cores"], around["versions"])
        self.course = next((one for one in self.courses if one.place == here), None) or Course(data, around, [])
        if self.course not in self.courses:
            self.courses.insert(0, self.course)

    def has(self, entrant: str, seed: int) -> bool:
        """Whether this was measured under the same circumstances."""
        return any((run["entrant"], run["seed"]) == (entrant, seed) for run in self.course.runs)

    def add(self, run: dict[str, Any]) -> None:
        """Keep one more run."""
        self.course.runs.append(run)
        lines = []
        for one in self.courses:
            head = json.dumps({"data": one.data, "around": one.around})[:-1]
            rows = ",\n".join(json.dumps(run) for run in one.runs)
            lines.append(f'{head}, "runs": [\n{rows}\n]}}')
        self.path.write_text("[" + ",\n".join(lines) + "]\n")
