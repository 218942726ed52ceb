"""What the threads that decode share: pixels in flight, and a libtiff that keeps quiet."""

import ctypes
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Condition, Lock

from PIL import _imaging

__all__ = ["InFlight", "quiet_tiff"]


class InFlight:
    """A limit on what all threads together have in work: small images side by side, large ones alone.

    Parameters
    ----------
    most : int
        Pixels, or bytes. An image of more waits until there is no other.

    Examples
    --------
    >>> in_flight = InFlight(100)
    >>> with in_flight.of(60), in_flight.of(40):
    ...     in_flight.amount
    100
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._turn, self._changed = Lock(), Condition()
        self.amount = 0

    @contextmanager
    def of(self, amount: int) -> Iterator[None]:
        """Wait, in the order of asking, until there is room for so much more; it is there while the block runs."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: not self.amount or self.amount + amount <= self._most)
            self.amount += amount
        try:
            yield
        finally:
            with self._changed:
                self.amount -= amount
                self._changed.notify_all()


@cache
def quiet_tiff() -> None:
    """Have libtiff and Pillow write nothing to the terminal: what is wrong is said by the error that it ends in.

    Pillow's log goes wherever the program that uses us sends it. Where libtiff cannot be reached, as on Windows,
    it goes on writing.
    """
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    with suppress(AttributeError, OSError):
        tiff = ctypes.CDLL(_imaging.__file__)
        for handler in (tiff.TIFFSetErrorHandler, tiff.TIFFSetWarningHandler):
            handler.argtypes, handler.restype = [ctypes.c_void_p], ctypes.c_void_p
            handler(None)
