"""What stands around the application: who may ask, what every answer carries, what is counted."""

import asyncio
import ipaddress
import json
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from misread.serve.limits import Refused
from misread.serve.metrics import Metrics

__all__ = ["Guard", "refusal_body", "refusal_headers"]

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
_LEFT = 499  # counted, never sent: the client went away before its answer


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, adds the security headers, counts and times.

    What the application fails to answer is a 500 like every other failure, and goes on to the server's log.

    A page of another site can reach a server on loopback through the visitor's browser: by a host name of its own
    that it points to 127.0.0.1 (DNS rebinding), or with a form sent across origins. So the Host must be an IP
    address, ``localhost``, or a name given in `hosts`, and an Origin must be the server's own.

    Parameters
    ----------
    app : ASGI application
    metrics : Metrics
    hosts : collection of str
        Further names that the server is known by.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._metrics = metrics
        self._hosts = {"localhost", *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = None

        async def counted_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_RAW_HEADERS]
            await send(message)

        try:
            if refused := self._refusal(scope):
                await self._refuse(refused, counted_send)
            else:
                await self._app(scope, receive, counted_send)
        except ClientDisconnect:
            status = _LEFT
        except asyncio.CancelledError:  # the server was told to stop, and this took longer than it waits
            if status is None:
                await self._refuse(_stopping(), counted_send)
        except Exception:
            if status is None:
                await self._refuse(_internal(), counted_send)
            raise
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.request(route, scope["method"], status or 500, time.perf_counter() - started)

    async def _refuse(self, refused: Refused, send: Send) -> None:
        self._metrics.refused(refused.code)
        body = refusal_body(refused)
        headers = refusal_headers(refused, len(body))
        await send({"type": "http.response.start", "status": refused.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope) -> Refused | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._known(host):
            return Refused(
                421, "unknown-host", f"this server is not {host!r}; if it is, start it with --allow-host"
            )
        origin = headers.get(b"origin")
        if origin is not None and _netloc(origin.decode("latin-1")) != host.lower():
            return Refused(403, "foreign-origin", "pages of other sites may not use this server")
        return None

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._hosts or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def refusal_body(refused: Refused) -> bytes:
    """Write a refusal as the JSON object that every error of this server is."""
    return json.dumps({"error": refused.code, "detail": refused.detail}).encode()


def refusal_headers(refused: Refused, length: int, secured: bool = False) -> list[tuple[bytes, bytes]]:
    """Give the headers of a refusal; with the security headers where no `Guard` adds them."""
    headers = {"Content-Type": "application/json", "Content-Length": str(length), **refused.headers}
    plain = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return [*plain, *_RAW_HEADERS] if secured else plain


def _stopping() -> Refused:
    return Refused(503, "stopping", "the server was told to stop", {"Connection": "close", "Retry-After": "10"})


def _internal() -> Refused:
    return Refused(500, "internal", "the server failed to answer; its log says why", {"Connection": "close"})
