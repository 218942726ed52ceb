"""`misread ladder`: models from cheap to dear, each judged once, as many as there is time for."""

from pathlib import Path
from typing import Annotated

import typer

from misread.bundle import save
from misread.cli.loading import load_with_progress
from misread.cli.options import EngineOption, JobsOption, SeedOption, command_line
from misread.cli.outputs import ForceOption, claim_ladder, folder_to_write, named_after
from misread.cli.own import DATA, GROUPS, SHAPE, DataArgument, Own, reads
from misread.cli.progress import stages
from misread.cli.tables import print_table
from misread.cli.words import say
from misread.figures.ladder import draw_ladder
from misread.recipes.ladder import LadderEvent, LadderResult, RungResult, run_ladder, rungs_named
from misread.recipes.ladder.budget import in_seconds
from misread.recipes.rung import bundle_of_rung

__all__ = ["ladder"]

BEST = "best.misread"


@reads(DATA, GROUPS, SHAPE)
def ladder(
    context: typer.Context,
    data: DataArgument = "digits",
    budget: Annotated[str, typer.Option(help="Time for all, such as 90s, 10m or 1h; seconds by default.")] = "10m",
    models: Annotated[str | None, typer.Option(help="Rungs to try, with commas between; all by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/<data>-ladder by default.")] = None,
    force: ForceOption = False,
    jobs: JobsOption = None,
    engine: EngineOption = None,
    seed: SeedOption = 42,
    *,
    own: Own,
) -> None:
    """Train models from cheap to dear on DATA and show how good each is, and what it costs.

    The one that made the fewest errors on held-out training images is kept as best.misread in the run folder.
    """
    out = folder_to_write(out or Path("runs") / f"{named_after(data)}-ladder")
    seconds = in_seconds(budget)
    if budget.strip().isdigit():
        say(f"note: --budget {budget} is {seconds:g} seconds; {budget}m would be minutes", aside=True, hang=6)
    names = None if models is None else [name.strip() for name in models.split(",")]
    rungs_named(names)
    dataset = load_with_progress(data, own)
    claim_ladder(out, BEST, dataset, force)
    best: LadderEvent | None = None
    stage = ""
    with stages(jobs) as on_stage:

        def on_event(event: LadderEvent) -> None:
            nonlocal best, stage
            if event.kind == "start":
                stage = f"{event.rung.name}: {event.rung.adds}; about {event.seconds:.0f} s"
                on_stage(stage)
            elif event.kind == "progress":
                on_stage(f"{stage}, {event.done:.0%} trained")
            elif event.kind == "skip":
                say(f"  {event.rung.name}: skipped, {event.reason}", aside=True, hang=4)
            elif event.result is not None:
                say(f"  {_line(event.result)}", aside=True, hang=4)
                best = event if best is None or _held_out_error(event) < _held_out_error(best) else best

        result = run_ladder(
            dataset,
            out,
            budget=seconds,
            models=names,
            seed=seed,
            jobs=jobs,
            engine=engine,
            on_event=on_event,
        )
        if best is not None and best.climbed is not None and best.result is not None:
            on_stage(f"Writing {out / BEST}")
            verdict, command = best.result.verdict, command_line(context)
            save(
                bundle_of_rung(
                    best.rung.name, best.climbed, verdict, dataset, command=command, training={"seed": seed}
                ),
                out / BEST,
            )
    _print(result)
    for name, reason in result.skipped.items():
        say(f"skipped {name}: {reason}")
    if result.rungs:
        draw_ladder(result, out)
    if best is not None:
        say(f"best by held-out images: {best.rung.name}; to ask it:", whole=True)
        say(f"  misread serve {out / BEST}", whole=True)
    say(f"everything is in {out}", whole=True)


def _held_out_error(event: LadderEvent) -> float:
    """Share of held-out training images that are misread: what the best model is chosen by, never the test."""
    climbed = event.climbed
    return climbed.held_out_errors / climbed.held_out if climbed is not None and climbed.held_out else 1.0


def _line(rung: RungResult) -> str:
    verdict = rung.verdict
    interval = f"{verdict.error_low:.2%} to {verdict.error_high:.2%}"
    return (
        f"{rung.model}: {verdict.error:.2%} misread ({interval}), trained in {rung.seconds:.1f} s, "
        f"{verdict.microseconds:,.0f} µs an image, {rung.n_bytes:,} bytes; adds {rung.adds}"
    )


def _print(result: LadderResult) -> None:
    say(f"The accuracy ladder on {result.manifest['dataset']['name']}")
    titles = (
        "model",
        "error",
        "95% interval",
        "training",
        "µs/image",
        "bytes",
        "ECE",
        "answered at 99.95%",
        "adds",
    )
    rows = []
    for rung in result.rungs:
        verdict = rung.verdict
        answered = (
            "-" if verdict.coverage is None else f"{verdict.coverage:.1%} ({verdict.answered_accuracy:.2%} right)"
        )
        row = (
            rung.model,
            f"{verdict.error:.2%}",
            f"{verdict.error_low:.2%} to {verdict.error_high:.2%}",
            f"{rung.seconds:.1f} s",
            f"{verdict.microseconds:,.0f}",
            f"{rung.n_bytes:,}",
            f"{verdict.calibration_error_before:.4f} -> {verdict.calibration_error:.4f}",
            answered,
            rung.adds,
        )
        rows.append(row)
    print_table(titles, rows, numbers=titles[1:-1], bold=[rung.model for rung in result.front])
    for front, beaten in ((result.front, "quicker to train"), (result.front_by_size, "smaller")):
        if len(result.rungs) > 1:
            say(f"no other is both better and {beaten}: {', '.join(rung.model for rung in front)}", hang=2)
