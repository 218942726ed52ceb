"""`misread serve`: answer over HTTP, with a page to draw on."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from misread.cli.options import MostMemoryOption
from misread.cli.words import say
from misread.data.memory import as_bytes
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
        int,
        typer.Option(min=1, help="Requests at the same time, in each process; more are told to come back."),
    ] = 128,
    workers: Annotated[
        int,
        typer.Option(min=1, max=64, help="Processes that answer, each with a model and limits of its own."),
    ] = 1,
    most_memory: MostMemoryOption = None,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Time to answer one request.")] = 30.0,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep", metavar="DIR", help="Keep images there, to label and learn from; nothing by default."
        ),
    ] = None,
    keep_what: Annotated[
        str,
        typer.Option(
            "--keep-what",
            metavar="unsure|unlike|all|sample=0.01",
            help="Which: those it is not sure of, those unlike all it has learnt from, all, or a share of all.",
        ),
    ] = "unsure",
    keep_most: Annotated[
        int, typer.Option("--keep-most", min=1, help="How many at most; the oldest leaves first.")
    ] = 10_000,
    keep_bytes: Annotated[
        str, typer.Option("--keep-bytes", metavar="AMOUNT", help="How many bytes of them at most, such as 100M.")
    ] = "1G",
) -> None:
    """Serve a model on this machine: an HTTP API, and a page to draw on. Ctrl-C ends it."""
    try:
        from misread.serve.keep import Keep
        from misread.serve.limits import Limits
        from misread.serve.processes import Served, serve_here, serve_with
        from misread.serve.server import listen
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "serve") from error

    limits = Limits(
        body=max_body << 20,
        pixels=max_pixels * 1_000_000,
        batch=max_batch,
        requests=max_requests,
        memory=max(256, 2 * max_body) << 20,
        seconds=timeout,
    )
    kept = None if keep is None else Keep(keep, keep_what, keep_most, as_bytes(keep_bytes))
    served = Served(file, limits, (host, *(allow_host or ())), kept, most_memory)
    with listen(host, port) as listener:
        address, port = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address

        def tell(line: str) -> None:
            say(line, aside=True)

        def ready() -> None:
            tell(f"Serving {file.name} on http://{shown}:{port}  (the API: http://{shown}:{port}/docs)")
            if host not in _LOOPBACK:
                tell("Anyone who reaches this address can ask; there is no password.")

        if workers == 1:
            serve_here(served, listener, tell, ready)
        else:
            serve_with(workers, served, listener, tell, ready)
        tell("Stopped.")
    _end()


def _end() -> NoReturn:
    """End at once: nothing is left to do, and taking the libraries apart takes seconds on a busy machine."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
