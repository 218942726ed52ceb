"""One door to every data set: by name or by path."""

import difflib
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from misread.data import memory
from misread.data.adding import with_added
from misread.data.catalogue import CATALOGUE, Entry, names
from misread.data.corrected import correct
from misread.data.corrections import Corrections
from misread.data.dataset import Dataset, Split
from misread.data.embedded import load_embedded_digits
from misread.data.fetch import Progress, fetch, find, read_verified
from misread.data.groups import in_both
from misread.data.making import Reading, make_images
from misread.data.readers import arrays, table
from misread.data.readers.folder import read_folder
from misread.data.readers.idx_folder import has_idx_files, read_idx_folder
from misread.data.readers.qmnist import groups_beside
from misread.errors import DataError, FormatError, ParameterError
from misread.images.colour import ColourLostWarning, is_lost
from misread.images.fit import DEFAULT_SIZE, check_fit

__all__ = ["load"]

_ON_ERROR = ("stop", "skip")
_HEADERS = ("none", "first")


def load(
    name_or_path: str | os.PathLike[str] = "digits",
    *,
    data_dir: str | os.PathLike[str] | None = None,
    download: bool = True,
    size: int | tuple[int, int] | None = None,
    fit: str = "stretch",
    invert: bool = False,
    on_error: str = "stop",
    progress: Progress | None = None,
    most_memory: str | int | None = None,
    label_column: str | int | None = None,
    path_column: str | int | None = None,
    header: str | None = None,
    group_column: str | int | None = None,
    group_level: int | None = None,
    corrections: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    add: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
) -> Dataset:
    """Load a data set by its name, or your own by its path.

    A path is a folder with one sub-folder of images per class (perhaps below ``train/`` and ``test/``), a CSV,
    TSV or Parquet table, a folder of Parquet files as Hugging Face lays them out or of a training and a test
    table, an NPZ archive, a folder of NPY files, or a folder of IDX files. A set that does not say which images
    are for testing gets about a fifth of every class chosen by the images' content.

    Parameters
    ----------
    name_or_path : str or path
        A name of the catalogue (see `names`), or a path; write ``./mnist`` for a folder that has such a name.
    data_dir : path, optional
        Where named sets are looked for first and downloaded to, as ``<data_dir>/<name>/*-ubyte[.gz]``. Then
        come the folder named by the environment variable ``MISREAD_DATA``, the user's cache and the system's.
    download : bool
        Whether files that are not on this machine may be downloaded.
    size : int or (height, width), optional
        Bring images to this size; a number is both height and width. By default they keep their size if all have
        the same, up to 64 pixels a side, and come to 28 otherwise.
    fit : {"stretch", "pad", "mnist"}
        How; see `misread.images.fit.fit_image`.
    invert : bool
        Whether light and dark change places, for scans of dark ink on light paper.
    on_error : {"stop", "skip"}
        What to do with an image file that cannot be read: raise, or leave it out and name it in `notes`.
    progress : callable, optional
        Called with what is under way, how much is done and how much there is (0 if not known).
    most_memory : str or int, optional
        How much memory reading own data may take, such as ``"8G"``; 2 GiB, or what the environment variable
        ``MISREAD_MOST_MEMORY`` says. What needs more is refused before it is taken.
    label_column, path_column : str or int, optional
        Which column of a table holds the labels, or the names (or contents) of image files: its name, its number
        from 1, ``"first"`` or ``"last"``. By default names, types and contents tell.
    header : {"none", "first"}, optional
        Whether the first row of a CSV or TSV table names the columns. By default its contents tell.
    group_column : str or int, optional
        Which column of a table says who wrote an image or where it comes from: see `label_column`. Images of one
        group are then for training or for testing, never both. Of MNIST and QMNIST, ``"writer"``, ``"hsf"`` or
        ``"half"``, where QMNIST's label files lie beside the others.
    group_level : {1, 2}, optional
        The same for folders: 1 where they are ``GROUP/CLASS/image``, 2 for ``CLASS/GROUP/image``.
    corrections : path or sequence of paths, optional
        Files of corrections (`misread.data.corrections`) to apply; what was done is said in `notes` and kept in
        `corrected`.
    add : path or sequence of paths, optional
        Folders of images without labels, such as a server keeps: those that the corrections give a label are added
        to the training images, as `notes` say.

    Returns
    -------
    Dataset

    Raises
    ------
    ParameterError
        If the name is not known, or an option makes no sense.
    DataError
        If the set cannot be found, downloaded or read.

    Examples
    --------
    >>> from misread.data import load
    >>> load("digits").train.images.shape
    (1437, 8, 8)
    """
    check_fit(size if size is not None else DEFAULT_SIZE, fit)
    if on_error not in _ON_ERROR:
        raise ParameterError(f"on_error must be one of {', '.join(_ON_ERROR)}, not {on_error!r}")
    if header is not None and header not in _HEADERS:
        raise ParameterError(f"header must be one of {', '.join(_HEADERS)}, not {header!r}")
    if group_level not in (None, 1, 2):
        levels = "1 (GROUP/CLASS/image) or 2 (CLASS/GROUP/image)"
        raise ParameterError(f"group_level must be {levels}, not {group_level}")
    limit = memory.most_memory(most_memory)
    columns = (label_column, path_column, header, group_column, group_level)
    reading = Reading(size, fit, invert, on_error, progress, limit, *columns)
    files, folders = _listed(corrections), _listed(add)
    wanted = Corrections.read(*files)
    asked = {
        "data": os.fspath(name_or_path),
        "data_dir": None if data_dir is None else os.fspath(data_dir),
        "size": list(size) if isinstance(size, tuple) else size,
        "fit": fit if fit != "stretch" else None,
        "invert": invert or None,
        "on_error": on_error if on_error != "stop" else None,
        "label_column": label_column,
        "path_column": path_column,
        "header": header,
        "group_column": group_column,
        "group_level": group_level,
        "corrections": [os.fspath(file) for file in files] or None,
        "add": [os.fspath(folder) for folder in folders] or None,
    }
    found = _loaded(name_or_path, data_dir, download, reading)
    for folder in folders:
        found = with_added(found, Path(folder), wanted)
    dataset = replace(
        found,
        loaded={name: value for name, value in asked.items() if value is not None},
    )
    return correct(dataset, wanted) if files else dataset


