"""Where answers go: nothing is overwritten that another data set or model made; what cannot be is said early."""

import filecmp
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from misread.bundle import Manifest, read_manifest
from misread.data import Dataset, names
from misread.errors import MisreadError, OutputError, ParameterError
from misread.files import atomic_write, writable_folder

__all__ = [
    "ForceOption",
    "claim_copy",
    "claim_judged",
    "claim_ladder",
    "claim_model",
    "claim_run",
    "file_to_write",
    "folder_to_write",
    "named_after",
    "new_file",
    "page_to_write",
    "put_page",
    "write_new",
]

_MOST_JSON = 64 << 20

ForceOption = Annotated[
    bool, typer.Option("--force", help="Overwrite what another data set or model made, or what is something else.")
]


def named_after(data: str) -> str:
    """The name of a data set for the names of what is made of it: `v1.2` of a folder, `test` of test.csv."""
    if data in names():
        return data
    path = Path(data)
    return (path.resolve().name if path.is_dir() else path.stem) or "data"


def file_to_write(path: Path) -> Path:
    """Make sure that a file can be written there, without writing anything.

    Raises
    ------
    ParameterError
        If it is a folder, or something else that is no file.
    OutputError
        If its folder is not there or cannot be written to.
    """
    if path.is_dir():
        raise ParameterError(f"{path} is a folder; give the name of a file in it")
    if path.exists() and not path.is_file():
        raise ParameterError(f"{path} is no ordinary file; give the name of a file to --out")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {path.parent}; create it or choose another")
    _check_writable(path.parent, path)
    return path


def folder_to_write(path: Path) -> Path:
    """Make sure that a folder can be written to, or created, without creating it.

    Raises
    ------
    OutputError
        If it cannot.
    """
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if not there.is_dir():
        raise OutputError(f"cannot write {path}: {there} is a file; choose another folder")
    _check_writable(there, path)
    return path


def _check_writable(folder: Path, path: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {path}: {folder} may not be written to; choose another folder")


def claim_model(path: Path, model: str, task: str, positive: str | None, dataset: Dataset, force: bool) -> None:
    """Refuse to overwrite a file that does not hold this model of this data set.

    Raises
    ------
    OutputError
        If it holds something else, and `force` is not given.
    """
    if force or not path.exists():
        return
    try:
        old = read_manifest(path)
    except MisreadError:
        raise _taken(path, "it is no model file") from None
    if not _same_data(old.dataset, dataset):
        raise _taken(path, f"it holds a model of other data ({old.dataset.get('name')})")
    if (old.model, old.task, old.positive) != (model, task, positive):
        what = f"{old.model} for {old.task}{f' of {old.positive}' if old.positive else ''}"
        raise _taken(path, f"it holds another model ({what})")


def claim_copy(path: Path, manifest: Manifest, force: bool) -> None:
    """Refuse to overwrite a file that holds another model than the one with this manifest."""
    if force:
        return
    try:
        old = read_manifest(path)
    except MisreadError:
        raise _taken(path, "it is no model file") from None
    if replace(old, operating_point=None, metrics={}) != replace(manifest, operating_point=None, metrics={}):
        raise _taken(path, "it holds another model")


def claim_run(folder: Path, file: Path, dataset: Dataset, force: bool) -> None:
    """Refuse to overwrite results of another data set, of another model file, or of a study."""
    old = _written(folder / "results.json")
    if force or old is None:
        return
    if "model_file" not in old and not isinstance(old.get("model"), dict):
        raise _taken(folder, "it holds a study")
    if not _same_data(old.get("dataset"), dataset):
        raise _taken(folder, f"it holds results on other data ({_name(old)})")
    if old.get("model_file", str(file)) != str(file):
        raise _taken(folder, f"it holds results of another model ({old['model_file']})")


def claim_judged(folder: Path, answers: Path, force: bool) -> None:
    """Refuse to overwrite results that are not of this table of answers."""
    old = _written(folder / "results.json")
    if not force and old is not None and old.get("model_file") != str(answers):
        raise _taken(folder, "it holds other results")


def page_to_write(given: Path | None, name: str, command: str, force: bool) -> Path:
    """Where a page goes, `runs/<name>` by default; one that another command made is not overwritten."""
    page = file_to_write(given) if given is not None else folder_to_write(Path("runs")) / name
    mark = _mark(command)
    if not force and page.exists():
        with page.open("rb") as stream:
            stream.seek(max(0, page.stat().st_size - len(mark)))
            if stream.read() != mark:
                raise _taken(page, "another command made it")
    return page


def put_page(page: Path, command: str, write: Callable[[Path], object]) -> None:
    """Have a page written, and note at its end which command made it."""
    writable_folder(page.parent)
    write(page)
    content = page.read_bytes() + _mark(command)
    with atomic_write(page) as stream:
        stream.write(content)


def _mark(command: str) -> bytes:
    return (
        b"\n<!-- "
        + blake2b(command.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest().encode()
        + b" -->\n"
    )


def claim_ladder(folder: Path, best: str, dataset: Dataset, force: bool) -> None:
    """Refuse to overwrite the ladder of another data set, or a model that no ladder made."""
    old = _written(folder / "ladder.json")
    if force:
        return
    if old is not None and not _same_data(old.get("dataset"), dataset):
        raise _taken(folder, f"it holds the ladder of other data ({_name(old)})")
    if old is None and (folder / best).exists():
        raise _taken(folder / best, "no ladder made it")


@contextmanager
def new_file(path: Path, force: bool) -> Iterator[IO[bytes]]:
    """Open a file to write whole, but over nothing else unless told to.

    Raises
    ------
    OutputError
        If there is a file with another content, and `force` is not given; or if it cannot be written.
    """
    with atomic_write(path) as stream:
        yield stream
        stream.flush()
        if not force and path.exists() and not filecmp.cmp(stream.name, path, shallow=False):
            raise _taken(path, "it has another content")


def write_new(path: Path, content: bytes, force: bool) -> None:
    """Write a file whole as `new_file` does."""
    with new_file(path, force) as stream:
        stream.write(content)


def _taken(path: Path, why: str) -> OutputError:
    return OutputError(f"{path} is there already, and {why}; give another --out, or --force to overwrite it")


def _same_data(old: Any, dataset: Dataset) -> bool:
    """Whether it is the same images, or what is at the same place now."""
    if not isinstance(old, Mapping):
        return False
    source = str(old.get("source", ""))
    same_place = bool(source) and source.startswith(dataset.source) and old.get("name") == dataset.name
    return dataset.is_described_by(old) or same_place


def _written(path: Path) -> dict[str, Any] | None:
    """What an earlier run wrote about itself; empty where that cannot be read, None where there is none."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as stream:
            document = json.loads(stream.read(_MOST_JSON))
        manifest = document["manifest"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _name(manifest: Mapping[str, Any]) -> str:
    dataset = manifest.get("dataset")
    return str(dataset.get("name")) if isinstance(dataset, Mapping) else "unknown"
