"""What names say: as words and not as letters, and however their letters are composed."""

import os
import re
import unicodedata
from pathlib import Path

__all__ = ["LYING", "SECOND", "composed", "folder_name", "is_emnist", "printable", "split_in", "words_in"]

_SPLITS = {
    "train": False,
    "training": False,
    "trainset": False,
    "t10k": True,
    "test": True,
    "testing": True,
    "testset": True,
}
SECOND = ("validation", "valid", "val", "dev")
"""What is called so is for testing where nothing else is."""
_BETWEEN = re.compile(r"(?<=[a-z])(?=[A-Z])")

LYING = (
    "as published, EMNIST's images lie on their side, and only its IDX files are turned: look with `misread data "
    "show`, and turn them if they do"
)
"""What to say of a set that is called EMNIST and was left as it is."""
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)


def composed(name: str) -> str:
    """A name as names are compared: letters with their accents as one character (Unicode's form C).

    Examples
    --------
    >>> composed("e\u0301") == "\u00e9"
    True
    """
    return unicodedata.normalize("NFC", name)


def folder_name(path: Path) -> str:
    """What a folder is called, which says a class: as UTF-8, whatever encoding this process has for names.

    Examples
    --------
    >>> folder_name(Path("letters/\u00e9")) == "\u00e9"
    True
    """
    try:
        return os.fsencode(path.name).decode()
    except UnicodeError:  # the folder's name is in another encoding
        return path.name


def words_in(name: str) -> tuple[str, ...]:
    """The words of a name, in small letters; numbers at their ends do not count.

    Examples
    --------
    >>> words_in("latest-trainImages.idx3-ubyte")
    ('latest', 'train', 'images', 'idx', 'ubyte')
    """
    words = re.findall(r"[^\W_]+", _BETWEEN.sub(" ", composed(name)).lower())
    return tuple(word.rstrip("0123456789") or word for word in words)


def split_in(name: str) -> bool | None:
    """Whether a name says that images are for testing (True) or training (False); None if neither or both.

    Examples
    --------
    >>> split_in("mnist-testing"), split_in("seg_train"), split_in("latest")
    (True, False, None)
    """
    said = {_SPLITS[word] for word in words_in(name) if word in _SPLITS}
    return said.pop() if len(said) == 1 else None


def is_emnist(name: str) -> bool:
    """Whether a name has the word EMNIST, whose images lie on their side."""
    return "emnist" in words_in(name)


def printable(text: str) -> str:
    r"""Write what would steer a terminal (controls, changes of direction, half characters) as its code.

    Examples
    --------
    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)
