"""Connections that do not wait for ever and refuse as the application does: uvicorn's HTTP/1.1, with deadlines."""

import asyncio
import contextlib
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from misread.serve.guard import refusal_body, refusal_headers
from misread.serve.limits import Refused

__all__ = ["patient_protocol"]

_NOT_HTTP = Refused(400, "not-http", "this is not an HTTP/1.1 request; see /docs", {"Connection": "close"})


_GRACE = 1.0
"""Seconds in which a client is not taken for idle because its request has not been read yet."""


class _Deadline:
    """Cuts a connection off unless it is met."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def start(self, transport: asyncio.Transport) -> None:
        if self._timer is None and not transport.is_closing():
            self._timer = asyncio.get_running_loop().call_later(self._seconds, transport.abort)

    def met(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def patient_protocol(patience: float, connections: int) -> type[H11Protocol]:
    """Make a protocol class that cuts a client off which takes too long, and turns one away that is too many.

    uvicorn waits without end for a request's headers, and for a client to take its answer (it has a deadline only
    for the pause between two requests).

    Parameters
    ----------
    patience : float
        Seconds for a request's headers, from the connection or the request's first byte on; and seconds in which
        a client must take more of an answer.
    connections : int
        Connections open at once. For a further one, that connection is closed which has been idle for longest, or
        has been sending for longest, a second at least where there is such; if all are being answered, the further
        one gets a 503 and is closed.

    Returns
    -------
    type
        For uvicorn's ``Config(http=...)``.
    """

    class PatientProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._reading, self._writing = _Deadline(patience), _Deadline(patience)
            self._reading.start(transport)
            self._since = asyncio.get_running_loop().time()
            self._sends_no_more = False
            if len(self.connections) > connections:
                self._make_room()

        def _make_room(self) -> None:
            others = [one for one in self._siblings() if not one._answering()]
            if others:
                now = asyncio.get_running_loop().time()
                longest = min(
                    others,
                    key=lambda one: (now - one._since < _GRACE, one.conn.their_state is not h11.IDLE, one._since),
                )
                self.connections.discard(longest)
                longest.transport.abort()
                return
            full = Refused.busy(f"all {connections} connections are taken")
            full.headers["Connection"] = "close"
            self._refuse(full)

        def _siblings(self) -> "list[PatientProtocol]":
            return [one for one in self.connections if isinstance(one, PatientProtocol) and one is not self]

        def _answering(self) -> bool:
            """Whether a whole request waits for its answer."""
            return self.conn.their_state in (h11.DONE, h11.MUST_CLOSE) and not self._is_answered()

        def _is_answered(self) -> bool:
            return self.cycle is not None and self.cycle.response_complete

        def send_400_response(self, msg: str) -> None:
            self._refuse(_NOT_HTTP)

        def _refuse(self, refused: Refused) -> None:
            """Answer without the application, unless it is answering, and close."""
            body = refusal_body(refused)
            headers = refusal_headers(refused, len(body), secured=True)
            reason = HTTPStatus(refused.status).phrase.encode()
            with contextlib.suppress(h11.LocalProtocolError):
                for event in (
                    h11.Response(status_code=refused.status, headers=headers, reason=reason),
                    h11.Data(data=body),
                    h11.EndOfMessage(),
                ):
                    self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

        def data_received(self, data: bytes) -> None:
            began = self.conn.their_state is h11.IDLE
            super().data_received(data)
            if began:
                self._since = asyncio.get_running_loop().time()
            if self._dawdling():
                self._reading.start(self.transport)
            else:
                self._reading.met()

        def eof_received(self) -> bool:  # type: ignore[override]
            """Keep the connection of a client that sends no more and waits for its answer, as `nc -N` does."""
            self._sends_no_more = True
            return self._answering()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self._sends_no_more and not self._answering():
                self.transport.close()

        def _dawdling(self) -> bool:
            """Whether headers are incomplete, or a body goes on that was answered already."""
            state = self.conn.their_state
            return state is h11.IDLE or (state is h11.SEND_BODY and self._is_answered())

        def pause_writing(self) -> None:
            super().pause_writing()
            self._writing.start(self.transport)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._writing.met()

        def connection_lost(self, exc: Exception | None) -> None:
            self._reading.met()
            self._writing.met()
            super().connection_lost(exc)

    return PatientProtocol
