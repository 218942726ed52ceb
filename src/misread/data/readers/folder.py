"""Images in folders, one folder a class, perhaps below train/ and test/."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from misread.data.assemble import assemble, natural_key
from misread.data.dataset import Dataset
from misread.data.readers.bulk import Reading, read_pictures
from misread.data.words import SECOND, composed, folder_name, printable, split_in
from misread.errors import DataError
from misread.images.picture import SUFFIXES

__all__ = ["read_folder"]

_NAMED = 5
_LOOKED_AT = 1_000

_ASKED = {
    None: "one sub-folder per class",
    1: "GROUP/CLASS/image files (--group-level 1)",
    2: "CLASS/GROUP/image files (--group-level 2)",
}


@dataclass(frozen=True)
class _Listed:
    """An image file, its class, whether it is for testing (None: not said), and its group, if asked for."""

    path: Path
    label: str
    is_test: bool | None
    group: str = ""


def read_folder(root: Path, reading: Reading) -> Dataset:
    """Read a folder with one sub-folder of images per class.

    The classes may lie in ``train/`` and ``test/``, or folders whose names have such words (``mnist_training``).
    Without a folder for testing, one for validation (``val/``) is it, and that is said.
    Within a split, images are ordered by file name across all
    classes (natural order, so 2.png comes before 10.png; ties by class), so that files numbered in the order of
    another storage give that order back. Class codes follow the natural order of the folders' names.
    Where `Reading.group_level` is 1, the folders of classes lie in one folder for each group; where it is 2, each
    folder of a class has one for each group.

    Raises
    ------
    DataError
        If there are no such folders, or with ``on_error="stop"`` if a file cannot be read.
    """
    try:
        listed, notes = _list_images(root, reading.group_level)
    except OSError as error:
        raise DataError(f"{root}: cannot be listed: {error.strerror or error}") from error
    if not listed:
        asked = _ASKED[reading.group_level]
        raise DataError(
            f"{root}: no images found; expected {asked}, perhaps below train/ and test/, "
            f"with files of the types {', '.join(sorted(SUFFIXES))}"
            f"{'' if reading.group_level else _found_below(root)}"
        )
    listed.sort(
        key=lambda one: (
            bool(one.is_test),
            natural_key(one.path.name),
            natural_key(one.label),
            natural_key(one.group),
        )
    )
    pictures = read_pictures([one.path for one in listed], root, reading)
    kept = [listed[index] for index in pictures.kept]
    said = kept[0].is_test is not None
    return assemble(
        root.resolve().name,
        [pictures.images],
        [one.label for one in kept],
        np.array([bool(one.is_test) for one in kept]) if said else None,
        f"image files in {root}",
        (*notes, *pictures.notes),
        made=pictures.made,
        groups=[one.group for one in kept] if reading.group_level else None,
    )


def _found_below(root: Path) -> str:
    """What there is instead: a folder of classes deeper down, files of other types, images without a class."""
    here = Counter(path.suffix.lower() or "(none)" for path in root.iterdir() if path.is_file())
    if images := sum(here[suffix] for suffix in SUFFIXES):
        return f"; found {images:,} images in no class folder"
    deeper = [
        folder for folder in sorted(_folders(root)) if any(_images_by_class(_train_in(folder), None, Counter()))
    ]
    if deeper:
        folder, train = deeper[0], _train_in(deeper[0])
        parts = f"{train.name}/ with a folder per class" if train != folder else "a folder per class"
        if len(deeper) == 1:
            return f"; found {folder.name}/ with {parts}: give {folder}"
        said = f"{', '.join(f'{one.name}/' for one in deeper[:_NAMED])}{', ...' if len(deeper) > _NAMED else ''}"
        return (
            f"; found {said} with folders of images in each: give one of them, call two of them train and "
            "test, or, if they are the classes, put the images into them"
        )
    here += Counter(path.suffix.lower() or "(none)" for path in islice(_files_below(root), _LOOKED_AT))
    others = [f"{number:,} {suffix}" for suffix, number in here.most_common(3)]
    folders = [f"{folder.name}/" for folder in islice(_folders(root), 3)]
    return f"; found {', '.join([*folders, *others])}" if folders or others else "; found nothing"


def _train_in(folder: Path) -> Path:
    return _split_folder(folder, False) or folder


def _files_below(root: Path) -> Iterator[Path]:
    return (path for folder in _folders(root) for path in folder.iterdir() if path.is_file())


def _list_images(root: Path, level: int | None) -> tuple[list[_Listed], list[str]]:
    """The images of a folder, and what to say of what is left out."""
    ignored: Counter[str] = Counter()
    train, test = _split_folder(root, False), _split_folder(root, True)
    if train is None or not any(_folders(train)):
        listed = list(_images_in(root, None, level, ignored))
        _check_classes(root, {one.label for one in listed})
        return listed, [*_notes(ignored)]
    known, said = {train, test}, []
    trained = list(_images_in(train, False, level, ignored))
    tested: list[_Listed] = []
    if test is not None:
        tested, left = _known_images_in(test, trained, level)
        ignored += left
    if not tested and (second := _second_folder(root)) is not None:
        tested, left = _known_images_in(second, trained, level)
        ignored += left
        known.add(second)
        if tested:
            said = [f"no folder is for testing: the images for validation are the test images ({second.name})"]
    for path in root.iterdir():
        if path not in known and not path.name.startswith("."):
            ignored[
                f"folder {path.name} beside {train.name}" if path.is_dir() else f"file beside {train.name}"
            ] += 1
    listed = [*trained, *tested] if tested else [replace(one, is_test=None) for one in trained]
    return listed, [*said, *_notes(ignored)]


def _known_images_in(
    folder: Path, trained: Sequence[_Listed], level: int | None
) -> tuple[list[_Listed], Counter[str]]:
    """The images of a folder for testing, and what is left out: all, if one folder holds them without a class."""
    left: Counter[str] = Counter()
    listed = list(_images_in(folder, True, level, left))
    labels = {composed(one.label) for one in listed}
    if len(labels) > 1 or labels & {composed(one.label) for one in trained}:
        return listed, left
    return [], Counter({f"folder {folder.name} without a folder for each class": 1})


def _check_classes(root: Path, labels: set[str]) -> None:
    """Refuse folders that are all called as the parts of a split are: their images have no class."""
    if not labels or not all(label.lower() in SECOND or split_in(label) is not None for label in labels):
        return
    tables = [path for label in sorted(labels) for path in (root / label).glob("*.csv")]
    raise DataError(
        f"{root}: the images lie in {', '.join(f'{label}/' for label in sorted(labels))}, which say what is for "
        "testing, but no class; expected a folder for each class in them"
        f"{f'. If {tables[0].name} says the classes, give {tables[0]}' if tables else ''}"
    )


def _second_folder(root: Path) -> Path | None:
    """The one folder for validation that has classes in it."""
    found = [path for path in _folders(root) if path.name.lower() in SECOND and any(_folders(path))]
    return found[0] if len(found) == 1 else None


def _split_folder(root: Path, is_test: bool) -> Path | None:
    """The folder whose name has the word train or training, or test or testing; the one with classes in it."""
    named = [path for path in _folders(root) if split_in(path.name) is is_test]
    with_classes = [path for path in named if any(_folders(path))]
    exact = [path for path in with_classes if path.name.lower() in ("train", "test")]
    chosen = exact or with_classes or named[:1]
    if len(chosen) > 1:
        raise DataError(
            f"{root}: the folders {', '.join(sorted(path.name for path in chosen))} could each hold the "
            f"{'test' if is_test else 'training'} images; leave one, or call it {'test' if is_test else 'train'}"
        )
    return chosen[0] if chosen else None


def _images_in(folder: Path, is_test: bool | None, level: int | None, ignored: Counter[str]) -> Iterator[_Listed]:
    """Image files by their class, and by their group where folders of a level stand for it."""
    if level is None:
        yield from _images_by_class(folder, is_test, ignored)
        return
    ignored["file outside the class folders"] += sum(path.is_file() for path in folder.iterdir())
    for outer in sorted(_folders(folder)):
        for one in _images_by_class(outer, is_test, ignored):
            inner = one.label
            label, group = (inner, folder_name(outer)) if level == 1 else (folder_name(outer), inner)
            yield _Listed(one.path, label, is_test, group)


def _images_by_class(folder: Path, is_test: bool | None, ignored: Counter[str]) -> Iterator[_Listed]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            ignored["file outside the class folders"] += 1
            continue
        is_empty = True
        for file in path.iterdir():
            if file.name.startswith("."):
                continue
            if file.suffix.lower() in SUFFIXES and file.is_file():
                is_empty = False
                yield _Listed(file, folder_name(path), is_test)
            else:
                ignored[_what(file)] += 1
        if is_empty:
            ignored[f"folder without images ({printable(path.name)})"] += 1


def _what(path: Path) -> str:
    """What lies in a class folder and is no image file, for people."""
    if path.is_dir():
        return "folder inside a class folder"
    if path.is_symlink() and not path.exists():
        return f"link to a file that is not there ({path.name})"
    if path.is_file():
        return f"file of type {path.suffix or '(none)'}"
    return f"pipe or device ({path.name})"


def _folders(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _notes(ignored: Counter[str]) -> Iterator[str]:
    for what, number in sorted((+ignored).items()):
        yield f"ignored {number:,} x {what}"
