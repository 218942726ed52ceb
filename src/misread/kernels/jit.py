"""How the kernels are compiled."""

from collections.abc import Callable
from typing import Any

from numba import njit
from numpy.typing import NDArray

__all__ = ["ANY_ORDER", "inner", "kernel", "part", "read_only"]

ANY_ORDER = {"reassoc", "nsz", "contract"}  # `fastmath` of sums whose bounds hold in any order

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "cache": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,  # nobody calls them from C: that would be one more function to compile for each
}


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile on first use, keep the result on disk, run without Python's lock; divide by zero as NumPy does."""
    return njit(**(_OPTIONS | options))


def inner(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function that allocates no array and calls only such functions.

    Numba then counts no references to the arrays it passes around. Its counters are atomic: a call with a few
    arrays spends more time on them than on a hundred multiplications.
    """
    return kernel(_nrt=False, **options)


def part(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a part of its few callers, and save the time of compiling it by itself."""
    return inner(inline="always", **options)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """View an array as one that may not be written to: kernels are then compiled for one type of it, not two."""
    view = array.view()
    view.flags.writeable = False
    return view
