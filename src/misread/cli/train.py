"""`misread train`, `tune` and `models`: make a model file from a data set."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from misread.bundle import save
from misread.cli.describe import describe, say_titled, titled, worst_groups
from misread.cli.loading import load_with_progress
from misread.cli.options import (
    EngineOption,
    JobsOption,
    JsonOption,
    LabelsOption,
    ModelArgument,
    OutOption,
    PositiveOption,
    SeedOption,
    assignments,
    check_model,
    command_line,
    given_words,
    share_option,
)
from misread.cli.outputs import ForceOption, claim_model, file_to_write, named_after
from misread.cli.own import DATA, GROUPS, SHAPE, DataArgument, Own, reads
from misread.cli.progress import stages
from misread.cli.tables import print_table
from misread.cli.words import print_json, say
from misread.data.labels import read_labels
from misread.fitting.estimate import expected_seconds
from misread.fitting.tune import tune as tune_model
from misread.models.zoo import ZOO
from misread.recipes.metrics import spread_metrics
from misread.recipes.train import train as train_model
from misread.recipes.unlike import REJECT_RATE, check_reject_rate

__all__ = ["models", "train", "tune"]


@reads(DATA, GROUPS, SHAPE)
def train(
    context: typer.Context,
    model: ModelArgument,
    data: DataArgument = "digits",
    positive: PositiveOption = None,
    labels: LabelsOption = None,
    denoise: Annotated[bool, typer.Option("--denoise", help="Learn to take out noise (knn only).")] = False,
    precision: Annotated[
        float | None,
        share_option(help="Answer 'yes' (with all classes: be sure) only where this share is right, such as 0.9."),
    ] = None,
    recall: Annotated[float | None, share_option(help="Find this share of the positives.")] = None,
    confidence: Annotated[
        float | None, share_option(help="Have the lower bound of the precision reach it, such as 0.95.")
    ] = None,
    augment: Annotated[
        bool,
        typer.Option(
            "--augment", help="Learn from four copies of every training image, too: turned, slanted, moved, bent."
        ),
    ] = False,
    reject_rate: Annotated[
        float,
        share_option(
            "--reject-rate",
            help="Share of held-out images that may be called unlike all it learnt; 0: none are.",
        ),
    ] = REJECT_RATE,
    out: OutOption = None,
    force: ForceOption = False,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Set a parameter of the model.")
    ] = None,
    seed: SeedOption = 42,
    jobs: JobsOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Train MODEL on DATA, judge it on images that it has not seen, and write it to one file."""
    params = assignments(param or [])
    check_model(model, seed, params)
    check_reject_rate(reject_rate)
    wanted = read_labels(labels) if labels else None
    target = file_to_write(out or Path(f"{named_after(data)}-{model}.misread"))
    dataset = load_with_progress(data, own)
    task = "multilabel" if labels else "denoising" if denoise else "detector" if positive else "classification"
    claim_model(target, model, task, positive, dataset, force)
    n_images, n_pixels = dataset.train.X.shape
    _say_how_long(
        model, (5 if augment else 1) * expected_seconds(model, n_images, n_pixels, task), usual=not params
    )
    with stages(jobs, engine) as on_stage:
        bundle = train_model(
            model,
            dataset,
            positive=positive,
            labels=wanted,
            denoise=denoise,
            precision=precision,
            recall=recall,
            confidence=confidence,
            reject_rate=reject_rate,
            augment=augment,
            params=params,
            seed=seed,
            fit=own.get("fit"),
            command=command_line(context),
            on_stage=on_stage,
        )
        on_stage(f"Writing {target}")
        save(bundle, target)
    if as_json:
        print_json({"file": str(target), **bundle.manifest.as_json()})
        return
    say_titled(describe(bundle.manifest, said=dataset.notes))
    kept = bundle.kept
    if kept is not None and kept.groups is not None:
        say_titled(titled("groups", worst_groups(spread_metrics(kept.right, kept.groups))))
    say(f"written   {target} ({target.stat().st_size:,} bytes)", whole=True)


def _say_how_long(model: str, seconds: float, usual: bool) -> None:
    """Say it before a person waits for more than a few seconds."""
    if seconds > 5:
        time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"
        with_own = "" if usual else " with its own parameters"
        say(f"training {model} takes about {time} on two cores{with_own}; Ctrl-C ends it", aside=True)


@reads(DATA, GROUPS, SHAPE)
def tune(
    context: typer.Context,
    model: ModelArgument,
    data: DataArgument = "digits",
    positive: PositiveOption = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid", metavar="NAME=VALUE,...", help="Values to try of a parameter; the model's own by default."
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, max=100, help="Folds of the cross-validation.")] = 5,
    seed: SeedOption = 42,
    jobs: JobsOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Try parameters of MODEL in cross-validation on the training images of DATA alone."""
    values = assignments(grid or [], several=True) or None
    check_model(model, seed, {name: tried[0] for name, tried in (values or {}).items()})
    dataset = load_with_progress(data, own)
    with stages(jobs, engine) as on_stage:
        on_stage(f"Trying parameters of {model} in {folds} folds")
        tuned = tune_model(model, dataset, positive=positive, grid=values, seed=seed, cv=folds, on_stage=on_stage)
    if as_json:
        rows = zip(tuned.params, tuned.means, tuned.spreads, strict=True)
        print_json(
            {
                "model": model,
                "scoring": tuned.scoring,
                "best_params": tuned.best_params,
                "best_score": tuned.means[tuned.best],
                "grid": [{"params": params, "mean": mean, "spread": spread} for params, mean, spread in rows],
            }
        )
        return
    titles = (*tuned.best_params, tuned.scoring.replace("_", " "), "spread", "")
    lines = []
    for row, params in enumerate(tuned.params):
        numbers = (f"{tuned.means[row]:.4f}", f"{tuned.spreads[row]:.4f}")
        lines.append((*map(str, params.values()), *numbers, "best" if row == tuned.best else ""))
    print_table(titles, lines, numbers=titles[-3:-1])
    say(f"next      {_train_command(context, tuned.best_params)}", whole=True)


def _train_command(context: typer.Context, params: dict[str, Any]) -> str:
    """The command that trains with these parameters, on images read as they were for tuning."""
    words = given_words(context, without=("grid", "folds", "jobs", "engine", "as_json"))
    for name, value in params.items():
        words += ["--param", f"{name}={value}"]
    return shlex.join(["misread", "train", *words])


def models(as_json: JsonOption = False) -> None:
    """List the models that have a name, and the parameters that `misread tune` tries."""
    if as_json:
        print_json([{"name": one.name, "about": one.about, "grid": dict(one.grid)} for one in ZOO.values()])
        return
    rows = [(one.name, one.about, ", ".join(one.grid)) for one in ZOO.values()]
    print_table(("name", "what it is", "tuned"), rows)
