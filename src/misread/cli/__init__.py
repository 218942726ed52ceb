"""The command line: parse, call, print."""

import sys

import typer
from rich.console import Console
from rich.text import Text

from misread.cli import data, judge, ladder, predict, report, serve, study, train
from misread.errors import MisreadError

__all__ = ["app", "main"]

app = typer.Typer(
    name="misread",
    help="See exactly what your image classifier misreads, and fix it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("study")(study.study)
app.command("ladder")(ladder.ladder)
app.command("report")(report.report)
app.command("train")(train.train)
app.command("evaluate")(judge.evaluate)
app.command("predict")(predict.predict)
app.command("threshold")(judge.threshold)
app.command("tune")(train.tune)
app.command("denoise")(predict.denoise)
app.command("inspect")(judge.inspect)
app.command("export")(judge.export)
app.command("models")(train.models)
app.command("serve")(serve.serve)
app.add_typer(data.app, name="data")


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
    Console(stderr=True, soft_wrap=True).print(Text.assemble(("error: ", "red"), message))
