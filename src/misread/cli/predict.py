"""`misread predict` and `denoise`: ask a model file about images."""

import io
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from misread.bundle import Bundle, Readings, load
from misread.bundle.asking import Answered, answer_batches, at_a_time
from misread.bundle.watch import Watch, asked_as
from misread.cli.begun import Begun
from misread.cli.options import (
    EngineOption,
    FileArgument,
    FitAskedOption,
    InvertAskedOption,
    JobsOption,
    JsonOption,
    MostMemoryOption,
    OutOption,
)
from misread.cli.outputs import ForceOption, file_to_write, write_new
from misread.cli.own import TABLE, Own, reads
from misread.cli.predicted import table_to_write, write_table
from misread.cli.progress import stages
from misread.cli.words import print_json, say, told_apart
from misread.data import memory
from misread.data.asked import Asked, images_in
from misread.data.making import Reading
from misread.errors import DataError, FormatError, MissingExtraError, ParameterError
from misread.evaluation.chances import USUAL_CEILING, in_percent
from misread.files import sha256_of
from misread.images.picture import read_grey
from misread.parallel import Shared

__all__ = ["denoise", "predict"]

PIPE = "-"
MAX_PIPED_BYTES = 64 * 2**20
SHOWN = 3


@reads(TABLE)
def predict(
    file: FileArgument,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="Image files, folders of them, tables (CSV, TSV, Parquet), NPZ, NPY or IDX files, or - for one "
            "image from a pipe.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a table, .csv or .parquet, instead.")
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
    """Say what is on images.

    One that cannot be read is left out and named at the end, and the exit code is 1 then.
    """
    target = None if out is None else table_to_write(out)
    most_memory = own.get("most_memory")
    reading = Reading(**{**own, "most_memory": memory.most_memory(most_memory)})
    with stages(jobs, engine) as on_stage:
        on_stage(f"Reading {file}")
        bundle = asked_as(load(file, most_memory=most_memory), fit=fit, invert=invert)
        watch = None if bundle.manifest.task == "denoising" else Watch(bundle)
        how = {name: str(one) for name, one in {"fit": fit, "invert": invert, **own}.items() if one}
        begun = Begun(target, lambda: {"model": sha256_of(file)} | how)
        on_stage("Reading images")
        asked = begun.rest_of(_all_images(images, reading))
        in_words = target is None and not as_json
        shared = Shared(bundle, file.stat().st_size)
        while some := list(islice(asked, at_a_time())):
            for batch, told in answer_batches(shared, some):
                begun.add(_said(bundle, batch, told, in_words))
                if watch is not None and told.images is not None and told.answers is not None:
                    watch.add(told.images, told.answers)
                on_stage(f"Reading images, {begun.count:,} answered")
        failed = [Asked(str(one["image"]), reason=str(one["reason"])) for one in begun if "reason" in one]
        answered = (one for one in begun if "reason" not in one)
        if target is not None and begun.count > len(failed):
            on_stage(f"Writing {target}")
            write_table(target, answered, force)
            begun.remove()
    if target is not None:
        if begun.count > len(failed):
            say(f"written   {target}; {begun.count - len(failed):,} answers", whole=True)
    elif in_words:
        for one in answered:
            say(f"{one['image']}: {one['words']}", hang=2)
    elif rows := list(answered):
        print_json(rows)
    differs = None if watch is None else watch.said()
    if differs is not None:
        say(f"! {differs}", aside=True, hang=2)
    _complain_of(failed, begun.count - len(failed))


def _said(bundle: Bundle, some: Sequence[Asked], told: Answered, in_words: bool) -> list[dict[str, Any]]:
    """What to say of each image, or the reason why it cannot be read."""
    said, row = [], 0
    for one, reason in zip(some, told.reasons, strict=True):
        entry: dict[str, Any] = {"image": one.name}
        said.append(entry)
        if reason or told.answers is None:
            entry["reason"] = reason
            continue
        answers = told.answers
        entry |= {"words": _in_words(bundle, answers, row)} if in_words else _as_json(bundle, answers, row)
        row += 1
    return said


def _complain_of(failed: list[Asked], answered: int) -> None:
    if not failed:
        return
    if len(failed) == 1:
        rest = f"; the other {answered:,} {'is' if answered == 1 else 'are'} answered" if answered else ""
        raise FormatError(f"{failed[0].name}: {failed[0].reason}{rest}")
    for one in failed:
        say(f"! left out {one.name}: {one.reason}", aside=True, hang=2)
    raise FormatError(f"{len(failed):,} of {len(failed) + answered:,} images cannot be read; they are named above")


def _all_images(paths: list[str], reading: Reading) -> Iterator[Asked]:
    """Every image of every path; a table or archive that cannot be read counts as one."""
    for path in paths:
        try:
            yield from _piped() if path == PIPE else images_in(Path(path), reading)
        except (DataError, MissingExtraError) as error:
            yield Asked(path, reason=str(error).removeprefix(f"{path}: "))


