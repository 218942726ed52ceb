"""Who is decoded next: small requests first, one process never taken by large ones, the rest told to come back."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from misread.serve.apart import Decoder, EndedError, Setup
from misread.serve.decoding import Order, decode_arrays
from misread.serve.limits import AT_ONCE, LIGHT, Refused

__all__ = ["Decoders"]

_PROCESSES = 2
_TOO_LONG = (
    "decoding it takes far longer, or more memory, than its pixels should; save it anew with an image editor"
)


class Decoders:
    """Processes that decode, and the queue before them; used from the event loop's thread only.

    Parameters
    ----------
    setup : Setup
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._threads = ThreadPoolExecutor(_PROCESSES, thread_name_prefix="misread-decode")
        self._idle: list[Decoder] = []
        self._busy: set[Decoder] = set()
        self._large = 0
        self._waiting: list[tuple[int, int, asyncio.Future[Decoder]]] = []
        self._numbers = itertools.count()
        self.flight = 0
        self.ended = 0

    def start(self) -> None:
        """Start the processes; each takes a second or more."""
        self._idle = [Decoder(self._setup) for _ in range(_PROCESSES)]

    async def ready(self) -> None:
        """Wait until they have started."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._threads, one.wait) for one in self._idle))

    def close(self) -> None:
        """End all processes, those that work, too."""
        for decoder in self._busy:
            decoder.kill()
        self._threads.shutdown()
        for decoder in (*self._busy, *self._idle):
            decoder.close()

    async def decode(self, order: Order) -> NDArray[np.uint8]:
        """Decode a request's images when its turn comes; a few arrays of numbers here and now.

        Raises
        ------
        Refused
            503 when too many pixels of others are inside; 422 when it takes longer than its pixels should, and as
            `misread.serve.decoding.decode`.
        """
        if isinstance(order.content, bytes) and len(order.content) <= AT_ONCE:
            return decode_arrays(order.content, self._setup.image_size, self._setup.limits)
        with self._in_flight(order.pixels):
            decoder = await self._turn(order.pixels)
            work = asyncio.get_running_loop().run_in_executor(self._threads, decoder.ask, order)
            work.add_done_callback(lambda work: self._done(decoder, order.pixels, work))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                decoder.kill()
                raise
            except EndedError:
                raise Refused(422, "unreadable-image", _TOO_LONG) from None

    @contextlib.contextmanager
    def _in_flight(self, pixels: int) -> Iterator[None]:
        counted = pixels if pixels > LIGHT else 0
        most = max(self._setup.limits.flight, self._setup.limits.pixels)
        if self.flight + counted > most:
            raise Refused.busy(f"large images of others wait to be decoded, {self.flight:,} pixels of {most:,}")
        self.flight += counted
        try:
            yield
        finally:
            self.flight -= counted

    async def _turn(self, pixels: int) -> Decoder:
        """Wait for a process; smaller requests overtake."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (pixels, next(self._numbers), turn))
        self._call()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was called in the same moment
                self._release(turn.result(), pixels)
            raise

    def _call(self) -> None:
        """Give the idle processes to those who wait, the smallest first."""
        while self._waiting and self._idle:
            pixels, _, turn = self._waiting[0]
            if pixels > LIGHT and self._large == _PROCESSES - 1 and not turn.cancelled():
                return  # all that wait are as large
            heapq.heappop(self._waiting)
            if not turn.cancelled():
                decoder = self._alive(self._idle.pop())
                self._busy.add(decoder)
                self._large += pixels > LIGHT
                turn.set_result(decoder)

    def _done(self, decoder: Decoder, pixels: int, work: "asyncio.Future[NDArray[np.uint8]]") -> None:
        self.ended += not work.cancelled() and isinstance(work.exception(), EndedError)
        self._release(decoder, pixels)

    def _release(self, decoder: Decoder, pixels: int) -> None:
        self._busy.remove(decoder)
        self._idle.append(decoder)
        self._large -= pixels > LIGHT
        self._call()

    def _alive(self, decoder: Decoder) -> Decoder:
        """The process or, where it has ended, another one."""
        if decoder.usable:
            return decoder
        decoder.close()
        return Decoder(self._setup)
