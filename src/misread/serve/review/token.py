"""Who may use a page that shows own images and writes: whoever was told the token that the terminal says."""

import hmac
import secrets
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from misread.serve.guard import refusal_body
from misread.serve.limits import Refused

__all__ = ["TokenGate", "new_token"]

_STRANGER = Refused(
    403, "no-token", "open the address that `misread review` has printed, with its token; it is new at every start"
)


def new_token() -> str:
    """Make a token that cannot be guessed."""
    return secrets.token_urlsafe(16)


class TokenGate:
    """ASGI middleware: lets in who brings the token, in the address once and in a cookie from then on.

    Other users of this machine can reach its loopback address, too.

    Parameters
    ----------
    app : ASGI application
    token : str
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        name = f"misread-review-{request.url.port or 80}"
        brought = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and self._is_it(brought):
            answer: Response = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
            answer.set_cookie(name, self._token, httponly=True, samesite="strict")
        elif self._is_it(request.cookies.get(name, "")):
            await self._app(scope, receive, send)
            return
        else:
            answer = Response(refusal_body(_STRANGER), _STRANGER.status, media_type="application/json")
        await answer(scope, receive, send)

    def _is_it(self, brought: str) -> bool:
        return hmac.compare_digest(brought.encode(), self._token.encode())
