"""Arrays that lie in files: said by their place, and read there by whoever sees the same file."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Place", "Reading", "holds_places", "is_there", "place_of", "read_place"]


@dataclass(frozen=True)
class Place:
    """Where an array lies, and the hash of what is in it."""

    path: str
    offset: int
    shape: tuple[int, ...]
    dtype: str
    digest: str


def place_of(array: Any) -> Place | None:
    """The place of an array that is a part of a mapped file, in one piece; None of any other.

    Examples
    --------
    >>> place_of(np.zeros(3)) is None
    True
    """
    if not isinstance(array, np.ndarray) or not array.flags.c_contiguous or not array.size:
        return None
    base: Any = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    if not isinstance(base, np.memmap) or base.filename is None:
        return None
    offset = base.offset + array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    path = str(Path(base.filename).resolve())
    return Place(path, offset, array.shape, array.dtype.str, _digest(array))


@lru_cache(maxsize=8)
def read_place(place: Place) -> NDArray[Any]:
    """Map the array again.

    Raises
    ------
    OSError
        If the file is not there, or holds something else.
    """
    try:
        array: NDArray[Any] = np.memmap(place.path, np.dtype(place.dtype), "r", place.offset, place.shape)
    except ValueError as error:
        raise OSError(f"{place.path} is shorter than it was") from error
    if _digest(array) != place.digest:
        raise OSError(f"{place.path} holds something else than it did")
    return array


def is_there(place: Place) -> bool:
    """Whether this process sees the same array at that place."""
    try:
        return read_place(place) is not None
    except OSError:
        return False


def holds_places(args: Iterable[Any], named: Mapping[str, Any]) -> bool:
    """Whether any argument of a call is said by its place."""
    return any(isinstance(one, Place) for one in (*args, *named.values()))


class Reading:
    """Calls `function` with ``tasks``, as joblib does on a cluster, once what is said by its place is read."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, *, tasks: Iterable[Any], **options: Any) -> Any:
        """Read, and call."""
        read = [
            (call, [_read(one) for one in args], {name: _read(one) for name, one in named.items()})
            for call, args, named in tasks
        ]
        return self._function(tasks=read, **options)


def _read(one: Any) -> Any:
    return read_place(one) if isinstance(one, Place) else one


def _digest(array: NDArray[Any]) -> str:
    return hashlib.blake2b(array.data, digest_size=16).hexdigest()
