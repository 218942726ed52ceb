"""The application: `/v1/predict`, `/v1/label` to keep, `/v1/model`, `/healthz`, `/metrics`, and the page."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from numpy.typing import NDArray
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from misread.bundle import Bundle
from misread.errors import MisreadError, ParameterError
from misread.serve.apart import Setup
from misread.serve.board import Place
from misread.serve.decoders import Decoders
from misread.serve.decoding import Order, opened
from misread.serve.guard import Guard, refusal_body
from misread.serve.keep import Keeper
from misread.serve.limits import AT_ONCE, Door, Held, Limits, Refused, read_body
from misread.serve.metrics import Counts, Metrics, as_text, resident_bytes
from misread.serve.model_info import describe, score_names
from misread.serve.schemas import Health, ModelInfo, Predictions, Told, request_body, responses
from misread.serve.unfolding import unfolded
from misread.serve.worker import Reply, Worker

__all__ = ["create_app"]

_PAGE = Path(__file__).parent / "page"
_THREADS = 2
_PAUSE = 0.25  # seconds after which other processes may know what this one has counted
_NO_STORE = {"Cache-Control": "no-store"}


def create_app(
    bundle: Bundle,
    limits: Limits | None = None,
    hosts: Collection[str] = (),
    keeper: Keeper | None = None,
    board: Place | None = None,
) -> FastAPI:
    """Make the ASGI application that serves one model.

    Parameters
    ----------
    bundle : Bundle
        The model; asked from one thread, so that it need not be safe for several.
    limits : Limits, optional
        What one client may ask.
    hosts : collection of str
        Names, besides ``localhost`` and IP addresses, that the server answers to.
    keeper : Keeper, optional
        Keeps some of the images.
    board : Place, optional
        Where this process and others that answer at the same address write down what they count.

    Returns
    -------
    FastAPI
        It keeps nothing of what it is sent but what `keeper` is for, and sends nothing anywhere.

    Raises
    ------
    ParameterError
        If the model does not answer with classes.
    """
    if bundle.manifest.task == "denoising":
        raise ParameterError("a denoising model names nothing, so it cannot be served; use `misread denoise`")
    limits = limits or Limits()
    server = _Server(bundle, limits, keeper, board)
    app = FastAPI(
        title="misread",
        version="1",
        summary="Ask an image classifier, and see why it answers what it answers.",
        docs_url=None,
        redoc_url=None,
        lifespan=server.lifespan,
    )
    app.add_middleware(Guard, metrics=server.metrics, hosts=hosts)
    app.add_exception_handler(Refused, server.refused)
    app.add_exception_handler(HTTPException, server.not_served)
    app.add_exception_handler(RequestValidationError, server.invalid)
    takes_images: dict[str, Any] = {
        "responses": responses(400, 403, 408, 413, 415, 421, 422, 500, 503),
        "openapi_extra": {"requestBody": request_body(bundle.manifest.image_size, limits)},
    }
    app.post("/v1/predict", summary="Classify images", response_model=Predictions, **takes_images)(server.predict)
    common = responses(403, 421)
    app.get("/v1/model", summary="The model that answers", response_model=ModelInfo, responses=common)(
        server.model
    )
    if keeper is not None:
        app.post("/v1/label", summary="Say what is on an image", response_model=Told, **takes_images)(server.label)
    app.get("/healthz", summary="Is the server alive?", response_model=Health, responses=common)(server.health)
    app.get("/metrics", include_in_schema=False)(server.metrics_text)
    app.get("/", include_in_schema=False)(_page("index.html"))
    app.get("/docs", include_in_schema=False)(_page("docs.html"))
    app.mount("/static", StaticFiles(directory=_PAGE / "static"))
    return app


def _page(name: str) -> Callable[[], FileResponse]:
    def page() -> FileResponse:
        return FileResponse(_PAGE / name, headers={"Cache-Control": "no-cache"})

    return page


class _Server:
    """The routes and what they share; everything but `worker` and `threads` lives in the event loop's thread."""

    def __init__(self, bundle: Bundle, limits: Limits, keeper: Keeper | None, board: Place | None) -> None:
        self.limits = limits
        self.board = board
        self.keeper = keeper
        self.metrics = Metrics()
        self.door = Door(limits)
        self.bundle = bundle
        self.worker = Worker(bundle, limits.batch)
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="misread-serve")
        manifest = bundle.manifest
        self.decoders = Decoders(
            Setup(manifest.image_size, manifest.fit, manifest.invert, manifest.binary, limits)
        )
        self.score_names = score_names(bundle.manifest)
        self.info = describe(bundle, limits, keeper)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self.decoders.start()
        try:
            self.worker.warm()
            await self.decoders.ready()
            with self.worker, self._writing_down():
                yield
        finally:
            self.decoders.close()
            if self.keeper is not None:
                self.keeper.close()
            self.threads.shutdown(cancel_futures=True)

    @contextmanager
    def _writing_down(self) -> Iterator[None]:
        if self.board is None:
            yield
            return
        writing = asyncio.create_task(self._write_down(self.board))
        try:
            yield
        finally:
            writing.cancel()
            self.board.write(self.counts())

    async def _write_down(self, board: Place) -> None:
        while True:
            board.write(self.counts())
            await asyncio.sleep(_PAUSE)

    async def predict(
        self,
        request: Request,
        explain: bool = Query(False, description="Also what the model saw, and the nearest training images."),
    ) -> Response:
        """Classify image files (a form with files named `images`) or arrays (JSON), up to the batch limit."""
        content = await self._inside(request, partial(self._answered, explain=explain))
        return Response(content, media_type="application/json", headers=_NO_STORE)

    async def label(
        self, request: Request, label: str = Query(description="The class that is on each of the images.")
    ) -> Response:
        """Keep images with the label that a person gives them; they are sent as to /v1/predict."""
        if label not in self.bundle.manifest.classes:
            raise Refused(422, "parameter", f"there is no class {label[:80]!r}; see /v1/model")
        content = await self._inside(request, partial(self._told, label=label))
        return Response(content, media_type="application/json", headers=_NO_STORE)

    async def _inside(self, request: Request, answer: Callable[[Order], Awaitable[bytes]]) -> bytes:
        """Read a request and answer it, within all limits."""
        with self.door.holding() as held:
            body = await read_body(request.stream(), self.limits, held)
            with self.door.entered():
                try:
                    async with asyncio.timeout(self.limits.seconds):
                        return await answer(await self._opened(request.headers, body, held))
                except TimeoutError:
                    raise Refused.busy(f"there was no answer within {self.limits.seconds:g} seconds") from None

    async def _told(self, order: Order, label: str) -> bytes:
        assert self.keeper is not None
        images = await self.decoders.decode(order)
        try:
            await self.keeper.told(images, label)
        except (MisreadError, OSError) as error:
            raise Refused(
                503, "not-kept", f"it could not be written down: {error}", {"Retry-After": "30"}
            ) from error
        return json.dumps({"kept": len(images), "label": label}).encode()

    async def _opened(self, headers: Headers, body: bytes, held: Held) -> Order:
        loop = asyncio.get_running_loop()
        coding = headers.get("content-encoding", "")
        if coding:
            body = await loop.run_in_executor(self.threads, unfolded, coding, body, self.limits)
            held.add(len(body))
        look = partial(
            opened,
            headers.get("content-type", ""),
            body,
            image_size=self.bundle.manifest.image_size,
            limits=self.limits,
        )
        return look() if len(body) <= AT_ONCE else await loop.run_in_executor(self.threads, look)

    async def _answered(self, order: Order, explain: bool) -> bytes:
        images = await self.decoders.decode(order)
        if explain:
            self._check_explained(len(images))
        reply = await self.worker.ask(images, explain)
        if self.keeper is not None:
            self._offer(self.keeper, reply)
        if not explain:
            return self._rendered(reply)
        return await asyncio.get_running_loop().run_in_executor(self.threads, self._rendered, reply)

    def _offer(self, keeper: Keeper, reply: Reply) -> None:
        answers = reply.answers
        for i, image in enumerate(reply.images):
            row = reply.start + i
            keeper.offer(image, self.bundle.state(answers, row), {"answer": answers.names[row]})

    def _check_explained(self, count: int) -> None:
        height, width = self.bundle.manifest.image_size
        most = self.limits.most_explained((height, width))
        if count > most:
            raise Refused(
                413,
                "too-much-to-explain",
                f"with explain=true a request may have {most} image{'s' * (most > 1)} of {height}x{width} pixels, "
                f"this one has {count}; send fewer at a time, or leave explain=true out",
            )

    def _rendered(self, reply: Reply) -> bytes:
        predictions = [self._prediction(reply, i) for i in range(len(reply.images))]
        return json.dumps({"predictions": predictions}, allow_nan=False).encode()

    def _prediction(self, reply: Reply, i: int) -> dict[str, Any]:
        answers, row = reply.answers, reply.start + i
        state = self.bundle.state(answers, row)
        prediction: dict[str, Any] = {
            "label": None if state == "empty" else answers.names[row],
            "state": state,
            "sure": state == "sure",
            "scores": dict(zip(self.score_names, answers.scores[row].tolist(), strict=True)),
        }
        if answers.lead is not None:
            prediction["lead"] = float(answers.lead[row])
        if answers.probabilities is not None:
            shares = answers.probabilities[row].tolist()
            prediction["probabilities"] = dict(zip(self.score_names, shares, strict=True))
        if reply.distances is not None and reply.indices is not None:
            prediction["seen"] = reply.images[i].tolist()
            prediction["nearest"] = self._neighbours(reply.distances[i], reply.indices[i])
        return prediction

    def _neighbours(self, distances: NDArray[np.float64], indices: NDArray[np.int64]) -> list[dict[str, Any]]:
        classes = self.bundle.manifest.classes or ("",)
        labels, images = self.bundle.example_labels[indices], self.bundle.example_images[indices]
        return [
            {"label": classes[label], "distance": distance, "image": image}
            for label, distance, image in zip(labels, distances.tolist(), images.tolist(), strict=True)
        ]

    async def model(self) -> dict[str, Any]:
        """Describe the model: its classes, the size of its images, how well it did, and this server's limits."""
        return self.info

    async def health(self) -> dict[str, str]:
        """Answer as soon as the model is loaded."""
        return {"status": "ok"}

    async def metrics_text(self) -> Response:
        counts = self.counts()
        if self.board is not None:
            self.board.write(counts)
            counts = self.board.together()
        return Response(as_text(counts), media_type="text/plain; version=0.0.4", headers=_NO_STORE)

    def counts(self) -> Counts:
        return self.metrics.counts(
            misread_images_total=self.worker.images,
            misread_batches_total=self.worker.batches,
            misread_decoders_ended_total=self.decoders.ended,
            misread_large_pixels_inside=self.decoders.flight,
            misread_recent_images_differ=self.worker.drift.differs,
            misread_recent_images=self.worker.drift.n,
            misread_recent_images_unlike_share=self.worker.drift.share_unlike,
            **self._kept(),
            misread_requests_inside=self.door.requests,
            misread_bodies_arriving=self.door.arriving,
            misread_body_bytes_held=self.door.memory,
            process_resident_memory_bytes=resident_bytes(),
        )

    def _kept(self) -> dict[str, int]:
        if self.keeper is None:
            return {}
        return {"misread_images_kept_total": self.keeper.kept, "misread_images_not_kept_total": self.keeper.lost}

    async def refused(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        self.metrics.refused(error.code)
        return _failure(error)

    async def not_served(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = f"{request.method} {request.url.path} is not served here; see /docs"
        code = {404: "not-found", 405: "method"}.get(error.status_code, "refused")
        return _failure(Refused(error.status_code, code, detail, dict(error.headers or {})))

    async def invalid(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return _failure(Refused(422, "parameter", problems))


def _failure(refused: Refused) -> Response:
    headers = {**_NO_STORE, **refused.headers}
    return Response(refusal_body(refused), refused.status, headers, media_type="application/json")
