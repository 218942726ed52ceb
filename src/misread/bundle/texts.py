"""The texts of a file from anywhere: bounded, and nothing in them steers a terminal."""

import re
from typing import Any

from misread.errors import ModelFileError

__all__ = ["checked_texts", "printable"]

MAX_TEXT = 10_000
MAX_DEPTH = 64
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Write what would steer a terminal (controls, changes of direction, half characters) as its code.

    Examples
    --------
    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def checked_texts(value: Any, depth: int = 0) -> Any:
    """JSON values with printable texts.

    Raises
    ------
    ModelFileError
        If a text is longer, or values are nested deeper, than any model needs.
    """
    if depth > MAX_DEPTH:
        raise ModelFileError(f"its description is nested more than {MAX_DEPTH} deep; refused")
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ModelFileError(
                f"a text of {len(value):,} characters, {value[:40]!a}..., is longer than the {MAX_TEXT:,} of "
                "a model file; refused"
            )
        return printable(value)
    if isinstance(value, list | tuple):
        return [checked_texts(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {checked_texts(str(key), depth): checked_texts(one, depth + 1) for key, one in value.items()}
    return value
