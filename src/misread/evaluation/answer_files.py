"""Tables of answers in files: CSV, TSV, Parquet and NPZ, written by us or by anybody.

The format, in the words of its documentation: one row an image. `name` is what it is called (a path, or where it
stands in its file), `hash` the hash of its pixels as 16 hexadecimal digits, `label` the true class, `answer` the
answer, `asked` how it was asked, `fold` and `group` where it belongs, `refused` (or
`state`, unlike or empty) whether the model is sure of nothing there; a column for every class holds the scores,
called by the class or, better, `probability:5`, `votes:5` or `score:5`. One of answer and scores must be there.
"""

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data import memory
from misread.data.words import composed
from misread.errors import AnswersError, MissingExtraError
from misread.evaluation.answer_cells import read_cells
from misread.evaluation.answer_checks import check_each_once
from misread.files import atomic_write
from misread.spreadsheet import inert

__all__ = ["read_columns", "write_columns"]

SCHEMA_VERSION = 1
ROLES = {
    "name": ("name", "names", "file", "filename", "file_name", "path", "image", "index", "id", "row"),
    "hash": ("hash", "hashes"),
    "label": ("label", "labels", "target", "true", "truth", "y", "y_true", "given"),
    "answer": ("answer", "answers", "prediction", "predictions", "predicted", "pred", "y_pred"),
    "asked": ("asked",),
    "fold": ("fold", "folds"),
    "group": ("group", "groups", "writer"),
    "refused": ("refused",),
    "state": ("state",),
}
PREFIXES = {
    "probability": "probabilities",
    "prob": "probabilities",
    "proba": "probabilities",
    "p": "probabilities",
    "votes": "votes",
    "score": "decision_function",
    "decision_function": "decision_function",
    "logit": "decision_function",
}
WRITTEN_AS = {"probabilities": "probability", "votes": "votes", "decision_function": "score"}
_PREFIXED = re.compile(rf"({'|'.join(PREFIXES)})[:_ ](.+)", re.DOTALL | re.IGNORECASE)
_OTHER = {name: role for role, names in ROLES.items() for name in names}


def read_columns(
    path: str | os.PathLike[str], class_names: Sequence[str] | None, most_memory: str | int | None = None
) -> dict[str, Any]:
    """The parameters of `Answers.from_scores` that a file stands for.

    Raises
    ------
    AnswersError
        If the file cannot be read, or its columns are not those of a table of answers.
    """
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".tsv", ".parquet", ".npz"):
        raise AnswersError(f"{path}: a table of answers ends in .csv, .tsv, .parquet or .npz")
    try:
        columns, meta = read_cells(path, memory.most_memory(most_memory))
        return _parameters(columns, meta, class_names)
    except FileNotFoundError as error:
        raise AnswersError(f"{path}: there is no such file; give a table of answers") from error
    except AnswersError as error:
        raise error if str(error).startswith(str(path)) else AnswersError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AnswersError(f"{path}: the table of answers cannot be read: {reason}") from error


def _parameters(
    columns: dict[str, Any], meta: dict[str, Any], class_names: Sequence[str] | None
) -> dict[str, Any]:
    """Sort columns by what they hold: who the image is, its label, the answer, scores."""
    roles: dict[str, str] = {}
    scored: dict[str, str] = {}
    scales = set()
    columns = {composed(column): cells for column, cells in columns.items()}
    class_names = [composed(name) for name in class_names or meta.get("class_names", ())]
    known = set(class_names)
    for column in columns:
        prefixed = _PREFIXED.fullmatch(column)
        if column in known:
            scored[column] = column
        elif prefixed:
            scored[prefixed[2]] = column
            scales.add(PREFIXES[prefixed[1].lower()])
        elif (role := _OTHER.get(column.strip().lower())) and role not in roles:
            roles[role] = column
        elif column.strip():
            scored[column] = column
    if "answer" not in roles and not scored:
        raise AnswersError(
            f"no answers in the columns {', '.join(map(repr, list(columns)[:12]))}; expected a column 'answer' "
            "or one for every class such as 'probability:5'"
        )
    names = class_names or None
    if scored and names is not None and set(names) != set(scored):
        odd = sorted(set(names) ^ set(scored))[0]
        raise AnswersError(
            f"the columns of scores are {', '.join(list(scored)[:12])}, the classes {', '.join(names[:12])}: "
            f"{odd!r} is only in one of them"
        )
    order = names or list(scored)
    found: dict[str, Any] = {key: meta[key] for key in _META if meta.get(key) is not None and key != "class_names"}
    found["class_names"] = order or None
    answer = columns[roles["answer"]] if "answer" in roles else None
    if scored:
        found["scores"] = np.column_stack([_numbers(name, columns[scored[name]]) for name in order])
        found["predictions"] = answer
        if len(scales) == 1:
            found.setdefault("scale", scales.pop())
    else:
        found["scores"] = answer
    found["y"] = columns[roles["label"]] if "label" in roles else None
    for role, parameter in (("name", "names"), ("asked", "asked"), ("group", "groups")):
        if role in roles:
            found[parameter] = columns[roles[role]]
    if "refused" in roles:
        found["refused"] = np.isin(_words(columns[roles["refused"]]), ("true", "1"))
    elif "state" in roles:
        found["refused"] = np.isin(_words(columns[roles["state"]]), ("unlike", "empty"))
    if "fold" in roles:
        found["folds"] = _folds(columns[roles["fold"]])
    if "hash" in roles:
        found["hashes"] = _hashes(columns[roles["hash"]])
    if "name" in roles and found.get("hashes") is None:
        called = np.asarray(columns[roles["name"]])
        check_each_once(called.astype(str) if called.dtype == object else called, called)
    return found


