"""Who doubts labels, as `suspects` and `review` are told."""

from pathlib import Path
from typing import Annotated

import typer

from misread.bundle import Bundle, load
from misread.cli.own import SHAPE, Own
from misread.errors import ParameterError
from misread.models.zoo import ZOO

__all__ = ["DoubtingAnswersOption", "model_file"]

DoubtingAnswersOption = Annotated[
    Path | None,
    typer.Option("--answers", metavar="FILE", help="Or a table of held-out answers of any other model."),
]


def model_file(model: str | None, own: Own) -> Bundle | None:
    """The model of a file, which takes images as it does; None where `model` is no file's name."""
    if model is None or model in ZOO or not Path(model).exists():
        return None
    if own.keys() & set(SHAPE):
        raise ParameterError("images are read as the model file takes them; leave out --size, --fit, --invert")
    return load(model, most_memory=own.get("most_memory"))
