"""What the commands about models share: options, progress, and how numbers are printed."""

import json
import shlex
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from misread.bundle import Manifest, OperatingPointRecord
from misread.cli.words import clean
from misread.data.fit import FITS
from misread.errors import ParameterError
from misread.models.zoo import ZOO
from misread.parallel import workers

__all__ = [
    "FileArgument",
    "JobsOption",
    "JsonOption",
    "LabelsOption",
    "ModelArgument",
    "OutOption",
    "PositiveOption",
    "SeedOption",
    "TrainingFitOption",
    "assignments",
    "command_line",
    "describe",
    "given_words",
    "measured",
    "noted",
    "number",
    "print_json",
    "stages",
    "titled",
]

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help=f"One of {', '.join(ZOO)}.")]
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
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random state.")]
TrainingFitOption = Annotated[
    str | None,
    typer.Option(
        "--fit",
        metavar="|".join(FITS),
        help="How images, later ones too, come to that size: fill the frame, keep the aspect ratio, or crop and "
        "centre the ink as MNIST does.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def stages(jobs: int | None) -> Iterator[Callable[[str], None]]:
    """Show what is running on standard error while the block computes with `jobs` cores.

    The clock starts anew with every stage, but not when only the end of its words changes: how far it is.
    """
    error = Console(stderr=True, soft_wrap=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with (
        noted(error),
        Progress(*columns, console=error, transient=True, disable=not error.is_terminal) as bar,
        workers(jobs),
    ):
        running, begun = bar.add_task("Starting"), "Starting"

        def show(stage: str) -> None:
            nonlocal begun
            if not stage.startswith(begun):
                bar.reset(running)
                begun = stage
            bar.update(running, description=clean(stage))

        yield show


@contextmanager
def noted(error: Console) -> Iterator[None]:
    """Print each warning of a library once, as one line, after the block."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield
    for text in dict.fromkeys(str(one.message) for one in caught):
        error.print(f"note: {clean(text)}", markup=False, highlight=False)


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


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    typer.echo(json.dumps(document, indent=1, allow_nan=False))


def describe(manifest: Manifest) -> list[str]:
    """What a person wants to know of a model, line by line."""
    height, width = manifest.image_size
    data = manifest.dataset
    lines = [
        f"{_task(manifest)}, by {manifest.model}{_params(manifest.params)}",
        f"images    {height}x{width}, others are fitted by '{manifest.fit}'{' and inverted' * manifest.invert}",
    ]
    if data:
        lines.append(f"data      {data.get('name')}, {data.get('n_train', 0):,} training images")
    if manifest.operating_point is not None:
        lines.append(f"answers   {_point(manifest, manifest.operating_point)}")
    for name, title in (("out_of_fold", "held out"), ("test", "test")):
        lines += titled(title, measured(manifest.metrics.get(name, {})))
    return lines


def titled(title: str, lines: Sequence[str]) -> list[str]:
    """The lines in a column, the first one beside its title."""
    return [f"{'' if row else title:<10}{line}" for row, line in enumerate(lines)]


def measured(metrics: dict[str, Any]) -> list[str]:
    """The numbers that matter most, with their intervals."""
    if not metrics:
        return []
    lines = [f"{metrics['n']:,} images"]
    names = ("accuracy", "precision", "recall", "f1", "roc_auc", "all_right")
    lines += [f"{name} {number(metrics[name])}" for name in names if metrics.get(name) is not None]
    lines += [f"f1 of {name} {number(one['f1'])}" for name, one in metrics.get("labels", {}).items()]
    answered = metrics.get("answered")
    if answered:
        lines.append(f"sure of {number(answered['coverage'])}, of those right {number(answered['precision'])}")
    if "clean_pixel_error" in metrics:
        lines.append(
            f"pixel error {metrics['noisy_pixel_error']:.2f} before, {metrics['clean_pixel_error']:.2f} after"
        )
    point = metrics.get("operating_point")
    if point:
        lines.append(f"{point['aim']} {point['target']} was promised: {point['verdict']}")
    return lines


def number(share: dict[str, Any]) -> str:
    """A share with its interval."""
    if share["value"] is None:
        return "unknown (nothing to count)"
    return f"{share['value']:.4f} [{share['low']:.4f}, {share['high']:.4f}]"


def _task(manifest: Manifest) -> str:
    return {
        "classification": f"tells {len(manifest.classes)} classes apart",
        "detector": f"detects class {manifest.positive}",
        "multilabel": f"gives the labels {', '.join(manifest.outputs)}",
        "denoising": "takes out noise",
    }[manifest.task]


def _params(params: dict[str, Any]) -> str:
    return f" ({', '.join(f'{name}={value}' for name, value in params.items())})" if params else ""


def _point(manifest: Manifest, point: OperatingPointRecord) -> str:
    what = "yes" if manifest.task == "detector" else "sure"
    by = "score" if manifest.task == "detector" else "lead over the second class"
    sure = f" at confidence {point.confidence}" if point.confidence is not None else ""
    return f"{what} from {by} {point.threshold:.6g} on, for {point.aim} {point.target}{sure} on {point.chosen_on}"
