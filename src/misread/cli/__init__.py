"""The command line: parse, call, print."""

import os
import sys
from typing import Annotated, Any

import typer

from misread.cli.commands import LazyGroup
from misread.cli.words import noted, say
from misread.errors import MisreadError
from misread.spelling import did_you_mean

__all__ = ["app", "main"]

INTERRUPTED = 130
_UsageError: type[Any] = typer.BadParameter.__mro__[1]
"""The base of what typer raises for a command that cannot be understood; it has no public name there."""

app = typer.Typer(
    name="misread",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from misread import __version__

        say(f"misread {__version__}")
        raise typer.Exit


@app.callback()
def misread(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """See exactly what your image classifier misreads, and fix it."""
    context.with_resource(noted())


def main() -> None:
    """Run the command line; what goes wrong is one line on standard error and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = _run()
    if code == INTERRUPTED:
        _end_now(code)
    sys.exit(code)


def _run() -> int:
    """The exit code of what was typed."""
    try:
        code = app(standalone_mode=False, prog_name="misread")
        if sys.stdout is not None:
            sys.stdout.flush()
    except MisreadError as error:
        return _complain(str(error), error.exit_code)
    except _UsageError as error:
        return _explain(error)
    except MemoryError:
        return _complain("out of memory; try a smaller data set or fewer --jobs")
    except BrokenPipeError:  # who read the answer has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _complain(f"{error.strerror or error}{where}")
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__cause__, EOFError):  # which typer takes for an answer that nobody gives
            return _complain("a file ends before it should; is it damaged, or still being written?")
        code = INTERRUPTED
    if code == INTERRUPTED:
        _complain("stopped by Ctrl-C; nothing is half-written, and the same command starts again")
    return code if isinstance(code, int) else 0


def _complain(message: str, code: int = 1) -> int:
    text = (
        typer.style("error:", fg="red")
        if sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        else "error:"
    )
    print(text, end=" ", file=sys.stderr)
    say(message, aside=True, whole=sys.stderr is None or not sys.stderr.isatty())
    return code


def _explain(error: Any) -> int:
    """Say in one line what is wrong with a command and where to look; the help itself where nothing was asked."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
    else:
        path = context.command_path if context is not None else "misread"
        if context is not None and hasattr(error, "option_name"):
            options = [option.lstrip("-") for parameter in context.command.params for option in parameter.opts]
            hint = did_you_mean(error.option_name.lstrip("-"), options)
            message = f"No such option: {error.option_name}{hint.replace('mean ', 'mean --')}"
        elif context is not None and message.startswith("Got unexpected extra"):
            takes_data = any("--data" in parameter.opts for parameter in context.command.params)
            message = f"{message.rstrip('.')}{'; a data set is given with --data' if takes_data else ''}"
        _complain(f"{message.rstrip('.')}; see {path} --help")
    return 2


def _end_now(code: int) -> None:
    """End without waiting for threads that still compute."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)
