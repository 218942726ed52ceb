"""`misread data`: list, fetch, inspect and look at data sets."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from misread.cli.loading import load_with_progress, showing_progress
from misread.cli.own import Own, reads_own_data
from misread.cli.words import cell, say
from misread.data.catalogue import CATALOGUE, Entry, names
from misread.data.fetch import fetch as fetch_files
from misread.data.fetch import find, read_verified
from misread.data.fit import FITS
from misread.data.sheet import contact_sheet
from misread.data.summary import Summary, summarise
from misread.errors import DataError, ParameterError

__all__ = [
    "DataArgument",
    "DataDirOption",
    "FitOption",
    "InvertOption",
    "OnErrorOption",
    "SizeOption",
    "app",
]

app = typer.Typer(no_args_is_help=True, help="Data sets: list, fetch, inspect, look at.")

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
SizeOption = Annotated[
    int | None,
    typer.Option(
        "--size",
        metavar="PIXELS",
        help="Bring images to this height and width. By default they keep a small size that all share, "
        "or come to 28.",
    ),
]
FitOption = Annotated[
    str,
    typer.Option(
        "--fit",
        metavar="|".join(FITS),
        help="How: fill the frame, keep the aspect ratio, or crop and centre the ink as MNIST does.",
    ),
]
InvertOption = Annotated[
    bool, typer.Option("--invert", help="Exchange light and dark, for scans of dark ink on light paper.")
]
OnErrorOption = Annotated[
    str,
    typer.Option("--on-error", metavar="stop|skip", help="What to do with an image file that cannot be read."),
]


@app.command("list")
def list_sets(data_dir: DataDirOption = None) -> None:
    """List the data sets known by name, and where each was found on this machine."""
    table = Table("name", "classes", "training", "test", "size", "licence", box=None)
    table.add_column("found in", overflow="fold")
    for entry in CATALOGUE.values():
        height, width = entry.shape
        table.add_row(
            entry.name,
            str(len(entry.class_names)),
            f"{entry.n_train:,}",
            f"{entry.n_test:,}",
            f"{height}x{width}",
            entry.licence,
            cell(_where(entry, data_dir)),
        )
    Console().print(table)


def _where(entry: Entry, data_dir: Path | None) -> str:
    if not entry.files:
        return "embedded"
    found = find(entry, data_dir)
    if len(found) < len(entry.files):
        return f"{len(found)} of {len(entry.files)} files" if found else "-"
    return ", ".join(sorted({str(path.parent) for path in found.values()}))


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(names())}.")],
    data_dir: DataDirOption = None,
) -> None:
    """Download a data set, unless its files are there already, and verify them."""
    entry = CATALOGUE.get(name)
    if entry is None:
        raise ParameterError(f"no data set is called {name!r}; known are {', '.join(names())}")
    if not entry.files:
        typer.echo(f"{name} comes with scikit-learn; there is nothing to fetch")
        return
    with showing_progress() as tell:
        paths = fetch_files(entry, data_dir, tell)
        for file in entry.files:
            read_verified(paths[file.name], file)
    for path in paths.values():
        say(f"{path}  verified")


@app.command()
@reads_own_data
def info(
    data: DataArgument = "digits",
    data_dir: DataDirOption = None,
    size: SizeOption = None,
    fit: FitOption = FITS[0],
    invert: InvertOption = False,
    on_error: OnErrorOption = "stop",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    *,
    own: Own,
) -> None:
    """Tell what a data set holds: classes, counts, hash, source, and what to be careful about."""
    summary = summarise(load_with_progress(data, data_dir, size, fit, invert, on_error, notes=False, own=own))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(summary), indent=2))
    else:
        _print_summary(summary)


def _print_summary(summary: Summary) -> None:
    height, width = summary.shape
    say(f"{summary.name}: {summary.train:,} training and {summary.test:,} test images, {height}x{width}")
    table = Table("class", box=None)
    table.add_column("training", justify="right")
    table.add_column("test", justify="right")
    for one in summary.classes:
        table.add_row(cell(one.name), f"{one.train:,}", f"{one.test:,}")
    Console(highlight=False).print(table)
    for title, text in (("sha256", summary.sha256), ("source", summary.source), ("licence", summary.licence)):
        say(f"{title}: {text}")
    for text in (*summary.notes, *summary.findings):
        say(f"! {text}")


@app.command()
@reads_own_data
def show(
    data: DataArgument = "digits",
    out: Annotated[Path, typer.Option("--out", metavar="FILE.png", help="Where to write the sheet.")] = Path(
        "sheet.png"
    ),
    per_class: Annotated[int, typer.Option("--per-class", min=1, max=100, help="Images of each class.")] = 16,
    data_dir: DataDirOption = None,
    size: SizeOption = None,
    fit: FitOption = FITS[0],
    invert: InvertOption = False,
    on_error: OnErrorOption = "stop",
    *,
    own: Own,
) -> None:
    """Draw a contact sheet: the first training images of every class."""
    sheet = contact_sheet(load_with_progress(data, data_dir, size, fit, invert, on_error, own=own), per_class)
    try:
        sheet.save(out, format="PNG")
    except OSError as error:
        raise DataError(f"{out}: cannot be written: {error.strerror or error}") from error
    say(str(out))
