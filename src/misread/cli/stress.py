"""`misread stress`: how much of a model's accuracy is left when something happens to the images."""

from pathlib import Path
from typing import Annotated, Any

import typer

from misread.bundle import load
from misread.cli.loading import load_alike
from misread.cli.options import FileArgument, JobsOption, JsonOption, SeedOption, command_line
from misread.cli.outputs import ForceOption, named_after, page_to_write, put_page
from misread.cli.own import DATA, DataArgument, Own, reads
from misread.cli.progress import stages
from misread.cli.tables import print_table
from misread.cli.words import print_json, say
from misread.recipes.stress import stress_bundle
from misread.report.stress import write_stress
from misread.results.stress import Stress

__all__ = ["stress"]


@reads(DATA)
def stress(
    context: typer.Context,
    file: FileArgument,
    data: DataArgument = "digits",
    images: Annotated[
        int | None,
        typer.Option(
            "--images", min=1, metavar="N", help="Ask about a random sample of N images: for slow models."
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Ask about all images of DATA that the model has not seen.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="The page; runs/<file>-stressed.html by default.")
    ] = None,
    force: ForceOption = False,
    seed: SeedOption = 42,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Ask a model about images corrupted in fifteen ways at five strengths: noise, blur, fog, lines and more.

    Accuracy with intervals, what the model refuses and what it is sure of and wrong, on the screen; one offline
    page shows the images.
    """
    made_by = f"stress {file} {data}"
    page = page_to_write(html, f"{file.stem}-on-{named_after(data)}-stressed.html", made_by, force)
    with stages(jobs) as on_stage:
        on_stage(f"Reading {file}")
        bundle = load(file, most_memory=own.get("most_memory"))
    dataset = load_alike(bundle.manifest, data, own)
    with stages(jobs) as on_stage:
        found = stress_bundle(
            bundle,
            dataset,
            n_images=images,
            every=every,
            seed=seed,
            title=file.stem,
            command=command_line(context),
            on_stage=on_stage,
            say=lambda text: say(text, aside=True),
        )
        put_page(page, made_by, lambda path: write_stress(found, path))
    if as_json:
        print_json({**found.as_json(), "page": str(page)})
        return
    _say(found)
    say(f"written   {page}", whole=True)


def _say(found: Stress) -> None:
    values = found.values
    say(f"{found.verdict}.")
    for remark in found.remarks:
        say(f"! {remark}", aside=True, hang=2)
    clean = values["clean"]
    more = ("refused", "misled") if "refused" in clean else ()
    titles = ("% read right", *map(str, range(1, 6)), *more)
    rows = [("as they are", _cell(clean), "", "", "", "", *_mean_of([clean], more))]
    for kind in values["kinds"]:
        strengths = kind["strengths"]
        rows.append((kind["name"], *map(_cell, strengths), *_mean_of(strengths, more)))
    print_table(titles, rows, numbers=titles[1:])
    if more:
        say(
            "refused: not sure, or unlike all it learnt; misled: answered and wrong; in % on average over all "
            "strengths",
            hang=2,
        )
    else:
        say("It has no operating point, so that it refuses nothing: `misread threshold` gives it one.")
    published = values["published"]
    say(
        f"At the strengths of the published set (MNIST-C): {published['value']:.2%} "
        f"({published['low']:.2%} to {published['high']:.2%}), on {values['n']:,} images."
    )


def _cell(one: dict[str, Any]) -> str:
    """Accuracy in percent, and how far the 95% interval goes from it."""
    share = one["accuracy"]
    wide = max(share["high"] - share["value"], share["value"] - share["low"])
    digits = 1 if wide < 0.1 else 0
    return f"{100 * share['value']:.{digits}f}±{100 * wide:.{digits}f}"


def _mean_of(strengths: list[dict[str, Any]], more: tuple[str, ...]) -> list[str]:
    names = ("refused", "sure_and_wrong")[: len(more)]
    return [f"{100 * sum(one[name]['value'] for one in strengths) / len(strengths):.1f}" for name in names]
