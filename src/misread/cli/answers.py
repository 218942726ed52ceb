"""`misread judge`, `compare` and `check`: tables of answers, whoever gave them."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from misread.bundle import Manifest
from misread.cli.describe import measured, say_titled, titled
from misread.cli.judge import print_confusion
from misread.cli.loading import load_alike, load_with_progress
from misread.cli.options import JsonOption, PositiveOption, command_line, needs, share_of, share_option
from misread.cli.outputs import (
    ForceOption,
    claim_judged,
    file_to_write,
    folder_to_write,
    page_to_write,
    put_page,
)
from misread.cli.own import DATA, GROUPS, Own, reads
from misread.cli.progress import stages
from misread.cli.tables import print_table
from misread.cli.words import print_json, say
from misread.data import Dataset, names
from misread.data.content import image_hashes
from misread.errors import MisreadError, ParameterError
from misread.evaluation.answers import Answers
from misread.export.theirs import TheirModel
from misread.files import atomic_write
from misread.recipes.attach import answers_on
from misread.recipes.check import MOST_NAMED, check_source
from misread.recipes.compare import compare_sources
from misread.recipes.judge import judge_answers
from misread.recipes.sources import LoadAlike, asked_here, read_answers, source_of
from misread.report import write_report
from misread.report.comparison import facts_of, write_comparison
from misread.results.comparison import Comparison

__all__ = ["check", "compare", "judge", "say_comparison"]

AnswersArgument = Annotated[
    Path,
    typer.Argument(
        metavar="ANSWERS",
        help="A CSV, TSV, Parquet or NPZ file, a row an image: its file name, row ('index') or hash; 'label'; "
        "'answer', or a column of scores for every class, such as 'probability:5'. Or a model file, for the "
        "held-out answers in it.",
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option("--data", metavar="DATA", help="The data set or path that holds the images and their labels."),
]


@reads(DATA, GROUPS)
def judge(
    answers: AnswersArgument,
    data: DataOption = None,
    positive: PositiveOption = None,
    model: Annotated[str | None, typer.Option(help="What to call the model; by default, the file.")] = None,
    onnx: Annotated[
        Path | None,
        typer.Option(
            "--onnx",
            metavar="MODEL",
            help="Ask this ONNX classifier of images; instead of answers, give the data set to ask it about.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Run folder; runs/<answers> by default.")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Judge the answers of any classifier, in any framework: a table of scores, or of answers alone.

    Numbers with intervals on the screen; results and report.html in a run folder.
    """
    if onnx is not None:
        if data is not None:
            raise ParameterError("with --onnx the data set is given alone: misread judge --onnx MODEL DATA")
        needs("onnx", "onnxruntime")
        data, answers = str(answers), onnx
    out = folder_to_write(out or Path("runs") / answers.stem)
    claim_judged(out, answers, force)
    images: NDArray[np.uint8] | None = None
    corrected = None
    alike = _alike(data, own)
    if onnx is not None:
        table, images = _asked(TheirModel(onnx), str(data), own)
    else:
        table, manifest = read_answers(answers, alike, own.get("most_memory"))
        if alike is not None:
            dataset = alike(manifest)
            table, images = answers_on(table, dataset)
            corrected = dataset.corrected
    with stages(None) as on_stage:
        on_stage(f"Judging {len(table):,} answers")
        result = judge_answers(
            table,
            images,
            model=model or answers.stem,
            source=data or str(answers),
            positive=positive,
            corrected=corrected,
        )
        on_stage(f"Writing {out}")
        result.manifest["model_file"] = str(answers)
        result.save(out)
        page = write_report(result, out)
    if as_json:
        print_json({"values": result.values, "manifest": result.manifest, "report": str(page)})
        return
    values = {name.removeprefix("model."): value for name, value in result.values.items()}
    say_titled(titled("judged", measured(values, positive)))
    say_titled(titled("as given", measured(values.get("as_given") or {}, positive)))
    if values.get("confusion") is not None:
        print_confusion(values["confusion"], result.class_names if positive is None else ["no", "yes"])
    if np.isin(table.asked, ("out_of_fold", "held_out")).all():
        say("! these are answers to training images that were held out", aside=True, hang=2)
    if table.scores is None:
        say("only answers are known; thresholds, the reject option and doubtful labels need scores", aside=True)
    say(f"written   {page}", whole=True)


def _asked(model: TheirModel, data: str, own: Own) -> tuple[Answers, NDArray[np.uint8]]:
    """What an ONNX classifier says of the test images of a data set, or of all where there are none."""
    size = None if data in names() else model.image_size
    dataset = load_with_progress(data, {**own, "size": size})
    part = dataset.test if len(dataset.test) else dataset.train
    if model.image_size not in (None, dataset.shape):
        raise ParameterError(f"{model.path} takes images of {model.image_size}, {data} has {dataset.shape}")
    hashes = image_hashes(part.images)
    with stages(None) as on_stage:
        on_stage(f"Asking {model.path} about {len(part):,} images")
        told = model.answers(part.images, part.labels, dataset.class_names, hashes=hashes)
        return replace(told, groups=part.groups), part.images


SourceHelp = "a model file, a run folder, or a table of answers"
ConfidenceOption = Annotated[float | None, share_option("--confidence", help="How sure to be, such as 0.95.")]
EveryOption = Annotated[
    bool, typer.Option("--all", help="Ask about all images of the data that a model has not seen.")
]


