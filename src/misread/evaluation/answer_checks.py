"""What a table of answers must be: every check names the row that makes no sense."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.data.words import composed
from misread.errors import AnswersError

__all__ = [
    "UNKNOWN",
    "OneClassError",
    "Scale",
    "as_array",
    "as_named",
    "as_names",
    "check_among",
    "check_each_once",
    "check_finite",
    "checked_classes",
    "checked_codes",
    "checked_positive",
    "checked_scores",
    "checked_texts",
    "checked_threshold",
    "class_names_of",
    "codes_of",
    "filled",
    "of_length",
]


class OneClassError(AnswersError):
    """All answers are of one class, and nobody said what the others are."""


Scale = Literal["decision_function", "votes", "probabilities"]
UNKNOWN = -1
"""Stands for a label that nobody gave, and for the fold of an image that was in none."""

_LONGEST_NAME = 1_000
_MOST_CLASSES = 10_000
_SUM_TOLERANCE = 1e-3


def as_array(values: Any) -> NDArray[Any]:
    """An array of what NumPy, pandas or PyTorch hold, on any device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float() if "bfloat16" in str(values.dtype) else values
    try:
        return np.asarray(values)
    except ValueError as error:
        raise AnswersError("rows of different lengths are no table; give each row as many values") from error


def as_named(scores: Any, class_names: Sequence[object] | None) -> tuple[Any, Sequence[object] | None]:
    """Scores, and the classes that their columns are of: those of a pandas table are known by their names."""
    columns = [composed(str(name)) for name in getattr(scores, "columns", ())]
    if not columns or columns == [str(number) for number in range(len(columns))]:
        return scores, class_names
    if class_names is None:
        return scores, columns
    wanted = [composed(str(name)) for name in class_names]
    if sorted(columns) == sorted(wanted):
        scores = scores.iloc[:, [columns.index(name) for name in wanted]]
    return scores, class_names


def as_names(values: Any, what: str) -> NDArray[Any]:
    """Numbers or texts, whatever held them; an empty text, or NaN among numbers, where nothing is said.

    Raises
    ------
    AnswersError
        Naming the row that holds neither, or what to do with a table.
    """
    array = as_array(values)
    if array.ndim > 1:
        remedy = ".ravel()" if array.shape[1] == 1 else ".argmax(axis=1) where 1 stands for the class"
        raise AnswersError(f"{what}s must have shape (n,), got {array.shape}; give theirs with {remedy}")
    if array.dtype.kind in "biuU":
        return array
    if array.dtype.kind == "f":
        whole = np.isnan(array) | (array == np.floor(array))
        if not np.isnan(array).any() or not whole.all():
            return array
    elif array.dtype.kind not in "OS":
        raise AnswersError(f"{what}s are {array.dtype}; expected names or numbers")
    texts = [_name(cell, what, row) for row, cell in enumerate(np.atleast_1d(array).tolist())]
    return np.array(texts, np.str_)


def _name(cell: Any, what: str, row: int) -> str:
    if cell is None or str(cell) in ("nan", "<NA>", "NaT"):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bytes):
        try:
            cell = cell.decode()
        except UnicodeDecodeError:
            raise AnswersError(f"row {row}: the {what} {cell[:40]!r} is not UTF-8") from None
    if not isinstance(cell, str | int | float | bool):
        raise AnswersError(f"row {row}: the {what} is a {type(cell).__name__}; expected a name or a number")
    text = str(cell)
    if len(text) > _LONGEST_NAME:
        raise AnswersError(f"row {row}: the {what} has {len(text):,} characters, at most {_LONGEST_NAME:,} may be")
    return text


