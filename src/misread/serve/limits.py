"""What one client may ask of the server: sizes, numbers and times, and the door that keeps to them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from misread.errors import ParameterError

__all__ = ["AT_ONCE", "LIGHT", "N_NEAREST", "Door", "Held", "Limits", "Refused", "read_body"]

N_NEAREST = 5  # training images that explain an answer
LIGHT = 2_000_000  # pixels, in one request, of what is decoded in a moment
AT_ONCE = 1 << 15  # bytes of a body that is read where it arrives, in a millisecond: to hand it on takes as long

_DISCARD = 4  # an overlong body is read to this many times its limit, so that the client can read why it failed


@dataclass(frozen=True)
class Limits:
    """Bounds on every resource a request can use.

    Parameters
    ----------
    body : int
        Bytes in one request's body.
    pixels : int
        Pixels of all image files in one request together, counted from their headers before any is decoded.
    batch : int
        Images in one request.
    explained : int
        Pixels that the explanations of one request may show: of each image and its nearest training images. One
        image is always explained.
    flight : int
        Pixels of all large image files (of more than `LIGHT` pixels in one request) that are inside at the same
        time, decoded or waiting for it; a request that has more than what is left is answered 503.
    requests : int
        Prediction requests inside at the same time whose body is there, waiting ones included; one more is
        answered 503.
    memory : int
        Bytes of all bodies held at the same time; one that does not fit is answered 503.
    connections : int
        Open connections; requests on further ones are answered 503.
    seconds : float
        Time to read and answer a request whose body is there.
    patience : float
        Time a client may take to send its headers, to rest while it sends its body, and to take its answer.
    grace : float
        Time that the requests inside get to finish when the server is told to stop.
    rate : int
        Bytes a second that a body must come at, on average, once `patience` is over.

    Raises
    ------
    ParameterError
        If a limit is not positive.
    """

    body: int = 32 << 20
    pixels: int = 64_000_000
    batch: int = 256
    explained: int = 2_000_000
    flight: int = 128_000_000
    requests: int = 128
    memory: int = 256 << 20
    connections: int = 512
    seconds: float = 30.0
    patience: float = 10.0
    grace: float = 5.0
    rate: int = 64 << 10

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise ParameterError(f"the limit on {field.name} must be positive, not {value}")

    def most_explained(self, image_size: tuple[int, int]) -> int:
        """How many images of this height and width one request can have explained."""
        return max(1, self.explained // ((1 + N_NEAREST) * image_size[0] * image_size[1]))


class Refused(Exception):  # noqa: N818
    """A request that is not answered.

    Parameters
    ----------
    status : int
        HTTP status, 4xx or 503.
    code : str
        A short fixed name of the reason, for programs and metrics.
    detail : str
        A sentence for people: what was expected, what came.
    headers : dict of str, optional
        Further response headers.
    """

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = headers or {}

    @classmethod
    def busy(cls, detail: str) -> "Refused":
        """A 503 that asks to come back in a second."""
        return cls(503, "busy", f"{detail}; try again in a second", {"Retry-After": "1"})


class Door:
    """Counts who is inside and what is held; used from the event loop's thread only.

    A body that still arrives takes no request's place, so that slow clients keep nobody out.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.requests = 0
        self.arriving = 0
        self.memory = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Hold one request's place, or raise `Refused` when all are taken."""
        if self.requests >= self._limits.requests:
            raise Refused.busy(f"all {self._limits.requests} places are taken")
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    @contextmanager
    def holding(self) -> Iterator["Held"]:
        """Account for the bytes of one body until the end of the block."""
        held = Held(self, self._limits)
        try:
            yield held
        finally:
            self.memory -= held.size


class Held:
    """The bytes one request holds in memory."""

    def __init__(self, door: Door, limits: Limits) -> None:
        self._door, self._limits, self.size = door, limits, 0

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Count the body as one that still arrives."""
        self._door.arriving += 1
        try:
            yield
        finally:
            self._door.arriving -= 1

    def add(self, size: int) -> None:
        """Take more bytes, or raise `Refused` when the server holds too many."""
        if self._door.memory + size > self._limits.memory:
            raise Refused.busy(f"the server holds {self._limits.memory:,} bytes of requests already")
        self._door.memory += size
        self.size += size


async def read_body(chunks: AsyncIterator[bytes], limits: Limits, held: Held) -> bytes:
    """Read a request's body, no further and no longer than the limits allow.

    The client's time grows with what it has sent, so that a large body may take long on a slow line, but never
    lasts beyond `limits.patience` after the last bytes.

    Raises
    ------
    Refused
        413 for more bytes than `limits.body`, 408 for a body that comes too slowly, 503 when the server holds too
        many bytes of other requests.
    """
    with held.arriving():
        return await _read(chunks, limits, held)


async def _read(chunks: AsyncIterator[bytes], limits: Limits, held: Held) -> bytes:
    body, size = bytearray(), 0
    now = asyncio.get_running_loop().time
    started = now()
    try:
        async with asyncio.timeout_at(started + limits.patience) as deadline:
            async for chunk in chunks:
                size += len(chunk)
                if size <= limits.body:
                    held.add(len(chunk))
                    body += chunk
                elif size > _DISCARD * limits.body:
                    break
                earned = started + min(size, limits.body) / limits.rate
                deadline.reschedule(min(earned, now()) + limits.patience)
    except TimeoutError:
        raise Refused(
            408,
            "slow-body",
            f"a body must come at {limits.rate:,} bytes a second at least, and not rest for {limits.patience:g} "
            f"seconds; {size:,} bytes came",
            {"Connection": "close"},
        ) from None
    if size > limits.body:
        raise Refused(
            413,
            "body-too-large",
            f"a request may have {limits.body:,} bytes, this one has more; send fewer or smaller images",
            {"Connection": "close"},
        )
    return bytes(body)