@reads(DATA)
def compare(
    context: typer.Context,
    first: Annotated[Path, typer.Argument(metavar="A", help=f"The one: {SourceHelp}.")],
    second: Annotated[Path, typer.Argument(metavar="B", help=f"The other: {SourceHelp}.")],
    data: DataOption = None,
    every: EveryOption = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="The page; runs/<A>-against-<B>.html by default."),
    ] = None,
    force: ForceOption = False,
    confidence: ConfidenceOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Put two models side by side, image by image: what B fixed, what it broke, what both misread.

    One offline page shows the images; the difference comes with its interval and an exact paired test.
    """
    made_by = f"{first} {second} {data}"
    page = page_to_write(html, f"{first.stem}-against-{second.stem}.html", made_by, force)
    alike = _alike(data, own)
    with stages(None) as on_stage:
        sources = []
        for one in (first, second):
            on_stage(f"Asking {one}")
            sources.append(source_of(one, alike, every=every, most_memory=own.get("most_memory")))
        on_stage("Comparing")
        compared = compare_sources(
            *sources,
            by_name=asked_here(sources),
            confidence=0.95 if confidence is None else confidence,
            command=command_line(context),
        )
        put_page(page, made_by, lambda path: write_comparison(compared, path))
    if as_json:
        print_json({**compared.as_json(), "page": str(page)})
        return
    say_comparison(compared, page)


def say_comparison(compared: Comparison, page: Path) -> None:
    """Print what a comparison found, and where its page is."""
    values = compared.values
    say(f"{compared.verdict}.")
    say(
        f"fixed {values['fixed']:,}, broken {values['broken']:,}, misread by both {values['both_wrong']:,} of "
        f"{values['n']:,} images; exact McNemar p {values['p_value']:.2g}"
    )
    titles = ("", *(one["title"] for one in values["models"]))
    print_table(titles, [(row["title"], row["first"], row["second"]) for row in facts_of(values)])
    changed = [one for one in values["classes"] if one["fixed"] or one["broken"]]
    if changed:
        columns = ("class", "images", "fixed", "broken", "both")
        keys = ("n", "fixed", "broken", "both_wrong")
        print_table(
            columns, [(one["name"], *(f"{one[key]:,}" for key in keys)) for one in changed], numbers=columns[1:]
        )
    for remark in compared.remarks:
        say(f"! {remark}", aside=True, hang=2)
    say(f"written   {page}", whole=True)


@reads(DATA)
def check(
    file: Annotated[Path, typer.Argument(metavar="MODEL", help=f"What is checked: {SourceHelp}.")],
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="The data set or path to check it on.")
    ] = None,
    accuracy: Annotated[float | None, share_option(help="At least this share is read right.")] = None,
    precision: Annotated[
        list[str] | None, typer.Option(metavar="CLASS=SHARE", help="So many of what is read as CLASS are of it.")
    ] = None,
    recall: Annotated[
        list[str] | None, typer.Option(metavar="CLASS=SHARE", help="So many of CLASS are read as it.")
    ] = None,
    not_worse_than: Annotated[
        Path | None, typer.Option("--not-worse-than", metavar="OLD", help=f"Compare with {SourceHelp}.")
    ] = None,
    confidence: ConfidenceOption = None,
    every: EveryOption = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit's XML.")] = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Check what is asked of a model: exit code 0 if it holds, 1 if not, 2 for a mistake in asking.

    --not-worse-than is a paired exact test, two-sided at --confidence (0.95), not a comparison of two numbers.
    """
    if junit is not None:
        file_to_write(junit)
    shares = [_shares(name, given) for name, given in (("precision", precision), ("recall", recall))]
    try:
        alike = _alike(data, own)
        with stages(None) as on_stage:
            on_stage(f"Asking {file}")
            source, old = source_of(file, alike, every=every, most_memory=own.get("most_memory")), None
            if not_worse_than is not None:
                on_stage(f"Asking {not_worse_than}")
                old = source_of(not_worse_than, alike, every=every, most_memory=own.get("most_memory"))
            checked = check_source(
                source,
                accuracy=accuracy,
                precision=shares[0],
                recall=shares[1],
                not_worse_than=old,
                by_name=old is not None and asked_here([source, old]),
                confidence=confidence,
            )
        if junit is not None:
            with atomic_write(junit) as stream:
                stream.write(checked.as_junit(source.title).encode())
    except MisreadError as error:
        error.exit_code = 2
        raise
    if as_json:
        print_json(checked.as_json())
    else:
        for one in checked.requirements:
            say(f"{'ok' if one.passed else 'FAILED':<8}{one.text}", hang=8)
        if checked.newly_wrong and not checked.passed:
            shown = checked.newly_wrong[:MOST_NAMED]
            more = len(checked.newly_wrong) - len(shown)
            say(
                f"newly wrong: {', '.join(shown)}{f' and {more:,} more (all with --json)' if more else ''}", hang=8
            )
        for remark in checked.remarks:
            say(f"! {remark}", aside=True, hang=2)
    if not checked.passed:
        raise typer.Exit(1)


def _alike(data: str | None, own: Own) -> LoadAlike | None:
    """Reads the data as each model takes it; as it is where there is no model."""
    if data is None:
        return None

    def read(manifest: Manifest) -> Dataset:
        if not manifest.model:
            return load_with_progress(data, own)
        return load_alike(manifest, data, own)

    return read


def _shares(name: str, given: list[str] | None) -> dict[str, float]:
    """Read CLASS=SHARE; a class's name may itself hold an equals sign."""
    shares = {}
    for text in given or ():
        which, equals, share = text.rpartition("=")
        try:
            shares[which] = share_of(share)
        except typer.BadParameter:
            equals = ""
        if not equals or not which:
            raise ParameterError(f"--{name}: expected CLASS=SHARE, such as '5=0.95', got {text!r}")
    return shares
