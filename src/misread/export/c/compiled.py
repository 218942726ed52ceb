"""C code compiled and asked, where there is a compiler: it must answer like its emulation, bit for bit."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from misread.errors import ModelFileError

__all__ = ["WARNINGS", "compiler", "run_c"]

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror")

_MAIN = """\
#include <stdio.h>
#include "misread.h"
int main(void)
{
    uint8_t image[MISREAD_PIXELS];
    while (fread(image, 1, sizeof image, stdin) == sizeof image)
        printf("%d %d\\n", misread_predict(image), misread_predict_if_sure(image));
    return 0;
}
"""
_SECONDS = 1_800


def compiler() -> str | None:
    """A C compiler of this machine, or None."""
    return next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)


def run_c(
    sources: dict[str, str], images: NDArray[np.uint8], command: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Compile the code with a command and ask it about images: the answers, and those if it is sure.

    Raises
    ------
    ModelFileError
        If it does not compile or run.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in (sources | {"main.c": _MAIN}).items():
            (folder / file).write_text(content, "ascii")
        build = [*command, *WARNINGS, "-O2", "misread.c", "main.c", "-o", "ask"]
        _done(subprocess.run(build, cwd=folder, capture_output=True, timeout=_SECONDS, check=False), "compile")
        asked = [folder / "ask"]
        pixels = np.ascontiguousarray(images).tobytes()
        done = subprocess.run(asked, input=pixels, capture_output=True, timeout=_SECONDS, check=False)
        _done(done, "run")
    table = np.array(done.stdout.split(), np.int64).reshape(len(images), 2)
    return table[:, 0], table[:, 1]


def _done(done: "subprocess.CompletedProcess[bytes]", what: str) -> None:
    if done.returncode:
        said = (done.stderr.decode(errors="replace").strip().splitlines() or ["no word"])[0]
        raise ModelFileError(f"the C code does not {what} here ({said[:200]}); nothing was written")
