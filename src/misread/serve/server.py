"""Runs the application until it is told to stop, then lets the requests inside finish."""

import contextlib
import math
import os
import signal
import socket
import sys
from dataclasses import replace

import uvicorn
from fastapi import FastAPI

from misread.errors import ParameterError
from misread.serve.connection import patient_protocol
from misread.serve.limits import Limits
from misread.serve.log import quiet_log

__all__ = ["listen", "make_server", "run", "within_open_files"]

_OTHER_FILES = 160  # besides connections: pipes, libraries, and what is accepted while others are being closed
_BACKLOG = 48  # accepted at one go, before any can be refused
_FEWEST = 8
_KEEP_ALIVE = 15  # seconds between two requests on one connection


def listen(host: str, port: int) -> socket.socket:
    """Open the socket to serve on; port 0 takes a free one.

    Raises
    ------
    ParameterError
        If the address is not this machine's or is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number and number > 0 else error
        raise ParameterError(f"cannot listen on {host}, port {port}: {reason}; try another --port") from None
    # asyncio sets it only on sockets that name their protocol; without it an answer's body waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def make_server(app: FastAPI, limits: Limits) -> uvicorn.Server:
    """Configure uvicorn: no access log, no server header, deadlines for slow clients, time to finish."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=patient_protocol(limits.patience, limits.connections),
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            backlog=_BACKLOG,
            log_level="error",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=math.ceil(limits.grace),
        )
    )


def within_open_files(limits: Limits) -> Limits:
    """Bring the limit on connections below what the system lets this process open, after asking it for more.

    Raises
    ------
    ParameterError
        If it lets this process open too few to serve at all.
    """
    if sys.platform == "win32":
        return limits
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if soft < _OTHER_FILES + _FEWEST:
            raise ParameterError(
                f"this process may open {soft} files, serving takes {_OTHER_FILES + _FEWEST}; raise ulimit -n"
            )
        return replace(limits, connections=min(limits.connections, soft - _OTHER_FILES))
    return limits


def run(app: FastAPI, listener: socket.socket, limits: Limits) -> None:
    """Serve until SIGTERM or Ctrl-C; requests inside are answered, new connections are not taken."""
    # uvicorn raises the signal again once it has finished; by then everything that it asks for is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    quiet_log()
    make_server(app, limits).run(sockets=[listener])
