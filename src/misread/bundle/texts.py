"""The texts of a file from anywhere: bounded, and nothing in them steers a terminal."""

from typing import Any

from misread.data.words import printable
from misread.errors import ModelFileError

__all__ = ["checked_texts", "printable"]

MAX_TEXT = 10_000
MAX_DEPTH = 64


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
