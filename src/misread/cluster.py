"""A Dask cluster to work on: asked before it gets work, watched while it works, given up when it fails."""

import _thread
import asyncio
import logging
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from misread.errors import ClusterError, MisreadError, MissingExtraError, ParameterError
from misread.places import Place, Reading, holds_places, is_there, place_of

__all__ = ["connected"]

CONNECT_SECONDS = 15
PROBE_SECONDS = 60
GONE_SECONDS = 60
SILENT_SECONDS = 60
LOOK_SECONDS = 3
_AS_HERE = ("misread", "numpy", "scikit-learn")
_REMEDY = "what is finished is kept: run the command again, with --engine or without"


@contextmanager
def connected(engine: str) -> Iterator[Any]:
    """Give a client of the cluster at ``dask://host:port`` until the end of the block.

    Raises
    ------
    ParameterError
        If the address makes no sense, no scheduler answers there, it has no workers, or they run other versions.
    ClusterError
        If the scheduler or all workers are gone for a minute, or what they give makes no sense.
    MissingExtraError
        If Dask is not installed.
    """
    scheme, separator, address = engine.partition("://")
    if scheme != "dask" or not separator or ":" not in address:
        raise ParameterError(f"engine must be dask://host:port, got {engine!r}; leave it out to use this machine")
    try:
        import dask
    except ImportError as error:
        raise MissingExtraError("Dask", "dask") from error
    client = _client(address)
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
        try:
            _check_workers(client, address)
            with _watched(client, address):
                yield client
        finally:
            with suppress(Exception):  # a scheduler that is gone cannot be taken leave of
                client.close(CONNECT_SECONDS)


def _client(address: str) -> Any:
    from distributed import Client

    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # our own error says what it would log

    class RecoverableClient(Client):
        """Hands data out as the result of a task: when its only holder dies, the scheduler makes it again.

        What was handed out is remembered until the data is gone here: joblib by itself would send it anew in every
        call. What lies in a file that all workers see is not handed out: they read it themselves.
        """

        def submit(self, function: Any, *args: Any, **options: Any) -> Any:  # type: ignore[override]
            if any(holds_places(args, named) for _, args, named in options.get("tasks", ())):
                function = Reading(function)
            return super().submit(function, *args, **options)

        def scatter(self, *args: Any, **options: Any) -> Any:
            return self._given(args[0]) if options.get("asynchronous") else super().scatter(*args, **options)

        async def _given(self, data: Any) -> Any:
            known = self.__dict__.setdefault("_futures", {})
            if id(data) not in known:
                place = place_of(data)
                is_seen = place is not None and await self._all_see(place)
                known[id(data)] = place if is_seen else self.submit(_give, data, pure=False)
                weakref.finalize(data, known.pop, id(data), None)
            return known[id(data)]

        async def _all_see(self, place: Place) -> bool:
            names = (await cast("Any", self.scheduler).identity())["workers"]
            asked = [self.submit(is_there, place, workers=[name], pure=False) for name in names]
            try:
                return all(await asyncio.wait_for(self._gather(asked), PROBE_SECONDS))
            except Exception:  # another machine, another file, or none that answers: it is sent
                return False

    try:
        asyncio.run(asyncio.wait_for(_check_scheduler(f"tcp://{address}"), CONNECT_SECONDS))
        return RecoverableClient(f"tcp://{address}", timeout=CONNECT_SECONDS)
    except Exception as error:  # whatever a stranger at that port answers
        message = f"no Dask scheduler answers at {address} ({_line(error)}); start one, or check the port"
        raise ParameterError(message) from error


async def _check_scheduler(address: str) -> None:
    """Ask who is there: a client waits without end for one that takes the connection and says nothing."""
    from distributed import rpc

    async with rpc(address) as stranger:
        told = await stranger.identity()
    if not isinstance(told, dict) or told.get("type") != "Scheduler":
        raise OSError("who answers is no scheduler")


def _give(data: Any) -> Any:
    return data


