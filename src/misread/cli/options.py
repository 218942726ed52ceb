"""What the commands about models share: their arguments and options."""

import json
import shlex
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from misread.errors import MissingExtraError, ParameterError
from misread.images.fit import FITS
from misread.models.zoo import ZOO, make

__all__ = [
    "EngineOption",
    "EnoughOption",
    "FileArgument",
    "FitAskedOption",
    "InvertAskedOption",
    "JobsOption",
    "JsonOption",
    "LabelsOption",
    "ModelArgument",
    "MostMemoryOption",
    "OutOption",
    "PositiveOption",
    "SeedOption",
    "assignments",
    "check_model",
    "command_line",
    "given_words",
    "needs",
    "share_of",
    "share_option",
]

ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="A model by its name; `misread models` lists them.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A model file, *.misread.")]
PositiveOption = Annotated[str | None, typer.Option("--positive", metavar="CLASS", help="Detect this class.")]
LabelsOption = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="CSV",
        help="Learn several labels: a first line such as class,large,odd, then 0 or 1 of each for every class.",
    ),
]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write it.")]
JobsOption = Annotated[int | None, typer.Option("--jobs", min=1, help="Cores to use; all by default.")]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="ADDRESS",
        help="Share the work with the workers of a Dask cluster, dask://host:port; the numbers are the same.",
    ),
]
MostMemoryOption = Annotated[
    str | None,
    typer.Option(
        "--most-memory",
        metavar="AMOUNT",
        help="How much memory the model may take, such as 8G; by default 4G, and less if its file is small.",
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random state.")]
EnoughOption = Annotated[
    bool,
    typer.Option(
        "--enough",
        help="Measure, too, whether more images would help: the model learns from more and more of the training "
        "images, which takes three to four times as long as training it.",
    ),
]
FitAskedOption = Annotated[
    str | None,
    typer.Option(
        "--fit", metavar="|".join(FITS), help="Bring images to the model's size in this way, not as in training."
    ),
]
InvertAskedOption = Annotated[
    bool, typer.Option("--invert", help="Exchange light and dark of every image before the model sees it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def needs(extra: str, *packages: str) -> None:
    """Say before anything begins that an optional dependency is missing."""
    for package in packages:
        if find_spec(package) is None:
            raise MissingExtraError(package, extra)


def check_model(name: str, seed: int, params: Mapping[str, Any]) -> None:
    """Say before anything begins that there is no such model, parameter, or package that it needs."""
    make(name, seed=seed, params=params)
    if ZOO[name].extra == "deep":
        needs("deep", "torch", "safetensors")


def share_of(text: str | float) -> float:
    """A share as it is typed.

    Examples
    --------
    >>> share_of("0.98"), share_of("97.5%")
    (0.98, 0.975)
    """
    number = str(text).strip()
    try:
        return float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no share; write 0.98 or 98%") from None


def share_option(*names: str, help: str) -> Any:
    """An option that takes a share, such as 0.98 or 98%."""
    return typer.Option(*names, parser=share_of, metavar="SHARE", help=help)


def assignments(texts: Sequence[str], *, several: bool = False) -> dict[str, Any]:
    """Read NAME=VALUE options; values are JSON where they can be, else text, and lists of them if `several`."""
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise ParameterError(f"expected NAME=VALUE, got {text!r}; for example n_neighbors=4")
        values[name] = [_value(one) for one in value.split(",")] if several else _value(value)
    return values


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return {"None": None, "True": True, "False": False}.get(text, text)
    return value if isinstance(value, bool | int | float | str | None) else text


def command_line(context: typer.Context) -> str:
    """The command as it was given, with only the options that were."""
    return shlex.join(["misread", str(context.info_name), *given_words(context)])


def given_words(context: typer.Context, without: Sequence[str] = ()) -> list[str]:
    """The arguments and options as they were given, but for some by name."""
    words = []
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if name in without or source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        for one in value if isinstance(value, list | tuple) else [value]:
            if parameter.param_type_name == "argument":
                words.append(str(one))
            else:
                words += [parameter.opts[0]] if isinstance(one, bool) else [parameter.opts[0], str(one)]
    return words
