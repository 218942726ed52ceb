"""`misread warm`, and compiling beside a study that begins."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from misread.cli.progress import stages
from misread.cli.words import say
from misread.recipes.warm import FAMILIES, LATER, is_warm
from misread.recipes.warm import warm as compile_kernels

__all__ = ["compiling_beside", "warm"]


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
def compiling_beside(jobs: int | None) -> Iterator[None]:
    """While the block runs, compile on another core what it will come to, if that is not in the cache."""
    missing = [model for model in LATER if not is_warm(model)]
    if not missing or (jobs or os.cpu_count()) == 1:
        yield
        return
    command = [sys.executable, "-m", "misread", "warm", *missing]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as beside:
        try:
            yield
        finally:
            beside.kill()
