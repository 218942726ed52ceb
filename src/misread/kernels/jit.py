"""How the kernels are compiled."""

import os
import warnings
from collections.abc import Callable
from functools import cache
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

    def compiled(function: Callable[..., Any]) -> Any:
        chosen = _OPTIONS | options
        if _has_place():
            try:
                return njit(**chosen)(function)
            except RuntimeError as error:  # Numba found no folder that it may write to
                if "cannot cache" not in str(error):
                    raise
        _say_that_nothing_is_kept()
        return njit(**(chosen | {"cache": False}))(function)

    return compiled


def _has_place() -> bool:
    """Whether Numba has a folder to look at: without a home it would make one called "~" where the user stands."""
    named = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~")
    return os.path.isabs(named) or os.access(os.path.dirname(__file__), os.W_OK)


@cache
def _say_that_nothing_is_kept() -> None:
    """Say it once."""
    warnings.warn(
        "no folder to keep compiled code in can be written to, so every start takes some seconds longer; set "
        "NUMBA_CACHE_DIR to one that can",
        stacklevel=2,
    )


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
