"""The thread that asks the model: what arrives while it works is answered together next, small requests first."""

import asyncio
import contextlib
import heapq
import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle, Readings
from misread.serve.drift import Drift
from misread.serve.limits import N_NEAREST

__all__ = ["Reply", "Worker"]

_FAREWELL = 2.0
_WARMING = 32  # images, after which a search among many has been prepared


@dataclass(frozen=True, eq=False)
class Reply:
    """The model's answers of one batch, and which of them are for one request's n images.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
        What the model saw.
    answers : Readings
        Of the whole batch.
    start : int
        The row of the request's first image.
    distances, indices : ndarray, shape (n, 5), or None
        The nearest of the bundle's training images, when asked for.
    """

    images: NDArray[np.uint8]
    answers: Readings
    start: int
    distances: NDArray[np.float64] | None = None
    indices: NDArray[np.int64] | None = None


@dataclass(frozen=True, eq=False)
class _Job:
    images: NDArray[np.uint8]
    explain: bool
    future: "asyncio.Future[Reply]"


class Worker:
    """Owns the model and the one thread that uses it; a context manager that starts and stops the thread.

    Parameters
    ----------
    bundle : Bundle
        The model.
    batch : int
        Images asked at once, of as many waiting requests as fit; no request is split.
    """

    def __init__(self, bundle: Bundle, batch: int) -> None:
        self._bundle = bundle
        self._batch = batch
        self._jobs: list[tuple[int, int, _Job]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="misread-model", daemon=True)
        self.drift = Drift(bundle)
        self.batches = 0
        self.images = 0

    def __enter__(self) -> "Worker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_FAREWELL)  # it cannot be ended; a batch that takes longer ends with the process

    def warm(self) -> None:
        """Ask for some answers and an explanation, before the thread runs: the first of a kind take seconds."""
        self._bundle.answer(self._bundle.example_images[:_WARMING])
        self._bundle.nearest(self._bundle.example_images[:1])
        self.drift.warm()

    async def ask(self, images: NDArray[np.uint8], explain: bool) -> Reply:
        """Wait for the answers to images, shape (n, height, width); who is cancelled in time is left out."""
        self._loop = asyncio.get_running_loop()
        job = _Job(images, explain, self._loop.create_future())
        with self._changed:
            heapq.heappush(self._jobs, (len(images), next(self._numbers), job))
            self._changed.notify()
        return await job.future

    def _run(self) -> None:
        while jobs := self._next():
            jobs = [job for job in jobs if not job.future.cancelled()]
            if jobs:
                self._answer(jobs)

    def _next(self) -> list[_Job]:
        """Wait for work, small requests first; an empty list means that there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closing)
            jobs: list[_Job] = []
            room = self._batch
            while self._jobs and (not jobs or self._jobs[0][0] <= room):
                count, _, job = heapq.heappop(self._jobs)
                jobs.append(job)
                room -= count
            return jobs

    def _answer(self, jobs: list[_Job]) -> None:
        try:
            replies = self._replies(jobs)
        except Exception as error:
            self._hand_over(jobs, [error] * len(jobs))
        else:
            self._hand_over(jobs, replies)
            self.drift.see(np.concatenate([job.images for job in jobs]), replies[0].answers)

    def _hand_over(self, jobs: list[_Job], replies: Sequence[Reply | Exception]) -> None:
        """Wake the event loop once for all of them; not if the server has ended meanwhile."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(_deliver, jobs, replies)

    def _replies(self, jobs: list[_Job]) -> list[Reply]:
        images = np.concatenate([job.images for job in jobs])
        answers = self._bundle.answer(images)
        self.batches += 1
        self.images += len(images)
        replies, start = [], 0
        for job in jobs:
            replies.append(self._reply(job, answers, start))
            start += len(job.images)
        return replies

    def _reply(self, job: _Job, answers: Readings, start: int) -> Reply:
        distances, indices = None, None
        examples = len(self._bundle.example_images)
        if job.explain and examples:
            distances, indices = self._bundle.nearest(job.images, min(N_NEAREST, examples))
        return Reply(job.images, answers, start, distances, indices)


def _deliver(jobs: list[_Job], replies: Sequence[Reply | Exception]) -> None:
    for job, reply in zip(jobs, replies, strict=True):
        if job.future.done():
            continue
        if isinstance(reply, Exception):
            job.future.set_exception(reply)
        else:
            job.future.set_result(reply)
