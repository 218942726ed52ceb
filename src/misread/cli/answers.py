"""`misread judge`: the answers of any classifier, from a table."""

from pathlib import Path
from typing import Annotated

import typer

from misread.cli.data import DataDirOption, OnErrorOption
from misread.cli.describe import measured, say_titled, titled
from misread.cli.judge import print_confusion
from misread.cli.loading import load_with_progress
from misread.cli.options import JsonOption, PositiveOption
from misread.cli.own import Own, reads_own_data
from misread.cli.progress import stages
from misread.cli.words import print_json, say
from misread.evaluation.answers import Answers
from misread.recipes.attach import answers_on
from misread.recipes.judge import judge_answers
from misread.report import write_report

__all__ = ["judge"]

AnswersArgument = Annotated[
    Path,
    typer.Argument(
        metavar="ANSWERS",
        help="A CSV, TSV, Parquet or NPZ file, a row an image: its file name, row ('index') or hash; 'label'; "
        "'answer', or a column of scores for every class, such as 'probability:5'.",
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option("--data", metavar="DATA", help="The data set or path that holds the images and their labels."),
]


@reads_own_data
def judge(
    answers: AnswersArgument,
    data: DataOption = None,
    positive: PositiveOption = None,
    model: Annotated[str | None, typer.Option(help="What to call the model; by default, the file.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Run folder; runs/<answers> by default.")
    ] = None,
    on_error: OnErrorOption = "stop",
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Judge the answers of any classifier, in any framework: a table of scores, or of answers alone.

    Numbers with intervals on the screen; results and report.html in a run folder.
    """
    table, images = Answers.read(answers), None
    if data is not None:
        dataset = load_with_progress(data, data_dir, on_error=on_error, own=own)
        table, images = answers_on(table, dataset)
    with stages(None) as on_stage:
        on_stage(f"Judging {len(table):,} answers")
        result = judge_answers(
            table, images, model=model or answers.stem, source=data or str(answers), positive=positive
        )
        out = out or Path("runs") / answers.stem
        on_stage(f"Writing {out}")
        result.save(out)
        table.write(out / "answers.npz")
        page = write_report(result, out)
    if as_json:
        print_json({"values": result.values, "manifest": result.manifest, "report": str(page)})
        return
    values = {name.removeprefix("model."): value for name, value in result.values.items()}
    say_titled(titled("judged", measured(values, positive)))
    if values.get("confusion") is not None:
        print_confusion(values["confusion"], result.class_names if positive is None else ["no", "yes"])
    if table.scores is None:
        say("only answers are known; thresholds, the reject option and doubtful labels need scores", aside=True)
    say(f"written   {page}", whole=True)
