"""`misread evaluate`, `threshold` and `inspect`: judge a model file and look inside."""

from pathlib import Path
from typing import Annotated

import typer

from misread.analysis.enough import enough_in_words
from misread.bundle import load, read_manifest, save
from misread.bundle.archive import reading
from misread.bundle.watch import asked_as
from misread.cli.describe import describe, measured, percent, say_titled, titled
from misread.cli.loading import load_alike
from misread.cli.options import (
    EngineOption,
    EnoughOption,
    FileArgument,
    FitAskedOption,
    InvertAskedOption,
    JobsOption,
    JsonOption,
    LabelsOption,
    MostMemoryOption,
    OutOption,
    share_option,
)
from misread.cli.outputs import (
    ForceOption,
    claim_copy,
    claim_run,
    file_to_write,
    folder_to_write,
    named_after,
)
from misread.cli.own import DATA, GROUPS, DataArgument, Own, reads
from misread.cli.progress import stages
from misread.cli.tables import fits, print_table
from misread.cli.words import print_json, say
from misread.data.labels import read_labels
from misread.export.exported import read_exported
from misread.recipes.evaluate import evaluate as evaluate_model
from misread.recipes.operating import choose_again
from misread.recipes.study import StudyResult
from misread.report import write_report

__all__ = ["evaluate", "inspect", "print_confusion", "threshold"]


@reads(DATA, GROUPS)
def evaluate(
    file: FileArgument,
    data: DataArgument = "digits",
    labels: LabelsOption = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Judge on all images of DATA that the model has not seen, not the test images alone.",
        ),
    ] = False,
    enough: EnoughOption = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Run folder; runs/<file>-on-<data> by default.")
    ] = None,
    force: ForceOption = False,
    fit: FitAskedOption = None,
    invert: InvertAskedOption = False,
    jobs: JobsOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Judge a model on the test images of DATA: metrics with intervals, and whether its promise holds.

    Results and report.html go to a run folder.
    """
    wanted = read_labels(labels) if labels else None
    out = folder_to_write(out or Path("runs") / f"{file.stem}-on-{named_after(data)}")
    with stages(jobs) as on_stage:
        on_stage(f"Reading {file}")
        bundle = asked_as(load(file, most_memory=own.get("most_memory")), fit=fit, invert=invert)
    dataset = load_alike(bundle.manifest, data, own)
    claim_run(out, file, dataset, force)
    with stages(jobs, engine) as on_stage:
        on_stage(f"Asking about the images of {data}")
        result = evaluate_model(bundle, dataset, labels=wanted, every=every, enough=enough, on_stage=on_stage)
        on_stage(f"Writing {out}")
        result.manifest["model_file"] = str(file)
        result.save(out)
        page = write_report(result, out)
    if as_json:
        print_json({"values": result.values, "manifest": result.manifest, "report": str(page)})
        return
    _print(result, every)
    say(f"written   {page}", whole=True)


def _print(result: StudyResult, every: bool) -> None:
    values = {name.removeprefix("model."): value for name, value in result.values.items()}
    positive = result.manifest["model"]["positive"]
    say_titled(titled("all" if every else "test", measured(values, positive)))
    if values.get("as_given"):
        say_titled(titled("as given", measured(values["as_given"], positive)))
    if values.get("enough"):
        say_titled(titled("enough", [enough_in_words(values["enough"], result.manifest["model"]["model"])]))
    if values.get("confusion") is not None:
        print_confusion(values["confusion"], result.class_names if positive is None else ["no", "yes"])


def print_confusion(counts: list[list[int]], classes: list[str]) -> None:
    """The matrix where there is room for it; else a line for each class with all that it is read as."""
    numbers = [[f"{count:,}" if count else "." for count in row] for row in counts]
    titles = ("true \\ read as", *classes)
    rows = [(name, *row) for name, row in zip(classes, numbers, strict=True)]
    if fits(titles, rows):
        print_table(titles, rows, numbers=classes)
        return
    titles = ("true", "images", "right", "misread as")
    rows = []
    for code, (name, row) in enumerate(zip(classes, counts, strict=True)):
        others = sorted((k for k, count in enumerate(row) if count and k != code), key=lambda k: -row[k])
        right = percent(row[code] / sum(row)) if sum(row) else "-"
        rows.append((name, f"{sum(row):,}", right, ", ".join(f"{classes[k]} {row[k]:,}" for k in others)))
    print_table(titles, rows, numbers=titles[1:3])


def threshold(
    file: FileArgument,
    precision: Annotated[
        float | None,
        share_option(help="This share of the 'yes' (with all classes: of the sure answers) is right."),
    ] = None,
    recall: Annotated[float | None, share_option(help="This share of the positives is found.")] = None,
    confidence: Annotated[
        float | None, share_option(help="Have the lower bound of the precision reach it, such as 0.95.")
    ] = None,
    out: OutOption = None,
    force: ForceOption = False,
    most_memory: MostMemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a model another operating point, chosen on its held-out scores and tried on its test scores."""
    target = file_to_write(out or file)
    bundle = load(file, most_memory=most_memory)
    if target.exists() and not target.samefile(file):
        claim_copy(target, bundle.manifest, force)
    bundle = choose_again(bundle, precision=precision, recall=recall, confidence=confidence)
    save(bundle, target)
    if as_json:
        print_json({"file": str(target), **bundle.manifest.as_json()})
        return
    say_titled(describe(bundle.manifest))


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A model file, *.misread, or what was exported from one.")
    ],
    most_memory: MostMemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a model file, or an exported one, says of itself; nothing in it is constructed."""
    exported = read_exported(file)
    manifest = read_manifest(file, most_memory=most_memory) if exported is None else exported.manifest
    if as_json:
        print_json(manifest.as_json() | ({} if exported is None else {"exported": exported.as_json()}))
        return
    with reading(file):
        lines = [*describe(manifest), f"classes   {', '.join(manifest.classes)}"]
    for title, value in (
        ("sha256", manifest.dataset.get("sha256")),
        ("trained", manifest.created),
        ("command", manifest.command),
        ("versions", ", ".join(f"{name} {number}" for name, number in manifest.versions.items())),
        ("format", manifest.format_version),
    ):
        if value:
            lines.append(f"{title:<10}{value}")
    say_titled([*([] if exported is None else exported.in_words()), *lines])