def codes_of(values: NDArray[Any], names: tuple[str, ...], what: str, unknown: bool = False) -> NDArray[np.int64]:
    """Class codes of names or, where numbers are no names of classes, of codes.

    With `unknown`, an empty name, None, NaN and -1 are -1: nobody knows.

    Raises
    ------
    AnswersError
        Naming the row whose class is not known.
    """
    flat = np.atleast_1d(values)
    if flat.ndim != 1:
        raise AnswersError(f"{what}s must be of shape (n,), got {flat.shape}")
    if flat.dtype.kind == "f" and np.isfinite(flat).all() and (flat == np.floor(flat)).all():
        flat = flat.astype(np.int64)
    known = {composed(name): code for code, name in enumerate(names)}
    if unknown:
        known = dict.fromkeys(("", "None", "nan", "-1"), UNKNOWN) | known
    distinct, where = np.unique(flat.astype(str), return_inverse=True)
    if flat.dtype.kind in "iu" and not all(composed(text) in known for text in distinct.tolist()):
        known = {str(code): code for code in range(UNKNOWN if unknown else 0, len(names))}
    codes = np.array([known.get(composed(text), -2) for text in distinct.tolist()], np.int64)[where]
    strange = np.flatnonzero(codes == -2)
    if len(strange):
        raise AnswersError(
            f"row {strange[0]}: the {what} {str(flat[strange[0]])!r} is none of the classes "
            f"{', '.join(names[:12])}{' ...' if len(names) > 12 else ''}"
        )
    return codes


def class_names_of(
    given: Sequence[object] | None, truth: NDArray[Any] | None, answers: NDArray[Any] | None, n_columns: int
) -> tuple[str, ...]:
    """Names of the classes: as given, or found among labels and answers."""
    if given is not None:
        names = tuple(composed(str(name)) for name in given)
        if n_columns and n_columns != len(names):
            raise AnswersError(f"{n_columns} columns of scores for {len(names)} classes; name each column")
        return names
    parts: list[NDArray[Any]] = [np.atleast_1d(part) for part in (truth, answers) if part is not None]
    seen = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    found = tuple(dict.fromkeys(composed(str(name)) for name in seen if str(name) not in ("", "None", "nan")))
    if n_columns == 0 or len(found) == n_columns:
        return found
    if seen.dtype.kind in "iub" and (not seen.size or 0 <= int(seen.min()) <= int(seen.max()) < n_columns):
        return tuple(str(code) for code in range(n_columns))
    raise AnswersError(
        f"{n_columns} columns of scores, but {len(found)} classes among the labels "
        f"({', '.join(found[:8])}); say what the columns are: class_names"
    )


def checked_classes(names: Sequence[object]) -> tuple[str, ...]:
    """At least two distinct names."""
    checked = tuple(composed(str(name)) for name in names)
    if len(checked) == 1:
        raise OneClassError(
            f"{checked[0]!r} is the only class here, and at least two must be known: give a column of scores for "
            "each class, their names (class_names), or the data set (--data)"
        )
    if not 2 <= len(checked) <= _MOST_CLASSES or len(set(checked)) < len(checked):
        raise AnswersError(f"expected 2 to {_MOST_CLASSES:,} distinct classes, got {len(checked)}: {checked[:8]}")
    long = next((name for name in checked if len(name) > _LONGEST_NAME), None)
    if long is not None:
        raise AnswersError(
            f"the class {long[:40]!r}... has {len(long):,} characters, at most {_LONGEST_NAME:,} may be"
        )
    return checked


def check_each_once(keys: NDArray[Any], names: NDArray[Any]) -> None:
    """Refuse two answers to one image: it would count twice."""
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[codes] != np.arange(len(keys)))
    if len(again):
        row = again[0]
        raise AnswersError(
            f"row {row}: {str(names[row])!r} is of the same image as row {first[codes[row]]}; give each image one "
            "row, and images in several folders with their paths"
        )


def filled(values: Any, n: int, default: object) -> Any:
    """A value for each of n rows where one, or none, was given for all."""
    if values is None:
        return np.full(n, default)
    return np.full(n, values) if isinstance(values, str) else values


