"""Corrections of labels as a file: what was judged, line by line, which only ever grows.

The columns are `hash,name,given,label,verdict,when,by`. An image is known by the hash of its content, or, where
that is empty, by its name; so the file does not depend on where the data lies and in which format.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from misread.data.content import hash_in_digits
from misread.data.words import composed, printable
from misread.errors import FormatError
from misread.files import appending, read_regular
from misread.spreadsheet import inert, original

__all__ = [
    "COLUMNS",
    "NONE",
    "RIGHT",
    "UNCLEAR",
    "VERDICTS",
    "WITHDRAWN",
    "WRONG",
    "Correction",
    "Corrections",
    "Decision",
    "append_corrections",
    "now",
    "several",
]

COLUMNS = ("hash", "name", "given", "label", "verdict", "when", "by")
WRONG, RIGHT, UNCLEAR, NONE, WITHDRAWN = VERDICTS = (
    "wrong",
    "right",
    "unclear",
    "none of the classes",
    "withdrawn",
)
MOST_BYTES = 64 << 20
_NEEDED = {("hash", "name"): "which image it is", ("label", "verdict"): "what it should be"}
_HASH = re.compile("[0-9a-f]{16}")
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Correction:
    """What somebody said of the label of one image.

    Attributes
    ----------
    hash : int or None
        Of its content (`Split.hashes`); None where the name is enough.
    name : str
    given : str
        The label that it had; "" where that was not written down.
    label : str
        The label that it should have; "" where there is none.
    verdict : {'wrong', 'right', 'unclear', 'none of the classes', 'withdrawn'}
        Of the label that it had; the last takes back what the same person said of the image before.
    when : str
        ISO 8601, or "".
    by : str
        Who, or what, said so.
    where : str
        File and line, for messages.
    """

    hash: int | None
    name: str
    given: str
    label: str
    verdict: str
    when: str = ""
    by: str = ""
    where: str = field(default="", compare=False)

    @property
    def outcome(self) -> str | None:
        """The label that the image should have; None where it is to be left out."""
        return {WRONG: self.label, RIGHT: self.given or self.label}.get(self.verdict)

    @property
    def called(self) -> str:
        """The image, for messages."""
        return self.name or ("" if self.hash is None else hash_in_digits(self.hash))

    @property
    def time(self) -> datetime:
        """When it was said; the earliest that there is where that was not written down."""
        if not self.when:
            return _EARLIEST
        found = datetime.fromisoformat(self.when)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Decision:
    """All that was said of one image; the last word counts.

    Attributes
    ----------
    last : Correction
    earlier : tuple of Correction
    """

    last: Correction
    earlier: tuple[Correction, ...] = ()

    @property
    def givens(self) -> set[str]:
        """The labels that it was said to have had."""
        return {one.given for one in (*self.earlier, self.last)}

    @property
    def contradicted(self) -> list[Correction]:
        """What others, or another file, said before, and was something else."""
        last = self.last
        return [
            one
            for one in self.earlier
            if (one.outcome, one.verdict if one.outcome is None else "")
            != (last.outcome, last.verdict if last.outcome is None else "")
            and (one.by, _file(one)) != (last.by, _file(last))
        ]


def _file(one: Correction) -> str:
    return one.where.rpartition(", line ")[0]


@dataclass(frozen=True)
class Corrections:
    """What one or several files hold.

    Attributes
    ----------
    rows : tuple of Correction
        In the order of files and lines.
    files : tuple of str
    unjudged : int
        Lines without a label and a verdict: nobody has judged them yet.

    Examples
    --------
    >>> rows = [Correction(1, "a.png", "5", "3", "wrong"), Correction(1, "a.png", "5", "", "unclear")]
    >>> Corrections(tuple(rows)).decisions()[1].last.verdict
    'unclear'
    """

    rows: tuple[Correction, ...]
    files: tuple[str, ...] = ()
    unjudged: int = 0

    @classmethod
    def read(cls, *paths: str | os.PathLike[str]) -> "Corrections":
        """Read files, as one.

        Raises
        ------
        FormatError
            If one cannot be read, or a line makes no sense; it is named.
        """
        rows: list[Correction] = []
        unjudged = 0
        for path in paths:
            for one in _read(Path(path)):
                if one is None:
                    unjudged += 1
                else:
                    rows.append(one)
        return cls(tuple(rows), tuple(os.fspath(path) for path in paths), unjudged)

    def decisions(self, hash_of: Mapping[str, int] | None = None) -> dict[int | str, Decision]:
        """What counts of each image: the latest line by its time; among equals the later in the files.

        Parameters
        ----------
        hash_of : mapping of str to int, optional
            Hashes of names, for lines without; by default those of the other lines.

        Returns
        -------
        dict
            By the image's hash, or its name where no hash is known; without those of which all was withdrawn.
        """
        if hash_of is None:
            hash_of = {one.name: one.hash for one in self.rows if one.name and one.hash is not None}
        said: dict[int | str, list[Correction]] = {}
        for one in self.rows:
            key = hash_of.get(one.name, one.name) if one.hash is None else one.hash
            said.setdefault(key, []).append(one)
        found = {}
        for key, some in said.items():
            standing = _standing(sorted(some, key=lambda one: one.time))
            if standing:
                found[key] = Decision(standing[-1], tuple(standing[:-1]))
        return found


def _standing(some: Iterable[Correction]) -> list[Correction]:
    """What is left of what was said, in order: who withdraws takes back the last that he or she said."""
    left: list[Correction] = []
    for one in some:
        if one.verdict != WITHDRAWN:
            left.append(one)
            continue
        own = [place for place, other in enumerate(left) if other.by == one.by]
        if own:
            del left[own[-1]]
    return left


def now() -> str:
    """The time, as it is written down."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def append_corrections(path: str | os.PathLike[str], rows: Iterable[Correction]) -> tuple[int, int]:
    """Add lines to a file of corrections, which is made where there is none; nothing in it is changed.

    Whole lines are written at once and are on the disk afterwards; several processes may do so at the same time.

    Returns
    -------
    before, after : int
        Bytes that the file had, and has.

    Raises
    ------
    FormatError
        If the file has other columns.
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    with appending(path) as stream:
        content = read_regular(path, MOST_BYTES)
        columns, separator = list(COLUMNS), ","
        encoding = _encoding(content)
        text = _decoded(path, content)
        if text.strip():
            columns, separator = _header(path, text)
            missing = [name for name in COLUMNS if name not in columns]
            if missing:
                raise FormatError(f"{path}: has no column {missing[0]!r}, expected {','.join(COLUMNS)}")
        lines = io.StringIO(newline="")
        writer = csv.DictWriter(lines, columns, restval="", delimiter=separator, lineterminator="\n")
        if not text.strip():
            writer.writeheader()
        elif not text.endswith(("\n", "\r")):
            lines.write("\n")
        for one in rows:
            writer.writerow({name: inert(cell) for name, cell in _cells(one).items()})
        added = lines.getvalue().encode(encoding, "replace")
        left = memoryview(added)
        while left:
            left = left[stream.write(left) :]
    return len(content), len(content) + len(added)


def _cells(one: Correction) -> dict[str, str]:
    known = "" if one.hash is None else hash_in_digits(one.hash)
    return {"hash": known, **{name: getattr(one, name) for name in COLUMNS[1:]}}


def _encoding(content: bytes) -> str:
    """That of new lines: of what a spreadsheet saved as "Unicode text", UTF-16 without another mark."""
    return {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(content[:2], "utf-8")


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode(_encoding(content)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FormatError(f"{path}, line {line}: is not UTF-8; save the table as 'CSV UTF-8'") from error


def _header(path: Path, text: str) -> tuple[list[str], str]:
    """The columns in their order, and what stands between cells."""
    lines = text.splitlines()
    head = lines[1] if lines[0].lower().startswith("sep=") and len(lines) > 1 else lines[0]
    separator = max(",;\t", key=head.count)
    columns = [original(cell).strip().lower() for cell in next(csv.reader([head], delimiter=separator), [])]
    for either, what in _NEEDED.items():
        if not set(either) & set(columns):
            raise FormatError(
                f"{path}, line 1: no column says {what}; expected {','.join(COLUMNS)}, got {head[:80]!r}"
            )
    twice = [name for name in COLUMNS if columns.count(name) > 1]
    if twice:
        raise FormatError(f"{path}, line 1: the column {twice[0]!r} stands there twice")
    return columns, separator


def _read(path: Path) -> Iterator[Correction | None]:
    """What a file holds, None for each line that nobody has judged yet."""
    try:
        text = _decoded(path, read_regular(path, MOST_BYTES))
    except OSError as error:
        raise FormatError(f"{path}: the corrections cannot be read: {error.strerror or error}") from error
    if not text.strip():
        raise FormatError(f"{path}: is empty; expected a first line {','.join(COLUMNS)}")
    columns, separator = _header(path, text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    skipped = 2 if text[:4].lower() == "sep=" else 1
    while True:
        where = f"{path}, line {rows.line_num + 1}"
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise FormatError(f"{where}: is no line of a table: {error}") from error
        if skipped:
            skipped -= 1
        elif any(cells):
            if len(cells) != len(columns):
                raise FormatError(f"{where}: has {len(cells)} cells, the first line {len(columns)}; mend the line")
            yield _correction(dict(zip(columns, map(_cleaned, cells), strict=True)), where)


def _cleaned(cell: str) -> str:
    return composed(original(cell).strip())


def _correction(cells: Mapping[str, str], where: str) -> Correction | None:
    hash_, name, given, label, verdict, when, by = (cells.get(column, "") for column in COLUMNS)
    verdict = " ".join(verdict.lower().split())
    if not label and not verdict:
        return None
    if not verdict:
        verdict = RIGHT if label == given else WRONG
    verdict = NONE if verdict == "none" else verdict
    if verdict not in VERDICTS:
        raise FormatError(f"{where}: the verdict is {verdict[:40]!r}, expected one of {', '.join(VERDICTS)}")
    if hash_ and not _HASH.fullmatch(hash_.lower()):
        raise FormatError(
            f"{where}: the hash {hash_[:40]!r} is not 16 hexadecimal digits (spreadsheets make numbers of some); "
            "leave it empty where the name is enough"
        )
    if not hash_ and not name:
        raise FormatError(f"{where}: says neither hash nor name of the image")
    mistake = _contradiction(verdict, given, label)
    if mistake:
        raise FormatError(f"{where}: {mistake}")
    if when:
        try:
            datetime.fromisoformat(when)
        except ValueError:
            raise FormatError(
                f"{where}: the time {when[:40]!r} is not like 2026-11-27T10:00:00+00:00; mend it or empty it"
            ) from None
    label, given = printable(label), printable(given)
    return Correction(int(hash_, 16) if hash_ else None, name, given, label, verdict, when, by, where)


def _contradiction(verdict: str, given: str, label: str) -> str:
    """What makes no sense of a line, or nothing."""
    if verdict == WRONG and not label:
        return f"the label is wrong, but not said what it should be; write it, or {UNCLEAR!r} or {NONE!r}"
    if verdict == WRONG and label == given:
        return f"the label is said to be wrong, but {label!r} is what it had; is it {RIGHT!r}?"
    if verdict == RIGHT and label and given and label != given:
        return f"the label {given!r} is said to be right, but {label!r} stands as what it should be"
    if verdict == RIGHT and not (label or given):
        return "a label is said to be right, but not which"
    if verdict in (UNCLEAR, NONE) and label not in ("", given):
        return f"the verdict is {verdict!r}, but {label!r} stands as what it should be; is it {WRONG!r}?"
    return ""


def several(names: Sequence[str], most: int = 5) -> str:
    """Some names for a message, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
