"""`misread corrections`: show a file of corrected labels, try it on a data set, write a corrected copy."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from misread.cli.commands import Group
from misread.cli.loading import load_with_progress
from misread.cli.options import JsonOption
from misread.cli.outputs import file_to_write, folder_to_write
from misread.cli.own import DATA, SHAPE, DataArgument, Own, reads
from misread.cli.tables import print_table
from misread.cli.words import print_json, say
from misread.data.content import hash_in_digits
from misread.data.corrected import contradictions, in_words
from misread.data.corrections import COLUMNS, Corrections
from misread.data.writing import check_free, write_dataset
from misread.errors import ParameterError

__all__ = ["app"]

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Corrected labels in files: show, check, apply.",
)
FilesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Tables with the columns hash, name, given, label, verdict, when, by.",
    ),
]


@app.command()
def show(files: FilesArgument, as_json: JsonOption = False) -> None:
    """Tell what files of corrections say: what counts of each image, and where they contradict each other."""
    found = Corrections.read(*files)
    decisions = list(found.decisions().values())
    if as_json:
        print_json(
            {
                "lines": len(found.rows),
                "unjudged": found.unjudged,
                "images": [
                    {
                        "hash": None if one.last.hash is None else hash_in_digits(one.last.hash),
                        **{name: getattr(one.last, name) for name in COLUMNS[1:]},
                        "contradicted": [other.outcome or other.verdict for other in one.contradicted],
                    }
                    for one in decisions
                ],
            }
        )
        return
    last = [one.last for one in decisions]
    rows = [(one.called, one.given, one.outcome or "-", one.verdict, one.by) for one in last]
    print_table(("image", "given", "now", "verdict", "by"), rows)
    counts = Counter(one.verdict for one in last)
    judged = ", ".join(f"{n:,} {verdict}" for verdict, n in counts.most_common())
    say(f"{len(found.rows):,} lines on {len(decisions):,} images: {judged or 'nothing judged yet'}")
    if found.unjudged:
        say(f"{found.unjudged:,} lines have no label and no verdict yet")
    for remark in contradictions(dict(enumerate(decisions))):
        say(f"! {remark}", aside=True)


@app.command()
@reads(DATA, SHAPE)
def check(
    data: DataArgument,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Say what the --corrections would change in DATA, and what is amiss with them; exit code 1 if anything is."""
    _needed(own)
    dataset = load_with_progress(data, own, notes=False)
    record = dataset.corrected
    assert record is not None
    amiss = [note for note in dataset.notes if note.startswith("corrections: ")]
    if as_json:
        print_json({**record.as_json(), "sha256": dataset.sha256, "amiss": amiss})
    else:
        say(f"{in_words(record.as_json())}; {record.train.confirmed + record.test.confirmed:,} labels confirmed")
        for note in amiss:
            say(f"! {note}", aside=True, hang=2)
    if amiss:
        raise typer.Exit(1)


@app.command()
@reads(DATA, SHAPE)
def apply(
    data: DataArgument,
    out: Annotated[
        Path, typer.Option("--out", metavar="NEW", help="A file .npz, or a new folder of images by class.")
    ],
    *,
    own: Own,
) -> None:
    """Write a corrected copy of DATA; DATA itself is never touched, and deleting the copy undoes it.

    Into a folder, image files are copied as they are.
    """
    _needed(own)
    target = file_to_write(out) if out.suffix.lower() == ".npz" else folder_to_write(out)
    source = Path(data).expanduser()
    if source.is_dir() and source.resolve() in target.absolute().resolve().parents:
        raise ParameterError(f"{target} lies in {source}, which is to stay as it is; choose another folder")
    check_free(target)
    dataset = load_with_progress(data, own)
    as_they_are = not own.keys() & set(SHAPE) and source.is_dir()
    n = write_dataset(dataset, target, source if as_they_are else None)
    say(f"written   {target} ({f'{n:,} image files' if n else 'an archive'})", whole=True)


def _needed(own: Own) -> None:
    if not own.get("corrections"):
        raise ParameterError("say which corrections: --corrections FILE")