def of_length(what: str, values: NDArray[Any], n: int) -> NDArray[Any]:
    """One value a row, read-only."""
    if values.shape != (n,):
        raise AnswersError(f"expected a {what} for each of {n} answers, got shape {values.shape}")
    return _read_only(values)


def checked_codes(what: str, values: Any, n: int, low: int, below: int) -> NDArray[np.int64]:
    """Whole numbers from `low` to below `below`, one a row."""
    codes = np.asarray(values)
    if codes.size and codes.dtype.kind not in "iub":
        raise AnswersError(f"{what}s must be whole numbers, got {codes.dtype}")
    codes = of_length(what, codes.astype(np.int64), n)
    strange = np.flatnonzero((codes < low) | (codes >= below))
    if len(strange):
        raise AnswersError(
            f"row {strange[0]}: {what} {codes[strange[0]]} is out of range; expected {low} to {below - 1}"
        )
    return codes


def checked_texts(what: str, values: Any, n: int) -> NDArray[np.str_]:
    """A text of bounded length, one a row."""
    given = np.atleast_1d(as_names(values, what))
    if given.dtype.kind == "U":
        lengths = np.char.str_len(given)
        if lengths.size and lengths.max() > _LONGEST_NAME:
            row = int(lengths.argmax())
            raise AnswersError(
                f"row {row}: the {what} has {lengths[row]:,} characters, at most {_LONGEST_NAME:,} may be"
            )
    given = given.astype(np.str_)
    return of_length(what, given, n)


def check_among(what: str, texts: NDArray[np.str_], known: Sequence[str]) -> None:
    """Every text is one of those that are known."""
    strange = np.flatnonzero(~np.isin(texts, known))
    if len(strange):
        found = str(texts[strange[0]])
        raise AnswersError(f"row {strange[0]}: {what} is {found!r}; expected one of {', '.join(known)}")


def checked_threshold(threshold: Any) -> Any:
    """A finite number, or None."""
    if threshold is not None and not np.isfinite(threshold):
        raise AnswersError(f"the threshold is {threshold}; expected a finite number")
    return threshold


def checked_positive(positive: str | None, names: tuple[str, ...]) -> str | None:
    """The class that is detected, the second of two; or None."""
    if positive is None:
        return None
    positive = composed(positive)
    if len(names) != 2 or names[1] != positive:
        raise AnswersError(
            f"a detector of {positive!r} has the classes {('not ' + positive, positive)}, got {names}"
        )
    return positive


def check_finite(table: NDArray[Any], names: Sequence[str]) -> None:
    """Every score is a number."""
    strange = np.argwhere(~np.isfinite(table))
    if len(strange):
        row, column = strange[0]
        raise AnswersError(f"row {row}: the score of {names[column]!r} is {table[row, column]}; expected a number")


def checked_scores(
    scores: ArrayLike, scale: Scale | None, names: tuple[str, ...], n: int
) -> tuple[NDArray[np.float64], Scale]:
    """A finite score for each row and class, and what the scores are."""
    table = np.asarray(scores, np.float64)
    if table.shape != (n, len(names)):
        raise AnswersError(
            f"expected a score for each of {n} answers and {len(names)} classes, got shape {table.shape}"
        )
    check_finite(table, names)
    if scale is not None and scale not in get_args(Scale):
        raise AnswersError(f"scores are {', '.join(get_args(Scale))}, not {scale!r}")
    inside = ((table >= 0) & (table <= 1 + _SUM_TOLERANCE)).all(axis=1)
    off = np.flatnonzero(~inside | (np.abs(table.sum(axis=1) - 1) > _SUM_TOLERANCE))
    if scale is None:
        scale = "probabilities" if not len(off) and n else "decision_function"
    if scale == "probabilities" and len(off):
        row = off[0]
        raise AnswersError(
            f"row {row}: probabilities must lie in [0, 1] and sum to 1, these run from {table[row].min():.4g} to "
            f"{table[row].max():.4g} and sum to {table[row].sum():.6g}; are they other scores?"
        )
    return _read_only(table), scale


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view
