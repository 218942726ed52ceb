"""`misread study`: the whole study, with progress and a last table of every number."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from misread.api import run_study
from misread.cli.describe import percent
from misread.cli.loading import load_with_progress
from misread.cli.options import EngineOption, EnoughOption, JobsOption, SeedOption, check_model
from misread.cli.outputs import ForceOption, folder_to_write, named_after
from misread.cli.own import DATA, SHAPE, DataArgument, Own, reads
from misread.cli.progress import StudyProgress
from misread.cli.tables import print_table
from misread.cli.warm import compiling_beside
from misread.cli.words import say
from misread.recipes.study import StepEvent, StudyResult
from misread.recipes.warm import COMPILED_FOR
from misread.report.glance import glance
from misread.report.kinds import evidence_of
from misread.results.reference import notebook_number

__all__ = ["study"]


@reads(DATA, SHAPE)
def study(
    data: DataArgument = "digits",
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/<data> by default.")] = None,
    force: ForceOption = False,
    positive: Annotated[str | None, typer.Option(help="Class to detect; the sixth by default.")] = None,
    model: Annotated[
        str,
        typer.Option(metavar="MODEL", help="Judge this model, too, and report on it; see `misread models`."),
    ] = "",
    enough: EnoughOption = False,
    jobs: JobsOption = None,
    engine: EngineOption = None,
    seed: SeedOption = 42,
    values: Annotated[bool, typer.Option("--values", help="Print every number by its name, too.")] = False,
    *,
    own: Own,
) -> None:
    """Run the whole study on DATA and write results, figures and report to a run folder."""
    out = folder_to_write(out or Path("runs") / named_after(data))
    if model:
        check_model(model, seed, {})
    dataset = load_with_progress(data, own)
    with compiling_beside(jobs) as wait_for, StudyProgress(model, enough) as progress:

        def on_event(event: StepEvent) -> None:
            progress.on_event(event)
            if event.kind == "start":
                wait_for(COMPILED_FOR.get(event.step.name, ""))

        result = run_study(
            dataset,
            out,
            positive=positive,
            seed=seed,
            model=model,
            enough=enough,
            force=force,
            jobs=jobs,
            engine=engine,
            on_event=on_event,
        )
    if values:
        _print_values(result)
    _print(result, out)


def _print(result: StudyResult, out: Path) -> None:
    """The answer: how good it is, what matters most, and where the rest is."""
    seen = glance(evidence_of(result))
    say(f"{result.manifest['dataset']['name']}: {seen['verdict']}")
    for card in seen["cards"]:
        interval = f"{percent(card['low'])} to {percent(card['high'])}"
        say(f"  {card['title']}: {percent(card['value'])} (95% interval {interval}); {card['note']}", hang=4)
    for number, finding in enumerate(seen["findings"], 1):
        say(_plain(f"{number}. {finding['title']}. {finding['explanation']}"), hang=3)
    if not seen["findings"]:
        say(f"Nothing stands out: {seen['n_checked']} checks found no difference that chance does not explain.")
    for name, reason in result.skipped.items():
        say(f"skipped {name}: {reason}", hang=2)
    compared = _compared(result)
    if compared:
        same = sum(printed.agrees(result.values[name]) for name, printed in compared.items())
        say(f"{same} of the {len(compared)} numbers that the notebook prints are the same; --values shows them")
    say(
        f"{sum(result.timings.values()):.1f} s of computing; every number by its name is in {out / 'results.json'}"
    )
    say(f"report    {out / 'report.html'}", whole=True)


def _plain(text: str) -> str:
    """Without the marks that isolate names in HTML from text that runs the other way."""
    return text.translate(dict.fromkeys((0x2068, 0x2069)))


def _compared(result: StudyResult) -> dict[str, Any]:
    numbers = {name: notebook_number(result, name) for name in result.values}
    return {name: printed for name, printed in numbers.items() if printed is not None}


def _print_values(result: StudyResult) -> None:
    compared = _compared(result)
    titles = ("name", "value", "notebook", "same") if compared else ("name", "value")
    rows = []
    for name, value in result.values.items():
        row = [name, _short(value)]
        if name in compared:
            row += [_short(compared[name].value), "yes" if compared[name].agrees(value) else "NO"]
        rows.append(row + [""] * (len(titles) - len(row)))
    print_table(titles, rows, numbers=("value", "notebook"))


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
