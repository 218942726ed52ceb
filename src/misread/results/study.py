"""The result of a study is data: named values, named arrays, and how they came about."""

import json
import zipfile
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.errors import RunError
from misread.files import atomic_write, writable_folder

__all__ = ["SCHEMA_VERSION", "StudyResult"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class StudyResult:
    """Everything a study found out; figures, report and command line only draw it.

    Attributes
    ----------
    values : dict of str to JSON values
        One dotted name per number, such as `detector.precision`.
    arrays : dict of str to ndarray
        Scores, predictions, folds, curves and the images that figures show, under dotted names.
    skipped : dict of str to str
        Steps that make no sense for the data set, with the reason.
    timings : dict of str to float
        Seconds per step.
    manifest : dict of str to JSON values
        Data set (name, sha256, classes), parameters, versions and platform.
    """

    values: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def class_names(self) -> list[str]:
        """Names of the classes, in the order of their codes."""
        return self.manifest["dataset"]["class_names"]

    def save(self, folder: str | PathLike[str]) -> None:
        """Write `arrays.npz` and then `results.json` into `folder`, each whole or not at all.

        Raises
        ------
        OutputError
            If the folder cannot be written to.
        """
        folder = writable_folder(folder)
        with atomic_write(folder / "arrays.npz") as stream:
            np.savez(stream, **self.arrays)  # type: ignore[arg-type]
        document = {
            "schema_version": SCHEMA_VERSION,
            "values": self.values,
            "skipped": self.skipped,
            "timings": self.timings,
            "manifest": self.manifest,
        }
        with atomic_write(folder / "results.json") as stream:
            stream.write(json.dumps(document, indent=1, allow_nan=False).encode() + b"\n")

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> "StudyResult":
        """Read a run folder.

        Raises
        ------
        RunError
            If `folder` holds no finished study, or one of a newer version.
        """
        folder = Path(folder)
        try:
            document = json.loads((folder / "results.json").read_text("utf-8"))
            version = document["schema_version"]
            if version != SCHEMA_VERSION:
                raise RunError(
                    f"{folder} was written with results schema {version}, this misread reads {SCHEMA_VERSION}; "
                    "use the misread that wrote it, or run the study again"
                )
            with (folder / "arrays.npz").open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            return cls(document["values"], arrays, document["skipped"], document["timings"], document["manifest"])
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise RunError(
                f"{folder} holds no finished study ({error}); give the folder that `misread study --out` wrote"
            ) from error
