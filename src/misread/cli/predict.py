"""`misread predict` and `denoise`: ask a model file about images."""

import io
import sys
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from misread.bundle import Answers, Bundle, load
from misread.cli.options import FileArgument, JobsOption, JsonOption, MostMemoryOption, OutOption
from misread.cli.outputs import ForceOption, file_to_write, write_new
from misread.cli.progress import stages
from misread.cli.words import print_json, say, told_apart
from misread.data.picture import read_grey
from misread.errors import FormatError, ParameterError

__all__ = ["denoise", "predict"]

PIPE = "-"
MAX_PIPED_BYTES = 64 * 2**20
SHOWN = 3


def predict(
    file: FileArgument,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE...", help="Image files, or - for one from a pipe.")
    ],
    jobs: JobsOption = None,
    most_memory: MostMemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is on images."""
    with stages(jobs) as on_stage:
        on_stage(f"Reading {file}")
        bundle = load(file, most_memory=most_memory)
        on_stage(f"Reading {len(images):,} images")
        pixels = np.stack([bundle.prepare(_read(name)) for name in images])
        on_stage("Asking the model")
        answers = bundle.answer(pixels)
    if as_json:
        print_json([_as_json(bundle, answers, i, name) for i, name in enumerate(images)])
        return
    for i, name in enumerate(images):
        say(f"{name}: {_in_words(bundle, answers, i)}")


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


def _as_json(bundle: Bundle, answers: Answers, row: int, name: str) -> dict[str, Any]:
    scores = dict(zip(_columns(bundle), answers.scores[row].tolist(), strict=True))
    state = bundle.state(answers, row)
    answer: dict[str, Any] = {
        "image": name,
        "answer": None if state == "blank" else answers.names[row],
        "state": state,
        "sure": bool(answers.sure[row]),
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


def _in_words(bundle: Bundle, answers: Answers, row: int) -> str:
    """The answer, whether the model is sure of it and by what, and its best scores."""
    state, point = bundle.state(answers, row), bundle.manifest.operating_point
    if state == "blank":
        return "nothing to read, it is blank"
    doubt = ""
    if state == "unsure" and answers.lead is not None and point is not None:
        ahead, needed = told_apart(float(answers.lead[row]), point.threshold)
        doubt = f"  (not sure: ahead by {ahead}, sure from {needed} on)"
    return f"{answers.names[row]}{doubt}  {_scores_in_words(bundle, answers, row)}"


def _scores_in_words(bundle: Bundle, answers: Answers, row: int) -> str:
    table = answers.scores if answers.probabilities is None else answers.probabilities
    scores, columns = table[row], _columns(bundle)
    best = np.argsort(-scores, kind="stable")[:SHOWN]
    return "  ".join(f"{columns[k]} {scores[k]:.4g}" for k in best)
