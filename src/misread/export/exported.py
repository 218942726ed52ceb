"""What an exported file says of itself, read without running or constructing anything of it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from misread.bundle import Manifest
from misread.errors import ModelFileError
from misread.export.agreement import Agreement
from misread.export.c.source import facts_of
from misread.export.html.page import facts_of_page
from misread.export.measured import Measured
from misread.files import open_regular

__all__ = ["Exported", "read_exported"]

MOST = 16 << 20
"""Bytes that the texts in an exported file may have together."""

WITHOUT_UNLIKE = "it answers whatever it is shown, like what the model learnt or not"
"""What C code lacks, in words: megabytes of training images to be like, where a microcontroller has kilobytes."""

_IN_C = "C code"
_METADATA, _NAME, _VALUE = 14, 1, 2
"""Numbers of fields in ONNX's ModelProto and StringStringEntryProto."""


@dataclass(frozen=True)
class Exported:
    """An exported model, in its own words.

    Attributes
    ----------
    kind : str
        What it is, such as 'an ONNX model'.
    manifest : Manifest
        Of the model that it is from.
    agreement : Agreement
        How well it agreed with that when it was written.
    model_file, model_sha256 : str
        The model file that it is from; empty where that is not known.
    """

    kind: str
    manifest: Manifest
    agreement: Agreement
    model_file: str
    model_sha256: str
    measured: Measured | None = None

    @classmethod
    def of(cls, kind: str, texts: dict[str, str]) -> "Exported":
        """From the named texts of a file; see `misread.export.source.described`.

        Raises
        ------
        ModelFileError
            If one is missing or makes no sense.
        """
        if "manifest" not in texts or "agreement" not in texts:
            raise ModelFileError(f"{kind} that does not say what it is from; was it written by `misread export`?")
        try:
            manifest, agreement = (json.loads(texts[name]) for name in ("manifest", "agreement"))
            accuracy = json.loads(texts.get("accuracy", "null"))
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"{kind} whose description is damaged: {error}") from error
        return cls(
            kind,
            Manifest.from_json(manifest),
            Agreement.from_json(agreement),
            texts.get("model_file", "")[:200],
            texts.get("model_sha256", "")[:64],
            None if accuracy is None else Measured.from_json(accuracy),
        )

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values, without the manifest."""
        return {
            "kind": self.kind,
            "model_file": self.model_file,
            "model_sha256": self.model_sha256,
            "agreement": self.agreement.as_json(),
            "accuracy": None if self.measured is None else self.measured.as_json(),
        }

    def in_words(self) -> list[str]:
        """What a person wants to know, line by line."""
        agreement = self.agreement
        source = f"{self.model_file}, sha256 {self.model_sha256}" if self.model_file else "a model in memory"
        lines = [
            f"exported  {self.kind} from {source}",
            f"agrees    on {agreement.in_words()}, by {agreement.checked_with}",
        ]
        if agreement.probabilities_differ:
            lines.append(f"          probabilities differ by at most {agreement.probabilities_differ:.1e}")
        if self.manifest.unlike is not None and self.kind == _IN_C:
            lines.append(f"unlike    not in this file: {WITHOUT_UNLIKE}")
        rounded = [] if self.measured is None else self.measured.in_words()
        return [*lines, *(f"{'' if row else 'rounded':<10}{line}" for row, line in enumerate(rounded))]


def read_exported(path: str | os.PathLike[str]) -> Exported | None:
    """Read what an exported file says of itself; None if it is none, but perhaps a model file.

    Raises
    ------
    ModelFileError
        If it is an exported file that is damaged, or that misread did not write.
    """
    path = Path(path)
    if path.is_dir() and (path / "misread.h").is_file():
        path = path / "misread.h"
    if path.suffix.lower() not in _READERS:
        return None
    kind, texts_of = _READERS[path.suffix.lower()]
    try:
        with open_regular(path, error=ModelFileError) as stream:
            return Exported.of(kind, texts_of(stream, path.stat().st_size))
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror or error}") from error
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error


def _onnx_texts(stream: BinaryIO, size: int) -> dict[str, str]:
    """The named texts of an ONNX file; all else is skipped, so that the file may be large."""
    texts: dict[str, str] = {}
    read = 0
    while stream.tell() < size:
        field, length = _field(stream)
        if field != _METADATA:
            stream.seek(length, os.SEEK_CUR)
            continue
        read += length
        if read > MOST:
            raise ModelFileError(f"an ONNX file with more than {MOST:,} bytes of texts; refused")
        end, entry = stream.tell() + length, {_NAME: b"", _VALUE: b""}
        while stream.tell() < end:
            part, part_length = _field(stream)
            entry[part] = stream.read(min(part_length, MOST))
        texts[entry[_NAME].decode(errors="replace")] = entry[_VALUE].decode(errors="replace")
    return texts


def _field(stream: BinaryIO) -> tuple[int, int]:
    """Number of the next field of a protobuf message, and how many bytes it has from here; 0 for what was read."""
    tag = _varint(stream)
    kind = tag & 7
    if kind == 0:
        _varint(stream)
        return tag >> 3, 0
    lengths = {1: 8, 5: 4}
    if kind != 2 and kind not in lengths:
        raise ModelFileError("it is no ONNX file, or a damaged one")
    return tag >> 3, lengths[kind] if kind in lengths else _varint(stream)


def _varint(stream: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = stream.read(1)
        if not byte:
            break
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    raise ModelFileError("it is no ONNX file, or a damaged one")


def _c_texts(stream: BinaryIO, size: int) -> dict[str, str]:
    """The named texts in a header."""
    if size > MOST:
        raise ModelFileError(f"a header with more than {MOST:,} bytes; refused")
    try:
        return facts_of(stream.read(MOST).decode("ascii", "replace"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise ModelFileError("C code whose description is damaged") from error


def _page_texts(stream: BinaryIO, size: int) -> dict[str, str]:
    """The named texts in a page."""
    if size > MOST:
        raise ModelFileError(f"a page with more than {MOST:,} bytes; refused")
    try:
        return facts_of_page(stream.read(MOST).decode("utf-8", "replace"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise ModelFileError("a page whose description is damaged") from error


_READERS: dict[str, tuple[str, Callable[[BinaryIO, int], dict[str, str]]]] = {
    ".onnx": ("an ONNX model", _onnx_texts),
    ".h": (_IN_C, _c_texts),
    ".html": ("a page", _page_texts),
    ".htm": ("a page", _page_texts),
}
