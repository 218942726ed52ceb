"""`misread serve`: answer over HTTP, with a page to draw on."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from misread.bundle import load
from misread.cli.options import MostMemoryOption
from misread.cli.words import say
from misread.errors import MissingExtraError

__all__ = ["serve"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model file, *.misread.")],
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine's own can ask then.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 8000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name this server is asked by, besides localhost and IP addresses."),
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, help="Images in one request.")] = 256,
    max_body: Annotated[int, typer.Option(min=1, metavar="MB", help="Size of one request.")] = 32,
    max_pixels: Annotated[int, typer.Option(min=1, metavar="MP", help="Megapixels in one request.")] = 64,
    max_requests: Annotated[
        int, typer.Option(min=1, help="Requests at the same time; more are told to come back.")
    ] = 128,
    most_memory: MostMemoryOption = None,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Time to answer one request.")] = 30.0,
) -> None:
    """Serve a model on this machine: an HTTP API, and a page to draw on. Ctrl-C ends it."""
    try:
        from misread.serve.app import create_app
        from misread.serve.limits import Limits
        from misread.serve.server import listen, run, within_open_files
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "serve") from error

    asked = Limits(
        body=max_body << 20,
        pixels=max_pixels * 1_000_000,
        batch=max_batch,
        requests=max_requests,
        memory=max(256, 2 * max_body) << 20,
        seconds=timeout,
    )
    limits = within_open_files(asked)
    with listen(host, port) as listener:
        app = create_app(load(file, most_memory=most_memory), limits, hosts=[host, *(allow_host or ())])
        address, port = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        say(f"Serving {file.name} on http://{shown}:{port}  (the API: http://{shown}:{port}/docs)", aside=True)
        if host not in _LOOPBACK:
            say("Anyone who reaches this address can ask; there is no password.", aside=True)
        run(app, listener, limits)
        say("Stopped.", aside=True)
    _end()


def _end() -> NoReturn:
    """End at once: nothing is left to do, and taking the libraries apart takes seconds on a busy machine."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