def _piped() -> Iterator[Asked]:
    try:
        yield Asked(PIPE, _read(PIPE))
    except FormatError as error:
        yield Asked("the piped image", reason=str(error).removeprefix("the piped image: "))


def denoise(
    file: FileArgument,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A noisy image, or - for one from a pipe.")],
    out: OutOption = None,
    force: ForceOption = False,
    jobs: JobsOption = None,
    most_memory: MostMemoryOption = None,
) -> None:
    """Take noise out of an image, with a model that was trained with --denoise; writes a PNG file."""
    target = file_to_write(out or Path(f"{Path(image).stem if image != PIPE else 'image'}-clean.png"))
    with stages(jobs) as on_stage:
        on_stage(f"Reading {file}")
        bundle = load(file, most_memory=most_memory)
        pixels = bundle.prepare(_read(image))
        on_stage("Asking the model")
        clean = bundle.denoise(pixels[None])[0]
    buffer = io.BytesIO()
    Image.fromarray(clean).save(buffer, format="PNG")
    write_new(target, buffer.getvalue(), force)
    say(str(target), whole=True)


def _read(name: str) -> NDArray[np.uint8]:
    source: Path | BinaryIO = Path(name)
    if name == PIPE:
        content = sys.stdin.buffer.read(MAX_PIPED_BYTES + 1)
        if not content or len(content) > MAX_PIPED_BYTES:
            raise ParameterError(
                f"expected one image file of at most {MAX_PIPED_BYTES:,} bytes from a pipe, got {len(content):,}; "
                "for example: cat digit.png | misread predict FILE -"
            )
        source = io.BytesIO(content)
    try:
        return read_grey(source)
    except FormatError as error:
        raise FormatError(f"{'the piped image' if name == PIPE else name}: {error}") from error


def _columns(bundle: Bundle) -> tuple[str, ...]:
    """What each column of the scores is about."""
    manifest = bundle.manifest
    if manifest.task == "detector":
        return (str(manifest.positive),)
    return manifest.outputs or manifest.classes


def _as_json(bundle: Bundle, answers: Readings, row: int) -> dict[str, Any]:
    scores = dict(zip(_columns(bundle), answers.scores[row].tolist(), strict=True))
    state = bundle.state(answers, row)
    answer: dict[str, Any] = {
        "answer": None if state == "empty" else answers.names[row],
        "state": state,
        "sure": state == "sure",
    }
    if answers.lead is not None:
        answer["lead"] = float(answers.lead[row])
    if bundle.manifest.task == "detector":
        answer["positive"] = bool(answers.labels[row])
    if bundle.manifest.task == "multilabel":
        answer["labels"] = dict(zip(bundle.manifest.outputs, answers.labels[row].tolist(), strict=True))
    if answers.probabilities is not None:
        answer["probabilities"] = dict(zip(_columns(bundle), answers.probabilities[row].tolist(), strict=True))
    return {**answer, "scores": scores}


def _in_words(bundle: Bundle, answers: Readings, row: int) -> str:
    """The answer, whether the model is sure of it and by what, and the classes that it weighs most."""
    state, point = bundle.state(answers, row), bundle.manifest.operating_point
    if state == "empty":
        return "nothing to read, it is blank"
    doubt = "  (unlike anything it learnt)" if state == "unlike" else ""
    if state == "unsure" and answers.lead is not None and point is not None:
        doubt = f"  (not sure: {_rule(bundle, float(answers.lead[row]), point.threshold)})"
    return f"{answers.names[row]}{doubt}  {_weighed(bundle, answers, row)}"


def _rule(bundle: Bundle, lead: float, threshold: float) -> str:
    """By which chances an answer is sure or not; by leads where chances are unknown, or do not tell them apart."""
    known = bundle.calibration
    if known is not None:
        chance, needed = (in_percent(float(known.chance(one)), known.ceiling) for one in (lead, threshold))
        if chance != needed:
            return f"{chance}, sure from {needed} on"
    ahead, needed = told_apart(lead, threshold)
    return f"ahead by {ahead}, sure from {needed} on"


def _weighed(bundle: Bundle, answers: Readings, row: int) -> str:
    columns, chances = _columns(bundle), answers.probabilities
    table = answers.scores if chances is None else chances
    best = np.argsort(-table[row], kind="stable")[:SHOWN]
    if chances is None:
        return "  ".join(f"{columns[k]} {table[row, k]:.4g}" for k in best)
    ceiling = USUAL_CEILING if bundle.calibration is None else bundle.calibration.ceiling
    return "  ".join(f"{columns[k]} {in_percent(float(table[row, k]), ceiling)}" for k in best)
