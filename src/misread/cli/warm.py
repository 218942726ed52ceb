"""`misread warm`, and compiling beside a study that begins."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Annotated

import typer

from misread.cli.progress import stages
from misread.cli.words import say
from misread.recipes.warm import FAMILIES, LATER, is_warm
from misread.recipes.warm import warm as compile_kernels

__all__ = ["compiling_beside", "warm"]

_BESIDE = """
import sys
from misread.recipes.warm import warm
for model in sys.argv[1:]:
    warm([model])
    print(model, flush=True)
"""


def warm(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help=f"Some of {', '.join(FAMILIES)}; all by default."),
    ] = None,
) -> None:
    """Compile the kernels now, for this processor, so that nothing waits for it later.

    They are kept beside the installed package, or where NUMBA_CACHE_DIR says.
    """
    start = time.monotonic()
    with stages(1) as on_stage:
        compile_kernels(models or FAMILIES, on_stage)
    say(f"ready after {time.monotonic() - start:.1f} s")


@contextmanager
def compiling_beside(jobs: int | None) -> Iterator[Callable[[str], None]]:
    """While the block runs, compile on another core what it will come to, if that is not in the cache.

    Gives a function that waits until what a model needs is there: to compile it as well would take as long.
    """
    missing = [model for model in LATER if not is_warm(model)]
    if not missing or (jobs or os.cpu_count()) == 1:
        yield lambda _: None
        return
    command = [sys.executable, "-c", _BESIDE, *missing]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as beside:

        def wait(model: str) -> None:
            while model in missing and (line := _line(beside.stdout)):
                missing.remove(line.strip())

        try:
            yield wait
        finally:
            beside.kill()


def _line(stream: IO[str] | None) -> str:
    """The next line of a process; nothing when it has ended."""
    return stream.readline() if stream is not None else ""
