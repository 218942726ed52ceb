"""The commands by name, each imported when it is asked for: a short command should answer at once."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from misread.cli.words import noted
from misread.errors import ParameterError
from misread.spelling import did_you_mean

__all__ = ["COMMANDS", "Group", "LazyGroup"]

# name: (where, what `misread --help` says of it)
COMMANDS = {
    "study": ("study:study", "Run the whole study on DATA and write results, figures and report to a run folder."),
    "report": ("report:report", "Make report.html of RUN_DIR again from its stored results; nothing is computed."),
    "notebook": (
        "notebook:notebook",
        "Write the study as Jupyter notebooks: short chapters, each beside the same in plain scikit-learn.",
    ),
    "data": ("data:app", "Data sets: list, fetch, inspect, look at."),
    "models": ("train:models", "List the models that have a name, and the parameters that `misread tune` tries."),
    "train": (
        "train:train",
        "Train MODEL on DATA, judge it on images that it has not seen, and write it to one file.",
    ),
    "tune": (
        "train:tune",
        "Try parameters of MODEL in cross-validation on the training images of DATA alone.",
    ),
    "ladder": (
        "ladder:ladder",
        "Train models from cheap to dear on DATA and show how good each is, and what it costs.",
    ),
    "evaluate": (
        "judge:evaluate",
        "Judge a model on the test images of DATA: metrics with intervals, and whether its promise holds.",
    ),
    "stress": (
        "stress:stress",
        "Ask a model about images corrupted in fifteen ways at five strengths: noise, blur, fog, lines and more.",
    ),
    "judge": (
        "answers:judge",
        "Judge the answers of any classifier, in any framework: a table of scores, or of answers alone.",
    ),
    "compare": (
        "answers:compare",
        "Put two models side by side, image by image: what B fixed, what it broke, what both misread.",
    ),
    "check": (
        "answers:check",
        "Check what is asked of a model: exit code 0 if it holds, 1 if not, 2 for a mistake in asking.",
    ),
    "suspects": (
        "suspects:suspects",
        "Doubt every label of DATA, training and test, by models that did not see it and by the nearest images.",
    ),
    "review": (
        "review:review",
        "Judge the labels of DATA one by one on a page of this machine, by keyboard; verdicts go to a file.",
    ),
    "corrections": ("corrections:app", "Corrected labels in files: show, check, apply."),
    "retrain": (
        "retrain:retrain",
        "Train a model again as it was trained, on corrected labels (--corrections), and compare old and new.",
    ),
    "threshold": (
        "judge:threshold",
        "Give a model another operating point, chosen on its held-out scores and tried on its test scores.",
    ),
    "inspect": (
        "judge:inspect",
        "Print what a model file, or an exported one, says of itself; nothing in it is constructed.",
    ),
    "export": (
        "export:export",
        "Write a model for other runtimes, if the exported one is seen to give the same answers.",
    ),
    "predict": ("predict:predict", "Say what is on images."),
    "denoise": (
        "predict:denoise",
        "Take noise out of an image, with a model that was trained with --denoise; writes a PNG file.",
    ),
    "serve": (
        "serve:serve",
        "Serve a model on this machine: an HTTP API, and a page to draw on. Ctrl-C ends it.",
    ),
    "warm": ("warm:warm", "Compile the kernels now, for this processor, so that nothing waits for it later."),
}


class Group(TyperGroup):
    """A group of commands whose help tells all that each says of itself."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give a command its first paragraph of help for a list; None when there is none of that name."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.short_help = (command.help or "").partition("\n\n")[0]
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is meant, or name the one that may be."""
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            hint = did_you_mean(args[0], known)
            raise ParameterError(f"there is no command {args[0]!r}{hint}; see {ctx.command_path} --help")
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """The group of all commands; its help is written from the table alone."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        where, summary = COMMANDS[cmd_name]
        if ctx.meta.get("listing"):
            return TyperCommand(cmd_name, short_help=summary, rich_markup_mode=None)
        module, name = where.split(":")
        with noted():
            found = getattr(import_module(f"misread.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = typer.Typer(
            add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]}
        )
        alone.command(cmd_name)(found)
        return typer.main.get_command(alone)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the commands without importing them."""
        ctx.meta["listing"] = True
        super().format_help(ctx, formatter)
