"""`misread review`: judge labels on a page of this machine; verdicts go to a file of corrections at once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from misread.bundle import Bundle
from misread.cli.doubter import DoubtingAnswersOption, model_file
from misread.cli.loading import load_alike, load_with_progress, size_of
from misread.cli.options import JobsOption, SeedOption, check_model
from misread.cli.outputs import file_to_write
from misread.cli.own import IMAGES, SHAPE, DataArgument, Own, reads
from misread.cli.progress import stages
from misread.cli.words import say
from misread.data import Dataset
from misread.data.corrected import hashes_of_names
from misread.data.corrections import Corrections
from misread.data.unlabelled import KEPT_CORRECTIONS, is_unlabelled, read_unlabelled
from misread.errors import MissingExtraError, ParameterError
from misread.evaluation.answers import Answers
from misread.images.fit import FITS
from misread.recipes.review import Desk, Review, review_labels, review_unlabelled
from misread.recipes.review.verdicts import Verdicts, who
from misread.recipes.sources import source_of
from misread.recipes.suspects import find_suspects

__all__ = ["review"]

PORT = 8001
_HERE = "127.0.0.1"


@reads(IMAGES, SHAPE)
def review(
    data: DataArgument,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE",
            help="Who doubts: a model by its name, or a model file; as `misread suspects` chooses by default.",
        ),
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="Or the model of a run folder, by its answers.")
    ] = None,
    answers: DoubtingAnswersOption = None,
    corrections: Annotated[
        Path | None,
        typer.Option(
            "--corrections",
            metavar="FILE",
            help="Where verdicts go; what it says already is not asked again. corrections.csv by default, "
            "in DATA itself where a server keeps images there.",
        ),
    ] = None,
    order: Annotated[
        str,
        typer.Option(
            "--order",
            metavar="doubt|use|random|class=X|cell=GIVEN,ANSWER",
            help="What comes first: the most doubtful; of images without labels, those whose labels help most; "
            "any, to know how many labels are wrong; one class; or what is labelled GIVEN and answered ANSWER.",
        ),
    ] = "doubt",
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who reviews, as it is written; your user name.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help=f"Port; {PORT}, or a free one, by default.")
    ] = None,
    seed: SeedOption = 42,
    jobs: JobsOption = None,
    *,
    own: Own,
) -> None:
    """Judge the labels of DATA one by one on a page of this machine, by keyboard; verdicts go to a file.

    Images without labels (a folder without one for each class, or one that `misread serve --keep` fills) are given
    labels. Ctrl-C ends it; the same command goes on where it was.
    """
    try:
        from misread.serve.review.app import REVIEW_LIMITS, create_review_app
        from misread.serve.review.token import new_token
        from misread.serve.server import listen, within_open_files
        from misread.serve.server import run as serve_until_told
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "serve") from error

    if sum(one is not None for one in (model, run, answers)) > 1:
        raise ParameterError("--model, --run and --answers each say who doubts; give one")
    root = Path(data).expanduser()
    unlabelled = is_unlabelled(root)
    target = file_to_write(corrections or (root if unlabelled else Path()) / KEPT_CORRECTIONS)
    if target.exists() and target.stat().st_size:
        Corrections.read(target)  # what is wrong with it is said before anything takes time
    bundle = model_file(model, own)
    if unlabelled:
        if run is not None or answers is not None or (model is not None and bundle is None):
            raise ParameterError(f"{data} has no labels: only a model file can say what is on it, --model FILE")
        made = _unlabelled(root, bundle, order, seed, own)
        known: dict[str, int] = dict(zip(made.names.tolist(), made.hashes.tolist(), strict=True))
    else:
        dataset = load_with_progress(data, own) if bundle is None else load_alike(bundle.manifest, data, own)
        known = hashes_of_names(dataset)
        doubter = bundle or _doubter(model, run, answers, seed, own)
        made = _labelled(dataset, doubter, order, seed, jobs, root)
    desk = Desk(made, Verdicts(target, known), who() if by is None else by)
    limits = within_open_files(REVIEW_LIMITS)
    with _listening(listen, port) as listener:
        token = new_token()
        at = listener.getsockname()[1]
        say(desk.progress().words, aside=True)
        say(f"Open http://{_HERE}:{at}/?token={token}", aside=True, whole=True)
        say(f"Verdicts go to {target} at once. Ctrl-C ends; the same command goes on where it was.", aside=True)
        serve_until_told(create_review_app(desk, token, limits), listener, limits)
    say(f"{desk.progress().words} They are in {target}", aside=True)


def _doubter(model: str | None, run: Path | None, answers: Path | None, seed: int, own: Own) -> Any:
    if model is not None:
        check_model(model, seed, {})
        return model
    if run is not None:
        if not run.is_dir():
            raise ParameterError(f"--run takes a folder that `misread study` has written; {run} is none")
        return source_of(run, None).answers
    return None if answers is None else Answers.read(answers, most_memory=own.get("most_memory"))


def _labelled(dataset: Dataset, doubter: Any, order: str, seed: int, jobs: int | None, root: Path) -> Review:
    folder = root if root.is_dir() else None
    if order == "random" and doubter is None:
        return review_labels(dataset, None, order=order, seed=seed, folder=folder)
    with stages(jobs) as on_stage:
        found = find_suspects(dataset, doubter, seed=seed, on_stage=on_stage)
    return review_labels(dataset, found, order=order, seed=seed, folder=folder)


def _unlabelled(root: Path, bundle: Bundle | None, order: str, seed: int, own: Own) -> Review:
    if bundle is not None:
        manifest = bundle.manifest
        pictures = read_unlabelled(root, manifest.image_size, manifest.fit, manifest.invert, manifest.binary)
    else:
        side = size_of(own["size"]) if "size" in own else None
        shape = (side, side) if isinstance(side, int) else side
        pictures = read_unlabelled(root, shape, own.get("fit", FITS[0]), own.get("invert", False))
    for note in pictures.notes:
        say(f"! {note}", aside=True, hang=2)
    return review_unlabelled(pictures, root.resolve().name, bundle=bundle, order=order, seed=seed, folder=root)


def _listening(listen: Any, port: int | None) -> Any:
    """The socket to serve on: the usual port, or a free one where that is taken and none was asked for."""
    if port is not None:
        return listen(_HERE, port)
    try:
        return listen(_HERE, PORT)
    except ParameterError:
        return listen(_HERE, 0)
