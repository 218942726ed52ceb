"""`misread study`: the whole study, with progress and a last table of every number."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from misread.cli.options import noted
from misread.cli.progress import StudyProgress
from misread.run import run_study
from misread.study import StudyResult
from misread.study.reference import notebook_number

__all__ = ["study"]


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
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the named sets.")] = None,
) -> None:
    """Run the whole study on DATA and write results, figures and report to a run folder."""
    out = out or Path("runs") / Path(data).stem
    console, error = Console(), Console(stderr=True)
    with noted(error), StudyProgress(error, model) as progress:
        result = run_study(
            data,
            out,
            positive=positive,
            seed=seed,
            model=model,
            jobs=jobs,
            engine=engine,
            data_dir=data_dir,
            on_event=progress.on_event,
        )
    console.print(_table(result))
    for name, reason in result.skipped.items():
        console.print(f"skipped {name}: {reason}", markup=False, highlight=False)
    seconds = sum(result.timings.values())
    console.print(f"{seconds:.1f} s of computing; everything is in {out}", markup=False, highlight=False)


def _table(result: StudyResult) -> Table:
    numbers = {name: notebook_number(result, name) for name in result.values}
    table = Table(title=Text(f"The study on {result.manifest['dataset']['name']}"), title_justify="left")
    table.add_column("name")
    table.add_column("value", overflow="fold")
    if any(numbers.values()):
        table.add_column("notebook", overflow="fold")
        table.add_column("same")
    for name, value in result.values.items():
        row = [Text(name), Text(_short(value))]
        printed = numbers[name]
        if printed is not None:
            row += [Text(_short(printed.value)), Text("yes" if printed.agrees(value) else "NO")]
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
