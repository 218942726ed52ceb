"""`misread data`: list, fetch, inspect and look at data sets."""

import dataclasses
import io
from pathlib import Path
from typing import Annotated

import typer

from misread.cli.commands import Group
from misread.cli.loading import load_with_progress
from misread.cli.options import JobsOption, JsonOption, ModelArgument, SeedOption, check_model
from misread.cli.outputs import ForceOption, file_to_write, named_after, write_new
from misread.cli.own import DATA, GROUPS, SHAPE, DataArgument, DataDirOption, Own, reads
from misread.cli.progress import showing_progress, stages
from misread.cli.tables import print_table
from misread.cli.words import print_json, say
from misread.data.catalogue import CATALOGUE, Entry, names
from misread.data.fetch import fetch as fetch_files
from misread.data.fetch import find, read_verified
from misread.data.sheet import contact_sheet
from misread.data.summary import Summary, summarise
from misread.errors import ParameterError
from misread.spelling import did_you_mean

__all__ = ["app"]

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Data sets: list, fetch, inspect, look at.",
)


@app.command("list")
def list_sets(data_dir: DataDirOption = None) -> None:
    """List the data sets known by name, and where each was found on this machine."""
    rows = []
    for entry in CATALOGUE.values():
        height, width = entry.shape
        counts = (str(len(entry.class_names)), f"{entry.n_train:,}", f"{entry.n_test:,}")
        rows.append((entry.name, *counts, f"{height}x{width}", entry.licence, _where(entry, data_dir)))
    titles = ("name", "classes", "training", "test", "size", "licence", "found in")
    print_table(titles, rows, numbers=titles[1:4])


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
        raise ParameterError(
            f"no data set is called {name!r}{did_you_mean(name, names())}; known are {', '.join(names())}"
        )
    if not entry.files:
        say(f"{name} comes with scikit-learn; there is nothing to fetch")
        return
    with showing_progress() as tell:
        paths = fetch_files(entry, data_dir, tell)
        for file in entry.files:
            read_verified(paths[file.name], file)
    for path in paths.values():
        say(f"{path}  verified", whole=True)


@app.command()
@reads(DATA, GROUPS, SHAPE)
def info(
    data: DataArgument = "digits",
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Tell what a data set holds: classes, counts, hash, source, and what to be careful about."""
    summary = summarise(load_with_progress(data, own, notes=False))
    if as_json:
        print_json(dataclasses.asdict(summary))
    else:
        _print_summary(summary)


def _print_summary(summary: Summary) -> None:
    height, width = summary.shape
    say(f"{summary.name}: {summary.train:,} training and {summary.test:,} test images, {height}x{width}")
    rows = [(one.name, f"{one.train:,}", f"{one.test:,}") for one in summary.classes]
    print_table(("class", "training", "test"), rows, numbers=("training", "test"))
    if summary.groups is not None:
        train, test = summary.groups
        say(f"groups: {train:,} of training images, {test:,} of test images")
    titled = {
        "sha256": summary.sha256,
        "source": summary.source,
        "read as": summary.layout,
        "licence": summary.licence,
    }
    for title, text in titled.items():
        if text:
            say(f"{title}: {text}", hang=2)
    for text in (*summary.notes, *summary.findings):
        say(f"! {text}", hang=2)


@app.command()
@reads(DATA, GROUPS, SHAPE)
def enough(
    data: DataArgument,
    model: ModelArgument,
    seed: SeedOption = 42,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Tell whether more images would help: how the error falls with their number, and would with twice as many.

    Test images are left alone: a fifth of the training images is asked about.
    """
    from misread.analysis.enough import enough_in_words
    from misread.fitting.prepare import prepared
    from misread.recipes.enough import learning_of
    from misread.tasks import classification

    check_model(model, seed, {})
    dataset = load_with_progress(data, own)
    estimator, _ = prepared(model, classification(dataset), seed, None, dataset.shape)
    with stages(jobs) as on_stage:
        found = learning_of(estimator, dataset.train, seed, on_stage)
    if as_json:
        print_json({"model": model, **found, **found["twice"]})
        return
    rows = [(f"{one['n']:,}", f"{one['error']:.2%}") for one in found["measured"]]
    print_table(("training images", "misread"), rows, numbers=("training images", "misread"))
    say(enough_in_words(found, model))


@app.command()
@reads(DATA, SHAPE)
def show(
    data: DataArgument = "digits",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.png", help="Where to write the sheet; <data>-sheet.png by default."),
    ] = None,
    force: ForceOption = False,
    per_class: Annotated[int, typer.Option("--per-class", min=1, max=100, help="Images of each class.")] = 16,
    *,
    own: Own,
) -> None:
    """Draw a contact sheet: the first training images of every class."""
    target = file_to_write(out or Path(f"{named_after(data)}-sheet.png"))
    dataset = load_with_progress(data, own)
    content = io.BytesIO()
    contact_sheet(dataset, per_class).save(content, format="PNG")
    write_new(target, content.getvalue(), force)
    say(str(target), whole=True)