def _versions() -> dict[str, str]:
    """What must be the same here and there for the numbers to be."""
    found = {"Python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in _AS_HERE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except Exception as error:
        raise ParameterError(
            f"the Dask scheduler at {address} has no workers; start some: dask worker {address}"
        ) from error
    names = list(client.scheduler_info(n_workers=-1)["workers"])
    asked = {name: client.submit(_versions, pure=False, workers=[name]) for name in names}
    ours = _versions()
    for name, future in asked.items():
        try:
            theirs = future.result(timeout=PROBE_SECONDS)
        except Exception as error:
            raise ParameterError(
                f"the Dask worker {name} does not answer a simple question ({_line(error)}); "
                f"install misread {ours['misread']} there, or stop this worker"
            ) from error
        if theirs != ours:
            raise ParameterError(
                f"the Dask worker {name} has {_in_words(theirs, ours)}; install the same versions"
            )


def _in_words(theirs: Any, ours: dict[str, str]) -> str:
    if not isinstance(theirs, dict):
        return f"answered a question for its versions with a {type(theirs).__name__}"
    return ", ".join(
        f"{name} {str(theirs.get(name))[:40]} instead of {ours[name]}"
        for name in ours
        if theirs.get(name) != ours[name]
    )


@contextmanager
def _watched(client: Any, address: str) -> Iterator[None]:
    """Give up when the scheduler or all workers are gone, and tell what goes wrong as one sentence."""
    done = threading.Event()
    reasons: list[str] = []
    is_main = threading.current_thread() is threading.main_thread()

    silence = _Silence(client)

    def watch() -> None:
        lost = 0.0
        while not done.wait(LOOK_SECONDS):
            reason = silence.trouble()
            lost = lost + LOOK_SECONDS if reason else 0.0
            if reason and lost >= GONE_SECONDS:
                reasons.append(reason)
                with suppress(Exception):
                    client.close(LOOK_SECONDS)
                if is_main and not done.is_set():
                    _thread.interrupt_main()
                return

    watcher = threading.Thread(target=watch, name="misread-cluster", daemon=True)
    watcher.start()
    try:
        yield
    except MisreadError:
        raise
    except KeyboardInterrupt as error:
        if not reasons:
            raise
        raise ClusterError(f"the Dask cluster at {address} is lost: {reasons[0]}; {_REMEDY}") from error
    except Exception as error:
        reason = reasons[0] if reasons else _line(error)
        raise ClusterError(f"work on the Dask cluster at {address} failed ({reason}); {_REMEDY}") from error
    finally:
        done.set()


class _Silence:
    """Which workers have not been heard of: stopped, too busy to say so, or cut off.

    The scheduler waits for minutes; what a silent worker should do is given to the others sooner. It comes back by
    itself if it can.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._heard: dict[str, tuple[float, float]] = {}

    def trouble(self) -> str | None:
        """What is wrong with the cluster as a whole, if anything is."""
        try:
            told = self._client.sync(self._client.scheduler.identity, callback_timeout=CONNECT_SECONDS)
            silent = self._silent({name: float(one["last_seen"]) for name, one in told["workers"].items()})
        except Exception as error:
            return f"its scheduler does not answer ({_line(error)})"
        if not told["workers"]:
            return "it has no workers any more"
        if len(silent) == len(told["workers"]):
            return f"its workers do not answer ({', '.join(sorted(silent))[:200]})"
        for name in silent:
            self._heard.pop(name)
            warnings.warn(
                f"the Dask worker {name} is silent for {SILENT_SECONDS:g} seconds now; the others do its work",
                stacklevel=2,
            )
            with suppress(Exception):
                self._client.sync(self._client.scheduler.unregister, address=name, stimulus_id="misread-silent")
        return None

    def _silent(self, seen: dict[str, float]) -> list[str]:
        now = time.monotonic()
        for name, when in seen.items():
            if self._heard.get(name, (None, now))[0] != when:
                self._heard[name] = (when, now)
        return [name for name in seen if now - self._heard[name][1] >= SILENT_SECONDS]


def _line(error: BaseException) -> str:
    words = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
