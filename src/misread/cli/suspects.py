"""`misread suspects`: every label that is contradicted, as a table to look through."""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer

from misread.cli.doubter import DoubtingAnswersOption, model_file
from misread.cli.loading import load_alike, load_with_progress
from misread.cli.options import JobsOption, JsonOption, SeedOption, check_model
from misread.cli.outputs import ForceOption, file_to_write, write_new
from misread.cli.own import DATA, GROUPS, SHAPE, DataArgument, Own, reads
from misread.cli.progress import stages
from misread.cli.words import print_json, say
from misread.errors import ParameterError
from misread.evaluation.answers import Answers
from misread.recipes.suspects import Suspects, find_suspects
from misread.spreadsheet import inert

__all__ = ["suspects"]


@reads(DATA, GROUPS, SHAPE)
def suspects(
    data: DataArgument = "digits",
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE",
            help="Who doubts: a model by its name, or a model file; by default an edge kernel without practice, "
            "or knn where that would take more than a quarter of an hour.",
        ),
    ] = None,
    answers: DoubtingAnswersOption = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="Where to write them.")] = Path(
        "suspects.csv"
    ),
    force: ForceOption = False,
    seed: SeedOption = 42,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Doubt every label of DATA, training and test, by models that did not see it and by the nearest images.

    All that are contradicted are written, the most doubtful first.
    """
    if model is not None and answers is not None:
        raise ParameterError("--model and --answers both say who doubts; give one")
    target = file_to_write(out)
    bundle = model_file(model, own)
    doubter: Any = bundle or model
    if model is not None and bundle is None:
        check_model(model, seed, {})
    elif answers is not None:
        doubter = Answers.read(answers)
    dataset = load_with_progress(data, own) if bundle is None else load_alike(bundle.manifest, data, own)
    with stages(jobs) as on_stage:
        found = find_suspects(dataset, doubter, seed=seed, on_stage=on_stage)
        on_stage(f"Writing {target}")
        write_new(target, as_csv(found), force)
    if as_json:
        print_json(
            {
                "file": str(target),
                "doubted": found.n_doubted,
                "by": found.by,
                "expected": round(found.expected, 3),
                "expected_of_all": round(found.labels.expected, 3),
                "suspects": found.rows(),
            }
        )
        return
    n_test = sum(place >= found.n_train for place in found.labels.index.tolist())
    say(
        f"{len(found):,} of {found.n_doubted:,} labels are contradicted ({len(found) - n_test:,} of training, "
        f"{n_test:,} of test images), by {found.by} or the {found.labels.n_neighbors} nearest images"
    )
    say(expected_in_words(found))
    if found.n_copies:
        say(f"{found.n_copies:,} have a near-copy that carries another label; the column copy_of names it")
    say(f"written   {target}", whole=True)


def expected_in_words(found: Suspects) -> str:
    """How many of the suspects are worth a look."""
    if not len(found):
        return "none of the labels is expected to be wrong"
    listed, every = round(found.expected), round(found.labels.expected)
    those = f"these {len(found):,} labels"
    words = (
        f"about {listed:,} of {those} {'is' if listed == 1 else 'are'} expected to be wrong, "
        f"{found.n_likely:,} more likely than not"
        if listed
        else f"fewer than one of {those} is expected to be wrong"
    )
    return words + (f"; of all {found.n_doubted:,}, about {every:,}" if every > listed else "")


COLUMNS = (
    "hash",
    "name",
    "given",
    "suggested",
    "chance",
    "probability_given",
    "probability_suggested",
    "neighbors_given",
    "neighbors_suggested",
    "neighbors",
    "part",
    "row",
    "copy_of",
)


def as_csv(found: Suspects) -> bytes:
    """The table as a spreadsheet reads it; no cell is a formula."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    for row in found.rows():
        writer.writerow({name: inert(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
    return stream.getvalue().encode("utf-8", "replace")
