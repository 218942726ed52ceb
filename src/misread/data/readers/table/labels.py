"""From the cells of a label column to class names: one decision for the whole column."""

import re
from collections.abc import Sequence
from decimal import Decimal

from misread.data.readers.table.words import is_file_name, is_missing
from misread.errors import FormatError

__all__ = ["check_plausible", "group_text", "label_text", "settled"]

_WHOLE = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,40}[.,]\d*", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d{1,40})?[eE][+-]?\d{2,3}", re.ASCII)
_LARGEST_POWER = 40
_QUOTED = re.compile(
    r"""b?(?P<mark>['"])(?P<text>.*)(?P=mark)|(?:tensor|np\.\w+)\((?P<number>[\d.+-]+)(?:,.*)?\)""", re.DOTALL
)
_FEWEST = 3
_NEVER = ("nan", "<na>", "#n/a")
"""What is no name even where all labels are words."""
_LIST = re.compile(r"""\[(?:[-+.,\d\s]*|\s*(['"]).*\1\s*)\]""", re.DOTALL)
_LONGEST = 1_000
_MANY = 100


def label_text(cell: object, names: Sequence[str] | None) -> str:
    """A label as text.

    Parameters
    ----------
    cell : object
        Text, bytes, a number or a truth value.
    names : sequence of str, optional
        What the codes mean, if the cells are codes.

    Raises
    ------
    FormatError
        With the reason alone, if it names no class.
    """
    if names is not None and isinstance(cell, int):
        if not 0 <= cell < len(names):
            hint = " (-1 stands for images without a label)" if cell == -1 else ""
            raise FormatError(
                f"the label {cell} is none of the {len(names)} classes, whose codes begin with 0{hint}"
            )
        return names[cell]
    if isinstance(cell, bytes):
        try:
            cell = cell.decode()
        except UnicodeDecodeError:
            raise FormatError(f"the label is {len(cell)} bytes that are no text in UTF-8") from None
    if cell is None or cell != cell:
        raise FormatError("has no label")
    if not isinstance(cell, str | int | float | Decimal):
        raise FormatError(f"the label is a {type(cell).__name__}; expected one class, as text or a number")
    text = str(cell).strip()
    if not text or text.lower() in _NEVER:
        raise FormatError("has no label")
    if len(text) > _LONGEST:
        raise FormatError(f"the label has {len(text):,} letters; expected the name of a class")
    if "\n" in text or "\r" in text:
        raise FormatError(f"the label {text[:40]!r} goes over several lines; is a quote missing?")
    if _LIST.fullmatch(text):
        raise FormatError(f"the label {text[:40]} is a list; expected one class, as text or a number")
    if text.lower().lstrip("+-") in ("inf", "infinity"):
        raise FormatError(f"the label {text} is no class")
    return text


def group_text(cell: object, title: str) -> str:
    """Who wrote an image, as text.

    Raises
    ------
    FormatError
        With the reason alone, if the cell is empty or no name.
    """
    text = "" if cell is None or cell != cell else str(cell).strip()
    if not text or text.lower() in _NEVER:
        raise FormatError(f"has no group in {title}; say who wrote it, or leave the row out")
    if not isinstance(cell, str | int | float | Decimal) or len(text) > _LONGEST or "\n" in text:
        raise FormatError(f"has {text[:40]!r} in {title}; expected the name or number of a group")
    return text


def settled(texts: Sequence[str]) -> list[str]:
    """The class names: whole numbers lose what their storage added, if all labels of the column are whole.

    Raises
    ------
    FormatError
        Beginning with the position of a label, if it stands for a missing number.

    Examples
    --------
    >>> settled(["7.000000000000000000e+00", "0.000000000000000000e+00"])
    ['7', '0']
    >>> settled(["1.0", "1.5"])
    ['1.0', '1.5']
    """
    distinct = dict.fromkeys(texts)
    quoted = {text: _QUOTED.fullmatch(text) for text in distinct}
    inner = {text: (found["text"] or found["number"] or "").strip() for text, found in quoted.items() if found}
    if len(inner) == len(distinct) > 0:  # as Python prints bytes or tensors, or in quotes that CSV does not know
        return settled([inner[text] for text in texts])
    numbers = {text: _whole(text) for text in distinct if not is_missing(text)}
    if not numbers or any(number is None for number in numbers.values()):
        return list(texts)
    return [numbers[text] or text if text in numbers else "" for text in texts]


def _whole(text: str) -> str | None:
    """The whole number that a text writes, as it is written shortest; None if it writes none."""
    if _WHOLE.fullmatch(text):
        return text
    if not (_DECIMAL.fullmatch(text) or _SCIENTIFIC.fullmatch(text)):
        return None
    value = Decimal(text.replace(",", "."))
    return str(int(value)) if value.adjusted() <= _LARGEST_POWER and value == value.to_integral_value() else None


def check_plausible(names: Sequence[str], title: str) -> None:
    """Refuse labels that look like something else.

    Raises
    ------
    FormatError
        With the reason and the remedy, if they are names of files, or (nearly) as many as the rows.
    """
    distinct = set(names)
    files = [name for name in names if is_file_name(name)]
    if 2 * len(files) >= len(names):
        raise FormatError(
            f"the label in {title} is the name of a file, such as {files[0][:60]!r}; say which column is "
            "which with --label-column and --path-column"
        )
    if len(distinct) == len(names) >= _FEWEST or (len(names) >= _MANY and 2 * len(distinct) > len(names)):
        raise FormatError(
            f"{len(names):,} rows have {len(distinct):,} different labels in {title} "
            f"({', '.join(names[:3])}, ...): is it a number or a name of the row? Say which "
            "column it is with --label-column"
        )
