"""Options on how own data is read, said once for every command that loads a data set."""

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer

__all__ = ["GROUPED", "NOTHING", "Own", "reads_grouped_data", "reads_own_data", "reads_own_images"]

GROUPED = ("group_column", "group_level")
"""Options that say who wrote an image."""

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
    "group_column": Annotated[
        str | None,
        typer.Option(
            "--group-column",
            metavar="COLUMN",
            help="Keep images of one writer or source together: the column of a table that says it; of MNIST and "
            "QMNIST writer, hsf or half, by QMNIST's label files.",
        ),
    ],
    "group_level": Annotated[
        int | None,
        typer.Option(
            "--group-level",
            metavar="1|2",
            help="The same for folders: 1 for GROUP/CLASS/image, 2 for CLASS/GROUP/image.",
        ),
    ],
    "corrections": Annotated[
        list[Path] | None,
        typer.Option(
            "--corrections",
            metavar="FILE",
            help="Corrected labels to apply to DATA (repeatable); see `misread corrections`.",
        ),
    ],
    "add": Annotated[
        list[Path] | None,
        typer.Option(
            "--add",
            metavar="DIR",
            help="Images to add to those of DATA for training, such as `misread serve --keep` keeps, with the "
            "labels that --corrections give them (repeatable).",
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
    return _with({name: kind for name, kind in _OPTIONS.items() if name not in GROUPED}, command)


def reads_grouped_data(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that keeps images of one group together, or counts them by their groups."""
    return _with(_OPTIONS, command)


def reads_own_images(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same as `reads_own_data` for a command that needs no labels."""
    left_out = ("corrections", "add", *GROUPED)
    return _with({name: kind for name, kind in _OPTIONS.items() if name not in left_out}, command)


def _with(options: Mapping[str, Any], command: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(command)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in options.items()
    ]
    plain = [one for one in signature.parameters.values() if one.name != "own"]

    @functools.wraps(command)
    def with_options(**values: Any) -> Any:
        own = {name: values.pop(name, None) for name in options}
        return command(**values, own={name: value for name, value in own.items() if value not in (None, [], ())})

    with_options.__signature__ = signature.replace(parameters=[*plain, *added])  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in (*plain, *added)}
    return with_options
