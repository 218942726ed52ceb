"""What loading one model file may cost: asked before anything is made of it, so that a small file stays small."""

import os
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from misread.data.memory import VARIABLE, as_bytes, in_words
from misread.errors import ModelFileError

__all__ = ["MOST_MEMORY", "Budget", "Store"]

MOST_MEMORY = 4 * 2**30
"""Bytes that a model may take while it is loaded, unless more are allowed."""
FREE_MEMORY = 256 * 2**20
MEMORY_A_BYTE = 800
MOST_PARTS = 100_000
PART_BYTES = 16_384


class Budget:
    """Memory and parts that are left for loading one model file.

    Parameters
    ----------
    file_bytes : int
        Size of the file; a small one may not take all that is allowed to a large one.
    most_memory : int or str, optional
        Bytes that it may take whatever its size, also as ``"8G"``; by default 4 GiB, or what the environment
        variable ``MISREAD_MOST_MEMORY`` says, and for files under 5 MB less in proportion.

    Raises
    ------
    ParameterError
        If that is no amount of memory.
    """

    def __init__(self, file_bytes: int, most_memory: int | str | None = None) -> None:
        if most_memory is not None:
            self.most = as_bytes(most_memory)
        else:
            most = as_bytes(os.environ.get(VARIABLE) or MOST_MEMORY)
            self.most = min(most, max(FREE_MEMORY, MEMORY_A_BYTE * file_bytes))
        self.left = self.most
        self.parts = MOST_PARTS

    @property
    def spent(self) -> int:
        """Bytes that were paid for."""
        return self.most - self.left

    def spend(self, n_bytes: int, what: str) -> None:
        """Pay for memory that is about to be taken.

        Raises
        ------
        ModelFileError
            If that is more than is left.
        """
        self.left -= n_bytes
        if self.left < 0:
            raise ModelFileError(
                f"it would take more than {in_words(self.most)} of memory, the limit for it, "
                f"{what}; if you trust it, allow more with --most-memory, such as --most-memory 8G"
            )

    def spend_parts(self, n: int) -> None:
        """Pay for estimators or trees that are about to be made.

        Raises
        ------
        ModelFileError
            If there are more than a model file may have.
        """
        self.parts -= n
        if self.parts < 0:
            raise ModelFileError(f"it is made of more than {MOST_PARTS:,} models and trees; refused")
        self.spend(n * PART_BYTES, f"for {n:,} models or trees")


class Store:
    """The arrays of a model file by name, each paid for whenever it is taken: who takes it may copy it."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], budget: Budget) -> None:
        self.arrays = arrays
        self.budget = budget

    def __call__(self, name: Any) -> NDArray[Any]:
        """The array of that name.

        Raises
        ------
        ModelFileError
            If it is not there, or more memory than is left.
        """
        if not isinstance(name, str) or name not in self.arrays:
            raise ModelFileError(f"it has no array {str(name)[:80]!r}; the file is damaged")
        array = self.arrays[name]
        self.budget.spend(array.nbytes, f"for its array {name[:80]!r}")
        return array
