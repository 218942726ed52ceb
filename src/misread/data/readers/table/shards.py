"""A folder of files that are one table: train-00000-of-00002.parquet and others, or train.csv and test.csv."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from misread.data.assemble import natural_key
from misread.data.dataset import Dataset
from misread.data.readers.bulk import Reading
from misread.data.readers.table.reader import Part, read_parts
from misread.data.words import SECOND
from misread.errors import FormatError

__all__ = ["read_shards", "shards_of"]

_SHARD = re.compile(r"(.+?)(?:-(\d{1,6})-of-(\d{1,6}))?(?:-[0-9a-f]{16})?", re.ASCII)
_TRAINING = ("train", "training", "tra")
_TEST = ("test", "testing", "tes")

_TEXT = (".csv", ".tsv", ".tra", ".tes")

_DEPTH = 2

Splits = Mapping[str, Sequence[Path]]


def shards_of(folder: Path) -> list[Path]:
    """The Parquet files of a folder, or of the folders for training and test in it, or of the one that has some.

    Where there is neither a Parquet file nor a folder, its tables in text, if the name of one says that it is for
    training.

    Raises
    ------
    FormatError
        If several folders each hold a table.
    """
    try:
        return _shards_in(folder, _DEPTH)
    except OSError:  # what cannot be listed holds none; who reads it as images says why
        return []


def _shards_in(folder: Path, depth: int) -> list[Path]:
    own = sorted(folder.glob("*.parquet"), key=lambda path: natural_key(path.name))
    if own or not depth:
        return own
    there = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    inner = [path for path in there if path.is_dir()]
    if depth == _DEPTH and not inner:
        texts = [path for path in there if path.suffix.lower() in _TEXT]
        return texts if any(_split(path) in _TRAINING for path in texts) else []
    found = {path.name.lower(): _shards_in(path, depth - 1) for path in inner}
    found = {name: paths for name, paths in found.items() if paths}
    if len(found) > 1 and not found.keys() <= {*_TRAINING, *_TEST, *SECOND}:
        raise FormatError(
            f"{folder}: {', '.join(sorted(found)[:8])} each hold a table; give the path of one of them"
        )
    return [path for paths in found.values() for path in paths]


def read_shards(folder: Path, paths: Sequence[Path], reading: Reading) -> Dataset:
    """Read tables whose names say what they are for: train, test, validation, and which part.

    Without test files, those for validation are the test images; beside test files they are left out, and said.

    Raises
    ------
    DataError
        If parts are missing, or the names do not tell training images.
    """
    splits = _splits(folder, paths)
    parts: list[Part] = []
    notes: list[str] = []
    has_test = any(split in _TEST for split in splits)
    names = {split: ", ".join(path.name for path in files[:3]) for split, files in splits.items()}
    for split, files in splits.items():
        is_test = _role(split, has_test)
        if is_test is None and len(splits) > 1:
            notes.append(f"not read: {names[split]}; train and test files are")
            continue
        if split in SECOND:
            notes.append(
                f"there are no test files; the images for validation are the test images ({names[split]})"
            )
        parts += [Part(file, is_test) for file in files]
    if all(part.is_test for part in parts):
        raise FormatError(
            f"{folder}: no file is called train-....parquet or like it, but {', '.join(names.values())}"
        )
    if not any(part.is_test for part in parts):
        parts = [Part(part.path) for part in parts]
    parts.sort(key=lambda part: part.is_test is True)  # what the columns mean is seen in training rows
    return read_parts(parts, folder.resolve().name, f"tables in {folder}", reading, notes)


def _role(split: str, has_test: bool) -> bool | None:
    """Whether a split is for testing; None for neither."""
    if split in _TRAINING:
        return False
    return True if split in _TEST or (split in SECOND and not has_test) else None


def _splits(folder: Path, paths: Sequence[Path]) -> Splits:
    """The files of every split, all of them."""
    splits: dict[str, list[Path]] = defaultdict(list)
    parts: dict[tuple[str, int], set[int]] = defaultdict(set)
    for path in paths:
        found, split = _SHARD.fullmatch(path.stem), _split(path)
        splits[split].append(path)
        if found and found[3]:
            parts[split, int(found[3])].add(int(found[2]))
    for (split, number), there in parts.items():
        missing = next((part for part in range(number) if part not in there), None)
        if missing is not None:
            name = f"{split}-{missing:05}-of-{number:05}.parquet"
            raise FormatError(f"{folder}: {name} is missing; {len(there)} of {number} parts are there")
    return splits


def _split(path: Path) -> str:
    """What a file is for, as its name, its ending or its folder says, or else its name."""
    found = _SHARD.fullmatch(path.stem)
    name = (found[1] if found else path.stem).lower()
    said = [*re.split(r"[^a-z0-9]+", name), path.suffix.lower().lstrip("."), path.parent.name.lower()]
    return next((word for word in said if word in (*_TRAINING, *_TEST, *SECOND)), name)
