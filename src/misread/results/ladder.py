"""What the ladder leaves behind: plain data, one JSON file."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from misread import html
from misread.bundle.texts import checked_texts
from misread.errors import ModelFileError, RunError
from misread.files import atomic_write, read_regular, writable_folder

__all__ = ["SCHEMA_VERSION", "LadderResult", "RungResult", "Verdict"]

SCHEMA_VERSION = 1
_FILE = "ladder.json"
_MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Verdict:
    """What a trained rung is worth on images that nothing was chosen by.

    Attributes
    ----------
    errors, n : int
        Mistakes, and how many images there were.
    error_low, error_high : float
        The exact (Clopper-Pearson) 95% interval of the error rate.
    microseconds : float
        Per image.
    calibration_error, calibration_error_before : float
        Expected calibration error with the temperature fitted on held-out training images, and without.
    coverage, answered_accuracy : float or None
        Share of the images that are answered at the threshold chosen on held-out training images, and the share
        of right answers among these; None where no threshold would do.
    """

    errors: int
    n: int
    error_low: float
    error_high: float
    microseconds: float
    calibration_error: float
    calibration_error_before: float
    coverage: float | None
    answered_accuracy: float | None

    @property
    def error(self) -> float:
        """Share of the images that are misread."""
        return self.errors / self.n


@dataclass(frozen=True)
class RungResult:
    """One rung that was climbed.

    Attributes
    ----------
    model, adds : str
    seconds : float
        Of training.
    n_bytes : int
        Of all that the model needs to answer, as its file holds it before it is compressed.
    held_out_errors, held_out : int
        Mistakes on held-out training images, and how many those were.
    temperature : float
    threshold : float or None
    verdict : Verdict
    """

    model: str
    adds: str
    seconds: float
    n_bytes: int
    held_out_errors: int
    held_out: int
    temperature: float
    threshold: float | None
    verdict: Verdict


@dataclass(frozen=True, eq=False, repr=False)
class LadderResult:
    """The ladder of one data set.

    Attributes
    ----------
    rungs : list of RungResult
        In the order in which they were climbed.
    skipped : dict of str to str
        Rungs that were not, with the reason.
    manifest : dict of str to JSON values
        Data set (name, sha256, sizes), parameters, versions and platform.
    """

    rungs: list[RungResult] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        best = min(self.rungs, key=lambda one: one.verdict.errors, default=None)
        said = "no rung" if best is None else f"best {best.model} with {best.verdict.error:.2%} misread"
        return f"<LadderResult: {len(self.rungs)} rungs, {said}>"

    def _repr_html_(self) -> str:
        """The rungs with what each is worth and costs, in a notebook."""
        rows = [
            (
                one.model,
                f"{one.verdict.error:.2%}",
                f"{one.seconds:.1f} s",
                f"{one.verdict.microseconds:,.0f}",
                f"{one.n_bytes:,}",
            )
            for one in self.rungs
        ]
        titles = ("rung", "misread", "trained in", "µs an image", "bytes")
        return html.block(repr(self)[1:-1], html.table(rows, titles))

    @property
    def front(self) -> list[RungResult]:
        """The rungs that no other beats in both error and training time, by training time."""
        return self._front("seconds")

    @property
    def front_by_size(self) -> list[RungResult]:
        """The rungs that no other beats in both error and bytes, by bytes."""
        return self._front("n_bytes")

    def _front(self, cost: str) -> list[RungResult]:
        best: list[RungResult] = []
        for rung in sorted(self.rungs, key=lambda one: (getattr(one, cost), one.verdict.errors)):
            if not best or rung.verdict.errors < best[-1].verdict.errors:
                best.append(rung)
        return best

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write `ladder.json` into `folder`, whole or not at all; it names both fronts, too.

        Raises
        ------
        OutputError
            If the folder cannot be written to.
        """
        fronts = {
            "seconds": [rung.model for rung in self.front],
            "n_bytes": [rung.model for rung in self.front_by_size],
        }
        document = {"schema_version": SCHEMA_VERSION, **asdict(self), "fronts": fronts}
        with atomic_write(writable_folder(folder) / _FILE) as stream:
            stream.write(json.dumps(document, indent=1, allow_nan=False).encode() + b"\n")

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> "LadderResult":
        """Read what `save` wrote.

        Raises
        ------
        RunError
            If `folder` holds no ladder, or one of a newer version.
        """
        try:
            document = checked_texts(json.loads(read_regular(Path(folder) / _FILE, _MOST_BYTES, RunError)))
            if document["schema_version"] != SCHEMA_VERSION:
                raise RunError(f"{folder} was written by another misread; climb the ladder again")
            rungs = [RungResult(**{**rung, "verdict": Verdict(**rung["verdict"])}) for rung in document["rungs"]]
            return cls(rungs, document["skipped"], document["manifest"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ModelFileError) as error:
            raise RunError(
                f"{folder} holds no ladder ({error}); give the folder that `misread ladder --out` wrote"
            ) from error
