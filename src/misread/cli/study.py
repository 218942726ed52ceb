"""`misread study`: the whole study, with progress and a last table of every number."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from misread.cli.data import FitOption, InvertOption, OnErrorOption, SizeOption
from misread.cli.loading import load_with_progress
from misread.cli.options import noted
from misread.cli.own import Own, reads_own_data
from misread.cli.progress import StudyProgress
from misread.cli.words import cell, say
from misread.data.fit import FITS
from misread.recipes.study import StudyResult
from misread.results.reference import notebook_number
from misread.run import run_study

__all__ = ["study"]


@reads_own_data
def study(
    data: Annotated[str, typer.Argument(help="Named set (digits, mnist, fashion-mnist) or path.")] = "digits",
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/<data> by default.")] = None,
    positive: Annotated[str | None, typer.Option(help="Class to detect; the sixth by default.")] = None,
    model: Annotated[
        str,
        typer.Option(metavar="MODEL", help="Judge this model, too, and open its errors; see `misread models`."),
    ] = "",
    jobs: Annotated[int | None, typer.Option(min=1, help="Cores to use; all by default.")] = None,
    engine: Annotated[str | None, typer.Option(help="Dask scheduler, dask://host:port.")] = None,
    seed: Annotated[int, typer.Option(help="Random state of every estimator.")] = 42,
    size: SizeOption = None,
    fit: FitOption = FITS[0],
    invert: InvertOption = False,
    on_error: OnErrorOption = "stop",
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the named sets.")] = None,
    *,
    own: Own,
) -> None:
    """Run the whole study on DATA and write results, figures and report to a run folder."""
    out = out or Path("runs") / Path(data).stem
    dataset = load_with_progress(data, data_dir, size, fit, invert, on_error, own=own)
    error = Console(stderr=True)
    with noted(error), StudyProgress(error, model) as progress:
        result = run_study(
            dataset,
            out,
            positive=positive,
            seed=seed,
            model=model,
            jobs=jobs,
            engine=engine,
            on_event=progress.on_event,
        )
    Console().print(_table(result))
    for name, reason in result.skipped.items():
        say(f"skipped {name}: {reason}")
    seconds = sum(result.timings.values())
    say(f"{seconds:.1f} s of computing; everything is in {out}")


def _table(result: StudyResult) -> Table:
    numbers = {name: notebook_number(result, name) for name in result.values}
    table = Table(title=cell(f"The study on {result.manifest['dataset']['name']}"), title_justify="left")
    table.add_column("name")
    table.add_column("value", overflow="fold")
    if any(numbers.values()):
        table.add_column("notebook", overflow="fold")
        table.add_column("same")
    for name, value in result.values.items():
        row = [cell(name), cell(_short(value))]
        printed = numbers[name]
        if printed is not None:
            row += [cell(_short(printed.value)), cell("yes" if printed.agrees(value) else "NO")]
        table.add_row(*row)
    return table


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > 3 and isinstance(value[0], list):
        return f"{len(value)} x {len(value[0])} matrix"
    if isinstance(value, list) and len(value) > 10:
        return f"{len(value)} numbers"
    if isinstance(value, list):
        return "[" + ", ".join(_short(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(round(value, 2) if abs(value) >= 10_000 else value)
    return value if isinstance(value, str) else json.dumps(value)
