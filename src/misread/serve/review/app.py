"""The application behind the page: what to look at next, and what was said of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from misread.errors import MisreadError, ParameterError
from misread.recipes.review import Desk, Said
from misread.serve.guard import Guard, refusal_body
from misread.serve.limits import Door, Limits, Refused, read_body
from misread.serve.metrics import Metrics
from misread.serve.review.token import TokenGate
from misread.serve.review.views import about, original, screens

__all__ = ["REVIEW_LIMITS", "create_review_app"]

REVIEW_LIMITS = Limits(body=1 << 20, requests=64, memory=32 << 20, connections=64)
_PAGE = Path(__file__).parent / "page"
_SHARED = Path(__file__).parents[1] / "page" / "static"
_NO_STORE = {"Cache-Control": "no-store"}
_MOST_SCREENS = 30
_MOST_SAID = 100


def create_review_app(desk: Desk, token: str, limits: Limits = REVIEW_LIMITS) -> FastAPI:
    """Make the ASGI application of one review.

    Parameters
    ----------
    desk : Desk
        Used from one thread.
    token : str
        What a visitor must bring.
    limits : Limits
    """
    server = _Server(desk, limits)
    app = FastAPI(
        title="misread review", docs_url=None, redoc_url=None, openapi_url=None, lifespan=server.lifespan
    )
    app.add_middleware(TokenGate, token=token)
    app.add_middleware(Guard, metrics=Metrics(), hosts=())
    app.add_exception_handler(Refused, server.refused)
    app.add_exception_handler(HTTPException, server.not_served)
    app.get("/")(_page)
    app.get("/v1/review")(server.about)
    app.get("/v1/originals/{place}")(server.original)
    for name in ("next", "verdicts", "withdraw", "leave"):
        app.post(f"/v1/{name}")(server.route(getattr(server, name)))
    app.mount("/static", StaticFiles(directory=_PAGE / "static"))
    app.mount("/shared", StaticFiles(directory=_SHARED))
    return app


def _page() -> FileResponse:
    return FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})


class _Server:
    """The routes; the desk is asked in one thread, so that the page never waits for a picture being decoded."""

    def __init__(self, desk: Desk, limits: Limits) -> None:
        self.desk, self.limits, self.door = desk, limits, Door(limits)
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="misread-review")
        self.pictures = ThreadPoolExecutor(1, thread_name_prefix="misread-originals")

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        yield
        self.thread.shutdown(cancel_futures=True)
        self.pictures.shutdown(cancel_futures=True)

    def route(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Any]:
        """A route that takes and gives a JSON object."""

        async def ask(request: Request) -> Response:
            with self.door.holding() as held:
                body = await read_body(request.stream(), self.limits, held)
                with self.door.entered():
                    asked = _object(body)
                    return _json(
                        await asyncio.get_running_loop().run_in_executor(self.thread, _tried, answer, asked)
                    )

        return ask

    async def about(self) -> Response:
        return _json(await asyncio.get_running_loop().run_in_executor(self.thread, about, self.desk))

    async def original(self, place: int) -> Response:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self.pictures, original, self.desk.review, place)
        if found is None:
            return Response(status_code=204)
        return Response(found[0], media_type=found[1], headers={"Cache-Control": "private, max-age=3600"})

    def next(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("fresh") is True:
            self.desk.arrive(_reviewer(asked))
        count = _number(asked.get("count"), "count", 1, _MOST_SCREENS)
        found = self.desk.following(_reviewer(asked), count)
        return {"screens": screens(self.desk.review, found), "progress": asdict(self.desk.progress())}

    def verdicts(self, asked: dict[str, Any]) -> dict[str, Any]:
        said = [_said(one) for one in _list(asked.get("verdicts"), "verdicts")]
        self.desk.record(_reviewer(asked), said)
        return self._after(asked)

    def withdraw(self, asked: dict[str, Any]) -> dict[str, Any]:
        places = [_place(one) for one in _list(asked.get("ids"), "ids")]
        self.desk.withdraw(_reviewer(asked), places)
        return self._after(asked)

    def leave(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.desk.leave(_reviewer(asked))
        return {}

    def _after(self, asked: dict[str, Any]) -> dict[str, Any]:
        """How far it is now, and what others have judged of what the page holds."""
        held = [_place(one) for one in _list(asked.get("held", []), "held", 1_000)]
        return {
            "progress": asdict(self.desk.progress()),
            "gone": self.desk.gone(held),
            "elsewhere": self.desk.elsewhere(_reviewer(asked)),
        }

    async def refused(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return Response(
            refusal_body(error), error.status, {**_NO_STORE, **error.headers}, media_type="application/json"
        )

    async def not_served(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = f"{request.method} {request.url.path} is not served here"
        return await self.refused(request, Refused(error.status_code, "not-found", detail))


def _tried(answer: Callable[[dict[str, Any]], dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return answer(asked)
    except ParameterError as error:
        raise Refused(422, "parameter", str(error)) from error
    except MisreadError as error:
        raise Refused(500, "not-written", str(error)) from error


def _json(content: dict[str, Any]) -> Response:
    return Response(json.dumps(content, allow_nan=False), media_type="application/json", headers=_NO_STORE)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused(400, "not-json", "expected a JSON object")
    return found


def _list(found: Any, name: str, most: int = _MOST_SAID) -> list[Any]:
    if not isinstance(found, list) or len(found) > most:
        raise ParameterError(f"{name} must be a list of at most {most}")
    return found


def _number(found: Any, name: str, least: int, most: int) -> int:
    if type(found) is not int or not least <= found <= most:
        raise ParameterError(f"{name} must be a whole number from {least} to {most}")
    return found


def _place(found: Any) -> int:
    return _number(found, "an id", 0, 2**40)


def _reviewer(asked: dict[str, Any]) -> str:
    found = asked.get("reviewer")
    if not isinstance(found, str) or not 0 < len(found) <= 64:
        raise ParameterError("reviewer must be a text of at most 64 letters")
    return found


def _said(found: Any) -> Said:
    if not isinstance(found, dict) or not all(
        isinstance(found.get(name, ""), str) for name in ("verdict", "label")
    ):
        raise ParameterError("a verdict is an object with id, verdict and label")
    return Said(_place(found.get("id")), found.get("verdict", ""), found.get("label", ""))
