"""`misread serve`: answer over HTTP, with a page to draw on."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from misread.bundle import load
from misread.cli.options import MostMemoryOption
from misread.cli.words import say
from misread.data.memory import as_bytes, in_words
from misread.errors import MissingExtraError

if TYPE_CHECKING:
    from misread.serve.keep import Keep

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
        from misread.serve.app import create_app
        from misread.serve.keep import Keep, Keeper
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
    bundle = load(file, most_memory=most_memory)
    keeper = None
    if keep is not None:
        keeper = Keeper(Keep(keep, keep_what, keep_most, as_bytes(keep_bytes)), bundle.manifest)
        failure = keeper.claim()
        say(f"! {failure}" if failure else f"Keeping images in {keep}: {_kept_in_words(keeper.keep)}", aside=True)
    with listen(host, port) as listener:
        app = create_app(bundle, limits, hosts=[host, *(allow_host or ())], keeper=keeper)
        address, port = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        say(f"Serving {file.name} on http://{shown}:{port}  (the API: http://{shown}:{port}/docs)", aside=True)
        if host not in _LOOPBACK:
            say("Anyone who reaches this address can ask; there is no password.", aside=True)
        run(app, listener, limits)
        say("Stopped.", aside=True)
    _end()


def _kept_in_words(keep: "Keep") -> str:
    which = {
        "unsure": "what it is not sure of",
        "unlike": "what is unlike all that it has learnt from",
        "all": "all",
    }.get(keep.what, f"a share of {keep.what.partition('=')[2]} of all")
    most = f"at most {keep.most:,} and {in_words(keep.most_bytes)}"
    return f"{which}, {most}; label them with misread review {keep.folder}"


def _end() -> NoReturn:
    """End at once: nothing is left to do, and taking the libraries apart takes seconds on a busy machine."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
