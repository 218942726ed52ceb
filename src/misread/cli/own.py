"""Options on what data is read and how, said once for every command that loads a data set."""

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer

from misread.data.catalogue import names
from misread.images.fit import FITS

__all__ = [
    "COLUMNS",
    "DATA",
    "GROUPS",
    "IMAGES",
    "NOTHING",
    "SHAPE",
    "TABLE",
    "DataArgument",
    "DataDirOption",
    "Own",
    "reads",
]

COLUMNS = ("label_column", "path_column", "header")
"""Options that say what a table holds where."""

TABLE = (*COLUMNS, "most_memory")
"""Options of what reads images from any file."""

IMAGES = (*TABLE, "data_dir", "on_error")
"""Options of what reads a whole data set."""

DATA = (*IMAGES, "corrections", "add")
"""Options of what reads it with its labels."""

GROUPS = ("group_column", "group_level")
"""Options that say who wrote an image."""

SHAPE = ("size", "fit", "invert")
"""Options that say how images come to one size and polarity."""

Own = Mapping[str, Any]
"""What was given of the options below, for `misread.data.load`."""

NOTHING: Own = MappingProxyType({})

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help=f"A data set ({', '.join(names())}) or a path: a folder with one sub-folder of images per class, "
        "a CSV, TSV, Parquet or NPZ file, a folder of NPY or IDX files.",
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Folder to look in first and download to, as DIR/NAME/*-ubyte[.gz]. "
        "Otherwise MISREAD_DATA, then the user's cache.",
    ),
]

_OPTIONS: dict[str, Any] = {
    "size": Annotated[
        str | None,
        typer.Option(
            "--size",
            metavar="PIXELS",
            help="Bring images to this height and width, such as 28 or 28x20. By default they keep a small size "
            "that all share, or come to 28.",
        ),
    ],
    "fit": Annotated[
        str | None,
        typer.Option(
            "--fit",
            metavar="|".join(FITS),
            help="How images come to that size: fill the frame (the default), keep the aspect ratio, or crop and "
            "centre the ink as MNIST does. A model keeps it for later images.",
        ),
    ],
    "invert": Annotated[
        bool, typer.Option("--invert", help="Exchange light and dark, for scans of dark ink on light paper.")
    ],
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
    "on_error": Annotated[
        str,
        typer.Option("--on-error", metavar="stop|skip", help="What to do with an image file that cannot be read."),
    ],
    "data_dir": DataDirOption,
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
_DEFAULTS = {"invert": False, "on_error": "stop"}


def reads(*kinds: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of some kinds, such as `DATA`; it gets what was given as one argument, `own`."""
    asked = {name for kind in kinds for name in kind}
    options = {name: kind for name, kind in _OPTIONS.items() if name in asked}
    return functools.partial(_with, options)


def _with(options: Mapping[str, Any], command: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(command)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS.get(name), annotation=kind)
        for name, kind in options.items()
    ]
    plain = [one for one in signature.parameters.values() if one.name != "own"]

    @functools.wraps(command)
    def with_options(**values: Any) -> Any:
        given = {name: values.pop(name, _DEFAULTS.get(name)) for name in options}
        own = {name: one for name, one in given.items() if one not in (None, [], (), _DEFAULTS.get(name))}
        return command(**values, own=own)

    with_options.__signature__ = signature.replace(parameters=[*plain, *added])  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in (*plain, *added)}
    return with_options
