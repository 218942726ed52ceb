"""What cells of tables look like: numbers, names of files, and the names that columns have."""

import re
from collections.abc import Sequence
from itertools import islice

__all__ = [
    "FILES",
    "INDEXES",
    "LABELS",
    "LISTED_NUMBER",
    "SPLITS",
    "counts_up",
    "is_file_name",
    "is_list",
    "is_missing",
    "is_number",
    "normal",
]

LABELS = ("label", "labels", "class", "target", "y", "digit", "category")
FILES = ("file", "filename", "file_name", "filepath", "file_path", "path", "image", "img", "image_path")
SPLITS = ("split", "subset", "set")
INDEXES = (
    *(
        "",
        "__index_level_0__",
        "id",
        "idx",
        "index",
        "row",
        "row.names",
        "row_id",
        "rowid",
        "rownames",
        "sample_id",
    ),
    "unnamed: 0",
)
"""What columns are called that number or name the rows; pandas writes no name, and reads it as ``Unnamed: 0``."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MISSING = frozenset({"", "#n/a", "#na", "-", "<na>", "?", "n/a", "na", "nan", "none", "null"})
_IMAGE_FILE = re.compile(
    r".*\.(?:avif|bmp|gif|heic|jfif|jp2|jpe?g|npy|p[bgnp]m|png|svg|tga|tiff?|webp)", re.IGNORECASE | re.DOTALL
)
_FEWEST = 4
LISTED_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
"""A number in a cell that lists several."""
_LIST = re.compile(r"[\s\[\](),;\d.eE+-]+", re.ASCII)
_FEWEST_LISTED = 16


def normal(name: str) -> str:
    """A column's name as names are compared."""
    return name.strip().lower()


def is_number(cell: object) -> bool:
    """Whether a cell is a number, or text that writes one (with a decimal point or comma)."""
    if isinstance(cell, str):
        return _NUMBER.fullmatch(cell.strip()) is not None
    return isinstance(cell, int | float)


def is_missing(cell: object) -> bool:
    """Whether a cell says that there is nothing."""
    return cell is None or cell != cell or (isinstance(cell, str) and cell.strip().lower() in _MISSING)


def is_file_name(cell: object) -> bool:
    """Whether a cell is text that ends as names of image files do."""
    return isinstance(cell, str) and _IMAGE_FILE.fullmatch(cell.strip()) is not None


def is_list(cell: object) -> bool:
    """Whether a cell is text that lists enough numbers for an image, or was such a list: ``[0 0 ... 0]``."""
    if not isinstance(cell, str) or len(cell) < 2 * _FEWEST_LISTED - 1 or not _LIST.fullmatch(cell):
        return False
    return "..." in cell or len(list(islice(LISTED_NUMBER.finditer(cell), _FEWEST_LISTED))) == _FEWEST_LISTED


def counts_up(row: Sequence[str]) -> bool:
    """Whether a row is 0, 1, 2, ... or 1, 2, 3, ..., as names that nobody gave are."""
    texts = [text.strip() for text in row]
    return len(texts) >= _FEWEST and any(
        texts[0] == str(start) and texts == [str(number) for number in range(start, start + len(texts))]
        for start in (0, 1)
    )
