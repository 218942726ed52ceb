"""A Dask cluster to work on: asked before it gets work, watched while it works, given up when it fails."""

import _thread
import asyncio
import logging
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from misread.errors import ClusterError, MisreadError, MissingExtraError, ParameterError

__all__ = ["connected"]

CONNECT_SECONDS = 15
PROBE_SECONDS = 60
GONE_SECONDS = 60
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
        call.
        """

        def scatter(self, *args: Any, **options: Any) -> Any:
            return self._given(args[0]) if options.get("asynchronous") else super().scatter(*args, **options)

        async def _given(self, data: Any) -> Any:
            known = self.__dict__.setdefault("_futures", {})
            if id(data) not in known:
                known[id(data)] = self.submit(_give, data, pure=False)
                weakref.finalize(data, known.pop, id(data), None)
            return known[id(data)]

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

    def watch() -> None:
        lost = 0.0
        while not done.wait(LOOK_SECONDS):
            reason = _trouble(client)
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


def _trouble(client: Any) -> str | None:
    try:
        told = client.sync(client.scheduler.identity, callback_timeout=CONNECT_SECONDS)
        return None if told["workers"] else "it has no workers any more"
    except Exception as error:
        return f"its scheduler does not answer ({_line(error)})"


def _line(error: BaseException) -> str:
    words = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
