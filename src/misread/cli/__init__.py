"""The command line: parse, call, print."""

import sys

import typer
from rich.console import Console
from rich.text import Text

from misread.cli.commands import LazyGroup
from misread.cli.words import clean
from misread.errors import MisreadError

__all__ = ["app", "main"]

app = typer.Typer(
    name="misread",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def misread() -> None:
    """See exactly what your image classifier misreads, and fix it."""


def main() -> None:
    """Run the command line; what goes wrong is one line on standard error and an exit code."""
    try:
        app()
    except MisreadError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except MemoryError:
        _complain("out of memory; try a smaller data set or fewer --jobs")
        sys.exit(1)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _complain(f"{error.strerror or error}{where}")
        sys.exit(1)


def _complain(message: str) -> None:
    Console(stderr=True, soft_wrap=True).print(Text.assemble(("error: ", "red"), clean(message)))
