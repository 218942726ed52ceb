"""QMNIST's label files, which say who wrote each image of MNIST: eight columns, binary or as a table.

Column 0 is the class, column 1 the series of the forms (0 to 3 by employees, 4 by students), column 2 the writer.
The images of MNIST are the first of QMNIST's, in the same order. C. Yadav and L. Bottou, Cold case: the lost MNIST
digits, NeurIPS 2019.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from misread.data.making import Reading
from misread.data.readers.idx import read_idx_rows, read_text
from misread.data.words import split_in, words_in
from misread.errors import DataError, FormatError, ParameterError

__all__ = ["GROUPINGS", "extended_labels", "grouped", "groups_beside", "read_extended"]

N_COLUMNS = 8
_SERIES, _WRITER = 1, 2
_STUDENTS = 4
_AGREE = 0.99

GROUPINGS: dict[str, Callable[[NDArray[np.int32]], list[str]]] = {
    "writer": lambda rows: [f"writer {number}" for number in rows[:, _WRITER].tolist()],
    "hsf": lambda rows: [f"hsf_{number}" for number in rows[:, _SERIES].tolist()],
    "half": lambda rows: ["students" if one == _STUDENTS else "employees" for one in rows[:, _SERIES].tolist()],
}
"""What ``--group-column`` may be for images whose writers QMNIST's label files tell."""


def extended_labels(files: Iterable[Path], is_test: bool) -> Path | None:
    """The label file with eight columns of one part, the binary one before the table."""
    found = [
        file
        for file in sorted(files)
        if {"qmnist", "labels"} <= set(words_in(file.name))
        and split_in(file.name) is is_test
        and ("idx2-int" in file.name or file.name.removesuffix(".gz").endswith(".tsv"))
    ]
    return min(found, key=lambda file: "idx2-int" not in file.name) if found else None


def read_extended(path: Path, reading: Reading) -> NDArray[np.int32]:
    """The rows of a label file, shape (n, 8).

    Raises
    ------
    DataError
        If it is no such file.
    """
    if "idx2-int" in path.name:
        rows = read_idx_rows(path, max_bytes=reading.most_memory)
    else:
        rows = _read_table(path, reading)
    if rows.shape[1] != N_COLUMNS or rows.min() < 0:
        raise FormatError(f"{path}: has {rows.shape[1]} columns; expected QMNIST's {N_COLUMNS}, none below 0")
    return rows


def _read_table(path: Path, reading: Reading) -> NDArray[np.int32]:
    rows: list[list[int]] = []
    for number, line in enumerate(read_text(path, max_bytes=reading.most_memory // 64).splitlines(), 1):
        try:
            row = [int(cell) for cell in line.split("\t") if cell.strip()]
        except ValueError:
            if number == 1:  # names of the columns
                continue
            raise FormatError(f"{path}: row {number} holds {line[:40]!r}; expected whole numbers") from None
        if len(row) != N_COLUMNS or max(row) > 2**31 - 1:
            raise FormatError(f"{path}: row {number} has {len(row)} numbers; expected QMNIST's {N_COLUMNS}")
        rows.append(row)
    if not rows:
        raise FormatError(f"{path}: there are no rows")
    return np.array(rows, np.int32)


def grouped(rows: NDArray[np.int32], column: str | int, labels: NDArray[np.integer], path: Path) -> list[str]:
    """The groups of images with these labels, the first in the label file.

    Raises
    ------
    DataError
        If there are fewer rows, or the labels are others: the file is of other images.
    """
    if column not in GROUPINGS:
        raise ParameterError(
            f"--group-column {column}: QMNIST's label files tell {', '.join(GROUPINGS)}; give one of these"
        )
    n = len(labels)
    if len(rows) < n or np.mean(rows[:n, 0] == labels) < _AGREE:
        raise DataError(
            f"{path}: its {len(rows):,} labels are not those of the {n:,} images; QMNIST's files are of MNIST and "
            "QMNIST in their published order"
        )
    return GROUPINGS[str(column)](rows[:n])


def groups_beside(
    folders: Iterable[Path],
    column: str | int,
    labels: dict[bool, NDArray[np.integer]],
    name: str,
    reading: Reading,
) -> dict[bool, list[str]]:
    """The groups of training images (False) and test images (True) by label files that lie in one of the folders.

    Raises
    ------
    DataError
        If there are none.
    """
    files = [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
    found: dict[bool, list[str]] = {}
    for is_test, own in labels.items():
        path = extended_labels(files, is_test)
        if path is None:
            part = "test" if is_test else "train"
            raise DataError(
                f"{name} does not say who wrote its images; put QMNIST's qmnist-{part}-labels-idx2-int.gz (or "
                f"qmnist-{part}-labels.tsv.gz) beside its files, or leave out --group-column"
            )
        found[is_test] = grouped(read_extended(path, reading), column, own, path)
    return found
