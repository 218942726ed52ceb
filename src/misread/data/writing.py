"""Write a data set as others can read it: an NPZ archive, or a folder of images below train/ and test/."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from misread.data.dataset import Dataset
from misread.errors import DataError, OutputError
from misread.files import atomic_write

__all__ = ["check_free", "write_dataset"]

_IN_NO_NAME = set('/\\:*?"<>|\0')
_MOST_OF_A_NAME = 200


def write_dataset(dataset: Dataset, target: Path, original: Path | None = None) -> int:
    """Write the images and labels of a data set; nothing that is there is touched.

    Parameters
    ----------
    dataset : Dataset
    target : path
        A file ``.npz``, or a folder that is not there yet (or is empty).
    original : path, optional
        The folder of image files that it was read from: these are copied as they are, in size and colour.

    Returns
    -------
    int
        How many image files were written; 0 for an archive.

    Raises
    ------
    OutputError
        If it cannot be written, or something is there already.
    DataError
        If a class cannot be the name of a folder.
    """
    check_free(target)
    if target.suffix.lower() == ".npz":
        names = np.array(dataset.class_names)
        with atomic_write(target) as stream:
            np.savez_compressed(
                stream,
                x_train=dataset.train.images,
                y_train=names[dataset.train.labels],
                x_test=dataset.test.images,
                y_test=names[dataset.test.labels],
            )
        return 0
    for name in dataset.class_names:
        if not name.strip() or name.startswith(".") or set(name) & _IN_NO_NAME or len(name) > _MOST_OF_A_NAME:
            raise DataError(f"class {name!r} cannot be the name of a folder; write a file .npz instead")
    try:
        return _write_folder(dataset, target, original)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}; choose another folder") from error


def check_free(target: Path) -> None:
    """Make sure that nothing is at a place but perhaps an empty folder, in a folder that is there.

    Raises
    ------
    OutputError
        If that is not so.
    """
    if not target.absolute().parent.is_dir():
        raise OutputError(f"cannot write {target}: there is no folder {target.parent}; create it first")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} is there already; give a folder or a file .npz that is not")


def _write_folder(dataset: Dataset, target: Path, original: Path | None) -> int:
    """Write into a folder beside it, which takes its place when all is there."""
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.absolute().parent))
    n = 0
    try:
        for source, image, place in _places(dataset, original):
            path = part / place
            path.parent.mkdir(parents=True, exist_ok=True)
            if source is None:
                Image.fromarray(image).save(path)
            else:
                shutil.copyfile(source, path)
            n += 1
        part.chmod(0o755)
        part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return n


def _places(dataset: Dataset, original: Path | None) -> Iterator[tuple[Path | None, np.ndarray, str]]:
    """The file that each image comes from, if there is one, its pixels, and where it goes."""
    taken: set[str] = set()
    for part in ("train", "test"):
        split = getattr(dataset, part)
        width = len(str(len(split)))
        for row in range(len(split)):
            folder = f"{part}/{dataset.class_names[split.labels[row]]}"
            source = None if original is None else original / str(split.names[row])
            if source is not None and source.is_file():
                name = PurePosixPath(str(split.names[row])).name
            else:
                source, name = None, f"{row:0{width}}.png"
            place = f"{folder}/{name}"
            if place.casefold() in taken:
                stem, dot, ending = name.rpartition(".")
                place = f"{folder}/{stem}-{row}{dot}{ending}"
            taken.add(place.casefold())
            yield source, split.images[row], place
