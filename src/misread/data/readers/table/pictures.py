"""The picture that a cell of a table names, or holds as Hugging Face's tables do."""

import errno
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

from misread.data.readers.bulk import Held
from misread.errors import FormatError

__all__ = ["picture_in"]

_WRITTEN_OUT = ("{'bytes'", '{"bytes"', "b'", 'b"', "data:image/")
"""How cells begin that hold a picture's bytes as text, which a table of text cannot hold."""


def picture_in(folder: Path, where: str, cell: object) -> Path | Held:
    """Return the named file, which must lie inside the table's folder, or the file that the cell holds.

    Parameters
    ----------
    folder : Path
        The table's, resolved.
    where : str
        What to call a picture without a name.
    cell : object
        A file name; or the bytes of an image file, alone or as ``{"bytes": ..., "path": ...}``.

    Raises
    ------
    FormatError
        If it is none of these, or the file is outside of the folder.
    """
    content, name = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, cell)
    if isinstance(content, bytes):
        return Held(f"{where} ({name})" if isinstance(name, str) and name else where, content)
    if name is None or name == "":
        raise FormatError("no file name")
    if not isinstance(name, str):
        raise FormatError(f"expected a file name or an image file's bytes, got a {type(name).__name__}")
    if name.lstrip().startswith(_WRITTEN_OUT):
        raise FormatError(_no_name(name))
    return _confined(folder, name)


def _no_name(text: str) -> str:
    return (
        f"{text[:40]!r}{f', and {len(text) - 40:,} characters more,' if len(text) > 40 else ''} is no file name; "
        "expected one, or a list of pixels 0..255, or, in Parquet, the bytes of an image file"
    )


def _confined(folder: Path, name: str) -> Path:
    """Return the named file, which must lie inside the folder, links followed."""
    parts = (*PurePosixPath(name).parts, *PureWindowsPath(name).parts)
    if "\0" in name:
        raise FormatError("no file name")
    if "://" in name:
        raise FormatError(
            f"{name[:200]!r} is an address, and nothing is downloaded; expected a file beside the table"
        )
    is_whole = PurePosixPath(name).is_absolute() or bool(PureWindowsPath(name).anchor)
    if ".." in parts or (is_whole and not Path(name).is_relative_to(folder)):
        raise FormatError(f"{name!r} leaves the table's folder; only files inside it are read")
    try:
        file = _found(folder, name).resolve()
        is_other = file.exists() and not file.is_file()
    except (OSError, RuntimeError) as error:
        if getattr(error, "errno", None) == errno.ENAMETOOLONG:
            raise FormatError(_no_name(name)) from error
        raise FormatError(f"{name[:200]!r} cannot be followed ({error})") from error
    if not file.is_relative_to(folder):
        raise FormatError(f"{name!r} is a link out of the table's folder; only files inside it are read")
    if is_other:
        raise FormatError(f"{name!r} is a folder or a device, not an image file")
    return file


def _found(folder: Path, name: str) -> Path:
    """The file of this name; if there is none, without spaces around it, or as other systems write it."""
    plain = PureWindowsPath(name.strip()).as_posix()
    likely = [name, name.strip(), *(unicodedata.normalize(form, plain) for form in ("NFC", "NFD")), plain]
    return next((folder / one for one in likely if one and (folder / one).exists()), folder / likely[-1])
