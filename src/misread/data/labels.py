"""Several yes-or-no labels that each class has, and the file that says so."""

import csv
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data.words import composed
from misread.errors import FormatError, ParameterError
from misread.files import read_regular

__all__ = ["Labels", "read_labels"]

MAX_LABELS = 100
MAX_LABELS_BYTES = 16 * 2**20


@dataclass(frozen=True, eq=False)
class Labels:
    """Several yes-or-no labels that each class has.

    Attributes
    ----------
    names : tuple of str
        Of the labels, such as 'large' and 'odd'.
    of_class : dict of str to tuple of bool
        Class name to its labels.
    """

    names: tuple[str, ...]
    of_class: dict[str, tuple[bool, ...]]

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"names": list(self.names), "of_class": {name: list(row) for name, row in self.of_class.items()}}

    @classmethod
    def from_json(cls, document: Any) -> "Labels":
        """Read what `as_json` wrote.

        Raises
        ------
        ParameterError
            If it is something else.
        """
        try:
            names = tuple(document["names"])
            of_class = {str(name): tuple(row) for name, row in document["of_class"].items()}
        except (AttributeError, KeyError, TypeError):
            names, of_class = (), {}
        right = all(isinstance(name, str) for name in names) and all(
            len(row) == len(names) and all(type(one) is bool for one in row) for row in of_class.values()
        )
        if not names or not right:
            raise ParameterError("the labels that it was trained with make no sense; give them with --labels FILE")
        return cls(names, of_class)

    def table(self, class_names: tuple[str, ...]) -> NDArray[np.int64]:
        """The labels of each class code, shape (n_classes, n_labels), 0 or 1.

        Raises
        ------
        ParameterError
            If a class has no labels.
        """
        of_class = {composed(name): labels for name, labels in self.of_class.items()}
        missing = [name for name in class_names if composed(name) not in of_class]
        if missing:
            raise ParameterError(f"the labels say nothing of class {missing[0]!r}; give a row for every class")
        return np.array([of_class[composed(name)] for name in class_names], np.int64)


def read_labels(path: str | os.PathLike[str]) -> Labels:
    """Read a CSV file that gives every class its labels.

    The first row holds ``class`` and the names of the labels, each further row a class name and 0 or 1 for each::

        class,large,odd
        0,0,0
        1,0,1

    Raises
    ------
    FormatError
        If the file cannot be read or is not like this; the message names the line.
    """
    try:
        text = read_regular(path, MAX_LABELS_BYTES).decode("utf-8-sig")
        rows = [(number, row) for number, row in enumerate(csv.reader(text.splitlines()), 1) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{path}: the labels cannot be read: {reason}; give a CSV file") from error
    names = tuple(name.strip() for name in rows[0][1][1:]) if rows else ()
    if not 0 < len(names) <= MAX_LABELS or len(set(names)) < len(names) or not all(names):
        raise FormatError(f"{path}: expected a first line such as 'class,large,odd' with 1 to {MAX_LABELS} labels")
    of_class = {}
    for number, row in rows[1:]:
        name, *values = (composed(value.strip()) for value in row)
        if len(values) != len(names) or not set(values) <= {"0", "1"} or name in of_class:
            raise FormatError(
                f"{path}, line {number}: expected a class not named before and {len(names)} times 0 or 1, "
                f"got {','.join(row)[:80]!r}"
            )
        of_class[name] = tuple(value == "1" for value in values)
    return Labels(names, of_class)
