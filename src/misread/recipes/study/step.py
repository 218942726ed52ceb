"""What a step of the study is, and the store that keeps finished ones."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle.archive import read_npz
from misread.data import Dataset
from misread.files import atomic_write, writable_folder
from misread.results.names import opened_in

__all__ = ["Context", "Outcome", "Step", "StepStore", "step_key"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a step leaves behind: named values (JSON) and named arrays."""

    values: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Context:
    """What a step is given.

    Attributes
    ----------
    dataset : Dataset
    positive : str
        Class that the detector detects.
    seed : int
    done : mapping of str to Outcome
        The finished steps that this one needs.
    model : str
        A model of the zoo to judge besides, or "".
    enough : bool
        Whether the hero's learning curve is asked for.
    """

    dataset: Dataset
    positive: str
    seed: int
    done: Mapping[str, Outcome] = field(default_factory=dict)
    model: str = ""
    enough: bool = False

    def opened(self, what: str) -> NDArray[Any]:
        """Out-of-fold `scores` or `predictions` of the model whose errors the report opens."""
        arrays = {name: array for one in self.done.values() for name, array in one.arrays.items()}
        best = self.done["best"].values if "best" in self.done else {}
        return arrays[f"{opened_in(best, arrays)}.{what}"]


@dataclass(frozen=True)
class Step:
    """One step of the study.

    Attributes
    ----------
    name : str
    title : str
        What a person reads while it runs.
    run : callable of Context to Outcome
    cost : float
        Seconds on full MNIST with two cores; only the ratios matter, for the time left.
    needs : tuple of str
        Steps that must be finished before.
    uses : tuple of str
        Steps whose outcome it is given besides, where they were not skipped.
    why_not : callable of Context to str or None
        The reason to skip the step for this data set, or None.
    parameter : str
        What else its outcome depends on.
    """

    name: str
    title: str
    run: Callable[[Context], Outcome]
    cost: float
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    why_not: Callable[[Context], str | None] = lambda context: None
    parameter: str = ""


def step_key(step: Step, context: Context, versions: Mapping[str, str], needed_keys: tuple[str, ...]) -> str:
    """Name of exactly this computation: data, parameters, library versions, our code, and what it builds on."""
    parts = [
        step.name,
        step.parameter,
        context.dataset.sha256,
        context.positive,
        context.seed,
        dict(versions),
        _code_fingerprint(),
        needed_keys,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class StepStore:
    """Finished steps in a folder, one file each, so that a killed study goes on where it was.

    A step's file carries its key; another key (a changed parameter, data set, library or line of our code) means
    that the step runs again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = writable_folder(folder)

    def load(self, step: Step, key: str) -> Outcome | None:
        """The kept outcome of `step`, or None when there is none for `key`."""
        try:
            arrays = read_npz(self.folder / f"{step.name}.npz")
            meta = json.loads(str(arrays.pop("meta")))
            if meta["key"] != key:
                return None
            return Outcome(dict(meta["values"]), arrays, float(meta["seconds"]))
        except Exception:  # missing, damaged or crafted in any way: it is computed again
            return None

    def save(self, step: Step, key: str, outcome: Outcome) -> None:
        """Keep the outcome of `step`, in one atomic move."""
        meta = json.dumps({"key": key, "values": outcome.values, "seconds": outcome.seconds})
        with atomic_write(self.folder / f"{step.name}.npz") as stream:
            np.savez(stream, meta=np.array(meta), **outcome.arrays)  # type: ignore[arg-type]


@cache
def _code_fingerprint() -> str:
    package = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for layer in ("kernels", "images", "data", "evaluation", "models", "fitting", "analysis", "recipes/study"):
        for path in sorted((package / layer).rglob("*.py")):
            digest.update(path.read_bytes())
    for name in ("tasks.py", "results/names.py"):
        digest.update((package / name).read_bytes())
    return digest.hexdigest()