_META = ("class_names", "scale", "calibrated", "positive", "threshold", "provenance")


def _numbers(name: str, cells: Any, empty: float | None = None) -> NDArray[np.float64]:
    """A column as numbers, or an error that names the row."""
    values = np.asarray(cells)
    if values.dtype.kind in "fiub":
        return values.astype(np.float64)
    numbers = np.empty(len(values))
    for row, cell in enumerate(values.tolist()):
        try:
            numbers[row] = empty if empty is not None and cell in ("", None) else float(cell)
        except (TypeError, ValueError):
            raise AnswersError(f"row {row}: {name!r} is {str(cell)[:60]!r}; expected a number") from None
    return numbers


def _words(cells: Any) -> NDArray[np.str_]:
    return np.char.lower(np.asarray(cells).astype(np.str_))


def _folds(cells: Any) -> NDArray[np.int64]:
    folds = np.nan_to_num(_numbers("fold", cells, empty=-1), nan=-1)
    strange = np.flatnonzero(~((folds == np.floor(folds)) & (np.abs(folds) < 2**53)))
    if len(strange):
        raise AnswersError(f"row {strange[0]}: the fold {folds[strange[0]]} is no whole number")
    return folds.astype(np.int64)


def _hashes(cells: Any) -> NDArray[np.uint64] | None:
    values = np.asarray(cells)
    if values.dtype.kind in "ui":
        return values.astype(np.uint64)
    texts = [str(cell) for cell in values.tolist()]
    if not all(texts):
        return None
    strange = [row for row, text in enumerate(texts) if not re.fullmatch(r"[0-9a-f]{16}", text)]
    if strange:
        raise AnswersError(f"row {strange[0]}: the hash {texts[strange[0]][:40]!r} is not 16 hexadecimal digits")
    return np.array([int(text, 16) for text in texts], np.uint64)


def write_columns(answers: Any, path: str | os.PathLike[str]) -> None:
    """Write a table of answers; the ending of `path` says how."""
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet", ".npz"):
        raise AnswersError(f"{path}: a table of answers is written as .csv, .parquet or .npz")
    meta = {name: getattr(answers, name) for name in _META if getattr(answers, name) is not None}
    meta["provenance"] = dict(answers.provenance)
    columns = _columns(answers, as_text=kind == ".csv")
    with atomic_write(path) as stream:
        if kind == ".npz":
            classes = [name for name in columns if _PREFIXED.fullmatch(name)]
            arrays = {name: column for name, column in columns.items() if name not in classes}
            if answers.scores is not None:
                arrays["scores"] = answers.scores
            np.savez_compressed(stream, meta=np.array(json.dumps(meta)), **arrays)
        elif kind == ".parquet":
            _write_parquet(stream, columns, {"schema_version": SCHEMA_VERSION, **meta})
        else:
            text = io.TextIOWrapper(stream, "utf-8", newline="")
            writer = csv.writer(text)
            writer.writerow(map(inert, columns))
            for row in zip(*columns.values(), strict=True):
                writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row])
            text.flush()
            text.detach()


def _columns(answers: Any, as_text: bool) -> dict[str, Any]:
    """The columns of a file, in the order in which a person reads them."""
    classes = np.array(answers.class_names)
    labels = np.where(answers.is_labelled, classes[answers.labels], "")
    columns: dict[str, Any] = {"name": answers.names}
    if answers.hashes is not None:
        columns["hash"] = np.array([f"{value:016x}" for value in answers.hashes.tolist()])
    columns |= {"label": labels, "answer": classes[answers.predictions], "asked": answers.asked}
    if (answers.folds >= 0).any():
        columns["fold"] = answers.folds
    if answers.groups is not None:
        columns["group"] = answers.groups
    if answers.refused.any():
        columns["refused"] = answers.refused
    if answers.scores is not None:
        prefix = WRITTEN_AS[answers.scale]
        scores: Iterable[Any] = answers.scores.T
        if as_text:
            scores = ([repr(value) for value in column.tolist()] for column in answers.scores.T)
        columns |= {f"{prefix}:{name}": column for name, column in zip(answers.class_names, scores, strict=True)}
    return columns


def _write_parquet(stream: Any, columns: dict[str, Any], meta: dict[str, Any]) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error
    table = pyarrow.table({name: pyarrow.array(column) for name, column in columns.items()})
    parquet.write_table(table.replace_schema_metadata({"misread": json.dumps(meta)}), stream)
