"""`misread retrain`: the same training on corrected labels, and whether that helped."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from misread.bundle import Bundle, Manifest, load, save
from misread.cli.answers import say_comparison
from misread.cli.describe import describe, say_titled
from misread.cli.loading import load_with_progress, size_of
from misread.cli.options import FileArgument, JobsOption, JsonOption, command_line
from misread.cli.outputs import (
    ForceOption,
    claim_model,
    file_to_write,
    page_to_write,
    put_page,
)
from misread.cli.own import COLUMNS, DATA, GROUPS, Own, reads
from misread.cli.progress import stages
from misread.cli.words import print_json, say
from misread.data import Dataset, names
from misread.data.labels import read_labels
from misread.errors import DataError, ParameterError
from misread.recipes.compare import compare_sources
from misread.recipes.retrain import Recorded, recorded, train_again
from misread.recipes.sources import ask_bundle
from misread.report.comparison import write_comparison
from misread.results.comparison import Comparison

__all__ = ["retrain"]


@reads(DATA)
def retrain(
    context: typer.Context,
    file: FileArgument,
    out: Annotated[Path, typer.Option("--out", metavar="NEW", help="The new model file; FILE is left as it is.")],
    data: Annotated[
        str | None, typer.Option("--data", metavar="DATA", help="Where its data is now, if not where it was.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="The page of the comparison; runs/<FILE>-against-<NEW>.html by default."
        ),
    ] = None,
    force: ForceOption = False,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Train a model again as it was trained, on corrected labels (--corrections), and compare old and new.

    Data, parameters, seed and aim are those that the model file says; earlier corrections count, too.
    """
    target, made_by = file_to_write(out), f"{file} {out} {data}"
    page = page_to_write(html, f"{file.stem}-against-{out.stem}.html", made_by, force)
    if target.exists() and file.exists() and target.samefile(file):
        raise ParameterError(f"{out} is the old model, to be compared with the new one; give another --out")
    old = load(file, most_memory=own.get("most_memory"))
    how = _how(old.manifest, file)
    dataset = _read(how, file, data, own)
    claim_model(target, old.manifest.model, old.manifest.task, old.manifest.positive, dataset, force)
    with stages(jobs) as on_stage:
        new = train_again(old, dataset, how, command=command_line(context), on_stage=on_stage)
        on_stage(f"Writing {target}")
        save(new, target)
        compared = _compared(old, new, dataset, (file, target), command_line(context))
        if compared is not None:
            put_page(page, made_by, lambda path: write_comparison(compared, path))
    if as_json:
        said = None if compared is None else {**compared.as_json(), "page": str(page)}
        print_json({"file": str(target), **new.manifest.as_json(), "comparison": said})
        return
    say_titled(describe(new.manifest, said=dataset.notes))
    say(f"written   {target} ({target.stat().st_size:,} bytes)", whole=True)
    if compared is None:
        say("there is nothing to compare old and new on: no test images that both give classes for")
    else:
        say_comparison(compared, page)


def _how(manifest: Manifest, file: Path) -> Recorded:
    """What the file says of its training; of an old one, what its command says."""
    if manifest.training:
        return recorded(manifest)
    how = recorded(manifest, _of_command(manifest.command))
    if how.missing:
        say(
            f"! {file} is of an earlier misread and does not say its {' and '.join(how.missing)}"
            f"{'; 42 is taken for the seed' * ('seed' in how.missing)}",
            aside=True,
        )
    return how


def _of_command(command: str) -> dict[str, Any]:
    """What a command `misread train ...` says; nothing where it is another, or cannot be understood."""
    from misread.cli.train import train

    try:
        program, name, *words = shlex.split(command)
        if (program, name) != ("misread", "train"):
            return {}
        alone = typer.Typer(add_completion=False)
        alone.command("train")(train)
        given = typer.main.get_command(alone).make_context("train", words).params
    except (ValueError, typer.Exit, typer.BadParameter.__mro__[1]):  # type: ignore[misc]
        return {}
    known = {name: given.get(name) for name in ("data", "size", "fit", "on_error", "seed")}
    known |= {name: given.get(name) for name in (*COLUMNS, *GROUPS)}
    known["data_dir"] = None if given.get("data_dir") is None else str(given["data_dir"])
    known["invert"] = given.get("invert") or None
    known["corrections"] = [str(one) for one in given.get("corrections") or ()]
    known["add"] = [str(one) for one in given.get("add") or ()]
    known["labels"] = read_labels(given["labels"]).as_json() if given.get("labels") else None
    if isinstance(known["size"], str):
        size = size_of(known["size"])
        known["size"] = list(size) if isinstance(size, tuple) else size
    return {name: value for name, value in known.items() if value is not None}


def _read(how: Recorded, file: Path, data: str | None, own: Own) -> Dataset:
    """The data of the training with the corrections that it had and those that are given."""
    if data is None and not how.data:
        raise ParameterError(f"{file} does not say which data it was trained on; give it with --data")
    if not own.get("corrections"):
        raise ParameterError("say what was corrected: --corrections FILE")
    earlier = dict(how.reading)
    if data is not None:
        if earlier.keys() & set(GROUPS):
            say("! the old model held out whole groups; say again where they are in --data", aside=True)
        earlier = {name: value for name, value in earlier.items() if name not in (*COLUMNS, *GROUPS, "data_dir")}
    given = {**earlier, **own}
    given["corrections"] = list(dict.fromkeys([*map(Path, how.corrections), *own["corrections"]]))
    given["add"] = list(dict.fromkeys([*map(Path, how.added), *own.get("add", [])]))
    try:
        return load_with_progress(data or how.data, given)
    except (DataError, ParameterError) as error:
        if data is None and how.data not in names() and not Path(how.data).expanduser().exists():
            raise DataError(f"{error}; {file} was trained on it: say where it is now with --data") from error
        raise


def _compared(
    old: Bundle, new: Bundle, dataset: Dataset, files: tuple[Path, Path], command: str
) -> Comparison | None:
    """Old and new on the test images, image by image; None where they cannot be compared."""
    if not len(dataset.test) or old.manifest.task not in ("classification", "detector"):
        return None
    sources = [
        ask_bundle(bundle, dataset, title=path.stem, n_bytes=path.stat().st_size)
        for bundle, path in zip((old, new), files, strict=True)
    ]
    return compare_sources(*sources, by_name=True, command=command)