def _listed(paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[str | os.PathLike[str]]:
    return [paths] if isinstance(paths, str | os.PathLike) else list(paths)


def _loaded(
    name_or_path: str | os.PathLike[str], data_dir: str | os.PathLike[str] | None, download: bool, reading: Reading
) -> Dataset:
    entry = CATALOGUE.get(str(name_or_path))
    if entry is not None:
        _only_for_tables(reading, entry.name, grouped=entry.name == "mnist")
        return _refitted(_load_named(entry, data_dir, download, reading), reading)
    try:
        path = Path(name_or_path).expanduser()
        found = bool(str(name_or_path)) and path.exists()
    except (OSError, RuntimeError) as error:  # too long, not allowed, or ~ of somebody who is not here
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"{str(name_or_path)[:200]}: cannot be looked for ({reason}); give another path"
        ) from error
    if found:
        dataset = _load_path(path, reading)
        for note in filter(is_lost, dataset.notes):
            warnings.warn(f"{path}: {note}", ColourLostWarning, stacklevel=3)
        return dataset
    if path.name != str(name_or_path) or path.suffix:
        raise DataError(f"{path}: no such file or folder")
    close = difflib.get_close_matches(str(name_or_path), names(), n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ParameterError(
        f"no data set or path is called {str(name_or_path)!r}; known are {', '.join(names())}{hint}"
    )


def _load_path(path: Path, reading: Reading) -> Dataset:
    suffix = path.suffix.lower()
    if path.is_dir():
        if has_idx_files(path):
            _only_for_tables(reading, path, grouped=True)
            return read_idx_folder(path, reading)
        if next(path.glob("*.npy"), None) is not None:
            _only_for_tables(reading, path)
            return arrays.read_arrays(path, reading)
        shards = table.shards_of(path)
        if shards:
            _no_level(reading, path)
            return table.read_shards(path, shards, reading)
        _only_for_tables(reading, path, levels=True)
        return read_folder(path, reading)
    _no_level(reading, path)
    if suffix in table.SUFFIXES:
        return table.read_table(path, reading)
    _only_for_tables(reading, path, grouped="-ubyte" in path.name)
    if suffix in arrays.SUFFIXES:
        return arrays.read_arrays(path, reading)
    if "-ubyte" in path.name:
        return read_idx_folder(path, reading)
    raise FormatError(
        f"{path}: not a kind of data set that is read; give a folder with one sub-folder per class, a .csv, .tsv, "
        ".parquet or .npz file, or a folder of .parquet, .npy or IDX files"
    )


def _only_for_tables(reading: Reading, what: object, *, grouped: bool = False, levels: bool = False) -> None:
    """Refuse options that would do nothing, but for those about groups that are understood here."""
    names = ("label_column", "path_column", "header", *(() if grouped else ("group_column",)))
    given = [name for name in names if getattr(reading, name) is not None]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        instead = "; of folders --group-level says where groups are" * (option == "--group-column" and levels)
        raise ParameterError(f"{option} is for tables, and {what} is none; leave it out{instead}")
    if not levels:
        _no_level(reading, what)


def _no_level(reading: Reading, what: object) -> None:
    if reading.group_level is not None:
        raise ParameterError(
            f"--group-level is for folders of image files, and {what} is none; of a table --group-column says who "
            "wrote an image"
        )


def _load_named(
    entry: Entry, data_dir: str | os.PathLike[str] | None, download: bool, reading: Reading
) -> Dataset:
    if not entry.files:
        return load_embedded_digits()
    paths = fetch(entry, data_dir, reading.progress) if download else find(entry, data_dir)
    missing = [file.name for file in entry.files if file.name not in paths]
    if missing:
        raise DataError(f"{entry.name}: {', '.join(missing)} not found; try: misread data fetch {entry.name}")
    try:
        contents = [read_verified(paths[file.name], file) for file in entry.files]
    except FormatError as error:
        raise FormatError(
            f"{error}; remove the file to have it downloaded again, or give the path of its folder "
            "instead of the name to load your own files"
        ) from error
    folders = sorted({str(Path(path).parent) for path in paths.values()})
    groups: dict[bool, np.ndarray] = {}
    if reading.group_column is not None:
        labels: dict[bool, np.ndarray] = {False: contents[1], True: contents[3]}
        found = groups_beside(map(Path, folders), reading.group_column, labels, entry.name, reading)
        groups = {is_test: np.array(some, np.str_) for is_test, some in found.items()}
    return Dataset(
        name=entry.name,
        train=Split(contents[0], contents[1].astype(np.int64), groups=groups.get(False)),
        test=Split(contents[2], contents[3].astype(np.int64), groups=groups.get(True)),
        class_names=entry.class_names,
        source=f"IDX files in {', '.join(folders)}",
        licence=entry.licence,
        notes=tuple(in_both(groups[False], groups[True]) if groups else ()),
    )


def _refitted(dataset: Dataset, reading: Reading) -> Dataset:
    if reading.size is None and reading.fit == "stretch" and not reading.invert:
        return dataset
    (first, second), made = make_images([dataset.train.images, dataset.test.images], reading)
    n_train = len(dataset.train)
    train = replace(dataset.train, images=first, source_hashes=made.hashes[:n_train])
    test = replace(dataset.test, images=second, source_hashes=made.hashes[n_train:])
    return replace(dataset, train=train, test=test, fit=made.fit, invert=made.invert)
