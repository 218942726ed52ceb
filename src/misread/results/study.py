"""The result of a study is data: named values, named arrays, and how they came about."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread import html
from misread.bundle.archive import read_npz
from misread.bundle.texts import checked_texts, printable
from misread.errors import AnswersError, OutputError, RunError
from misread.files import atomic_write, read_regular, writable_folder

__all__ = ["ARRAYS", "RESULTS", "SCHEMA_VERSION", "StudyResult", "reading_run"]

SCHEMA_VERSION = 1
RESULTS, ARRAYS = "results.json", "arrays.npz"
REPORT, MOST_REPORT_BYTES = "report.html", 64 * 2**20
RUN_ID = "run.id"
_SHOWN_VALUES = 20
MAX_RESULTS_BYTES = 64 * 2**20
_REMEDY = "give the folder that `misread study --out` wrote"


@dataclass(frozen=True, eq=False, repr=False)
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
    folder : Path or None
        Where it was written to, or read from.
    """

    values: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    def __repr__(self) -> str:
        return f"<StudyResult: {self._about()}, {len(self.values):,} values, {len(self.arrays):,} arrays>"

    def _repr_html_(self) -> str:
        """The headline numbers, and the confusion matrix where one model is judged, in a notebook."""
        rows = [
            (
                name,
                f"{value['value']:.2%} ({value['low']:.2%} to {value['high']:.2%})" if _is_share(value) else value,
            )
            for name, value in self.values.items()
            if _is_share(value) or isinstance(value, float | int | str)
        ]
        counts, parts = self.values.get("model.confusion"), [html.table(rows[:_SHOWN_VALUES])]
        if counts is not None and len(counts) == len(self.class_names) <= _SHOWN_VALUES:
            lines = [(name, *row) for name, row in zip(self.class_names, counts, strict=True)]
            parts.append(html.table(lines, ("is \\ read as", *self.class_names)))
        return html.block(repr(self)[1:-1], *parts)

    def show(self, height: int = 800) -> html.Frame:
        """The report of its folder, inside a notebook: with all that can be dragged and clicked.

        Parameters
        ----------
        height : int
            In pixels.

        Raises
        ------
        RunError
            If it was never written to a folder, or there is no report.
        """
        if self.folder is None:
            raise RunError(
                "expected a result that is in a folder, got one that was never saved; call save(FOLDER)"
            )
        path = self.folder / REPORT
        if not path.is_file():
            raise RunError(f"there is no {path}; try: misread report {self.folder}")
        return html.Frame(read_regular(path, MOST_REPORT_BYTES, RunError).decode("utf-8", "replace"), height)

    def _about(self) -> str:
        model = self.manifest.get("model")
        name = self.manifest.get("dataset", {}).get("name", "no data")
        return f"{model['model']} on {name}" if isinstance(model, dict) else str(name)

    @property
    def class_names(self) -> list[str]:
        """Names of the classes, in the order of their codes."""
        return self.manifest["dataset"]["class_names"]

    def save(self, folder: str | PathLike[str]) -> None:
        """Write `arrays.npz` and then `results.json` into `folder`, each whole or not at all.

        Both carry the same id, so that a kill between the two cannot put values beside the arrays of another run.

        Raises
        ------
        OutputError
            If the folder cannot be written to.
        """
        folder = writable_folder(folder)
        document = {
            "schema_version": SCHEMA_VERSION,
            "values": self.values,
            "skipped": self.skipped,
            "timings": self.timings,
            "manifest": self.manifest,
        }
        run_id = self._id()
        with atomic_write(folder / ARRAYS) as stream:
            np.savez(stream, **{RUN_ID: np.array(run_id)}, **self.arrays)  # type: ignore[arg-type]
        content = json.dumps({"run_id": run_id, **document}, indent=1, allow_nan=False).encode()
        with atomic_write(folder / RESULTS) as stream:
            stream.write(content + b"\n")
        object.__setattr__(self, "folder", folder)

    def _id(self) -> str:
        """What only the same values and arrays have."""
        digest = blake2b(json.dumps([self.values, self.skipped, self.manifest], sort_keys=True).encode())
        for name, array in sorted(self.arrays.items()):
            plain = np.ascontiguousarray(array)
            digest.update(f"{name}:{plain.dtype.str}:{plain.shape}".encode())
            digest.update(plain.reshape(-1).view(np.uint8).data)
        return digest.hexdigest()[:32]

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> "StudyResult":
        """Read a run folder.

        Raises
        ------
        RunError
            If `folder` holds no finished study, parts of two, or one of a newer version.
        """
        folder = Path(folder)
        with reading_run(folder):
            document = checked_texts(json.loads(read_regular(folder / RESULTS, MAX_RESULTS_BYTES, RunError)))
            version = document["schema_version"]
            if version != SCHEMA_VERSION:
                raise RunError(
                    f"{folder} was written with results schema {str(version)[:40]}, this misread reads "
                    f"{SCHEMA_VERSION}; use the misread that wrote it, or run the study again"
                )
            arrays = read_npz(folder / ARRAYS, RunError)
            _check(document)
            if document.get("run_id") != _text(arrays.pop(RUN_ID, None)):
                raise RunError(
                    f"{folder} holds the {RESULTS} of one run and the {ARRAYS} of another, which was interrupted "
                    "before its end; run it again: finished steps are kept"
                )
            parts = (document[name] for name in ("values", "skipped", "timings", "manifest"))
            values, skipped, timings, manifest = parts
            return cls(values, arrays, skipped, timings, manifest, folder)


@contextmanager
def reading_run(folder: str | PathLike[str]) -> Iterator[None]:
    """Turn whatever goes wrong while a run folder is read or drawn into one `RunError` that names it."""
    try:
        yield
    except (AnswersError, RunError, OutputError):
        raise
    except FileNotFoundError as error:
        reason = f"there is no {Path(error.filename or RESULTS).name}"
        raise RunError(f"{folder} holds no finished study ({reason}); {_REMEDY}") from error
    except Exception as error:  # a crafted folder can make whoever reads it raise anything
        reason = printable(f"{type(error).__name__}: {error}"[:200])
        raise RunError(f"{folder} holds no finished study, or a damaged one ({reason}); {_REMEDY}") from error


def _check(document: dict[str, Any]) -> None:
    """See that a document has what every reader takes for granted."""
    dataset = document["manifest"]["dataset"]
    names = dataset["class_names"]
    checks = {
        "values": isinstance(document["values"], dict),
        "skipped": _is_table(document["skipped"], str),
        "timings": _is_table(document["timings"], int | float),
        "manifest.dataset.name": isinstance(dataset["name"], str),
        "manifest.dataset.class_names": isinstance(names, list) and all(isinstance(name, str) for name in names),
    }
    wrong = [name for name, right in checks.items() if not right]
    if wrong:
        raise ValueError(f"its {wrong[0]} make no sense")


def _is_table(value: Any, kind: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, kind) for one in value.values())


def _text(array: NDArray[Any] | None) -> str | None:
    return None if array is None else str(array)


def _is_share(value: Any) -> bool:
    return isinstance(value, dict) and {"value", "low", "high"} <= set(value) and value["value"] is not None


def _share(value: dict[str, Any]) -> str:
    return f"{value['value']:.2%} ({value['low']:.2%} to {value['high']:.2%})"
