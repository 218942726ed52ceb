"""Options on how own data is read, said once for every command that loads a data set."""

import functools
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import typer

__all__ = ["NOTHING", "Own", "reads_own_data"]

Own = Mapping[str, Any]
"""What was given of the options below, for `misread.data.load`."""

NOTHING: Own = MappingProxyType({})

_OPTIONS: dict[str, Any] = {
    "label_column": Annotated[
        str | None,
        typer.Option(
            "--label-column",
            metavar="COLUMN",
            help="The column of a table with the labels: its name, its number from 1, first or last.",
        ),
    ],
    "path_column": Annotated[
        str | None,
        typer.Option(
            "--path-column", metavar="COLUMN", help="The column of a table that names or holds image files."
        ),
    ],
    "header": Annotated[
        str | None,
        typer.Option(
            "--header", metavar="none|first", help="Whether the first row of a CSV or TSV file names the columns."
        ),
    ],
    "most_memory": Annotated[
        str | None,
        typer.Option(
            "--most-memory",
            metavar="AMOUNT",
            help="How much memory reading DATA (and a model) may take, such as 8G; 2G (4G), or what "
            "MISREAD_MOST_MEMORY says.",
        ),
    ],
}


def reads_own_data(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options on how own data is read; it gets them as one argument, `own`."""
    signature = inspect.signature(command)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in _OPTIONS.items()
    ]
    plain = [one for one in signature.parameters.values() if one.name != "own"]

    @functools.wraps(command)
    def with_options(**values: Any) -> Any:
        own = {name: values.pop(name, None) for name in _OPTIONS}
        return command(**values, own={name: value for name, value in own.items() if value is not None})

    with_options.__signature__ = signature.replace(parameters=[*plain, *options])  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in (*plain, *options)}
    return with_options
