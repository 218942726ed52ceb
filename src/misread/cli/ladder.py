"""`misread ladder`: models from cheap to dear, each judged once, as many as there is time for."""

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from misread.cli.data import FitOption, InvertOption, OnErrorOption, SizeOption
from misread.cli.loading import load_with_progress
from misread.cli.words import cell, clean, say
from misread.data.fit import FITS
from misread.errors import ParameterError
from misread.figures.ladder import draw_ladder
from misread.ladder import LadderEvent, LadderResult, RungResult, run_ladder

__all__ = ["ladder"]

_UNITS = {"s": 1, "m": 60, "h": 3600}


def ladder(
    data: Annotated[str, typer.Argument(help="Named set (digits, mnist, fashion-mnist) or path.")] = "digits",
    budget: Annotated[str, typer.Option(help="Time for everything, such as 90s, 10m or 1h.")] = "10m",
    models: Annotated[str | None, typer.Option(help="Rungs to try, with commas between; all by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/<data>-ladder by default.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Cores to use; all by default.")] = None,
    seed: Annotated[int, typer.Option(help="Random state of every estimator.")] = 42,
    size: SizeOption = None,
    fit: FitOption = FITS[0],
    invert: InvertOption = False,
    on_error: OnErrorOption = "stop",
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds the named sets.")] = None,
) -> None:
    """Train models from cheap to dear on DATA and show how good each is, and what it costs."""
    out = out or Path("runs") / f"{Path(data).stem}-ladder"
    seconds = _seconds(budget)
    dataset = load_with_progress(data, data_dir, size, fit, invert, on_error)
    console, aside = Console(highlight=False), Console(stderr=True, highlight=False)
    with aside.status("Starting") as status:

        def on_event(event: LadderEvent) -> None:
            if event.kind == "start":
                status.update(f"{event.rung.model}: {event.rung.adds}; about {event.seconds:.0f} s")
            elif event.kind == "skip":
                aside.print(f"  {event.rung.model}: skipped, {clean(event.reason)}", markup=False, soft_wrap=True)
            elif event.result is not None:
                aside.print(f"  {_line(event.result)}", markup=False, soft_wrap=True)

        result = run_ladder(
            dataset,
            out,
            budget=seconds,
            models=None if models is None else [name.strip() for name in models.split(",")],
            seed=seed,
            jobs=jobs,
            on_event=on_event,
        )
    console.print(_table(result))
    for name, reason in result.skipped.items():
        say(f"skipped {name}: {reason}")
    if result.rungs:
        draw_ladder(result, out)
    say(f"everything is in {out}")


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip(), re.ASCII)
    if not found or float(found[1]) <= 0:
        raise ParameterError(f"expected a time such as 90s, 10m or 1h, got {text!r}")
    return float(found[1]) * _UNITS[found[2] or "s"]


def _line(rung: RungResult) -> str:
    verdict = rung.verdict
    return f"{rung.model}: {verdict.errors} of {verdict.n:,} misread ({verdict.error:.2%}), {rung.seconds:.1f} s"


def _table(result: LadderResult) -> Table:
    name = result.manifest["dataset"]["name"]
    table = Table(title=cell(f"The accuracy ladder on {name}"), title_justify="left", box=None)
    table.add_column("model")
    for column in ("error", "95% interval", "training", "µs/image", "size", "ECE", "answered at 99.95%"):
        table.add_column(column, justify="right")
    table.add_column("adds")
    front = {rung.model for rung in result.front}
    for rung in result.rungs:
        verdict = rung.verdict
        answered = (
            "-" if verdict.coverage is None else f"{verdict.coverage:.1%} ({verdict.answered_accuracy:.2%} right)"
        )
        table.add_row(
            cell(rung.model, style="bold" if rung.model in front else ""),
            f"{verdict.error:.2%}",
            f"{verdict.error_low:.2%} to {verdict.error_high:.2%}",
            f"{rung.seconds:.1f} s",
            f"{verdict.microseconds:,.0f}",
            f"{rung.n_bytes / 1e6:,.1f} MB",
            f"{verdict.calibration_error_before:.4f} -> {verdict.calibration_error:.4f}",
            answered,
            cell(rung.adds),
        )
    return table
